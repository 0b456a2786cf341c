/** What a case tells of itself on its standard output. */
export interface SelfMeasured {
  /** User and system time of the work alone, without the start of Node. */
  readonly cpuS: number
  readonly flows: number
  /** Groups or rows, where it makes any. */
  readonly rows: number
}

/** Does the work on the file that the command line names, and reports what it took. */
export function selfMeasure(work: (path: string) => Omit<SelfMeasured, 'cpuS'>): void {
  const before = process.cpuUsage()
  const done = work(process.argv[2])
  report(before, done)
}

/** Reports what was done since `before`, so many times over. */
export function report(before: NodeJS.CpuUsage, done: Omit<SelfMeasured, 'cpuS'>, times = 1): void {
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(JSON.stringify({ cpuS: (user + system) / 1e6 / times, ...done }))
}

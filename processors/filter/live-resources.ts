import { type Host, SettingError } from '../../src/sdk/index.ts'
import { FileWatch } from './file-watch.ts'
import { type ResourceFile, readResourceFiles } from './resource-files.ts'
import { type ContainerNetworkLog, type Problem, parseResources, type Resources } from './resources.ts'

/** A log line names this many resources or problems at most. */
const MOST_NAMED = 10

/** Throws a `SettingError` when a file behind the patterns is bad. */
export function checkResources(patterns: readonly string[]): void {
  accept(parseResources(readResourceFiles(patterns)))
}

/**
 * The ContainerNetworkLogs behind file patterns, followed while the files change. Bad at first is a `SettingError`; bad
 * later is logged and shown by a gauge, and what was in force stays in force.
 */
export class LiveResources {
  readonly #host: Host
  readonly #patterns: readonly string[]
  readonly #use: (logs: readonly ContainerNetworkLog[]) => void
  readonly #watch: FileWatch
  #logs: readonly ContainerNetworkLog[] = []
  #isReloadFailed = false

  constructor(options: {
    readonly patterns: readonly string[]
    readonly host: Host
    /** Called at once, and again whenever the resources changed. */
    readonly use: (logs: readonly ContainerNetworkLog[]) => void
  }) {
    this.#patterns = options.patterns
    this.#host = options.host
    this.#use = options.use
    const files = readResourceFiles(options.patterns)
    this.#take(accept(parseResources(files)))
    this.#watch = new FileWatch({
      patterns: options.patterns,
      clock: options.host.clock,
      log: options.host.log,
      seen: files,
      changed: (changed) => this.#reload(changed),
    })
    this.#announce()
  }

  close(): void {
    this.#watch.close()
  }

  #reload(files: readonly ResourceFile[]): void {
    const resources = parseResources(files)
    this.#isReloadFailed = resources.problems.length > 0
    if (!this.#isReloadFailed) {
      this.#take(resources)
      return
    }
    this.#host.log.error('a changed filter is bad; the old one stays in force until the files are mended', {
      problems: firstOf(resources.problems.map(spell)),
    })
  }

  #take({ logs, skipped }: Resources): void {
    const before = this.#logs
    this.#logs = logs
    this.#use(logs)
    const { log } = this.#host
    if (skipped.length > 0)
      log.info('resources of other kinds are left aside', {
        resources: firstOf(skipped.map(({ kind, place }) => `${kind} at ${place}`)),
      })
    log.info('ContainerNetworkLogs in force', { resources: logs.length, ...differences(before, logs) })
    if (logs.length === 0)
      log.warn('no ContainerNetworkLog found: container_network_logs lets no flow pass', {
        container_network_logs: this.#patterns,
      })
  }

  #announce(): void {
    const { metrics } = this.#host
    metrics.gauge('filter_resources', RESOURCES_DOC, () => this.#logs.length)
    metrics.gauge('filter_reload_failed', RELOAD_FAILED_DOC, () => (this.#isReloadFailed ? 1 : 0))
  }
}

export const RESOURCES_DOC = 'ContainerNetworkLog resources in force; with 0 they let no flow pass'
export const RELOAD_FAILED_DOC = '1 while changed filter files are bad and an older filter is in force'

function accept(resources: Resources): Resources {
  const [first] = resources.problems
  if (first === undefined) return resources
  const text = firstOf(resources.problems.map(spell)).join('\n')
  throw new SettingError(['container_network_logs', first.pattern], text)
}

/** Which resources are new, gone or different. */
function differences(before: readonly ContainerNetworkLog[], after: readonly ContainerNetworkLog[]) {
  const old = new Map(before.map((log) => [title(log), JSON.stringify(log.filters)]))
  const now = new Map(after.map((log) => [title(log), JSON.stringify(log.filters)]))
  return {
    added: firstOf([...now.keys()].filter((name) => !old.has(name))),
    removed: firstOf([...old.keys()].filter((name) => !now.has(name))),
    changed: firstOf([...now.keys()].filter((name) => old.has(name) && old.get(name) !== now.get(name))),
  }
}

function title({ name, path }: ContainerNetworkLog): string {
  return `${name} (${path})`
}

function spell({ place, text }: Problem): string {
  return `${place} ${text}`
}

function firstOf(texts: readonly string[]): readonly string[] {
  const more = texts.length - MOST_NAMED
  return more > 0 ? [...texts.slice(0, MOST_NAMED), `and ${more} more`] : texts
}

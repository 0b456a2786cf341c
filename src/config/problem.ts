/** Where something stands in a config file, as editors count: from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A mistake, where it is, and the way out. */
export interface Problem {
  /** Null when a whole file is at fault. */
  readonly place: Place | null
  readonly file: string
  readonly path: SettingPath
  readonly problem: string
}

export type SettingPath = readonly (string | number)[]

/** `prod.yaml:14:5 exporters.splunk_hec.endpont: unknown setting; did you mean "endpoint"?` */
export function formatProblem({ file, place, path, problem }: Problem): string {
  const where = place === null ? file : formatPlace(place)
  return path.length === 0 ? `${where}: ${problem}` : `${where} ${formatPath(path)}: ${problem}`
}

export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}

/** `service.pipelines.logs/acns.exporters[0]` */
export function formatPath(path: SettingPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

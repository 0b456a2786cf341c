import { dirname } from 'node:path'
import { built, go, type Program } from './go-tools.ts'

const MODULE = 'github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs'
const VERSION = 'v1.52.1'

/** A log database that takes Splunk HEC, and shows every field of what it took. */
export function victoriaLogs(): Program {
  return built('victoria-logs', `${MODULE}@${VERSION}`, (path) =>
    go(['install', `${MODULE}@${VERSION}`], { GOBIN: dirname(path) }),
  )
}

export function victoriaLogsArguments(folder: string, port: number): string[] {
  return [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-loggerLevel=ERROR',
    // The recordings are older than the week that it keeps by itself.
    '-retentionPeriod=100y',
  ]
}

/** Everything it has: each field as text, those of objects under dotted names. */
export async function allLogs(port: number): Promise<{ readonly [field: string]: string }[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/select/logsql/query?query=*`)
  const lines = (await answer.text()).split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line))
}

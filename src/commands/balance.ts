import { parseEndpoint } from '../config/service-settings.ts'
import type { BalanceSheet } from '../telemetry/balance-sheet.ts'
import { sheetReport } from './sheet-table.ts'
import type { ExitCode, Terminal } from './terminal.ts'

const ANSWER_TIMEOUT_MS = 5000

/** Asks a running flowfold for its balance sheets. */
export async function balance({ out, err }: Terminal, endpoint: string): Promise<ExitCode> {
  if (parseEndpoint(endpoint) === null) {
    err.write(`flowfold: "${endpoint}" is no endpoint; write "host:port", such as "localhost:13133"\n`)
    return 78
  }
  try {
    const sheets = await ask(endpoint)
    out.write(sheets.map(sheetReport).join('\n'))
    return 0
  } catch (error) {
    err.write(`flowfold: no balance sheet from ${endpoint}: ${reason(error as Error)}\n`)
    err.write(
      'Is flowfold running there, and is this its service.health.endpoint? Name another with --endpoint.\n',
    )
    return 1
  }
}

async function ask(endpoint: string): Promise<readonly BalanceSheet[]> {
  const response = await fetch(`http://${endpoint}/balance`, {
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`it answered ${response.status}`)
  const { pipelines } = (await response.json()) as { pipelines: readonly BalanceSheet[] }
  return pipelines
}

/** `fetch` hides why it failed one or two causes deep. */
function reason(error: Error): string {
  const { cause } = error
  if (cause instanceof AggregateError) return reason(cause.errors[0])
  return cause instanceof Error ? reason(cause) : error.message
}

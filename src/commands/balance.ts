import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Endpoint } from '../config/resolved.ts'
import { parseEndpoint } from '../config/service-settings.ts'
import type { BalanceSheet } from '../telemetry/balance-sheet.ts'
import { formatDuration } from '../util/unit.ts'
import { sheetReport } from './sheet-table.ts'
import type { ExitCode, Terminal } from './terminal.ts'

const ANSWER_TIMEOUT_MS = 5000

/** Asks a running flowfold for its balance sheets. */
export async function balance({ out, err }: Terminal, endpoint: string): Promise<ExitCode> {
  const parsed = parseEndpoint(endpoint)
  if (parsed === null) {
    err.write(`flowfold: "${endpoint}" is no endpoint; write "host:port", such as "localhost:13133"\n`)
    return 78
  }
  try {
    const sheets = await ask(parsed)
    out.write(sheets.map(sheetReport).join('\n'))
    return 0
  } catch (error) {
    err.write(`flowfold: no balance sheet from ${endpoint}: ${reason(error as NodeJS.ErrnoException)}\n`)
    err.write('Is flowfold running, and is this its service.health.endpoint? Name another with --endpoint.\n')
    return 1
  }
}

async function ask({ host, port }: Endpoint): Promise<readonly BalanceSheet[]> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const request = get({ host, port, path: '/balance', signal })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const answer = await text(response)
  if (response.statusCode !== 200 || !answer.startsWith('{"pipelines":'))
    throw new Error(`what answers there is no flowfold (HTTP ${response.statusCode})`)
  return (JSON.parse(answer) as { pipelines: readonly BalanceSheet[] }).pipelines
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ABORT_ERR') return `no answer within ${formatDuration(ANSWER_TIMEOUT_MS)}`
  // Refused at each address of a name, there is only a code.
  return message || String(code)
}

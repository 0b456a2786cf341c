import type { BalanceSheet, Tally } from '../telemetry/balance-sheet.ts'
import { difference, total } from '../telemetry/balance-sheet.ts'
import { formatSize } from '../util/unit.ts'
import { compression, counted, number, smaller, table } from './format.ts'

/** `1,849 flows in 93 rows, 3.1 MiB -> 92 KiB: 34 times smaller`; of several exporters, the one that got the most bytes. */
function headline({ received, beside, exporters }: BalanceSheet): string {
  const largest = exporters.toSorted((a, b) => b.deliveredBytes - a.deliveredBytes)[0]
  const rows = largest?.deliveredRows ?? 0
  return `${counted(received, 'flow')} in ${counted(rows, 'row')}, ${compression(beside.receivedBytes, largest?.deliveredBytes ?? 0)}`
}

/** What a pipeline achieved, and where its flows went. */
export function sheetReport(sheet: BalanceSheet): string {
  return `${sheet.pipeline}: ${headline(sheet)}\n\n${sheetTable(sheet)}`
}

function sheetTable(sheet: BalanceSheet): string {
  return [flowsTable(sheet), exportersTable(sheet), besideText(sheet)]
    .filter((part) => part !== '')
    .join('\n')
}

function flowsTable(sheet: BalanceSheet): string {
  const off = difference(sheet)
  const rows = [
    ['received', number(sheet.received)],
    ['delivered', number(sheet.delivered)],
    ['filtered', number(sheet.filtered)],
    ['dropped', number(total(sheet.dropped))],
    ...tallyRows(sheet.dropped).map(([reason, flows]) => [`  ${reason}`, flows]),
    ['pending', number(sheet.pending)],
    [off === 0 ? 'balanced' : 'NOT BALANCED; please report this. Unaccounted for', number(off)],
  ]
  return table(
    [['flows', ''], ...rows].map((row) => ['  ', ...row]),
    [2],
  )
}

function exportersTable({ exporters, beside }: BalanceSheet): string {
  if (exporters.length === 0) return ''
  const rows = exporters.map(
    ({ exporter, deliveredRows, deliveredFlows, deliveredBytes, dropped, pending }) => {
      const times = smaller(beside.receivedBytes, deliveredBytes)
      const remarks = [
        ...(times === null ? [] : [`${times} than the ${formatSize(beside.receivedBytes)} received`]),
        ...tallyRows(dropped).map(([reason, flows]) => `${flows} flows dropped: ${reason}`),
        ...(pending > 0 ? [`${counted(pending, 'flow')} wait`] : []),
      ]
      const counts = [number(deliveredRows), number(deliveredFlows), formatSize(deliveredBytes)]
      return [exporter, ...counts, remarks.join('; ')]
    },
  )
  return table(
    [['exporter', 'rows', 'flows', 'size', ''], ...rows].map((row) => ['  ', ...row]),
    [2, 3, 4],
  )
}

function besideText({ beside }: BalanceSheet): string {
  const lines = [
    ...(beside.gapBytes > 0
      ? [`gap: ${formatSize(beside.gapBytes)} were gone before anybody read them`]
      : []),
    ...tallyRows(beside.lostUpstream).map(([source, events]) => `lost upstream: ${source} ${events}`),
    ...tallyRows(beside.noted).map(([reason, count]) => `noted: ${reason} ${count}`),
  ]
  return lines.map((line) => `    ${line}\n`).join('')
}

function tallyRows(tally: Tally): string[][] {
  return Object.entries(tally)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => [name, number(count)])
}

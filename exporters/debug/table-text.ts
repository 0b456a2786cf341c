import {
  detailOf,
  flowsOf,
  nameOf,
  type Output,
  protocolOf,
  type Row,
  serverPortOf,
  sideOf,
} from '../../src/sdk/index.ts'
import type { Hidden } from './debug-sink.ts'
import { type Cell, type Column, type Painter, painter, type Tone, tableLines } from './table.ts'
import { inTime, troubleOf } from './urgency.ts'

/** A table for each window, trouble first; single flows in one of their own, in the order of time. */
export function tableText(rows: readonly Row[], hidden: Hidden, { columns: width, colors }: Output): string {
  const paint = painter(colors)
  const byWindow = Map.groupBy(rows, ({ WindowStart, WindowEnd }) => `${WindowStart} ${WindowEnd}`)
  const windows = [...byWindow.values()].sort(([a], [b]) => inTime(a, b))
  const lines = windows.flatMap((window) => {
    const folded = window[0].WindowStart !== undefined
    const sorted = folded ? window : window.toSorted(inTime)
    return ['', titleOf(sorted, paint), ...tableLines(folded ? FOLDED : SINGLE, sorted, { width, paint })]
  })
  if (hidden.rows > 0)
    lines.push(
      `... and ${count(hidden.rows, 'more row')} (${count(hidden.flows, 'flow')}); raise max_rows to see them`,
    )
  return `${lines.join('\n')}\n`
}

/** `2026-01-01 00:00:00 to 00:00:30 UTC  5 rows, 1,234 flows, 2 with trouble` */
function titleOf(rows: readonly Row[], paint: Painter): string {
  const { WindowStart: start = rows[0].TimeGenerated, WindowEnd: end = rows.at(-1)!.TimeGenerated } = rows[0]
  const time = `${start.slice(0, 10)} ${start.slice(11, 19)} to ${end.slice(11, 19)} UTC`
  const flows = rows.reduce((sum, row) => sum + flowsOf(row), 0)
  const troubles = rows.filter((row) => troubleOf(row) !== 'none').length
  const counts = [count(rows.length, 'row'), count(flows, 'flow')]
  if (troubles > 0) counts.push(`${NUMBER.format(troubles)} with trouble`)
  const supplements = rows.some(({ Revision = 0 }) => Revision > 0) ? '; + adds to an earlier row' : ''
  return `${paint(time, 'bold')}  ${counts.join(', ')}${supplements}`
}

const WHO: readonly Column<Row>[] = [
  {
    head: 'CLIENT',
    leastWidth: 8,
    cell: (row) => ({ text: nameOf(row, sideOf(row, 'client')) }),
  },
  { head: '', cell: (row) => ({ text: row.Reply === true ? '<-' : '->' }) },
  {
    head: 'SERVER',
    leastWidth: 14,
    cell: (row) => ({ text: nameOf(row, sideOf(row, 'server')), tail: serverPortOf(row) }),
  },
]

const WHAT: readonly Column<Row>[] = [
  { head: 'PROTO', cell: (row) => ({ text: protocolOf(row) }) },
  {
    head: 'VERDICT',
    cell: (row) => toned(row.Verdict ?? '', troubleOf(row) === 'verdict' ? 'red' : undefined),
  },
  { head: 'DETAIL', leastWidth: 10, cell: (row) => toned(detailOf(row), TROUBLE_TONES[troubleOf(row)]) },
]

const FOLDED: readonly Column<Row>[] = [
  {
    head: 'FLOWS',
    align: 'right',
    cell: (row) => ({ text: `${(row.Revision ?? 0) > 0 ? '+' : ''}${NUMBER.format(flowsOf(row))}` }),
  },
  { head: 'IN', align: 'right', cell: (row) => number(row.IngressFlowCount) },
  { head: 'OUT', align: 'right', cell: (row) => number(row.EgressFlowCount) },
  { head: '?', align: 'right', cell: (row) => number(row.UnknownDirectionFlowCount) },
  ...WHO,
  ...WHAT,
]

const SINGLE: readonly Column<Row>[] = [
  { head: 'TIME', cell: ({ TimeGenerated }) => ({ text: toMilliseconds(TimeGenerated) }) },
  { head: 'DIR', cell: (row) => ({ text: directionOf(row) }) },
  ...WHO,
  ...WHAT,
]

const TROUBLE_TONES = { verdict: 'red', answer: 'yellow', none: undefined } as const
const NUMBER = new Intl.NumberFormat('en-US')

function directionOf({ IngressFlowCount, EgressFlowCount }: Row): string {
  if (IngressFlowCount > 0) return 'in'
  return EgressFlowCount > 0 ? 'out' : '?'
}

/** Of `2026-01-01T00:00:02.5Z` `00:00:02.500`. */
function toMilliseconds(time: string): string {
  return `${time.slice(11, 19)}.${time.slice(20, -1).padEnd(3, '0').slice(0, 3)}`
}

function number(value: number): Cell {
  return value === 0 ? { text: '-', tone: 'dim' } : { text: NUMBER.format(value) }
}

function toned(text: string, tone: Tone | undefined): Cell {
  return tone === undefined ? { text } : { text, tone }
}

function count(amount: number, of: string): string {
  return `${NUMBER.format(amount)} ${of}${amount === 1 ? '' : 's'}`
}

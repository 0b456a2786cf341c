import { answerOf, flowsOf, type Row } from '../../src/sdk/index.ts'

export type Trouble = 'none' | 'answer' | 'verdict'

/** What an operator has to look at: packets that did not get through, and answers that are errors. */
export function troubleOf(row: Row): Trouble {
  if (row.Verdict === 'DROPPED' || row.Verdict === 'ERROR') return 'verdict'
  const { code, rcode } = answerOf(row)
  return (code !== undefined && code >= 400) || (rcode !== undefined && rcode !== 'NOERROR')
    ? 'answer'
    : 'none'
}

const URGENCY = { verdict: 0, answer: 1, none: 2 } as const

/** Trouble first, then what there is most of, then the order of time. */
export function mostUrgentFirst(rows: readonly Row[]): Row[] {
  return rows
    .map((row) => ({ row, urgency: URGENCY[troubleOf(row)], flows: flowsOf(row) }))
    .sort((a, b) => a.urgency - b.urgency || b.flows - a.flows || inTime(a.row, b.row))
    .map(({ row }) => row)
}

/** RFC 3339 in UTC sorts as text. */
export function inTime(a: Row, b: Row): number {
  return a.TimeGenerated < b.TimeGenerated ? -1 : 1
}

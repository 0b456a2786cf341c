import { formatSize } from '../util/unit.ts'

/** `1,849` */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 pipeline`, `3 pipelines`, `2 entries` */
export function counted(amount: number, noun: string): string {
  return `${number(amount)} ${amount === 1 ? noun : `${noun}s`}`
}

/** `34 times smaller`; null where it is not. */
export function smaller(fromBytes: number, toBytes: number): string | null {
  const times = fromBytes / toBytes
  if (!Number.isFinite(times) || times < 1.05) return null
  return `${times >= 10 ? number(Math.round(times)) : times.toFixed(1)} times smaller`
}

/** `3.1 MiB -> 92 KiB: 34 times smaller` */
export function compression(fromBytes: number, toBytes: number): string {
  const sizes = `${formatSize(fromBytes)} -> ${formatSize(toBytes)}`
  const times = smaller(fromBytes, toBytes)
  return times === null ? sizes : `${sizes}: ${times}`
}

/** Cells in columns: the first to the left, those that `right` names to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}

/** What a column says of a row. */
export interface Cell {
  readonly text: string
  /** Stays when the text is cut: the port behind a name. */
  readonly tail?: string
  readonly tone?: Tone
}

export interface Column<T> {
  readonly head: string
  readonly align?: 'right'
  /** May be cut, down to this width; other columns keep theirs. */
  readonly leastWidth?: number
  cell(of: T): Cell
}

const GAP = '  '
const TONES = { bold: '1', dim: '2', red: '31', yellow: '33' } as const

export type Tone = keyof typeof TONES

/** Colours text, or leaves it as it is. */
export type Painter = (text: string, tone: Tone | undefined) => string

export function painter(colors: boolean): Painter {
  return (text, tone) => (colors && tone !== undefined ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text)
}

/** Aligned lines that fit the width, the heads first. */
export function tableLines<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  { width, paint }: { readonly width: number; readonly paint: Painter },
): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row))))
  const natural = columns.map(({ head }, i) =>
    Math.max(head.length, ...cells.map((line) => lengthOf(line[i]))),
  )
  const widths = fitted(columns, natural, width - GAP.length * (columns.length - 1))
  const lineOf = (line: readonly Cell[]) =>
    columns
      .map(({ align }, i) => paint(padded(cut(line[i], widths[i]), widths[i], align), line[i].tone))
      .join(GAP)
      .trimEnd()
  return [lineOf(columns.map(({ head }) => ({ text: head, tone: 'dim' }))), ...cells.map(lineOf)]
}

/** Takes from the widest column that may be cut, until all fit. */
function fitted<T>(columns: readonly Column<T>[], natural: readonly number[], room: number): number[] {
  const widths = [...natural]
  for (let excess = sum(widths) - room; excess > 0; excess--) {
    const spare = widths.map((width, i) => (width > (columns[i].leastWidth ?? Infinity) ? width : 0))
    const widest = spare.indexOf(Math.max(...spare))
    if (spare[widest] === 0) break
    widths[widest]--
  }
  return widths
}

function cut({ text, tail = '' }: Cell, width: number): string {
  if (text.length + tail.length <= width) return text + tail
  return `${text.slice(0, Math.max(0, width - tail.length - 1))}…${tail}`
}

function padded(text: string, width: number, align: 'right' | undefined): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width)
}

/** Names and paths come from the network: they must not steer the terminal. */
function printable(cell: Cell): Cell {
  return { ...cell, text: cell.text.replace(/\p{Cc}/gu, '?') }
}

function lengthOf({ text, tail = '' }: Cell): number {
  return text.length + tail.length
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

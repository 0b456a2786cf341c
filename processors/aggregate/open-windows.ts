import { type ClosedWindow, type Dictionary, formatTime, type Pane, rowBatch } from '../../src/sdk/index.ts'
import { Groups } from './groups.ts'
import type { Layout } from './layout.ts'
import { type DecodedPane, encodePane, type PaneWindow } from './pane.ts'
import { Questions } from './questions.ts'
import { type RowOptions, RowWriter } from './rows.ts'

/** Groups stored again and again: past this many times the whole window, it is stored whole and the old panes go. */
const MOST_TIMES_STORED = 4

export interface OpenWindow extends PaneWindow {
  /** 1, 2, ...: its flows came after the window had been closed. */
  readonly isLate: boolean
  /** Groups in the panes stored since the last complete one. */
  storedGroups: number
}

/** Windows that still take flows, with their groups, under one layout. */
export class OpenWindows {
  readonly groups: Groups
  readonly questions: Questions
  readonly #writer: RowWriter
  readonly #dictionary: Dictionary
  /** By start, in the order they were opened. */
  readonly #windows = new Map<number, OpenWindow>()

  constructor(layout: Layout, options: RowOptions) {
    this.groups = new Groups(layout, options.dictionary)
    this.questions = new Questions(options.dictionary)
    this.#writer = new RowWriter(this.groups, this.questions, options)
    this.#dictionary = options.dictionary
  }

  get size(): number {
    return this.#windows.size
  }

  at(startS: number): OpenWindow | undefined {
    return this.#windows.get(startS)
  }

  /** In the order they were opened. */
  all(): OpenWindow[] {
    return [...this.#windows.values()]
  }

  names(): string[] {
    return this.all().map((window) => this.#nameOf(window))
  }

  open(window: PaneWindow): OpenWindow {
    const opened = { ...window, isLate: window.revision > 0, storedGroups: 0 }
    this.#windows.set(window.startS, opened)
    return opened
  }

  /** Makes rows of these windows, a piece at a time, and forgets them when the last piece was taken. */
  *close(windows: readonly OpenWindow[]): Generator<ClosedWindow> {
    if (windows.length === 0) return
    const { groups } = this
    for (const { startS, revision } of windows) {
      const window = this.#nameOf({ startS, revision })
      let isEmpty = true
      for (const some of groups.table.members(startS))
        for (const rows of this.#writer.rows(some, revision)) {
          isEmpty = false
          yield { window, rows }
        }
      if (isEmpty) yield { window, rows: rowBatch([]) }
    }
    groups.drop(windows.map(({ startS }) => startS))
    for (const { startS } of windows) this.#windows.delete(startS)
  }

  /** What has changed since the last seal, a pane for each window. */
  seal(): Pane[] {
    const { groups } = this
    const all = new Map<number, number[]>(this.all().map(({ startS }) => [startS, []]))
    const changed = new Map<number, number[]>()
    for (let group = 0; group < groups.size; group++) {
      const startS = groups.startOf(group)
      all.get(startS)!.push(group)
      if (!groups.takeTouched(group)) continue
      if (!changed.has(startS)) changed.set(startS, [])
      changed.get(startS)!.push(group)
    }
    return [...changed].map(([startS, which]) =>
      this.#pane(this.#windows.get(startS)!, which, all.get(startS)!),
    )
  }

  /** Takes a pane of this layout; groups that are there already are replaced. */
  restore({ window, count, writeTo }: DecodedPane): void {
    const open = this.#windows.get(window.startS) ?? this.open(window)
    writeTo(this.groups, this.#dictionary)
    open.storedGroups += count
  }

  mark(keep: (id: number) => void): void {
    this.groups.mark(keep)
  }

  remap(renamed: Uint32Array): void {
    this.questions.answers.forget()
    this.groups.remap(renamed)
  }

  #pane(window: OpenWindow, changed: readonly number[], all: readonly number[]): Pane {
    const complete = window.storedGroups + changed.length > MOST_TIMES_STORED * all.length
    const which = complete ? all : changed
    window.storedGroups = complete ? all.length : window.storedGroups + changed.length
    const { startS, revision, closesAtMs } = window
    const body = encodePane({ startS, revision, closesAtMs }, this.groups, which, this.#dictionary)
    return { window: this.#nameOf(window), body, complete: which.length === all.length }
  }

  /** No two windows have the same name, under whatever layout: revisions count on across layouts. */
  #nameOf({ startS, revision }: Pick<PaneWindow, 'startS' | 'revision'>): string {
    return `${formatTime(startS, 0)}/${this.groups.layout.windowS}s/${revision}`
  }
}

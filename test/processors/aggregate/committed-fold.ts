import type { Flow, Json, Pane, Row } from '../../../src/sdk/index.ts'
import { type Folding, folding, kept, rowsOf } from './support.ts'

/** What the last commit made durable. */
interface Stored {
  readonly state: Json
  readonly panes: readonly Pane[]
  readonly rows: readonly Row[]
  /** Batches that are in it. */
  readonly position: number
}

/** A fold in an engine of a few lines: it commits, crashes, comes back from the last commit and reads on from there. */
export class CommittedFold {
  readonly #settings: object
  readonly #batches: (readonly Flow[])[] = []
  #stored: Stored | null = null
  #folding: Folding
  #rows: Row[] = []
  #closed: string[] = []

  constructor(settings: object) {
    this.#settings = settings
    this.#folding = folding(settings)
  }

  give(flows: readonly Flow[]): void {
    this.#batches.push(flows)
    this.#fold(flows)
  }

  commit(): void {
    const { fold } = this.#folding
    let panes = [...(this.#stored?.panes ?? [])]
    for (const pane of fold.seal())
      panes = [...(pane.complete ? panes.filter(({ window }) => window !== pane.window) : panes), pane]
    this.#stored = {
      state: JSON.parse(JSON.stringify(fold.state())) as Json,
      panes: panes.filter(({ window }) => !this.#closed.includes(window)),
      rows: [...(this.#stored?.rows ?? []), ...this.#rows],
      position: this.#batches.length,
    }
    this.#rows = []
    this.#closed = []
  }

  crash(settings = this.#settings): void {
    this.#folding = folding(settings)
    this.#rows = []
    this.#closed = []
    if (this.#stored) this.#folding.fold.restore(this.#stored.state, this.#stored.panes)
    for (const flows of this.#batches.slice(this.#stored?.position ?? 0)) this.#fold(flows)
  }

  compact(): void {
    this.#folding.host.dictionary.compact()
  }

  get storedBytes(): number {
    return (this.#stored?.panes ?? []).reduce((sum, { body }) => sum + body.length, 0)
  }

  get storedPanes(): readonly Pane[] {
    return this.#stored?.panes ?? []
  }

  /** Closes all, commits, and gives every row there ever was. */
  finish(): readonly Row[] {
    this.#takeOut(kept(this.#folding.fold.flush()))
    this.commit()
    return this.#stored!.rows
  }

  #fold(flows: readonly Flow[]): void {
    this.#folding.fold.fold(this.#folding.batch(flows))
    this.#takeOut(this.#folding.close())
  }

  #takeOut(windows: ReturnType<Folding['close']>): void {
    this.#closed.push(...windows.map(({ window }) => window))
    this.#rows.push(...rowsOf(windows))
  }
}

import type { Clock, DeliverySettings, Logger, Row, Sender } from '../../sdk/index.ts'
import { type Cargo, Carrier } from '../carrier.ts'
import type { Letter, LetterFile } from './letter-file.ts'

/** An exporter that letters go to, or why there is none. */
export type Addressee =
  | {
      readonly kind: 'sender'
      readonly id: string
      readonly sender: Sender
      readonly settings: DeliverySettings
      readonly log: Logger
    }
  | { readonly kind: 'unknown'; readonly id: string; readonly reason: string }

export interface ReplayParts {
  readonly file: LetterFile
  /** The exporter that letters go to, by the one that they name. */
  readonly exporterFor: (exporter: string) => string
  readonly addressee: (exporter: string) => Addressee
  readonly clock: Clock
  readonly random: () => number
  /** How long a payload is tried. */
  readonly patienceMs: number
  /** Nothing new is begun. */
  readonly stopping: AbortSignal
  /** What is under way is given up. */
  readonly givingUp: AbortSignal
}

/** What became of the letters of one exporter. */
export interface ReplayTally {
  readonly exporter: string
  accepted: number
  /** Among the accepted: rows that the backend threw away, it does not say which. */
  discarded: number
  /** Rows by reason. */
  readonly refused: Map<string, number>
  notSent: number
  /** Why rows were not sent; null where all were. */
  trouble: string | null
}

/** Enough for a few payloads of any backend, and few enough to hold in memory. */
const LETTERS_AT_ONCE = 2000
const TEXT_AT_ONCE = 16 * 2 ** 20

/** Sends letters again; each is accepted, refused again, or left as it is. */
export async function replay(parts: ReplayParts): Promise<ReplayTally[]> {
  const routes = new Map<string, Route>()
  const routeOf = (exporter: string) => {
    const route = routes.get(exporter) ?? new Route(parts.addressee(exporter), parts)
    routes.set(exporter, route)
    return route
  }
  let size = 0
  let count = 0
  const send = async () => {
    size = 0
    count = 0
    await Promise.all([...routes.values()].map((route) => route.send()))
  }
  for (const letter of parts.file.letters()) {
    routeOf(parts.exporterFor(letter.exporter)).add(letter)
    size += letter.size
    if (++count >= LETTERS_AT_ONCE || size >= TEXT_AT_ONCE) await send()
  }
  await send()
  for (const route of routes.values()) route.close()
  return [...routes.values()].map(({ tally }) => tally)
}

/** The way of letters to one exporter. */
class Route {
  readonly tally: ReplayTally
  readonly #addressee: Addressee
  readonly #carrier: Carrier | null
  readonly #parts: ReplayParts
  #letters: Letter[] = []

  constructor(addressee: Addressee, parts: ReplayParts) {
    const { id } = addressee
    const trouble = addressee.kind === 'unknown' ? addressee.reason : null
    this.tally = { exporter: id, accepted: 0, discarded: 0, refused: new Map(), notSent: 0, trouble }
    this.#addressee = addressee
    this.#parts = parts
    this.#carrier = addressee.kind === 'unknown' ? null : this.#carrierTo(addressee)
  }

  add(letter: Letter): void {
    this.#letters.push(letter)
  }

  async send(): Promise<void> {
    const letters = this.#letters
    this.#letters = []
    const cargo = new Letters(letters, this.#parts, this.tally)
    if (this.tally.trouble === null && letters.length > 0) await this.#carrier?.carry(cargo)
    this.tally.notSent += cargo.unsettled
    if (this.tally.notSent > 0) this.tally.trouble ??= this.#carrier?.trouble ?? 'it was stopped'
  }

  close(): void {
    if (this.#addressee.kind === 'sender') this.#addressee.sender.close?.()
  }

  #carrierTo({ sender, settings, log }: Addressee & { kind: 'sender' }): Carrier {
    const { clock, random, patienceMs, stopping, givingUp } = this.#parts
    return new Carrier({
      sender,
      settings,
      clock,
      log,
      random,
      retried: () => {},
      // What a person must mend first does not mend itself while he waits for us.
      isPatient: ({ cause }, elapsedMs) => cause !== 'rejected' && elapsedMs <= patienceMs,
      stopping,
      givingUp,
    })
  }
}

/** Some letters on their way. */
class Letters implements Cargo {
  readonly rows: readonly Row[]
  readonly #lines: ReadonlyMap<Row, number>
  readonly #parts: ReplayParts
  readonly #tally: ReplayTally
  unsettled: number

  constructor(letters: readonly Letter[], parts: ReplayParts, tally: ReplayTally) {
    this.rows = letters.map(({ row }) => row)
    this.#lines = new Map(letters.map(({ row, line }) => [row, line]))
    this.#parts = parts
    this.#tally = tally
    this.unsettled = letters.length
  }

  /** One payload that nobody takes for so long says enough about the others. */
  isWanted(): boolean {
    return this.#tally.trouble === null
  }

  accept(rows: readonly Row[]): void {
    if (rows.length === 0) return
    this.#settle(rows)
    this.#tally.accepted += rows.length
  }

  acceptMost(rows: readonly Row[], _bytes: number, discarded: number): void {
    this.accept(rows)
    this.#tally.discarded += discarded
  }

  refuse(rows: readonly Row[], reason: string): void {
    const { refused, exporter } = this.#tally
    refused.set(reason, (refused.get(reason) ?? 0) + rows.length)
    this.#settle(rows, { exporter, reason, refusedAt: new Date(this.#parts.clock.now()).toISOString() })
  }

  giveUp(_rows: readonly Row[], reason: string): void {
    this.#tally.trouble ??= reason
  }

  #settle(rows: readonly Row[], refusal: Parameters<LetterFile['settle']>[1] = null): void {
    this.unsettled -= rows.length
    this.#parts.file.settle(
      rows.map((row) => this.#lines.get(row)!),
      refusal,
    )
  }
}

import { flowsOf, type Row } from '../sdk/index.ts'
import type { OutboxHead } from '../state/store.ts'

interface Sums {
  flows: number
  rows: number
  bytes: number
  refusedFlows: number
}

/** What became of the rows of a shipment, by the pipeline they came from. */
export class Tally {
  readonly #pipelineOf = new Map<Row, string>()
  readonly #sums = new Map<string, Sums>()

  own(rows: readonly Row[], pipeline: string): void {
    for (const row of rows) this.#pipelineOf.set(row, pipeline)
  }

  delivered(rows: readonly Row[], bytes: number): void {
    for (const row of rows) {
      const sums = this.#of(row)
      sums.rows++
      sums.flows += flowsOf(row)
    }
    if (rows.length > 0) this.#of(rows[0]).bytes += bytes
  }

  refused(rows: readonly Row[]): void {
    for (const row of rows) this.#of(row).refusedFlows += flowsOf(row)
  }

  unreadable({ pipeline, flows }: OutboxHead): void {
    this.#sumsOf(pipeline).refusedFlows += flows
  }

  outcomes(): Iterable<[pipeline: string, sums: Sums]> {
    return this.#sums
  }

  #of(row: Row): Sums {
    return this.#sumsOf(this.#pipelineOf.get(row)!)
  }

  #sumsOf(pipeline: string): Sums {
    const sums = this.#sums.get(pipeline) ?? { flows: 0, rows: 0, bytes: 0, refusedFlows: 0 }
    this.#sums.set(pipeline, sums)
    return sums
  }
}

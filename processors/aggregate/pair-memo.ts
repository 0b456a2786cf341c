import type { Dictionary } from '../../src/sdk/index.ts'

/** What can be said of two ids together, computed once for each pair. */
export class PairMemo {
  readonly #dictionary: Dictionary
  readonly #compute: (a: number, b: number) => number
  /** By the first id, then by the second. */
  readonly #answers = new Map<number, Map<number, number>>()
  #generation: number

  constructor(dictionary: Dictionary, compute: (a: number, b: number) => number) {
    this.#dictionary = dictionary
    this.#compute = compute
    this.#generation = dictionary.generation
  }

  at(a: number, b: number): number {
    if (this.#generation !== this.#dictionary.generation) {
      this.#answers.clear()
      this.#generation = this.#dictionary.generation
    }
    let answers = this.#answers.get(a)
    if (answers === undefined) {
      answers = new Map()
      this.#answers.set(a, answers)
    }
    let answer = answers.get(b)
    if (answer === undefined) {
      answer = this.#compute(a, b)
      answers.set(b, answer)
    }
    return answer
  }
}

import type { Dictionary } from '../../src/sdk/index.ts'

/** Two ids make one number below 2^53; so many texts would take 4 GiB. */
const IDS = 2 ** 26

/** What can be said of two ids together, computed once for each pair. */
export class PairMemo {
  readonly #dictionary: Dictionary
  readonly #compute: (a: number, b: number) => number
  readonly #answers = new Map<number, number>()
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
    const known = this.#answers.get(a * IDS + b)
    if (known !== undefined) return known
    const answer = this.#compute(a, b)
    this.#answers.set(a * IDS + b, answer)
    return answer
  }
}

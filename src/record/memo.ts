import type { Dictionary } from './dictionary.ts'

/**
 * What can be said of an id, computed once per id: does this endpoint match the filter, which namespace has it.
 * `at` is one array access on the hot path. Answers are whole numbers from 0 to 2^32 - 2.
 */
export class Memo {
  readonly #dictionary: Dictionary
  readonly #compute: (id: number) => number
  #generation: number
  /** Answer plus one; 0 where nobody asked yet. */
  #answers = new Uint32Array(1024)

  constructor(dictionary: Dictionary, compute: (id: number) => number) {
    this.#dictionary = dictionary
    this.#compute = compute
    this.#generation = dictionary.generation
  }

  at(id: number): number {
    if (this.#generation !== this.#dictionary.generation) this.#forget()
    const answer = id < this.#answers.length ? this.#answers[id] : 0
    return answer === 0 ? this.#ask(id) : answer - 1
  }

  /** `at` for a whole column: `out[i]` is the answer for `ids[i]`. */
  column(ids: Uint32Array, out: Uint32Array): void {
    if (this.#generation !== this.#dictionary.generation) this.#forget()
    let answers = this.#answers
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]
      const answer = id < answers.length ? answers[id] : 0
      if (answer !== 0) {
        out[i] = answer - 1
        continue
      }
      out[i] = this.#ask(id)
      answers = this.#answers
    }
  }

  #ask(id: number): number {
    const answer = this.#compute(id)
    if (id >= this.#answers.length) {
      const grown = new Uint32Array(Math.max(id + 1, this.#answers.length * 2))
      grown.set(this.#answers)
      this.#answers = grown
    }
    this.#answers[id] = answer + 1
    return answer
  }

  #forget(): void {
    this.#answers.fill(0)
    this.#generation = this.#dictionary.generation
  }
}

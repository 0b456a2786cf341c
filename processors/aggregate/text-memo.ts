import type { Dictionary } from '../../src/sdk/index.ts'

/** A text made of an id, made once per id. */
export class TextMemo {
  readonly #dictionary: Dictionary
  readonly #make: (id: number) => string
  #generation: number
  #texts: string[] = []

  constructor(dictionary: Dictionary, make: (id: number) => string) {
    this.#dictionary = dictionary
    this.#make = make
    this.#generation = dictionary.generation
  }

  at(id: number): string {
    if (this.#generation !== this.#dictionary.generation) {
      this.#texts = []
      this.#generation = this.#dictionary.generation
    }
    this.#texts[id] ??= this.#make(id)
    return this.#texts[id]
  }
}

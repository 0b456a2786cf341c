import type { Kernel } from './kernel.ts'

/** Answers about one id, or about two together; asked once for each. Never 2^32 - 1. */
type Answer = (a: number, b: number) => number

const SLOTS = 256
const SLOT_BYTES = 16
/** Also in `assembly/answers.ts`. */
const MOST_MISSES = 4096
/** Indexes of the cells. Also in `assembly/answers.ts`, in bytes. */
const CELL = { slots: 0, mask: 1, misses: 3, missCount: 4 } as const
const CELLS = 9
/** Numbers of questions that the kernel knows: also in `assembly/fold.ts` and `assembly/uuid.ts`. */
const KNOWN = { window: 1, other: 2, hash: 3 } as const

/**
 * What the kernel asks JavaScript: which namespace an endpoint has, how a code is written. It gathers its questions,
 * asks each once, and finds the answer by itself from then on.
 */
export class Answers {
  readonly address: number
  readonly #kernel: Kernel
  readonly #byQuestion: (Answer | undefined)[] = [undefined, undefined, undefined, undefined]

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    const slots = kernel.exports.block(SLOTS * SLOT_BYTES)
    const misses = kernel.exports.block(MOST_MISSES * 4)
    const cells = new Array<number>(CELLS).fill(0)
    cells[CELL.slots] = slots
    cells[CELL.mask] = SLOTS - 1
    cells[CELL.misses] = misses
    this.address = kernel.list(cells)
  }

  /** A question that the kernel asks of itself. */
  define(question: keyof typeof KNOWN, answer: Answer): void {
    this.#byQuestion[KNOWN[question]] = answer
  }

  /** A question of a plan; returns its number. */
  question(answer: Answer): number {
    return this.#byQuestion.push(answer) - 1
  }

  /** Writes an answer of several words; returns the address that stands for it. */
  note(words: readonly number[]): number {
    const start = this.#kernel.exports.note(this.address, words.length * 4)
    this.#kernel.words.set(words, start / 4)
    return start
  }

  /** Answers what the kernel has asked since the last time. */
  give(): void {
    const kernel = this.#kernel
    const cells = this.address / 4
    const misses = kernel.words[cells + CELL.misses] / 4
    for (let i = 0; i < kernel.words[cells + CELL.missCount]; i++) {
      const slot = kernel.words[misses + i] / 4
      const [a, b, question] = kernel.words.subarray(slot, slot + 3)
      // It may make texts, and so the memory larger.
      const answer = this.#byQuestion[question]!(a, b)
      kernel.words[slot + 3] = answer
    }
  }

  /** Ids have changed their meaning: everything will be asked again. */
  forget(): void {
    this.#kernel.exports.forget(this.address)
  }
}

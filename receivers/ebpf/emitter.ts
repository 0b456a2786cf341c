import { type Frame, type FrameType, jsonFrame } from './frames.ts'
import type { Survey } from './survey.ts'
import type { Hello, Losses, World } from './world.ts'

/** Takes frames, one after the other; a promise asks to wait. */
export type FrameSink = (frame: Frame) => void | Promise<void>

/** Numbers the records on their way to a sink. */
export class Emitter {
  readonly #sink: FrameSink
  #records = 0

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  async records(type: FrameType, records: number, payload: Buffer): Promise<void> {
    const first = this.#records
    this.#records += records
    await this.#sink({ type, records, first, payload })
  }

  async hello(hello: Hello): Promise<void> {
    await this.#sink(jsonFrame('hello', hello))
  }

  async survey(survey: Survey): Promise<void> {
    await this.#sink({ ...jsonFrame('survey', survey), first: this.#records })
  }

  async world(world: World): Promise<void> {
    await this.#sink({ ...jsonFrame('world', world), first: this.#records })
  }

  async losses(losses: Losses): Promise<void> {
    await this.#sink({ ...jsonFrame('losses', losses), first: this.#records })
  }
}

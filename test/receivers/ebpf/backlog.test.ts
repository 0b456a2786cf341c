import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Backlog } from '../../../receivers/ebpf/backlog.ts'
import { type Frame, FrameReader } from '../../../receivers/ebpf/frames.ts'
import { Progress } from '../../../receivers/ebpf/progress.ts'

/** What happens between an agent and the pipelines that come and go. */
type Action =
  | { readonly kind: 'records'; readonly count: number }
  | { readonly kind: 'losses' }
  /** The pipeline takes up to so many frames. */
  | { readonly kind: 'take'; readonly frames: number }
  | { readonly kind: 'store' }
  | { readonly kind: 'kill' }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('records' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  fc.record({ kind: fc.constant('losses' as const) }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('take' as const), frames: fc.integer({ min: 0, max: 6 }) }),
  },
  fc.record({ kind: fc.constant('store' as const) }),
  fc.record({ kind: fc.constant('kill' as const) }),
)

test('each record is taken once or counted as missing, whatever is killed and however small the buffer', () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 80 }),
      fc.integer({ min: 60, max: 1000 }),
      (actions, maxBytes) => {
        const backlog = new Backlog(maxBytes)
        let made = 0
        let pipeline = new Pipeline(null)
        let stored = pipeline.store()
        for (const step of [...actions, { kind: 'take', frames: 1000 } as const])
          switch (step.kind) {
            case 'records':
              backlog.add({
                type: 'flows',
                records: step.count,
                first: made,
                payload: Buffer.alloc(step.count * 4),
              })
              made += step.count
              break
            case 'losses':
              backlog.add({ type: 'losses', records: 0, first: made, payload: Buffer.from('{}') })
              break
            case 'take':
              for (let left = step.frames; left > 0; left--) pipeline.take(backlog.next()?.bytes)
              break
            case 'store':
              stored = pipeline.store()
              break
            case 'kill':
              pipeline = new Pipeline(stored)
              backlog.rewind(pipeline.records)
              break
          }
        assert.equal(pipeline.taken + pipeline.missing, made)
      },
    ),
    { numRuns: 500 },
  )
})

/** Counts as the receiver does; what it has counted is in its state. */
class Pipeline {
  taken: number
  missing: number
  readonly #progress: Progress
  readonly #reader = new FrameReader()

  constructor(stored: ReturnType<Pipeline['store']> | null) {
    this.#progress = new Progress(stored?.position ?? null)
    this.#progress.meet('agent')
    this.taken = stored?.taken ?? 0
    this.missing = stored?.missing ?? 0
  }

  get records(): number {
    return this.#progress.records
  }

  take(bytes: Buffer | undefined): void {
    for (const frame of bytes ? this.#reader.read(bytes) : []) this.#count(frame)
  }

  store() {
    return { position: this.#progress.toJson(), taken: this.taken, missing: this.missing }
  }

  #count({ first, records }: Frame): void {
    const { skip, missing } = this.#progress.next(first, records)
    this.missing += missing
    this.taken += records - skip
    if (records > 0) this.#progress.reach(first + records)
  }
}

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ResolvedConfig } from '../../src/config/resolved.ts'
import { Service } from '../../src/engine/service.ts'
import type { Flow } from '../../src/sdk/index.ts'
import type { BalanceSheet } from '../../src/telemetry/balance-sheet.ts'
import type { TestBackend } from '../support/backend.ts'
import { flow } from '../support/flows.ts'
import { configOf, HandReceiver, type MemorySink, TestIo } from '../support/parts.ts'
import { tempDir } from '../support/temp-dir.ts'

export interface WorldOptions {
  readonly exporters: { readonly [id: string]: TestBackend | MemorySink }
  readonly service?: Partial<ResolvedConfig['service']>
  readonly stateDir?: string
  /** Flows that were handed over in an earlier life, batch by batch. */
  readonly history?: readonly (readonly Flow[])[]
}

/** A service between a receiver that the test drives and exporters in memory, state on disk. */
export class DeliveryWorld {
  readonly io = new TestIo()
  readonly receiver = new HandReceiver()
  readonly stateDir: string
  /** Every batch that was ever given, so that a receiver can be made to give it again. */
  readonly history: (readonly Flow[])[]
  readonly options: WorldOptions
  service!: Service

  private constructor(stateDir: string, options: WorldOptions) {
    this.stateDir = stateDir
    this.options = options
    this.history = [...(options.history ?? [])]
  }

  static async start(t: TestContext, options: WorldOptions): Promise<DeliveryWorld> {
    const world = new DeliveryWorld(options.stateDir ?? join(tempDir(t), 'state'), options)
    world.service = await Service.start(world.config(), world.io)
    // What the last commit does not know of is read again.
    for (const batch of world.history.slice(Number(world.receiver.startedAt ?? 0)))
      await world.receiver.give(...batch)
    return world
  }

  config(exporters = this.options.exporters): ResolvedConfig {
    return configOf({
      receivers: { hand: this.receiver.definition },
      exporters: Object.fromEntries(
        Object.entries(exporters).map(([id, { definition }]) => [id, definition]),
      ),
      pipelines: [{ id: 'logs', receivers: ['hand'], processors: [], exporters: Object.keys(exporters) }],
      service: { ...this.options.service, stateDir: this.stateDir },
    })
  }

  /** Hands over flows that can be told apart; each becomes a row. */
  give(count: number): void | Promise<void> {
    const first = this.history.reduce((sum, batch) => sum + batch.length, 0)
    const batch = Array.from({ length: count }, (_, i) =>
      flow({ time: new Date((first + i) * 1000).toISOString() }),
    )
    this.history.push(batch)
    return this.receiver.give(...batch)
  }

  get given(): number {
    return this.history.reduce((sum, batch) => sum + batch.length, 0)
  }

  /** Time for a commit, and for those who wait for it. */
  async commit(): Promise<void> {
    await this.io.clock.advance(1000)
    await this.settle()
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) await this.io.clock.advance(0)
  }

  get sheet(): BalanceSheet {
    return this.service.summary().sheets[0]
  }

  exporterSheet(id: string) {
    return this.sheet.exporters.find(({ exporter }) => exporter === id)!
  }

  async stop(): Promise<void> {
    const stopped = this.service.stop()
    await this.io.clock.advance(10_000)
    await stopped
  }

  /** As after `kill -9`: what is on the disk at this moment goes on in a new process. */
  async kill(t: TestContext, options: Partial<WorldOptions> = {}): Promise<DeliveryWorld> {
    const stateDir = join(tempDir(t), 'state')
    cpSync(this.stateDir, stateDir, { recursive: true })
    const backends = Object.values(this.options.exporters).filter((exporter) => 'answer' in exporter)
    const answers = backends.map(({ answer }) => answer)
    for (const backend of backends) backend.answer = () => null
    await this.stop()
    for (const [i, backend] of backends.entries()) backend.answer = answers[i]
    return DeliveryWorld.start(t, { ...this.options, history: this.history, ...options, stateDir })
  }
}

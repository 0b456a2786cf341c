import { z } from 'zod'
import type { ResolvedConfig, ServiceConfig } from '../../src/config/resolved.ts'
import type { ServiceIo } from '../../src/engine/service.ts'
import {
  batchOf,
  type Dictionary,
  defineProcessor,
  defineReceiver,
  defineSink,
  type Flow,
  type Intake,
  type Json,
  type Output,
  type Row,
  rowsOf,
  type SinkDefinition,
  selectRows,
} from '../../src/sdk/index.ts'
import { FakeClock } from './fake-clock.ts'

/** A receiver that a test drives by hand. Its position is the number of batches handed over. */
export class HandReceiver {
  handedOver = 0
  startedAt: Json | null = null
  #intake: Intake | null = null
  #dictionary: Dictionary | null = null
  #end: () => void = () => {}

  readonly definition = defineReceiver({
    kind: 'receiver',
    type: 'hand',
    summary: 'Driven by a test',
    settings: z.strictObject({}),
    metrics: [],
    create: ({ host, position }) => {
      this.startedAt = position
      this.handedOver = typeof position === 'number' ? position : 0
      this.#dictionary = host.dictionary
      return {
        position: () => this.handedOver,
        run: (intake, signal) => {
          this.#intake = intake
          return new Promise((resolve) => {
            this.#end = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
        },
      }
    },
  })

  give(...flows: readonly Flow[]): void | Promise<void> {
    this.handedOver++
    return this.#intake!.next(batchOf(this.#dictionary!, flows))
  }

  lose(loss: Parameters<Intake['lost']>[0]): void {
    this.#intake!.lost(loss)
  }

  /** The input has come to its end. */
  end(): void {
    this.#end()
  }
}

/** A sink in memory that can be told to refuse. Rows beyond the stored position are gone when it is made again. */
export class MemorySink {
  rows: Row[] = []
  refuses: string | null = null
  committed = 0

  readonly definition: SinkDefinition = defineSink({
    kind: 'sink',
    type: 'memory',
    summary: 'Keeps rows for a test',
    settings: z.strictObject({}),
    metrics: [],
    create: ({ position }) => {
      this.rows.length = typeof position === 'number' ? position : 0
      return {
        write: (rows) => {
          if (this.refuses !== null) return { kind: 'retry', reason: this.refuses }
          this.rows.push(...rowsOf(rows))
          return { kind: 'written', bytes: rows.lines.length * 100 }
        },
        position: () => this.rows.length,
        committed: () => {
          this.committed = this.rows.length
        },
        sync() {},
        close: async () => {},
      }
    },
  })
}

/** A processor that lets every second row through. */
export const halving = defineProcessor({
  kind: 'processor',
  type: 'halving',
  summary: 'Keeps every second row',
  settings: z.strictObject({}),
  metrics: [],
  reads: () => [],
  create: () => ({
    process(batch) {
      const rows = batch.rows.filter((_, index) => index % 2 === 0)
      return rows.length === 0 ? null : selectRows(batch, rows)
    },
  }),
})

type ConfigParts = {
  readonly receivers?: { readonly [id: string]: object }
  readonly processors?: { readonly [id: string]: object }
  readonly exporters?: { readonly [id: string]: object }
  readonly pipelines: ResolvedConfig['pipelines']
  /** By component id, where the defaults will not do. */
  readonly settings?: { readonly [id: string]: object }
  readonly service?: Partial<ServiceConfig>
}

/** A resolved config of definitions, with the settings' defaults. */
export function configOf({
  receivers = {},
  processors = {},
  exporters = {},
  pipelines,
  settings: given = {},
  service,
}: ConfigParts) {
  const configured = <D>(definitions: { readonly [id: string]: object }) =>
    new Map(
      Object.entries(definitions).map(([id, definition]) => {
        const { settings } = definition as { settings: z.ZodType }
        return [id, { id, definition: definition as D, settings: settings.parse(given[id] ?? {}), input: {} }]
      }),
    )
  const config: ResolvedConfig = {
    receivers: configured(receivers),
    processors: configured(processors),
    exporters: configured(exporters),
    pipelines,
    service: {
      stateDir: 'memory',
      durability: 'process',
      commitIntervalMs: 1000,
      shutdownTimeoutMs: 5000,
      nodeName: 'node-1',
      dictionaryBytes: 2 ** 20,
      logs: { level: 'info', format: 'text' },
      metricsEndpoint: null,
      healthEndpoint: null,
      ...service,
    },
    placeOf: (path) => `test.yaml:1:1 (${path.join('.')})`,
  }
  return config
}

const silent = { isTty: false, colors: false, columns: 120 }

/** What a service under test prints and logs is kept. */
export class TestIo implements ServiceIo {
  readonly clock = new FakeClock()
  log = ''
  printed = ''
  readonly out: Output = {
    ...silent,
    write: (text) => {
      this.printed += text
    },
  }
  readonly err: Output = {
    ...silent,
    write: (text) => {
      this.log += text
    },
  }
}

import type { Configured, PipelineConfig, ResolvedConfig } from '../config/resolved.ts'
import type { Courier } from '../export/courier.ts'
import type { DeadLetter } from '../export/dead-letter.ts'
import {
  type AnyProcessorDefinition,
  Dictionary,
  FLOW_COLUMN_NAMES,
  type FlowColumn,
  type Fold,
  type Host,
  type Processor,
  type Receiver,
  type SenderDefinition,
  SettingError,
  type SinkDefinition,
} from '../sdk/index.ts'
import { type LaneSettings, Outbox } from '../state/outbox.ts'
import type { Store, StoredState } from '../state/store.ts'
import { Ledger } from '../telemetry/ledger.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { Outlet } from './outlet.ts'
import { Pipeline } from './pipeline.ts'
import { StartError } from './start-error.ts'
import type { World } from './world.ts'

/** Everything that one config makes: components with their state restored, wired into pipelines. */
export interface Graph {
  readonly receivers: ReadonlyMap<string, Receiver>
  /** The pipelines behind each receiver. */
  readonly routes: ReadonlyMap<string, readonly Pipeline[]>
  readonly pipelines: readonly Pipeline[]
  readonly outlets: ReadonlyMap<string, Outlet>
  /** Null when every exporter is a sink. */
  readonly outbox: Outbox | null
  readonly couriers: readonly Courier[]
  readonly dictionary: Dictionary
  readonly metrics: Metrics
}

/** What every receiver fills, whoever reads: counts and time. */
const ALWAYS_READ: readonly FlowColumn[] = [
  'time_s',
  'time_ns',
  'ingress_flows',
  'egress_flows',
  'unknown_flows',
  'aggregated',
  'line_start',
  'line_end',
]

/** Makes the components of a config and gives each what the last commit kept for it. */
export async function buildGraph(config: ResolvedConfig, store: Store, world: World): Promise<Graph> {
  const outbox = await openOutbox(config, store)
  return new Builder(config, store.load(), outbox, world).build()
}

class Builder {
  readonly #config: ResolvedConfig
  readonly #stored: StoredState
  readonly #world: World
  readonly #dictionary: Dictionary
  readonly #metrics = new Metrics()
  readonly #outlets = new Map<string, Outlet>()
  readonly #outbox: OpenOutbox | null

  constructor(config: ResolvedConfig, stored: StoredState, outbox: OpenOutbox | null, world: World) {
    this.#outbox = outbox
    this.#config = config
    this.#stored = stored
    this.#world = world
    this.#dictionary = new Dictionary({ maxBytes: config.service.dictionaryBytes })
  }

  build(): Graph {
    this.#warnOfOrphans()
    const used = new Set(this.#config.pipelines.flatMap(({ exporters }) => exporters))
    for (const id of used) if (isSink(this.#config, id)) this.#outlets.set(id, this.#makeOutlet(id))
    const pipelines = this.#config.pipelines.map((pipeline) => this.#makePipeline(pipeline))
    const routes = new Map<string, Pipeline[]>()
    this.#config.pipelines.forEach(({ receivers }, index) => {
      for (const id of receivers) routes.set(id, [...(routes.get(id) ?? []), pipelines[index]])
    })
    const receivers = new Map([...routes.keys()].map((id) => [id, this.#makeReceiver(id)]))
    return {
      receivers,
      routes,
      pipelines,
      outlets: this.#outlets,
      outbox: this.#outbox?.outbox ?? null,
      couriers: [...used]
        .filter((id) => !isSink(this.#config, id))
        .map((id) => this.#makeCourier(id, pipelines)),
      dictionary: this.#dictionary,
      metrics: this.#metrics,
    }
  }

  #makeReceiver(id: string): Receiver {
    const { definition, settings } = this.#config.receivers.get(id)!
    const host = this.#host('receiver', id)
    const position = this.#stored.positions.get(id) ?? null
    const reads = this.#readsBehind(id)
    return this.#make('receivers', id, () => definition.create({ settings, host, position, reads }))
  }

  #makeCourier(id: string, pipelines: readonly Pipeline[]): Courier {
    const { definition, settings } = this.#config.exporters.get(id)! as Configured<SenderDefinition>
    const { clock, log } = this.#world
    const host = this.#host('exporter', id)
    const delivery = definition.delivery(settings)
    const ledgers = new Map(pipelines.map((pipeline) => [pipeline.id, pipeline.ledger]))
    const { Courier, DeadLetter, outbox } = this.#outbox!
    return new Courier({
      id,
      sender: this.#make('exporters', id, () => definition.create({ settings, host })),
      settings: delivery,
      outbox,
      deadLetter: new DeadLetter(id, delivery.deadLetter, clock, host.log),
      clock,
      log: log.of(id),
      meter: host.metrics,
      random: Math.random,
      settled: (pipeline, { flows, rows, bytes, refusedFlows }) => {
        const ledger = ledgers.get(pipeline)
        ledger?.delivered(id, flows, rows, bytes)
        ledger?.droppedAt(id, 'refused', refusedFlows)
      },
    })
  }

  #makeOutlet(id: string): Outlet {
    const { definition, settings } = this.#config.exporters.get(id)! as Configured<SinkDefinition>
    const host = this.#host('exporter', id)
    const position = this.#stored.sinks.get(id) ?? null
    return new Outlet(
      id,
      this.#make('exporters', id, () => definition.create({ settings, host, position })),
    )
  }

  #makePipeline({ id, processors: ids, exporters }: PipelineConfig): Pipeline {
    const processors: Processor[] = []
    let fold: Fold | null = null
    for (const processorId of ids) {
      const { definition, settings } = this.#config.processors.get(processorId)!
      const host = this.#host('processor', processorId, { pipeline: id })
      if (definition.kind === 'processor')
        processors.push(this.#make('processors', processorId, () => definition.create({ settings, host })))
      else
        fold = this.#make('processors', processorId, () =>
          definition.create({ settings, host, pipeline: id }),
        )
    }
    const ledger = new Ledger(id, this.#stored.ledgers.get(id) ?? null)
    for (const exporter of exporters) ledger.join(exporter)
    ledger.keepOnly(exporters)
    this.#restore(id, fold, ledger)
    const sinks = exporters.filter((exporter) => isSink(this.#config, exporter))
    return new Pipeline({
      id,
      processors,
      fold,
      outlets: sinks.map((exporter) => this.#outlets.get(exporter)!),
      outbox: sinks.length < exporters.length ? this.#outbox!.outbox : null,
      clock: this.#world.clock,
      ledger,
      node: this.#world.node(this.#config),
    })
  }

  /** Gives a fold its open windows back. What cannot be read is counted as lost, not forgotten. */
  #restore(pipeline: string, fold: Fold | null, ledger: Ledger): void {
    const stored = this.#stored.folds.get(pipeline)
    if (stored && fold) {
      const host = this.#world.log.of('service')
      try {
        fold.restore(stored.state, stored.panes)
      } catch (error) {
        host.error('open windows cannot be read back; their flows are counted as lost', {
          pipeline,
          reason: (error as Error).message,
        })
      }
    }
    const missing = ledger.expectedInFold() - (fold?.pendingFlows() ?? 0)
    if (missing > 0) ledger.dropped('state_damaged', missing)
  }

  /** Columns that somebody behind the receiver looks at. Single flows need them all: each becomes a whole row. */
  #readsBehind(receiver: string): ReadonlySet<FlowColumn> {
    const reads = new Set<FlowColumn>(ALWAYS_READ)
    for (const { receivers, processors } of this.#config.pipelines) {
      if (!receivers.includes(receiver)) continue
      const configured = processors.map((id) => this.#config.processors.get(id)!)
      for (const { definition, settings } of configured)
        for (const name of definition.reads(settings)) reads.add(name)
      if (!endsInFold(configured)) return new Set(FLOW_COLUMN_NAMES)
    }
    return reads
  }

  #host(kind: 'receiver' | 'processor' | 'exporter', id: string, labels: { pipeline?: string } = {}): Host {
    const { clock, log, out } = this.#world
    return {
      id,
      node: this.#world.node(this.#config),
      clock,
      log: log.of(id),
      out,
      metrics: this.#metrics.meter({ [kind]: id, ...labels }),
      dictionary: this.#dictionary,
    }
  }

  /** A component that refuses its settings is reported with the place of the setting. */
  #make<T>(section: 'receivers' | 'processors' | 'exporters', id: string, create: () => T): T {
    try {
      return create()
    } catch (error) {
      if (!(error instanceof SettingError)) throw error
      const path = [section, id, ...error.path]
      throw new StartError(`${this.#config.placeOf(path)} ${path.join('.')}: ${error.message}`, 'config')
    }
  }

  /** Open windows of a pipeline that is gone have no exporter to go to: they wait for its return. */
  #warnOfOrphans(): void {
    const known = new Set(this.#config.pipelines.map(({ id }) => id))
    for (const [pipeline, { panes }] of this.#stored.folds)
      if (!known.has(pipeline) && panes.length > 0)
        this.#world.log
          .of('service')
          .warn(
            'the state holds open windows of a pipeline that the config no longer has; they are kept for it',
            {
              pipeline,
            },
          )
  }
}

function endsInFold(processors: readonly Configured<AnyProcessorDefinition>[]): boolean {
  return processors.at(-1)?.definition.kind === 'fold'
}

interface OpenOutbox {
  readonly outbox: Outbox
  readonly Courier: typeof Courier
  readonly DeadLetter: typeof DeadLetter
}

/** The outbox and those who carry from it, loaded only where an exporter sends over the network. */
async function openOutbox(
  { exporters, pipelines }: ResolvedConfig,
  store: Store,
): Promise<OpenOutbox | null> {
  const lanes: LaneSettings[] = []
  for (const { id, definition, settings } of exporters.values()) {
    const behind = pipelines
      .filter((pipeline) => pipeline.exporters.includes(id))
      .map((pipeline) => pipeline.id)
    if (definition.kind === 'sender' && behind.length > 0)
      lanes.push({ exporter: id, pipelines: new Set(behind), ...definition.delivery(settings).outbox })
  }
  if (lanes.length === 0) return null
  const [outbox, { Courier }, { DeadLetter }] = await Promise.all([
    Outbox.open(store, lanes),
    import('../export/courier.ts'),
    import('../export/dead-letter.ts'),
  ])
  return { outbox, Courier, DeadLetter }
}

function isSink({ exporters }: ResolvedConfig, id: string): boolean {
  return exporters.get(id)?.definition.kind === 'sink'
}

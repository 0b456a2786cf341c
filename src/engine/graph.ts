import type { Configured, PipelineConfig, ResolvedConfig } from '../config/resolved.ts'
import type { Courier } from '../export/courier.ts'
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
  type SinkDefinition,
} from '../sdk/index.ts'
import type { LaneSettings } from '../state/lane.ts'
import { Outbox } from '../state/outbox.ts'
import type { Store, StoredFold, StoredState } from '../state/store.ts'
import type { BalanceSheet } from '../telemetry/balance-sheet.ts'
import { Ledger } from '../telemetry/ledger.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { Outlet } from './outlet.ts'
import { Pipeline } from './pipeline.ts'
import { made } from './start-error.ts'
import { hostOf, type World } from './world.ts'

/** Everything that one config makes: components with their state restored, wired into pipelines. */
export interface Graph {
  readonly receivers: ReadonlyMap<string, Receiver>
  /** The pipelines behind each receiver. */
  readonly routes: ReadonlyMap<string, readonly Pipeline[]>
  readonly pipelines: readonly Pipeline[]
  readonly outlets: ReadonlyMap<string, Outlet>
  /** By pipeline id; those too that are gone, for rows of theirs may still wait. */
  readonly ledgers: ReadonlyMap<string, Ledger>
  readonly outbox: Outbox
  readonly couriers: readonly Courier[]
  readonly dictionary: Dictionary
  readonly metrics: Metrics
}

/** The sheet of each pipeline; of one that is gone, too, as long as flows of it wait for somebody. */
export function sheetsOf({ pipelines, ledgers, outbox }: Graph): BalanceSheet[] {
  const running = new Set(pipelines.map(({ id }) => id))
  const gone = [...ledgers.values()].filter(({ pipeline }) => !running.has(pipeline))
  const left = gone.map((ledger) =>
    ledger.sheet(Math.max(0, ledger.expectedInFold()), (exporter) =>
      outbox.waitingFlows(exporter, ledger.pipeline),
    ),
  )
  return [...pipelines.map((pipeline) => pipeline.sheet()), ...left.filter(({ pending }) => pending > 0)]
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
  const lanes = lanesOf(config)
  const stored = store.load()
  const outbox = await Outbox.open(store, lanes, stored)
  // Loaded by those who have somebody to send to.
  const couriers = lanes.length > 0 ? await import('./courier-of.ts') : null
  return new Builder(config, stored, outbox, couriers, world).build()
}

class Builder {
  readonly #config: ResolvedConfig
  readonly #stored: StoredState
  readonly #world: World
  readonly #dictionary: Dictionary
  readonly #metrics = new Metrics()
  readonly #outlets = new Map<string, Outlet>()
  readonly #ledgers = new Map<string, Ledger>()
  readonly #outbox: Outbox
  readonly #couriers: Couriers | null

  constructor(
    config: ResolvedConfig,
    stored: StoredState,
    outbox: Outbox,
    couriers: Couriers | null,
    world: World,
  ) {
    this.#outbox = outbox
    this.#couriers = couriers
    this.#config = config
    this.#stored = stored
    this.#world = world
    this.#dictionary = new Dictionary({ maxBytes: config.service.dictionaryBytes })
  }

  build(): Graph {
    this.#warnOfOrphans()
    this.#openLedgers()
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
      ledgers: this.#ledgers,
      outbox: this.#outbox,
      couriers: [...used].filter((id) => !isSink(this.#config, id)).map((id) => this.#makeCourier(id)),
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

  #makeCourier(id: string): Courier {
    const { definition, settings } = this.#config.exporters.get(id)! as Configured<SenderDefinition>
    const host = this.#host('exporter', id)
    const sender = this.#make('exporters', id, () => definition.create({ settings, host }))
    const { stateDir } = this.#config.service
    const delivery = definition.delivery(settings)
    return this.#couriers!.courierOf(host, sender, delivery, this.#outbox, this.#ledgers, stateDir)
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
    const ledger = this.#ledgers.get(id)!
    const shelvedFlows = this.#restore(id, fold, ledger)
    const sinks = exporters.filter((exporter) => isSink(this.#config, exporter))
    return new Pipeline({
      id,
      processors,
      fold,
      outlets: sinks.map((exporter) => this.#outlets.get(exporter)!),
      outbox: this.#outbox,
      clock: this.#world.clock,
      ledger,
      shelvedFlows,
      node: this.#world.node(this.#config),
    })
  }

  /** A pipeline that is gone keeps its ledger: rows of it may still wait for exporters, and it may return. */
  #openLedgers(): void {
    const exportersOf = new Map(this.#config.pipelines.map(({ id, exporters }) => [id, exporters]))
    for (const id of new Set([...this.#stored.ledgers.keys(), ...exportersOf.keys()])) {
      const ledger = new Ledger(id, this.#stored.ledgers.get(id) ?? null)
      const isOwed = (exporter: string) => this.#outbox.waitingFlows(exporter, id) > 0
      ledger.leadTo(exportersOf.get(id) ?? [], isOwed)
      this.#ledgers.set(id, ledger)
    }
  }

  /**
   * Gives a fold its open windows back. What cannot be read is counted as lost, not forgotten. Without a fold they wait in
   * the state for its return; returns how many flows do.
   */
  #restore(pipeline: string, fold: Fold | null, ledger: Ledger): number {
    const stored = this.#stored.folds.get(pipeline)
    const expected = ledger.expectedInFold()
    if (fold === null && expected > 0 && stored && stored.panes.length > 0) {
      this.#world.log
        .of('service')
        .warn(
          'the state holds open windows of a pipeline that does not aggregate any more; they are kept for it',
          {
            pipeline,
            flows: expected,
          },
        )
      return expected
    }
    if (stored && fold) this.#readBack(pipeline, fold, stored)
    const missing = expected - (fold?.pendingFlows() ?? 0)
    if (missing > 0) ledger.dropped('state_damaged', missing)
    return 0
  }

  #readBack(pipeline: string, fold: Fold, { state, panes }: StoredFold): void {
    try {
      fold.restore(state, panes)
    } catch (error) {
      this.#world.log
        .of('service')
        .error('open windows cannot be read back; their flows are counted as lost', {
          pipeline,
          reason: (error as Error).message,
        })
    }
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
    const shared = {
      config: this.#config,
      world: this.#world,
      metrics: this.#metrics,
      dictionary: this.#dictionary,
    }
    return hostOf(shared, kind, id, labels)
  }

  #make<T>(section: 'receivers' | 'processors' | 'exporters', id: string, create: () => T): T {
    return made(this.#config, section, id, create)
  }

  /** What the state holds for those who are gone from the config. */
  #warnOfOrphans(): void {
    const log = this.#world.log.of('service')
    const known = new Set(this.#config.pipelines.map(({ id }) => id))
    for (const [pipeline, { panes }] of this.#stored.folds)
      if (!known.has(pipeline) && panes.length > 0)
        log.warn(
          'the state holds open windows of a pipeline that the config no longer has; they are kept for it',
          {
            pipeline,
          },
        )
    for (const { exporter, rows } of this.#outbox.abandoned)
      log.warn(
        'rows waited for an exporter to which no pipeline leads any more; they are dropped. Next time, let it deliver before it leaves the config',
        { exporter, rows },
      )
  }
}

function endsInFold(processors: readonly Configured<AnyProcessorDefinition>[]): boolean {
  return processors.at(-1)?.definition.kind === 'fold'
}

type Couriers = typeof import('./courier-of.ts')

/** Each exporter that sends, and the pipelines that lead to it. */
function lanesOf({ exporters, pipelines }: ResolvedConfig): LaneSettings[] {
  return [...exporters.values()].flatMap(({ id, definition, settings }) => {
    if (definition.kind !== 'sender') return []
    const leading = pipelines.filter((pipeline) => pipeline.exporters.includes(id))
    if (leading.length === 0) return []
    const { outbox } = definition.delivery(settings)
    return [{ exporter: id, pipelines: new Set(leading.map((pipeline) => pipeline.id)), ...outbox }]
  })
}

function isSink({ exporters }: ResolvedConfig, id: string): boolean {
  return exporters.get(id)?.definition.kind === 'sink'
}

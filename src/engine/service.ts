import type { Endpoint, PipelineConfig, ResolvedConfig } from '../config/resolved.ts'
import type { Logger } from '../sdk/index.ts'
import { StateError } from '../state/state-error.ts'
import { Store } from '../state/store.ts'
import type { AdminServer } from '../telemetry/admin-server.ts'
import type { BalanceSheet } from '../telemetry/balance-sheet.ts'
import { buildGraph, type Graph } from './graph.ts'
import { Runner } from './runner.ts'
import { StartError } from './start-error.ts'
import { makeWorld, type World, type WorldIo } from './world.ts'

/** What the process lends to the service. */
export type ServiceIo = WorldIo

export interface RunSummary {
  readonly flowsIn: number
  readonly rowsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly sheets: readonly BalanceSheet[]
}

/** A running flowfold: one graph at a time, the state beneath it and the admin server beside it. */
export class Service {
  readonly #world: World
  readonly #store: Store
  readonly #stopped = Promise.withResolvers<'ended' | 'stopped'>()
  #config: ResolvedConfig
  #graph: Graph
  #runner: Runner | null = null
  #servers: AdminServer[] = []
  #phase: 'starting' | 'running' | 'reloading' | 'stopping' = 'starting'

  private constructor(config: ResolvedConfig, world: World, store: Store, graph: Graph) {
    this.#config = config
    this.#world = world
    this.#store = store
    this.#graph = graph
  }

  /** Starts everything the config names; throws `StartError` when that cannot be. */
  static async start(config: ResolvedConfig, io: ServiceIo): Promise<Service> {
    const world = await makeWorld(config, io)
    const store = openStore(config, world)
    try {
      const service = new Service(config, world, store, await buildGraph(config, store, world))
      await service.#openServers()
      service.#run()
      return service
    } catch (error) {
      store.close()
      await world.ownLogs?.close()
      throw error
    }
  }

  /** Resolves when all input has ended and all rows are delivered, or after `stop`; rejects for bugs. */
  get done(): Promise<'ended' | 'stopped'> {
    return this.#stopped.promise
  }

  /** Drains within the config's `shutdown_timeout`, and keeps in the state what cannot be delivered by then. */
  async stop(): Promise<void> {
    if (this.#phase === 'stopping') return
    this.#phase = 'stopping'
    await this.#finish('stopped')
  }

  /**
   * Runs another config from where this one stands. When its components cannot be made, the old ones are made again
   * and the `StartError` is thrown.
   */
  async reload(wanted: ResolvedConfig): Promise<void> {
    if (this.#phase !== 'running')
      throw new StartError('the service is busy starting or stopping; try again', 'world')
    this.#phase = 'reloading'
    const config = this.#withWhatIsSettled(wanted)
    await this.#retire(config)
    const previous = this.#config
    try {
      this.#graph = await buildGraph(config, this.#store, this.#world)
      this.#config = config
    } catch (error) {
      this.#graph = await buildGraph(previous, this.#store, this.#world)
      throw error
    } finally {
      this.#run()
    }
    await this.#reopenServers(previous)
  }

  /** The state and the log are open since the start: their settings change with a restart only. */
  #withWhatIsSettled(config: ResolvedConfig): ResolvedConfig {
    const { stateDir, durability, logs } = this.#config.service
    const settled = { ...config, service: { ...config.service, stateDir, durability, logs } }
    if (JSON.stringify(settled.service) !== JSON.stringify(config.service))
      this.log.warn('state_dir, durability and telemetry.logs stay as they were until the next start')
    return settled
  }

  /** For what concerns the service as a whole. */
  get log(): Logger {
    return this.#world.log.of('service')
  }

  summary(): RunSummary {
    const sheets = this.#graph.pipelines.map((pipeline) => pipeline.sheet())
    const exporters = sheets.flatMap((sheet) => sheet.exporters)
    return {
      flowsIn: sum(sheets.map(({ received }) => received)),
      rowsOut: sum(exporters.map(({ deliveredRows }) => deliveredRows)),
      bytesIn: sum(sheets.map(({ beside }) => beside.receivedBytes)),
      bytesOut: sum(exporters.map(({ deliveredBytes }) => deliveredBytes)),
      sheets,
    }
  }

  #run(): void {
    const { durability, commitIntervalMs } = this.#config.service
    const { clock, log } = this.#world
    const runner = new Runner({
      graph: this.#graph,
      store: this.#store,
      clock,
      log: log.of('service'),
      durability,
      commitIntervalMs,
    })
    runner.ended.then(
      () => {
        // Receivers also end when a reload or a stop ends them: then somebody else goes on from here.
        if (this.#phase !== 'running') return
        this.#phase = 'stopping'
        this.#finish('ended').catch((error) => this.#stopped.reject(error))
      },
      (error) => this.#stopped.reject(error),
    )
    this.#runner = runner
    this.#phase = 'running'
  }

  async #finish(how: 'ended' | 'stopped'): Promise<void> {
    const { clock, log } = this.#world
    const { shutdownTimeoutMs } = this.#config.service
    const result = await this.#runner?.stop({ flush: true, deadlineMs: clock.now() + shutdownTimeoutMs })
    if (result?.kind === 'blocked')
      log
        .of('service')
        .error('stopped with rows that could not be written; they come again with the next start', {
          where: result.where,
          reason: result.reason,
        })
    this.#tellWhatIsLeft()
    await this.#runner?.close()
    await this.#closeServers()
    this.#store.close()
    await this.#world.ownLogs?.close()
    this.#stopped.resolve(how)
  }

  #tellWhatIsLeft(): void {
    for (const { id, waitingRows, trouble } of this.#graph.couriers) {
      if (waitingRows === 0) continue
      const fields = {
        exporter: id,
        rows: waitingRows,
        reason: trouble ?? 'service.shutdown_timeout was too short',
      }
      if (this.#config.service.stateDir === 'memory')
        this.log.error(
          'stopped with rows that were not delivered; they are gone, because service.state_dir is memory',
          fields,
        )
      else this.log.warn('stopped with rows that were not delivered; they leave with the next start', fields)
    }
  }

  /** Ends the running graph. Open windows wait in the state, but those that nobody would go on with leave now. */
  async #retire(next: ResolvedConfig): Promise<void> {
    const folds = ({ processors }: PipelineConfig) =>
      processors.some((id) => next.processors.get(id)?.definition.kind === 'fold')
    const kept = new Set(next.pipelines.filter(folds).map(({ id }) => id))
    for (const pipeline of this.#graph.pipelines) if (!kept.has(pipeline.id)) pipeline.flush()
    const deadlineMs = this.#world.clock.now() + this.#config.service.shutdownTimeoutMs
    await this.#runner?.stop({ flush: false, deadlineMs })
    await this.#runner?.close()
  }

  async #openServers(): Promise<void> {
    const { healthEndpoint, metricsEndpoint } = this.#config.service
    if (healthEndpoint === null && metricsEndpoint === null) return
    const { startAdminServer } = await import('../telemetry/admin-server.ts')
    for (const endpoint of distinct([healthEndpoint, metricsEndpoint])) {
      try {
        this.#servers.push(await startAdminServer(endpoint.host, endpoint.port, this.#view()))
      } catch (error) {
        await this.#closeServers()
        throw new StartError(portProblem(endpoint, error as NodeJS.ErrnoException), 'world')
      }
    }
  }

  async #reopenServers(previous: ResolvedConfig): Promise<void> {
    const endpoints = ({ service }: ResolvedConfig) => [service.healthEndpoint, service.metricsEndpoint]
    if (JSON.stringify(endpoints(previous)) === JSON.stringify(endpoints(this.#config))) return
    await this.#closeServers()
    await this.#openServers()
  }

  async #closeServers(): Promise<void> {
    const servers = this.#servers
    this.#servers = []
    await Promise.all(servers.map((server) => server.close()))
  }

  #view() {
    return {
      notReady: () => this.notReady,
      sheets: () => this.#graph.pipelines.map((pipeline) => pipeline.sheet()),
      metrics: () => (this.#config.service.metricsEndpoint === null ? null : this.#graph.metrics),
    }
  }

  /** Why it does not do all that it should; empty when it does. */
  get notReady(): string[] {
    const reasons: string[] = []
    if (this.#phase !== 'running') reasons.push(`the service is ${this.#phase}`)
    const blocked = this.#runner?.blocked
    if (blocked) reasons.push(`${blocked.where}: ${blocked.reason}`)
    reasons.push(...(this.#runner?.troubles ?? []))
    return reasons
  }
}

function openStore({ service }: ResolvedConfig, { clock, log }: World): Store {
  const { stateDir: dir, durability } = service
  try {
    return Store.open({
      dir,
      durability,
      nowMs: clock.now(),
      warn: (message, fields) => log.of('service').error(message, fields),
    })
  } catch (error) {
    if (error instanceof StateError) throw new StartError(error.message, 'world')
    throw error
  }
}

/** Health and metrics may share an address: then one server answers both. */
function distinct(endpoints: readonly (Endpoint | null)[]): Endpoint[] {
  const byAddress = new Map<string, Endpoint>()
  for (const endpoint of endpoints) if (endpoint) byAddress.set(`${endpoint.host}:${endpoint.port}`, endpoint)
  return [...byAddress.values()]
}

function portProblem({ host, port }: Endpoint, { code, message }: NodeJS.ErrnoException): string {
  const way = 'set service.health.endpoint or service.telemetry.metrics.endpoint to a free one, or to "none"'
  if (code === 'EADDRINUSE') return `${host}:${port} is in use by another program; ${way}`
  return `cannot listen on ${host}:${port}: ${message}; ${way}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

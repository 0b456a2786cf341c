import type { PipelineConfig, ResolvedConfig } from '../config/resolved.ts'
import { FatalError, type Logger } from '../sdk/index.ts'
import { StateError } from '../state/state-error.ts'
import { Store } from '../state/store.ts'
import type { BalanceSheet } from '../telemetry/balance-sheet.ts'
import { AdminServers } from './admin-servers.ts'
import { buildGraph, type Graph, sheetsOf } from './graph.ts'
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
  readonly #stopped = Promise.withResolvers<'ended' | 'incomplete' | 'stopped'>()
  #config: ResolvedConfig
  #graph: Graph
  #runner: Runner | null = null
  readonly #servers = new AdminServers(this.#view())
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
      await service.#listen(config)
      service.#run()
      return service
    } catch (error) {
      store.close()
      await world.ownLogs?.close()
      throw error
    }
  }

  /** Resolves when all input has ended, `incomplete` when not all rows are delivered, or after `stop`; rejects for bugs. */
  get done(): Promise<'ended' | 'incomplete' | 'stopped'> {
    return this.#stopped.promise
  }

  /** Drains within the config's `shutdown_timeout`, and keeps in the state what cannot be delivered by then. */
  async stop(): Promise<void> {
    if (this.#phase === 'stopping') return
    this.#phase = 'stopping'
    await this.#finish('stopped')
  }

  /**
   * Runs another config from where this one stands. When its ports are taken, or its components cannot be made, the old
   * ones go on and the `StartError` is thrown.
   */
  async reload(wanted: ResolvedConfig): Promise<void> {
    this.#refuseIfBusy()
    const config = this.#withWhatIsSettled(wanted)
    await this.#listen(config)
    this.#refuseIfBusy()
    this.#phase = 'reloading'
    await this.#retire(config)
    const failure = await this.#build(config)
    if (failure !== null) await this.#goBack(failure)
    this.#run()
    if (failure !== null) throw failure
  }

  #refuseIfBusy(): void {
    if (this.#phase !== 'running')
      throw new StartError('the service is busy starting or stopping; try again', 'world')
  }

  /** Makes the components of a config; returns why that cannot be. */
  async #build(config: ResolvedConfig): Promise<Error | null> {
    try {
      this.#graph = await buildGraph(config, this.#store, this.#world)
      this.#config = config
      return null
    } catch (error) {
      return error as Error
    }
  }

  /** Makes the components of the old config again. When the world has no place for them any more, nothing can run. */
  async #goBack({ message }: Error): Promise<void> {
    await this.#listen(this.#config).catch((error: Error) =>
      this.log.error('nobody answers at the endpoints of the old configuration', { reason: error.message }),
    )
    const failure = await this.#build(this.#config)
    if (failure === null) return
    const error = new FatalError(
      `the new configuration cannot run (${message}), and the old one cannot be taken up again (${failure.message}); ` +
        'this ends here, and the next start goes on from the last commit',
    )
    this.#stopped.reject(error)
    throw error
  }

  /** The state and the log are open since the start: their settings change with a restart only. */
  #withWhatIsSettled(config: ResolvedConfig): ResolvedConfig {
    const { stateDir, durability, logs } = this.#config.service
    const settled = { ...config, service: { ...config.service, stateDir, durability, logs } }
    if (JSON.stringify(settled.service) !== JSON.stringify(config.service))
      this.log.warn('state_dir, durability and telemetry.logs stay as they were until the next start')
    return settled
  }

  /** For what concerns the service as a whole. Who asks for a reload again and again gets an answer each time. */
  get log(): Logger {
    return this.#world.log.of('service', { isLimited: false })
  }

  summary(): RunSummary {
    const sheets = sheetsOf(this.#graph)
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
    const deadlineMs = clock.now() + shutdownTimeoutMs
    const result = await this.#runner?.stop({ flush: true, deadlineMs })
    if (result?.kind === 'blocked')
      log
        .of('service')
        .error('stopped with rows that could not be written; they come again with the next start', {
          where: result.where,
          reason: result.reason,
        })
    this.#tellWhatIsLeft()
    await this.#runner?.close()
    await this.#servers.listenOn([])
    this.#store.close()
    await this.#world.ownLogs?.close(deadlineMs)
    const isComplete =
      result?.kind !== 'blocked' && this.#graph.couriers.every(({ waitingRows }) => waitingRows === 0)
    this.#stopped.resolve(how === 'ended' && !isComplete ? 'incomplete' : how)
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

  async #listen({ service }: ResolvedConfig): Promise<void> {
    try {
      await this.#servers.listenOn([service.healthEndpoint, service.metricsEndpoint])
    } catch (error) {
      throw new StartError((error as Error).message, 'world')
    }
  }

  #view() {
    return {
      notReady: () => this.notReady,
      sheets: () => sheetsOf(this.#graph),
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

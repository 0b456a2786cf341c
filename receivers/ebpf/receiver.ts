import {
  formatDuration,
  type Host,
  type Intake,
  type Json,
  type Loss,
  type Receiver,
} from '../../src/sdk/index.ts'
import { AgentClient } from './agent-client.ts'
import { NOISE } from './drop-policy.ts'
import type { FrameSink } from './emitter.ts'
import { FlowMaker } from './flow-maker.ts'
import { jsonOf } from './frame-json.ts'
import type { Frame } from './frames.ts'
import { announce, type Counters } from './metrics.ts'
import { Observations } from './observations.ts'
import { whyNothingWorks } from './probe.ts'
import { Progress } from './progress.ts'
import type { Settings } from './settings.ts'
import type { WatchRequest, WatchSettings } from './watch-settings.ts'
import type { Feature, World } from './world.ts'

/** What cannot be had now may be had later: a library is installed, a right is granted. */
const RETRY_MS = 30_000

/** Where frames come from: the kernel, or an agent that reads it for us. */
interface Source {
  run(sink: FrameSink, signal: AbortSignal): Promise<void>
}

/** Flows of what programs in the kernel saw. */
export class EbpfReceiver implements Receiver {
  readonly #settings: Settings
  readonly #host: Host
  readonly #observations = new Observations()
  readonly #maker: FlowMaker
  readonly #progress: Progress
  readonly #count: Counters
  readonly #described = new Map<string, string>()
  #complaint: string | null = null

  constructor({ settings, host, position }: { settings: Settings; host: Host; position: Json | null }) {
    this.#settings = settings
    this.#host = host
    this.#progress = new Progress(position)
    this.#maker = new FlowMaker(settings, host)
    this.#count = announce(host.metrics, {
      features: () => this.#observations.features,
      interfaces: () => this.#progress.interfaces,
    })
  }

  position(): Json {
    return this.#progress.toJson()
  }

  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const source = await this.#open()
      if (source === null) {
        await this.#host.clock.sleep(RETRY_MS, signal)
        continue
      }
      this.#complaint = null
      await source
        .run((frame) => this.#take(frame, intake, signal), signal)
        .catch(async (error: Error) => {
          // Its class is in a file that not every machine can load.
          if (error.name !== 'BpfError') throw error
          this.#complain(error.message)
          await this.#host.clock.sleep(RETRY_MS, signal)
        })
    }
  }

  /** Null when there is nothing to read from; the log says why. */
  async #open(): Promise<Source | null> {
    const { agent, names, unspecified_drops, ...watch } = this.#settings
    const { clock, log } = this.#host
    if (agent !== undefined)
      return new AgentClient({ path: agent, watch: asWritten(watch), progress: this.#progress, clock, log })
    const reason = await whyNothingWorks()
    if (reason !== null) return this.#complain(reason)
    const { KernelWatch } = await import('./kernel-watch.ts')
    return new KernelWatch({ settings: watch, ignoredDrops: NOISE, clock, log })
  }

  #complain(reason: string): null {
    if (this.#complaint !== reason)
      this.#host.log.error('nothing can be seen of the kernel; trying again every 30 s', { reason })
    this.#complaint = reason
    return null
  }

  async #take(frame: Frame, intake: Intake, signal: AbortSignal): Promise<void> {
    switch (frame.type) {
      case 'hello':
        return this.#progress.meet(jsonOf('hello', frame).source)
      case 'world':
        return this.#learn(jsonOf('world', frame))
      case 'survey':
        return this.#maker.learn(jsonOf('survey', frame))
      case 'losses':
        this.#skipTo(frame, intake)
        return this.#tellLosses(this.#progress.learn(jsonOf('losses', frame)), intake)
      case 'flows':
      case 'drops':
      case 'retransmits':
      case 'records':
        return this.#takeRecords(frame, intake, signal)
    }
  }

  #learn(world: World): void {
    this.#observations.learn(world)
    for (const feature of world.features ?? []) this.#describe(feature)
  }

  /** Says what works and what does not, once. */
  #describe(feature: Feature): void {
    const { log } = this.#host
    const text = JSON.stringify(feature)
    if (this.#described.get(feature.name) === text) return
    this.#described.set(feature.name, text)
    if (feature.state === 'on') log.info('watching', { feature: feature.name, how: feature.how })
    else log.warn('not watching', { feature: feature.name, reason: feature.reason })
  }

  /** How many records of a frame are known already. That some are missing before it shows on frames without records too. */
  #skipTo({ first, records }: Frame, intake: Intake): number {
    const { skip, missing } = this.#progress.next(first, records)
    if (missing > 0)
      this.#tellLosses([{ kind: 'lost_upstream', source: 'agent_buffer_full', events: missing }], intake)
    return skip
  }

  async #takeRecords(frame: Frame, intake: Intake, signal: AbortSignal): Promise<void> {
    for (let done = this.#skipTo(frame, intake); done < frame.records; ) {
      const reading = this.#observations.read(frame, done, (observation) => {
        this.#maker.add(observation)
        return this.#maker.isFull ? 'full' : 'taken'
      })
      this.#count.records.add(reading.done - done)
      done = reading.done
      this.#progress.reach(frame.first + done)
      if (reading.damaged > 0)
        this.#tellLosses([{ kind: 'dropped', reason: 'damaged_record', flows: reading.damaged }], intake)
      const batch = this.#maker.batch()
      if (batch === null) continue
      const pause = intake.next(batch)
      if (pause !== undefined && !signal.aborted) await pause
    }
  }

  #tellLosses(losses: readonly Loss[], intake: Intake): void {
    for (const loss of losses) {
      intake.lost(loss)
      if (loss.kind === 'gap') {
        this.#host.log.error('traffic passed while nobody watched', { bytes: loss.bytes })
        this.#count.gapBytes.add(loss.bytes)
      }
      if (loss.kind === 'lost_upstream') {
        this.#host.log.error('records of the kernel were lost', { reason: loss.source, records: loss.events })
        this.#count.lost.add(loss.events)
      }
    }
  }
}

/** Settings as one writes them, to be read again by the agent. */
function asWritten(settings: WatchSettings): WatchRequest {
  return { ...settings, interval: formatDuration(settings.interval) }
}

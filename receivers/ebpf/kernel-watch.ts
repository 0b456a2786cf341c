import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Clock, Logger } from '../../src/sdk/index.ts'
import { Attacher, type Hook } from './attach.ts'
import { Emitter, type FrameSink } from './emitter.ts'
import { dropReasons, loadDrops, loadFlows, loadTcp } from './features.ts'
import type { Interfaces } from './followed.ts'
import { followInterfaces } from './interfaces.ts'
import type { KernelFeature } from './kernel-feature.ts'
import { COUNTER } from './layout.ts'
import { BpfError } from './libbpf.ts'
import { awaitGracePeriod, wallAheadNs } from './libc.ts'
import { Locations } from './locations.ts'
import { has, whyNot } from './probe.ts'
import { type Survey, surveyHost } from './survey.ts'
import type { WatchSettings } from './watch-settings.ts'
import type { Feature, FeatureName, FollowedInterface, Losses, World } from './world.ts'

export interface WatchParts {
  readonly settings: WatchSettings
  /** Reasons of drops that nobody wants to hear of. */
  readonly ignoredDrops: ReadonlySet<string>
  readonly clock: Clock
  readonly log: Logger
  /** Where the programs are put; without it at TCX, or on an older kernel at clsact. */
  readonly hook?: Hook
}

/** While records come, the rings are read so often: waking up for each would cost twenty times as much. */
const BUSY_TICK_MS = 15
/** While none come, as seldom as a burst can be taken that begins right after a look: 4 MiB of ring for all of a node. */
const QUIET_TICK_MS = 60
/** Who lives here changes slowly, and looking around costs some milliseconds. */
const SURVEY_INTERVAL_MS = 15_000
/** Names of interfaces are told to a pipeline that comes later, also of those that are gone by then. */
const MOST_INTERFACES_TOLD = 4096

/**
 * The privileged part: puts the programs into the kernel, reads what they count and hands it on in frames. All of it ends with
 * the process, however that ends.
 */
export class KernelWatch {
  /** Names this run: numbers of records mean nothing to another one. */
  readonly source = randomUUID()
  readonly #parts: WatchParts
  readonly #features = new Map<FeatureName, KernelFeature>()
  readonly #status: Feature[] = []
  readonly #locations = new Locations()
  readonly #interfaces = new Map<string, FollowedInterface>()
  #reasons: ReadonlyMap<number, string> = new Map()
  #followed: Interfaces | null = null
  /** What had passed the interfaces before everything that was handed on was counted. */
  #passed: Losses['passed'] = {}
  #lastReadMs: number
  #lastSurveyMs = Number.NEGATIVE_INFINITY
  #survey: Survey | null = null
  #looking: Promise<void> = Promise.resolve()

  /** Loads what the settings ask for; what cannot be loaded is `off`, with its reason. */
  constructor(parts: WatchParts) {
    this.#parts = parts
    this.#lastReadMs = parts.clock.now()
    const { mode, drops, tcp } = parts.settings
    if (mode === 'hubble')
      this.#status.push({ name: 'flows', state: 'off', reason: 'mode is hubble: Cilium tells of flows' })
    else if (mode === 'pod-side' && !has('SYS_ADMIN'))
      this.#status.push({
        name: 'flows',
        state: 'off',
        reason: 'mode is pod-side, and without CAP_SYS_ADMIN no namespace of a pod can be entered',
      })
    else this.#try('flows', () => loadFlows(parts.settings))
    if (drops) this.#try('drops', () => this.#loadDrops())
    if (tcp) this.#try('tcp', () => loadTcp())
    if (this.#features.has('flows')) this.#follow()
    this.#describe()
  }

  get features(): readonly Feature[] {
    return this.#status
  }

  /** Everything that is needed to read the records. */
  get world(): World {
    return {
      wallAheadNs: String(wallAheadNs()),
      hostNetns: statSync('/proc/self/ns/net').ino,
      features: this.#status,
      interfaces: [...this.#interfaces.values()],
      reasons: Object.fromEntries(this.#reasons),
      locations: this.#locations.names,
    }
  }

  get losses(): Losses {
    const lost: { [reason: string]: number } = {}
    for (const feature of this.#features.values()) Object.assign(lost, feature.lost)
    const notIp = this.#features.get('flows')?.counter(COUNTER.notIp)
    return {
      lost,
      noted: notIp === undefined ? {} : { not_ip: notIp },
      passed: this.#passed,
    }
  }

  /** Hands frames to `sink` until `signal` aborts, then what is left, and ends the programs. */
  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    const emitter = new Emitter(sink)
    try {
      await emitter.hello({ source: this.source })
      await emitter.world(this.world)
      await emitter.losses(this.losses)
      while (!signal.aborted) {
        const isBusy = await this.#tick(emitter)
        await this.#parts.clock.sleep(isBusy ? BUSY_TICK_MS : QUIET_TICK_MS, signal)
      }
      await this.#looking
      this.#detach()
      // What the programs last wrote, after what they wrote before.
      await this.#read(emitter)
      await this.#read(emitter)
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#detach()
    for (const feature of this.#features.values()) feature.close()
    this.#features.clear()
  }

  /** Whether there were records. */
  async #tick(emitter: Emitter): Promise<boolean> {
    await this.#tell(this.#followed?.update() ?? [], emitter)
    let records = 0
    for (const feature of this.#features.values()) records += await feature.drain(emitter)
    const nowMs = this.#parts.clock.now()
    await this.#lookAround(nowMs, emitter)
    const isDue = nowMs - this.#lastReadMs >= this.#parts.settings.interval
    if (isDue || [...this.#features.values()].some(({ isFilling }) => isFilling)) {
      this.#lastReadMs = nowMs
      await this.#read(emitter)
    }
    return records > 0
  }

  /** Looking takes several turns of the thread, so what was found is handed on with a later tick. */
  async #lookAround(nowMs: number, emitter: Emitter): Promise<void> {
    if (this.#survey !== null) {
      await emitter.survey(this.#survey)
      this.#survey = null
    }
    if (nowMs - this.#lastSurveyMs < SURVEY_INTERVAL_MS) return
    this.#lastSurveyMs = nowMs
    this.#looking = surveyHost(() => this.#parts.clock.breathe()).then((survey) => {
      this.#survey = survey
    })
  }

  async #read(emitter: Emitter): Promise<void> {
    await this.#tell(this.#followed?.refresh() ?? [], emitter)
    // Before the maps are swapped, and told after what was in them: should we die, the gap is rather too wide than too narrow.
    const passed = this.#followed?.passed ?? this.#passed
    for (const feature of this.#features.values()) {
      await feature.drain(emitter)
      feature.swap()
    }
    awaitGracePeriod()
    await emitter.world({ wallAheadNs: String(wallAheadNs()) })
    for (const feature of this.#features.values()) await feature.take(emitter)
    this.#passed = passed
    await emitter.losses(this.losses)
  }

  async #tell(fresh: readonly FollowedInterface[], emitter: Emitter): Promise<void> {
    if (fresh.length === 0) return
    this.#meet(fresh)
    await emitter.world({ interfaces: [...fresh] })
  }

  #meet(fresh: readonly FollowedInterface[]): void {
    for (const followed of fresh) {
      const key = `${followed.netns} ${followed.index}`
      this.#interfaces.delete(key)
      this.#interfaces.set(key, followed)
      if (this.#interfaces.size > MOST_INTERFACES_TOLD)
        this.#interfaces.delete(firstOf(this.#interfaces.keys()))
    }
  }

  #try(name: 'flows' | 'drops' | 'tcp', load: () => KernelFeature): void {
    try {
      this.#features.set(name, load())
    } catch (error) {
      if (!(error instanceof BpfError)) throw error
      this.#status.push({ name, state: 'off', reason: whyNot(name, error) })
    }
  }

  #loadDrops(): KernelFeature {
    this.#reasons = dropReasons()
    const drops = loadDrops({
      reasons: this.#reasons,
      ignored: this.#parts.ignoredDrops,
      meetLocations: async (addresses, emitter) => {
        const fresh = this.#locations.meet(addresses)
        if (fresh !== null) await emitter.world({ locations: fresh })
      },
    })
    this.#locations.prepare()
    return drops
  }

  #follow(): void {
    const flows = this.#features.get('flows')
    if (flows === undefined) return
    const { settings, hook, clock, log } = this.#parts
    this.#followed = followInterfaces(settings, { attacher: new Attacher(flows.object, hook), clock, log })
    this.#meet(this.#followed.update())
    // Putting the programs there took its time, and what passed meanwhile nobody saw.
    this.#meet(this.#followed.refresh())
    this.#passed = this.#followed.passed
  }

  #describe(): void {
    for (const name of this.#features.keys()) this.#status.push({ name, state: 'on', how: this.#howOf(name) })
    if (!this.#features.has('drops')) return
    this.#status.push(
      has('SYSLOG')
        ? { name: 'drop_locations', state: 'on', how: 'names from /proc/kallsyms' }
        : {
            name: 'drop_locations',
            state: 'off',
            reason:
              'without CAP_SYSLOG the kernel does not show its addresses, so places of drops are not named',
          },
    )
  }

  #howOf(name: FeatureName): string {
    if (name !== 'flows') return 'tracepoints'
    return this.#followed?.hook ?? 'no interface yet'
  }

  #detach(): void {
    if (this.#followed) {
      this.#meet(this.#followed.refresh())
      this.#passed = this.#followed.passed
      this.#followed.close()
    }
    this.#followed = null
    for (const feature of this.#features.values()) feature.detach()
  }
}

function firstOf<T>(values: Iterable<T>): T {
  for (const value of values) return value
  throw new Error('nothing there')
}

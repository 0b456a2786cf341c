import { KernelWatch, type WatchParts } from '../../../receivers/ebpf/kernel-watch.ts'
import type { Observation } from '../../../receivers/ebpf/observation.ts'
import { Observations } from '../../../receivers/ebpf/observations.ts'
import { watchSchema } from '../../../receivers/ebpf/watch-settings.ts'
import type { Losses } from '../../../receivers/ebpf/world.ts'
import { systemClock } from '../../../src/util/clock.ts'

/**
 * The kernel's side alone, in a process and namespace of its own. Prints `ready`, and what it has seen, as JSON, when its
 * stdin closes. Argument: `WatchArguments` as JSON. On SIGUSR2 it collects its garbage, so that its memory can be told.
 */
export interface WatchArguments {
  readonly settings: object
  /** Inodes of the namespaces that are the test's own: the tracepoints see the whole machine. */
  readonly netns?: readonly number[]
  readonly hook?: WatchParts['hook']
  /** Examples are kept of flows to this port alone. */
  readonly port?: number
}

export interface Sum {
  skbs: number
  packets: number
  bytes: number
  flows: number
}

export interface Seen {
  /** By interface and hook: `lxc1 from_endpoint`. */
  readonly links: { [link: string]: Sum }
  /** By reason: of the drops in the watched namespace. */
  readonly drops: { [reason: string]: { packets: number; bytes: number; locations: string[] } }
  losses: Losses
  damaged: number
  /** Records that no frame brought, by their numbers. */
  missing: number
  /** Few of each kind, to look at. */
  readonly examples: Observation[]
}

const MOST_EXAMPLES = 200

if (import.meta.main) {
  process.on('SIGUSR2', () => globalThis.gc?.())
  const { settings, hook, netns = [], port }: WatchArguments = JSON.parse(process.argv[2])
  const seen: Seen = {
    links: {},
    drops: {},
    losses: { lost: {}, noted: {}, passed: {} },
    damaged: 0,
    missing: 0,
    examples: [],
  }
  const log = { debug: say, info: say, warn: say, error: say }
  const watch = new KernelWatch({
    settings: watchSchema.parse(settings),
    ignoredDrops: new Set(['NOT_DROPPED_YET', 'CONSUMED', 'NOT_SPECIFIED', 'QUEUE_PURGE']),
    clock: systemClock,
    log,
    ...(hook && { hook }),
  })
  for (const feature of watch.features) say(JSON.stringify(feature))
  const observations = new Observations()
  const hostNetns = watch.world.hostNetns
  const stop = new AbortController()
  let records = 0
  const running = watch.run((frame) => {
    if (frame.type === 'world') return observations.learn(JSON.parse(frame.payload.toString()))
    if (frame.type === 'losses') {
      seen.losses = JSON.parse(frame.payload.toString())
      return
    }
    seen.missing += frame.first - records
    records = frame.first + frame.records
    seen.damaged += observations.read(frame, 0, (observation) => {
      note(seen, observation, hostNetns)
      if (seen.examples.length < MOST_EXAMPLES && isWanted(observation, netns, port))
        seen.examples.push(observation)
      return 'taken'
    }).damaged
  }, stop.signal)
  process.stdout.write('ready\n')
  process.stdin.on('end', () => stop.abort()).resume()
  await running
  process.stdout.write(`${JSON.stringify(seen)}\n`)
}

function say(message: string): void {
  process.stderr.write(`${message}\n`)
}

function note(seen: Seen, observation: Observation, hostNetns: number | undefined): void {
  if (observation.kind === 'counts') {
    const key = `${observation.at.interfaceName} ${observation.at.passage}`
    seen.links[key] ??= { skbs: 0, packets: 0, bytes: 0, flows: 0 }
    const sum = seen.links[key]
    sum.skbs += observation.skbs
    sum.packets += observation.packets
    sum.bytes += observation.bytes
    sum.flows++
  }
  if (observation.kind === 'drop' && observation.netnsInode === hostNetns) {
    seen.drops[observation.reason] ??= { packets: 0, bytes: 0, locations: [] }
    const sum = seen.drops[observation.reason]
    sum.packets += observation.packets
    sum.bytes += observation.bytes
    if (!sum.locations.includes(observation.location)) sum.locations.push(observation.location)
  }
}

function isWanted(observation: Observation, netns: readonly number[], port: number | undefined): boolean {
  if ('payload' in observation) return false
  if (port !== undefined && observation.tuple.destinationPort !== port) return false
  return 'netnsInode' in observation ? netns.includes(observation.netnsInode) : true
}

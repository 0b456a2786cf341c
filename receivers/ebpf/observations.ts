import { ipv4Text, ipv6Text } from './bytes.ts'
import type { Frame } from './frames.ts'
import * as layout from './layout.ts'
import { Memory } from './memory.ts'
import type {
  CountsObservation,
  DropObservation,
  FiveTuple,
  HeadObservation,
  Instant,
  Observation,
  TcpEvent,
  TcpObservation,
  Vantage,
} from './observation.ts'
import { visitRecords } from './span.ts'
import type { Feature, FollowedInterface, World } from './world.ts'

const MOST_INTERFACES = 8192
const MOST_LOCATIONS = 8192

export type Taken = 'taken' | 'full'

export interface Reading {
  readonly done: number
  readonly damaged: number
}

const LAYOUTS = { flows: layout.FLOW, drops: layout.DROP, retransmits: layout.RETRANSMIT } as const

/** Reads records as what they say of the world they were made in. Knows of no kernel: bytes are enough. */
export class Observations {
  readonly #ipv4 = new Memory(textOfIpv4)
  readonly #ipv6 = new Memory(textOfIpv6)
  /** Of interfaces that are known, by namespace, then by interface and hook. */
  readonly #vantages = new Map<number, Map<number, Vantage>>()
  readonly #interfaces = new Map<string, FollowedInterface>()
  readonly #locations = new Map<string, string>()
  #reasons: { readonly [reason: string]: string } = {}
  #features: readonly Feature[] = []
  #hostNetns = 0
  #wallAhead: Instant = { seconds: 0, nanos: 0 }

  get features(): readonly Feature[] {
    return this.#features
  }

  /** Takes in what a source tells of its world. */
  learn({ wallAheadNs, hostNetns, features, interfaces = [], reasons, locations = {} }: World): void {
    if (wallAheadNs !== undefined) this.#wallAhead = instantOf(BigInt(wallAheadNs))
    if (hostNetns !== undefined) this.#hostNetns = hostNetns
    if (features !== undefined) this.#features = features
    if (reasons !== undefined) this.#reasons = reasons
    if (interfaces.length > 0) this.#vantages.clear()
    for (const followed of interfaces)
      keep(this.#interfaces, `${followed.netns} ${followed.index}`, followed, MOST_INTERFACES)
    for (const [address, name] of Object.entries(locations))
      keep(this.#locations, address, name, MOST_LOCATIONS)
  }

  /**
   * Calls `each` for the records of a frame, from record `skip` on, until it says that it is `full`. Tells how many records
   * are behind it then, and how many of them were damaged, or of a kind that nobody knows.
   */
  read({ type, records, payload }: Frame, skip: number, each: (observation: Observation) => Taken): Reading {
    if (type === 'records') return this.#readSpan(payload, records, skip, each)
    if (type !== 'flows' && type !== 'drops' && type !== 'retransmits') return { done: records, damaged: 0 }
    const { keyBytes, valueBytes } = LAYOUTS[type]
    if (payload.length !== records * (keyBytes + valueBytes))
      return { done: records, damaged: records - skip }
    for (let index = skip; index < records; index++) {
      const key = index * keyBytes
      const value = records * keyBytes + index * valueBytes
      const observation =
        type === 'flows'
          ? this.#counts(payload, key, value)
          : type === 'drops'
            ? this.#drop(payload, key, value)
            : this.#retransmits(payload, key, value)
      if (each(observation) === 'full') return { done: index + 1, damaged: 0 }
    }
    return { done: records, damaged: 0 }
  }

  #readSpan(span: Buffer, records: number, skip: number, each: (observation: Observation) => Taken): Reading {
    let done = 0
    let damaged = 0
    let isFull = false
    visitRecords(span, (at, length) => {
      if (done === records) return 'stop'
      if (done++ < skip) return 'next'
      const observation = this.#record(span, at, length)
      if (observation === null) damaged++
      else isFull = each(observation) === 'full'
      return isFull ? 'stop' : 'next'
    })
    // What is missing at its end is damaged as well.
    return isFull ? { done, damaged } : { done: records, damaged: damaged + records - Math.max(done, skip) }
  }

  #record(span: Buffer, at: number, length: number): Observation | null {
    if (length < layout.HEAD.payload) return null
    const type = span.readUInt16LE(at + layout.RECORD.type)
    if (type === layout.RECORD_TYPE.tcp) return length < layout.TCP.bytes ? null : this.#socket(span, at)
    const payloadBytes = span.readUInt16LE(at + layout.RECORD.payloadBytes)
    if (layout.HEAD.payload + payloadBytes > length) return null
    if (type === layout.RECORD_TYPE.dns) return this.#head('dns', span, at, payloadBytes)
    if (type === layout.RECORD_TYPE.http) return this.#head('http', span, at, payloadBytes)
    return null
  }

  #counts(bytes: Buffer, key: number, value: number): CountsObservation {
    const { packets, bytes: bytesAt, skbs, first, last, rttUs, flags, direction } = layout.COUNTS
    return {
      kind: 'counts',
      tuple: this.#tuple(bytes, key),
      at: this.#vantage(bytes, key),
      first: this.#instant(bytes, value + first),
      spanNs: nanosFrom(bytes, value + first, value + last),
      packets: layout.uint64(bytes, value + packets),
      bytes: layout.uint64(bytes, value + bytesAt),
      skbs: layout.uint64(bytes, value + skbs),
      tcpFlags: bytes.readUInt16LE(value + flags),
      handshakeRttUs: bytes.readUInt32LE(value + rttUs),
      isReply: isReply(bytes[value + direction]),
    }
  }

  #drop(bytes: Buffer, key: number, value: number): DropObservation {
    const { packets, bytes: bytesAt, first, last, interfaceName } = layout.DROP_COUNTS
    const reason = bytes.readUInt32LE(key + layout.DROP_KEY.reason)
    const location = bytes.readBigUInt64LE(key + layout.DROP_KEY.location).toString(16)
    const netnsInode = bytes.readUInt32LE(key + layout.KEY.netns)
    const interfaceIndex = bytes.readUInt32LE(key + layout.KEY.interfaceIndex)
    return {
      kind: 'drop',
      tuple: this.#tuple(bytes, key),
      first: this.#instant(bytes, value + first),
      spanNs: nanosFrom(bytes, value + first, value + last),
      packets: layout.uint64(bytes, value + packets),
      bytes: layout.uint64(bytes, value + bytesAt),
      reason: this.#reasons[reason] ?? `REASON_${reason}`,
      location: this.#locations.get(location) ?? (location === '0' ? '' : `0x${location}`),
      netnsInode,
      interfaceIndex,
      interfaceName: cString(bytes, value + interfaceName, layout.INTERFACE_NAME_BYTES),
      place: this.#placeOf(netnsInode, interfaceIndex),
    }
  }

  #placeOf(netns: number, index: number): DropObservation['place'] {
    if (netns !== 0 && netns !== this.#hostNetns) return 'endpoint_netns'
    const isEndpoint = netns !== 0 && this.#interfaces.get(`0 ${index}`)?.end === 'host_end'
    return isEndpoint ? 'endpoint_interface' : 'host'
  }

  #head(kind: HeadObservation['kind'], bytes: Buffer, at: number, payloadBytes: number): HeadObservation {
    const key = at + layout.RECORD.flow
    const payload = at + layout.HEAD.payload
    return {
      kind,
      tuple: this.#tuple(bytes, key),
      at: this.#vantage(bytes, key),
      time: this.#instant(bytes, at + layout.RECORD.time),
      isReply: isReply(bytes[at + layout.HEAD.direction]),
      payload: bytes.subarray(payload, payload + payloadBytes),
      payloadBytes: bytes.readUInt32LE(at + layout.RECORD.packetBytes),
    }
  }

  #socket(bytes: Buffer, at: number): TcpObservation {
    return this.#tcp(bytes, at + layout.RECORD.flow, at + layout.RECORD.time, tcpEvent(bytes, at))
  }

  #retransmits(bytes: Buffer, key: number, value: number): TcpObservation {
    const retransmits = layout.uint64(bytes, value + layout.RETRANSMITS.count)
    return this.#tcp(bytes, key, value + layout.RETRANSMITS.last, { kind: 'retransmitted', retransmits })
  }

  #tcp(bytes: Buffer, key: number, time: number, event: TcpEvent): TcpObservation {
    const netnsInode = bytes.readUInt32LE(key + layout.KEY.netns)
    const isHostNetns = netnsInode === this.#hostNetns
    return {
      kind: 'tcp',
      tuple: this.#tuple(bytes, key),
      time: this.#instant(bytes, time),
      netnsInode,
      isHostNetns,
      event,
    }
  }

  #tuple(bytes: Buffer, key: number): FiveTuple {
    return {
      source: this.#address(bytes, key + layout.KEY.source),
      destination: this.#address(bytes, key + layout.KEY.destination),
      protocol: bytes[key + layout.KEY.protocol],
      sourcePort: bytes.readUInt16BE(key + layout.KEY.sourcePort),
      destinationPort: bytes.readUInt16BE(key + layout.KEY.destinationPort),
    }
  }

  /** The same few addresses come again and again, and making their text is dear. */
  #address(bytes: Buffer, at: number): string {
    return isMappedIpv4(bytes, at)
      ? this.#ipv4.get(bytes.readInt32LE(at + 12))
      : this.#ipv6.get(bytes.toString('latin1', at, at + 16))
  }

  #vantage(bytes: Buffer, key: number): Vantage {
    const netns = bytes.readUInt32LE(key + layout.KEY.netns)
    const index = bytes.readUInt32LE(key + layout.KEY.interfaceIndex)
    const isIngress = bytes[key + layout.KEY.hook] === 0
    const place = index * 2 + Number(isIngress)
    const known = this.#vantages.get(netns)?.get(place)
    if (known !== undefined) return known
    const followed = this.#interfaces.get(`${netns} ${index}`)
    // Without a name there is no telling the end; nearly all are host ends, unless the program sits in a pod.
    const isHostEnd = followed === undefined ? netns === 0 : followed.end === 'host_end'
    const vantage: Vantage = {
      interfaceIndex: index,
      interfaceName: followed?.name ?? '',
      passage: isIngress === isHostEnd ? 'from_endpoint' : 'to_endpoint',
    }
    // Not of others: any bytes may name them, and there would be no end to them.
    if (followed !== undefined)
      this.#vantages.set(netns, (this.#vantages.get(netns) ?? new Map()).set(place, vantage))
    return vantage
  }

  /** In numbers that hold it exactly: nanoseconds of a monotonic clock do for 104 days, and to some of them after that. */
  #instant(bytes: Buffer, at: number): Instant {
    const ns = layout.uint64(bytes, at)
    const wholeSeconds = Math.floor(ns / 1e9)
    const nanos = ns - wholeSeconds * 1e9 + this.#wallAhead.nanos
    const carry = nanos >= 1e9 ? 1 : 0
    return { seconds: wholeSeconds + this.#wallAhead.seconds + carry, nanos: nanos - carry * 1e9 }
  }
}

function tcpEvent(bytes: Buffer, at: number): TcpEvent {
  const connectUs = Math.round(layout.uint64(bytes, at + layout.TCP.duration) / 1000)
  const srttUs = bytes.readUInt32LE(at + layout.TCP.srttUs)
  const retransmits = bytes.readUInt32LE(at + layout.TCP.retransmits)
  if (bytes[at + layout.TCP.oldState] === layout.TCP_STATE.synSent) {
    const isConnected = bytes[at + layout.TCP.newState] === layout.TCP_STATE.established
    return isConnected
      ? { kind: 'connected', connectUs, srttUs }
      : { kind: 'connect_failed', connectUs, retransmits }
  }
  return {
    kind: 'closed',
    opener: OPENERS[bytes[at + layout.TCP.opener]] ?? 'unknown',
    srttUs,
    retransmits,
    ackedBytes: layout.uint64(bytes, at + layout.TCP.acked),
    receivedBytes: layout.uint64(bytes, at + layout.TCP.received),
  }
}

const OPENERS = ['unknown', 'local', 'remote'] as const

function isReply(direction: number): boolean | null {
  return direction === 0 ? null : direction === 2
}

/** Of four bytes, read as a little-endian number: a key that leaves nothing behind. */
function textOfIpv4(address: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(address)
  return ipv4Text(bytes, 0)
}

/** Of sixteen bytes, each a character. */
function textOfIpv6(address: string): string {
  return ipv6Text(Buffer.from(address, 'latin1'), 0)
}

function isMappedIpv4(bytes: Buffer, at: number): boolean {
  return (
    bytes.readUInt32LE(at) === 0 && bytes.readUInt32LE(at + 4) === 0 && bytes.readUInt32BE(at + 8) === 0xffff
  )
}

function cString(bytes: Buffer, at: number, most: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.toString('latin1', at, end < at || end > at + most ? at + most : end)
}

/** Between two monotonic times of a record. */
function nanosFrom(bytes: Buffer, first: number, last: number): number {
  return layout.uint64(bytes, last) - layout.uint64(bytes, first)
}

const NANOS = 1_000_000_000n

/** Before the epoch, too, nanoseconds count forward. */
function instantOf(ns: bigint): Instant {
  const nanos = ((ns % NANOS) + NANOS) % NANOS
  return { seconds: Number((ns - nanos) / NANOS), nanos: Number(nanos) }
}

/** The newest is kept, and the oldest goes when there are too many. */
function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= most) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

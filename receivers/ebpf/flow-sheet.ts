import {
  allocateColumns,
  type Dictionary,
  FLOW_COLUMN_NAMES,
  type FlowBatch,
  type FlowColumns,
  internJson,
  pathOf,
} from '../../src/sdk/index.ts'
import { hubbleReason } from './drop-policy.ts'
import {
  eventTypeOf,
  flowOf,
  flowTypeOf,
  interfaceOf,
  kernelDropOf,
  observationPointOf,
  PROTOCOLS,
  verdictOf,
} from './flow-of.ts'
import { Memory } from './memory.ts'
import { type Named, type Names, portKey } from './names.ts'
import type { CountsObservation, DropObservation, FiveTuple } from './observation.ts'
import { directionOf, isReply, type Sighting, timeOf, tupleOf } from './sighting.ts'

/** What is known of an address, as ids. */
interface Known {
  readonly id: number
  readonly version: number
  readonly named: Named | null
  readonly endpoint: number
}

/**
 * Sightings into columns, without making a flow of each: ids are looked up once for each text. The standard is `flowOf`,
 * written by `FlowWriter`; a test holds both together.
 */
export class FlowSheet {
  readonly rows: number
  readonly #dictionary: Dictionary
  readonly #names: Names
  readonly #node: string
  readonly #columns: FlowColumns
  readonly #allRows: Uint32Array
  readonly #ids = new Memory((text: string) => this.#dictionary.intern(text))
  readonly #paths = new Memory((url: string) => this.#dictionary.intern(pathOf(url)))
  readonly #lists = new Memory((text: string) => internJson(this.#dictionary, [text]))
  /** By identity: names come in the same objects again and again. */
  readonly #objects = new Memory((value: object) => internJson(this.#dictionary, value))
  readonly #addresses = new Memory((text: string) => this.#meet(text))
  #generation: number
  #revision: number

  constructor(options: {
    readonly dictionary: Dictionary
    readonly names: Names
    readonly node: string
    readonly rows: number
  }) {
    this.rows = options.rows
    this.#dictionary = options.dictionary
    this.#names = options.names
    this.#node = options.node
    this.#columns = allocateColumns(options.rows)
    this.#allRows = Uint32Array.from({ length: options.rows }, (_, row) => row)
    this.#generation = options.dictionary.generation
    this.#revision = options.names.revision
  }

  /** A batch of at most `rows` sightings; valid until the next call. */
  batch(sightings: readonly Sighting[]): FlowBatch {
    this.#forgetWhatChanged()
    for (const name of FLOW_COLUMN_NAMES) this.#columns[name].fill(0, 0, sightings.length)
    for (let row = 0; row < sightings.length; row++) this.#write(row, sightings[row])
    return {
      columns: this.#columns,
      rows: this.#allRows.subarray(0, sightings.length),
      dictionary: this.#dictionary,
      bytes: 0,
      detail: (row) => flowOf(sightings[row], this.#names, this.#node),
    }
  }

  #write(row: number, sighting: Sighting): void {
    const columns = this.#columns
    const { seconds, nanos } = timeOf(sighting)
    columns.time_s[row] = seconds
    columns.time_ns[row] = nanos
    columns.verdict[row] = this.#ids.get(verdictOf(sighting))
    columns.flow_type[row] = this.#ids.get(flowTypeOf(sighting))
    columns.node_name[row] = this.#ids.get(this.#node)
    const reply = isReply(sighting)
    columns.is_reply[row] = reply === null ? 0 : reply ? 2 : 1
    this.#writeDirection(row, sighting)
    this.#writeTuple(row, tupleOf(sighting))
    columns.event_type[row] = this.#objects.get(eventTypeOf(sighting))
    columns.interface[row] = this.#ids.get(interfaceOf(sighting)?.name ?? '')
    switch (sighting.kind) {
      case 'counts':
        columns.tcp_flags[row] = sighting.tuple.protocol === TCP ? sighting.tcpFlags : 0
        columns.trace_observation_point[row] = this.#ids.get(observationPointOf(sighting) ?? '')
        return this.#writeCounts(row, sighting)
      case 'drop':
        columns.drop_reason[row] = this.#ids.get(hubbleReason(sighting.reason, sighting.location))
        columns.kernel_drop[row] = internJson(this.#dictionary, kernelDropOf(sighting))
        return this.#writeCounts(row, sighting)
      case 'tcp':
        return
      default:
        return this.#writeMessage(row, sighting)
    }
  }

  #writeDirection(row: number, sighting: Sighting): void {
    const columns = this.#columns
    const direction = directionOf(sighting)
    columns.traffic_direction[row] = this.#ids.get(direction ?? '')
    if (direction === null) columns.unknown_flows[row] = 1
    else if (direction === 'INGRESS') columns.ingress_flows[row] = 1
    else columns.egress_flows[row] = 1
  }

  #writeTuple(row: number, tuple: FiveTuple): void {
    const columns = this.#columns
    const { protocol, sourcePort, destinationPort } = tuple
    const source = this.#addresses.get(tuple.source)
    const destination = this.#addresses.get(tuple.destination)
    columns.ip_source[row] = source.id
    columns.ip_destination[row] = destination.id
    columns.ip_version[row] = source.version
    columns.source[row] = this.#endpointAt(source, protocol, sourcePort)
    columns.destination[row] = this.#endpointAt(destination, protocol, destinationPort)
    const name = PROTOCOLS.get(protocol)
    if (name === undefined) return
    columns.l4_protocol[row] = this.#ids.get(name)
    if (name === 'ICMPv4' || name === 'ICMPv6') {
      columns.icmp_type[row] = sourcePort + 1
      columns.icmp_code[row] = destinationPort
    } else if (name === 'TCP' || name === 'UDP' || name === 'SCTP') {
      columns.source_port[row] = sourcePort
      columns.destination_port[row] = destinationPort
    }
  }

  #writeCounts(row: number, { packets, bytes }: CountsObservation | DropObservation): void {
    this.#columns.packets[row] = packets
    this.#columns.bytes[row] = bytes % 2 ** 32
    this.#columns.bytes_high[row] = Math.floor(bytes / 2 ** 32)
  }

  #writeMessage(
    row: number,
    sighting: Extract<Sighting, { kind: 'dns_message' | 'http_request' | 'http_answer' }>,
  ): void {
    const columns = this.#columns
    columns.l7_type[row] = this.#ids.get(isReply(sighting) ? 'RESPONSE' : 'REQUEST')
    if (sighting.kind === 'dns_message') {
      const { rcode, query, queryType } = sighting.message
      columns.dns_rcode[row] = rcode + 1
      columns.dns_query[row] = this.#ids.get(query)
      columns.dns_qtypes[row] = queryType === '' ? 0 : this.#lists.get(queryType)
      return
    }
    const { request } = sighting
    const [code, protocol] =
      sighting.kind === 'http_answer' ? [sighting.code, sighting.protocol] : [0, sighting.request.protocol]
    columns.http_code[row] = code + 1
    columns.http_protocol[row] = this.#ids.get(protocol)
    columns.http_method[row] = this.#ids.get(request?.method ?? '')
    columns.http_path[row] = request === null ? 0 : this.#paths.get(request.url)
  }

  #endpointAt({ named, endpoint }: Known, protocol: number, port: number): number {
    const byPort = named?.ports?.get(portKey(protocol, port))
    return byPort === undefined ? endpoint : this.#objects.get(byPort)
  }

  #meet(address: string): Known {
    const named = this.#names.named(address)
    return {
      id: this.#dictionary.intern(address),
      version: this.#ids.get(address.includes(':') ? 'IPv6' : 'IPv4'),
      named,
      endpoint: named?.endpoint === undefined ? 0 : this.#objects.get(named.endpoint),
    }
  }

  /** Ids mean nothing after a compaction, endpoints nothing after names have changed. */
  #forgetWhatChanged(): void {
    const { generation } = this.#dictionary
    const { revision } = this.#names
    if (generation === this.#generation && revision === this.#revision) return
    for (const memory of [this.#ids, this.#paths, this.#lists, this.#objects, this.#addresses])
      memory.forget()
    this.#generation = generation
    this.#revision = revision
  }
}

const TCP = 6

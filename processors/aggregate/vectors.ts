import {
  type Dictionary,
  type EndpointSide,
  type Field,
  type FlowBatch,
  type FlowColumn,
  Memo,
  type Policy,
  withoutCluster,
} from '../../src/sdk/index.ts'
import { EndpointCells } from './endpoint-cells.ts'
import type { EvidenceList } from './evidence.ts'
import type { KeyPart } from './layout.ts'
import { PairMemo } from './pair-memo.ts'

/** One cell per row of the batch, without gaps. Valid until the next batch, and not to be written to. */
export type Vector = (batch: FlowBatch) => Uint32Array

/** Ports from here on are taken from clients: Linux hands out 32768 to 60999, `net.ipv4.ip_local_port_range`. */
const FIRST_EPHEMERAL_PORT = 32768

/** `is_reply` cells. */
const REQUEST = 1
const REPLY = 2

/** How the fields of a layout become cells, column by column. What must be computed is remembered per id. */
export class Vectors {
  readonly #dictionary: Dictionary
  readonly #endpoints: EndpointCells
  readonly #maxRows: number
  /** Several fields look at the same columns. */
  readonly #columns = new Map<FlowColumn, Vector>()

  /** For batches of at most `maxRows` rows. */
  constructor(dictionary: Dictionary, maxRows: number) {
    this.#dictionary = dictionary
    this.#endpoints = new EndpointCells(dictionary)
    this.#maxRows = maxRows
  }

  ofKey(part: KeyPart): Vector {
    if (part.kind === 'field') return this.ofField(part.field)
    const attributes = part.fields.map(({ origin }) => origin.attribute)
    return this.#remembered(part.side, this.#endpoints.together(attributes))
  }

  ofField({ name, origin }: Field): Vector {
    if (name === 'node_name') return this.#remembered('node_name', this.#nodeNames())
    switch (origin.kind) {
      case 'column':
        return this.ofColumn(origin.column)
      case 'endpoint':
        return this.#remembered(origin.side, this.#endpoints.alone(origin.attribute))
      case 'port':
        return this.#callPort(origin.of)
      case 'protocol_port':
        return this.#protocolPort(origin.protocol)
    }
  }

  ofEvidence({ name }: EvidenceList): Vector {
    switch (name) {
      case 'SourcePods':
        return this.#pods('source')
      case 'DestinationPods':
        return this.#pods('destination')
      case 'SourceIPs':
        return this.ofColumn('ip_source')
      case 'DestinationIPs':
        return this.ofColumn('ip_destination')
      case 'DnsQueries':
        return this.ofColumn('dns_query')
      case 'HttpRequests':
        return this.#httpRequests()
      case 'Policies':
        return this.#policies()
    }
  }

  ofColumn(name: FlowColumn): Vector {
    let vector = this.#columns.get(name)
    if (vector === undefined) {
      const scratch = new Uint32Array(this.#maxRows)
      vector = oncePerBatch(({ columns, rows }) => gather(columns[name], rows, scratch))
      this.#columns.set(name, vector)
    }
    return vector
  }

  #pods(side: EndpointSide): Vector {
    return this.#remembered(side, this.#endpoints.podReference())
  }

  #remembered(column: FlowColumn, memo: Memo): Vector {
    return this.#computed([column], ([ids], out) => memo.column(ids, out))
  }

  #nodeNames(): Memo {
    return new Memo(this.#dictionary, (id) =>
      this.#dictionary.intern(withoutCluster(this.#dictionary.text(id)) ?? ''),
    )
  }

  #callPort(of: 'server' | 'client'): Vector {
    // The same loop twice, because a call per row that differs by configuration costs ten times the comparison.
    return this.#computed(['is_reply', 'source_port', 'destination_port'], ([replies, from, to], out) => {
      if (of === 'server') serverPorts(replies, from, to, out)
      else clientPorts(replies, from, to, out)
    })
  }

  #protocolPort(protocol: 'TCP' | 'UDP'): Vector {
    return this.#computed(['l4_protocol', 'destination_port'], ([protocols, ports], out) => {
      const wanted = this.#dictionary.intern(protocol)
      for (let row = 0; row < out.length; row++) out[row] = protocols[row] === wanted ? ports[row] : 0
    })
  }

  #httpRequests(): Vector {
    const dictionary = this.#dictionary
    const requests = new PairMemo(dictionary, (method, path) =>
      dictionary.intern(`${dictionary.text(method)} ${dictionary.text(path)}`.trim()),
    )
    return this.#computed(['http_method', 'http_path'], ([methods, paths], out) => {
      for (let row = 0; row < out.length; row++)
        out[row] = (methods[row] | paths[row]) === 0 ? 0 : requests.at(methods[row], paths[row])
    })
  }

  /** The names of all policies of a flow are one cell, the id of a JSON list. */
  #policies(): Vector {
    const dictionary = this.#dictionary
    const names = new Memo(dictionary, (id) => this.#internList(policyNames(dictionary.json(id) as Policy[])))
    const both = new PairMemo(dictionary, (a, b) => this.#internList([...this.#list(a), ...this.#list(b)]))
    const join = (a: number, b: number) => (a === 0 ? b : b === 0 ? a : both.at(a, b))
    return this.#computed(
      ['egress_allowed_by', 'ingress_allowed_by', 'egress_denied_by', 'ingress_denied_by'],
      (lists, out) => {
        out.fill(0)
        for (const list of lists)
          for (let row = 0; row < out.length; row++)
            if (list[row] !== 0) out[row] = join(out[row], names.at(list[row]))
      },
    )
  }

  #internList(names: readonly string[]): number {
    return names.length === 0 ? 0 : this.#dictionary.intern(JSON.stringify([...new Set(names)].sort()))
  }

  #list(id: number): readonly string[] {
    return this.#dictionary.json(id) as string[]
  }

  #computed(
    names: readonly FlowColumn[],
    compute: (columns: readonly Uint32Array[], out: Uint32Array) => void,
  ): Vector {
    const inputs = names.map((name) => this.ofColumn(name))
    const scratch = new Uint32Array(this.#maxRows)
    return (batch) => {
      const out = scratch.subarray(0, batch.rows.length)
      compute(
        inputs.map((input) => input(batch)),
        out,
      )
      return out
    }
  }
}

function oncePerBatch(vector: Vector): Vector {
  let seen: FlowBatch | null = null
  let cells: Uint32Array = new Uint32Array(0)
  return (batch) => {
    if (batch !== seen) cells = vector(batch)
    seen = batch
    return cells
  }
}

/**
 * Whether the packet comes from the side that was called. Where nobody knows, a destination port that only clients have
 * says so, unless the source port is of the same kind or missing.
 */
function serverIsSource(reply: number, sourcePort: number, destinationPort: number): boolean {
  if (reply === REQUEST) return false
  if (reply === REPLY) return true
  return destinationPort >= FIRST_EPHEMERAL_PORT && sourcePort < FIRST_EPHEMERAL_PORT && sourcePort !== 0
}

function serverPorts(replies: Uint32Array, from: Uint32Array, to: Uint32Array, out: Uint32Array): void {
  const rows = out.length
  for (let row = 0; row < rows; row++)
    out[row] = serverIsSource(replies[row], from[row], to[row]) ? from[row] : to[row]
}

function clientPorts(replies: Uint32Array, from: Uint32Array, to: Uint32Array, out: Uint32Array): void {
  const rows = out.length
  for (let row = 0; row < rows; row++)
    out[row] = serverIsSource(replies[row], from[row], to[row]) ? to[row] : from[row]
}

function policyNames(policies: readonly Policy[]): string[] {
  return policies
    .map(({ name = '', namespace }) => (namespace ? `${namespace}/${name}` : name))
    .filter(Boolean)
}

/** The column itself where the batch has every row of a stretch; a copy of the wanted rows where it has not. */
function gather(column: Uint32Array, rows: Uint32Array, scratch: Uint32Array): Uint32Array {
  const count = rows.length
  const from = rows[0]
  if (count > 0 && rows[count - 1] - from === count - 1) return column.subarray(from, from + count)
  for (let row = 0; row < count; row++) scratch[row] = column[rows[row]]
  return scratch.subarray(0, count)
}

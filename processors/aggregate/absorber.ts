import { type Dictionary, type FlowBatch, selectRows, TCP_FLAGS } from '../../src/sdk/index.ts'
import { type Groups, KEY_OTHER, KEY_PARTS, KEY_START } from './groups.ts'
import { add, addFlagged, agree, collect, layCells, NO_GROUP, span, weigh } from './loops.ts'
import { PairMemo } from './pair-memo.ts'
import { type Vector, Vectors } from './vectors.ts'

/** Rows taken at a time, so that their columns stay in the processor's cache. */
const SLICE_ROWS = 4096

/**
 * Verdicts and drop reasons are few, unless the input is garbage: past so many `other` groups, the ones to come stand for
 * all verdicts of their window.
 */
const MAX_OTHERS = 4096

const FIN = maskOf('FIN')
const SYN = maskOf('SYN')
const RST = maskOf('RST')

export interface AbsorberOptions {
  readonly groups: Groups
  readonly dictionary: Dictionary
  readonly maxGroups: number
  /** The window that takes flows of this second, opened if need be. */
  windowAt(timeS: number): { readonly startS: number; readonly isLate: boolean }
}

/** What became of the flows of a batch, for metrics. */
export interface Absorbed {
  readonly lateFlows: number
  readonly otherFlows: number
}

/** Puts batches into groups, a column at a time: first every row finds its group, then each column is folded over all. */
export class Absorber {
  readonly #options: AbsorberOptions
  readonly #seconds: Vector
  readonly #nanos: Vector
  readonly #counts: { readonly ingress: Vector; readonly egress: Vector; readonly unknown: Vector }
  readonly #flags: Vector
  readonly #verdicts: Vector
  readonly #dropReasons: Vector
  readonly #key: readonly Vector[]
  readonly #carried: readonly Vector[]
  readonly #evidence: readonly Vector[]
  readonly #otherIds: PairMemo
  readonly #keys: Uint32Array
  readonly #groupOf = new Uint32Array(SLICE_ROWS)
  readonly #weights = new Float64Array(SLICE_ROWS)
  readonly #newRows = new Uint32Array(SLICE_ROWS)

  constructor(options: AbsorberOptions) {
    const { groups, dictionary } = options
    const vectors = new Vectors(dictionary, SLICE_ROWS)
    this.#options = options
    this.#seconds = vectors.ofColumn('time_s')
    this.#nanos = vectors.ofColumn('time_ns')
    this.#counts = {
      ingress: vectors.ofColumn('ingress_flows'),
      egress: vectors.ofColumn('egress_flows'),
      unknown: vectors.ofColumn('unknown_flows'),
    }
    this.#flags = vectors.ofColumn('tcp_flags')
    this.#verdicts = vectors.ofColumn('verdict')
    this.#dropReasons = vectors.ofColumn('drop_reason')
    this.#key = groups.layout.keyParts.map((part) => vectors.ofKey(part))
    this.#carried = groups.layout.carried.map((field) => vectors.ofField(field))
    this.#evidence = groups.layout.evidence.map((list) => vectors.ofEvidence(list))
    this.#otherIds = new PairMemo(dictionary, (verdict, reason) => internOther(dictionary, verdict, reason))
    this.#keys = new Uint32Array(SLICE_ROWS * groups.table.stride)
  }

  absorb(batch: FlowBatch): Absorbed {
    const { rows } = batch
    let lateFlows = 0
    let otherFlows = 0
    for (let from = 0; from < rows.length; from += SLICE_ROWS) {
      const slice = selectRows(batch, rows.subarray(from, from + SLICE_ROWS))
      const weights = this.#weigh(slice)
      lateFlows += this.#layKeys(slice, weights)
      const before = this.#options.groups.size
      const groupOf = this.#groupOf.subarray(0, slice.rows.length)
      otherFlows += this.#assign(slice, groupOf, weights)
      this.#foldColumns(slice, groupOf, weights, before)
    }
    return { lateFlows, otherFlows }
  }

  #weigh(slice: FlowBatch): Float64Array {
    const { ingress, egress, unknown } = this.#counts
    const weights = this.#weights.subarray(0, slice.rows.length)
    weigh(weights, ingress(slice), egress(slice), unknown(slice))
    return weights
  }

  /** Writes the key of every row; returns how many flows came after their window was closed. */
  #layKeys(slice: FlowBatch, weights: Float64Array): number {
    const { groups, windowAt } = this.#options
    const { stride } = groups.table
    const seconds = this.#seconds(slice)
    const keys = this.#keys
    let lateFlows = 0
    let window = windowAt(seconds[0])
    const { windowS } = groups.layout
    for (let row = 0; row < seconds.length; row++) {
      const second = seconds[row]
      if (second < window.startS || second >= window.startS + windowS) window = windowAt(second)
      if (window.isLate) lateFlows += weights[row]
      keys[row * stride + KEY_START] = window.startS
      keys[row * stride + KEY_OTHER] = 0
    }
    this.#key.forEach((vector, part) => layCells(keys, stride, KEY_PARTS + part, vector(slice)))
    return lateFlows
  }

  /** Finds the group of every row; returns how many flows found no room in one of their own. */
  #assign(slice: FlowBatch, groupOf: Uint32Array, weights: Float64Array): number {
    const { groups, maxGroups } = this.#options
    groups.reserve(groups.size + groupOf.length)
    groupOf.fill(NO_GROUP)
    const left = groups.table.assign(this.#keys, groupOf, maxGroups + groups.otherGroups)
    if (left === 0) return 0
    const otherFlows = this.#layOtherKeys(slice, groupOf, weights)
    groups.table.assign(this.#keys, groupOf, Infinity)
    return otherFlows
  }

  #layOtherKeys(slice: FlowBatch, groupOf: Uint32Array, weights: Float64Array): number {
    const { groups } = this.#options
    const { stride } = groups.table
    const verdicts = this.#verdicts(slice)
    const reasons = this.#dropReasons(slice)
    const keepsApart = groups.otherGroups < MAX_OTHERS
    const keys = this.#keys
    let otherFlows = 0
    for (let row = 0; row < groupOf.length; row++) {
      if (groupOf[row] !== NO_GROUP) continue
      const at = row * stride
      keys[at + KEY_OTHER] = keepsApart
        ? this.#otherIds.at(verdicts[row], reasons[row])
        : this.#otherIds.at(0, 0)
      keys.fill(0, at + KEY_PARTS, at + stride)
      otherFlows += weights[row]
    }
    return otherFlows
  }

  #foldColumns(slice: FlowBatch, groupOf: Uint32Array, weights: Float64Array, before: number): void {
    const { groups } = this.#options
    const newRows = this.#rowsOfNewGroups(groupOf, before)
    groups.begin(before)
    groups.carried.forEach(({ cells: agreed }, i) => {
      const cells = this.#carried[i](slice)
      for (let added = 0; added < newRows.length; added++) agreed[before + added] = cells[newRows[added]]
      agree(agreed, cells, groupOf)
    })
    this.#evidence.forEach((vector, i) => {
      const { cells, width } = groups.examples[i]
      collect(cells, width, groups.others[i].cells, vector(slice), weights, groupOf)
    })
    add(groups.ingress.cells, this.#counts.ingress(slice), groupOf)
    add(groups.egress.cells, this.#counts.egress(slice), groupOf)
    add(groups.unknown.cells, this.#counts.unknown(slice), groupOf)
    if (groups.layout.examples > 0) {
      const flags = this.#flags(slice)
      addFlagged(groups.syn.cells, flags, SYN, weights, groupOf)
      addFlagged(groups.fin.cells, flags, FIN, weights, groupOf)
      addFlagged(groups.rst.cells, flags, RST, weights, groupOf)
    }
    span(groups.first.cells, groups.last.cells, this.#seconds(slice), this.#nanos(slice), groupOf)
    for (let row = 0; row < groupOf.length; row++) groups.touched[groupOf[row]] = 1
  }

  /** For each group made by this slice a row of it. */
  #rowsOfNewGroups(groupOf: Uint32Array, before: number): Uint32Array {
    const count = this.#options.groups.size - before
    if (count > 0)
      for (let row = 0; row < groupOf.length; row++)
        if (groupOf[row] >= before) this.#newRows[groupOf[row] - before] = row
    return this.#newRows.subarray(0, count)
  }
}

function internOther(dictionary: Dictionary, verdict: number, reason: number): number {
  return dictionary.intern(JSON.stringify([dictionary.text(verdict), dictionary.text(reason)]))
}

function maskOf(flag: (typeof TCP_FLAGS)[number]): number {
  return 1 << TCP_FLAGS.indexOf(flag)
}

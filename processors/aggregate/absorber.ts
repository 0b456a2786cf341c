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

/** Rows of a batch, the group each of them is in, and how many flows it stands for. */
interface Slice {
  readonly batch: FlowBatch
  readonly groupOf: Uint32Array
  readonly weights: Float64Array
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
    const { groups } = this.#options
    let lateFlows = 0
    let otherFlows = 0
    for (let from = 0; from < rows.length; from += SLICE_ROWS) {
      const all = this.#weighed(selectRows(batch, rows.subarray(from, from + SLICE_ROWS)))
      const before = groups.size
      lateFlows += this.#layKeys(all)
      const left = this.#assign(all)
      const own = left === 0 ? all : withGroup(all)
      if (left > 0) otherFlows += this.#assignOthers(all)
      this.#foldValues(own, before)
      this.#foldCounts(all)
    }
    return { lateFlows, otherFlows }
  }

  #weighed(slice: FlowBatch): Slice {
    const { ingress, egress, unknown } = this.#counts
    const weights = this.#weights.subarray(0, slice.rows.length)
    const groupOf = this.#groupOf.subarray(0, slice.rows.length)
    weigh(weights, ingress(slice), egress(slice), unknown(slice))
    groupOf.fill(NO_GROUP)
    return { batch: slice, groupOf, weights }
  }

  /** Writes the key of every row; returns how many flows came after their window was closed. */
  #layKeys({ batch, weights }: Slice): number {
    const { groups, windowAt } = this.#options
    const { stride } = groups.table
    const seconds = this.#seconds(batch)
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
    this.#key.forEach((vector, part) => {
      layCells(keys, stride, KEY_PARTS + part, vector(batch))
    })
    return lateFlows
  }

  /** Finds every row a group of its own; returns how many found no room. */
  #assign({ groupOf }: Slice): number {
    const { groups, maxGroups } = this.#options
    groups.reserve(groups.size + groupOf.length)
    return groups.table.assign(this.#keys, groupOf, maxGroups + groups.otherGroups)
  }

  /** Puts the rows without a group into those of their verdict and drop reason; returns their flows. */
  #assignOthers({ batch, groupOf, weights }: Slice): number {
    const { groups } = this.#options
    const { stride } = groups.table
    const verdicts = this.#verdicts(batch)
    const reasons = this.#dropReasons(batch)
    const keepsApart = groups.otherGroups < MAX_OTHERS
    const keys = this.#keys
    let otherFlows = 0
    for (let row = 0; row < groupOf.length; row++) {
      if (groupOf[row] !== NO_GROUP) continue
      const at = row * stride
      keys[at + KEY_OTHER] = this.#otherIds.at(keepsApart ? verdicts[row] : 0, keepsApart ? reasons[row] : 0)
      keys.fill(0, at + KEY_PARTS, at + stride)
      otherFlows += weights[row]
    }
    const before = groups.size
    groups.table.assign(keys, groupOf, Infinity)
    groups.otherGroups += groups.size - before
    return otherFlows
  }

  /** What flows agree on, and examples of what they do not. `Other` groups have neither: they are of all kinds. */
  #foldValues({ batch, groupOf, weights }: Slice, before: number): void {
    const { groups } = this.#options
    const newRows = this.#rowsOfNewGroups(groupOf, before)
    groups.carried.forEach(({ cells: agreed }, i) => {
      const cells = this.#carried[i](batch)
      for (let added = 0; added < newRows.length; added++) agreed[before + added] = cells[newRows[added]]
      agree(agreed, cells, groupOf)
    })
    this.#evidence.forEach((vector, i) => {
      const { cells, width } = groups.examples[i]
      collect(cells, width, groups.others[i].cells, vector(batch), weights, groupOf)
    })
  }

  #foldCounts({ batch, groupOf, weights }: Slice): void {
    const { groups } = this.#options
    add(groups.ingress.cells, this.#counts.ingress(batch), groupOf)
    add(groups.egress.cells, this.#counts.egress(batch), groupOf)
    add(groups.unknown.cells, this.#counts.unknown(batch), groupOf)
    if (groups.layout.examples > 0) {
      const flags = this.#flags(batch)
      addFlagged(groups.syn.cells, flags, SYN, weights, groupOf)
      addFlagged(groups.fin.cells, flags, FIN, weights, groupOf)
      addFlagged(groups.rst.cells, flags, RST, weights, groupOf)
    }
    span(groups.first.cells, groups.last.cells, this.#seconds(batch), this.#nanos(batch), groupOf)
    for (let row = 0; row < groupOf.length; row++) groups.touched[groupOf[row]] = 1
  }

  /** For each group that these rows have made, one of them. */
  #rowsOfNewGroups(groupOf: Uint32Array, before: number): Uint32Array {
    let made = 0
    for (let row = 0; row < groupOf.length; row++) {
      const added = groupOf[row] - before
      if (added < 0) continue
      this.#newRows[added] = row
      made = Math.max(made, added + 1)
    }
    return this.#newRows.subarray(0, made)
  }
}

/** The rows that have found a group. */
function withGroup({ batch, groupOf, weights }: Slice): Slice {
  const found = Array.from(groupOf.keys()).filter((row) => groupOf[row] !== NO_GROUP)
  return {
    batch: selectRows(
      batch,
      Uint32Array.from(found, (row) => batch.rows[row]),
    ),
    groupOf: Uint32Array.from(found, (row) => groupOf[row]),
    weights: Float64Array.from(found, (row) => weights[row]),
  }
}

function internOther(dictionary: Dictionary, verdict: number, reason: number): number {
  return dictionary.intern(JSON.stringify([dictionary.text(verdict), dictionary.text(reason)]))
}

function maskOf(flag: (typeof TCP_FLAGS)[number]): number {
  return 1 << TCP_FLAGS.indexOf(flag)
}

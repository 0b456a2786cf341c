// What raw JSON values stand for, by their bytes: an endpoint's id, an enum's, the bits of TCP flags.
//
// The same few values recur on nearly every line. So a value is parsed once, in JavaScript, with the plain
// decoder's own code; from then on its bytes are compared, 64 at a time, and the answer is copied. A known
// value needs no parsing and no validation, and not even its end has to be searched for.
//
// The values of a kind form a tree. Its first step is decided by how the value begins. Where the input then
// differs from a node's bytes, the position and the input's bytes from there on lead to the next node, which
// agrees with all before. So nothing is compared twice, and the pods of one deployment, equal up to the end
// of their names, are one step apart.
//
// Nothing behind the value takes part. JSON's objects, arrays and strings show their own end, so two of them
// always differ inside both; and the bytes that decide a step are cut at the first that could be the value's
// end.

import { block, recycle, room, SLACK, take } from './memory'
import { difference, equal } from './bytes'
import { textLength, textStart } from './texts'

/** A node is [bytes u32][length u32][value u32][position of the first edge that leads on, or 0 u32]. */
const NODE: usize = 16
/** An edge is [node u32][position u32][hash of the bytes there u32][child u32]. */
const EDGE: usize = 16
/** What stands for a node at the beginning of a kind's tree, plus the kind. */
const ROOT: u32 = 0x80000000
export const LONGEST: usize = 1 << 23
/** Behind this an edge is not tried in advance: there might be no memory there to read. */
const FAR: u32 = <u32>SLACK - 64

let nodes: usize = 0
let capacity: u32 = 0
let count: u32 = 1
let edges: usize = 0
let edgeMask: u32 = 0
let bytes: usize = 0

export function fragmentBytes(): usize {
  return bytes
}

// @ts-ignore: decorator
@inline
export function lengthOf(node: usize): usize {
  return load<u32>(node, 4)
}

// @ts-ignore: decorator
@inline
export function valueOf(node: usize): u32 {
  return load<u32>(node, 8)
}

/** 16 bytes of ones and 16 zeros: read at 16 - n it masks n bytes. */
const masks: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
])

/** A hash of up to 16 bytes at `p`, cut behind the first `end`. */
// @ts-ignore: decorator
@inline
function stepHash(p: usize, end: u8): u32 {
  const v = v128.load(p)
  const ends = i8x16.bitmask(i8x16.eq(v, i8x16.splat(end))) | 0x8000
  const cut = v128.and(v, v128.load(masks + 15 - <usize>ctz(ends)))
  const low = <u64>i64x2.extract_lane(cut, 0) * 0x9e3779b97f4a7c15
  const high = <u64>i64x2.extract_lane(cut, 1) * 0xc2b2ae3d27d4eb4f
  const h = low ^ high
  return <u32>(h >> 32) ^ <u32>h
}

/** The byte with which a value ends that begins with `start`. */
// @ts-ignore: decorator
@inline
function endOf(start: u8): u8 {
  // A closing bracket or brace is the opening one and two.
  return start == 0x22 ? 0x22 : start + 2
}

/** Where the edge is, or would be. */
// @ts-ignore: decorator
@inline
function edgeFor(node: u32, position: u32, hash: u32): usize {
  let h = hash ^ (node * 0x9e3779b1) ^ (position * 0x85ebca6b)
  h ^= h >> 15
  while (true) {
    const edge = edges + <usize>(h & edgeMask) * EDGE
    if (load<u32>(edge, 12) == 0) return edge
    if (load<u32>(edge) == node && load<u32>(edge, 4) == position && load<u32>(edge, 8) == hash) return edge
    h++
  }
}

/** The node of that id. */
// @ts-ignore: decorator
@inline
export function nodeAt(id: u32): usize {
  return nodes + <usize>id * NODE
}

// @ts-ignore: decorator
@inline
export function idOf(node: usize): u32 {
  return <u32>(node - nodes) / <u32>NODE
}

// @ts-ignore: decorator
@inline
export function isNodeAt(node: usize, p: usize): bool {
  return equal(load<u32>(node), p, lengthOf(node))
}

/** The edge where `find` gave up. */
let openNode: u32 = 0
let openPosition: u32 = 0
let openHash: u32 = 0

/** The node of the value at `p`; 0 when these bytes are new. */
export function find(kind: u32, p: usize): usize {
  if (capacity == 0) grow()
  const end = endOf(load<u8>(p))
  let id = ROOT + kind
  let at: usize = 0
  // What begins with a quote would be cut at once.
  let hash = stepHash(p + 1, end)
  while (true) {
    const edge = edgeFor(id, <u32>at, hash)
    const child = load<u32>(edge, 12)
    if (child == 0) {
      openNode = id
      openPosition = <u32>at
      openHash = hash
      return 0
    }
    const node = nodes + <usize>child * NODE
    const fork = load<u32>(node, 12)
    if (fork != 0) {
      // Most that get here differ from this node, and where others did. A guess, so all bytes of it are
      // compared.
      const next = load<u32>(edgeFor(child, fork, stepHash(p + fork, end)), 12)
      if (next != 0 && isNodeAt(nodeAt(next), p)) return nodeAt(next)
    }
    const length = lengthOf(node)
    at = difference(load<u32>(node), p, at, length)
    if (at == length) return node
    id = child
    hash = stepHash(p + at, end)
  }
}

/** From now on the `length` bytes at `p` stand for `value`, which is the id of a text if `isText` says so. */
export function learn(kind: u32, p: usize, length: usize, value: u32, isText: bool): void {
  if (count + 1 >= capacity) grow()
  if (find(kind, p) != 0) return
  const id = count++
  const node = nodes + <usize>id * NODE
  let copy: usize
  // Hubble's own spelling of a value is our spelling too, so its bytes are mostly there already.
  if (isText && textLength(value) == <u32>length && equal(textStart(value), p, length)) {
    copy = textStart(value)
  } else {
    copy = room(length)
    memory.copy(copy, p, length)
    take(length)
    bytes += length
  }
  bytes += NODE + 2 * EDGE
  store<u32>(node, <u32>copy)
  store<u32>(node, <u32>length, 4)
  store<u32>(node, value, 8)
  store<u32>(node, 0, 12)
  writeEdge(openNode, openPosition, openHash, id)
  if (openNode >= ROOT) return
  const parent = nodeAt(openNode)
  const fork = load<u32>(parent, 12)
  if (openPosition < FAR && (fork == 0 || openPosition < fork)) store<u32>(parent, openPosition, 12)
}

function writeEdge(node: u32, position: u32, hash: u32, child: u32): void {
  const edge = edgeFor(node, position, hash)
  store<u32>(edge, node)
  store<u32>(edge, position, 4)
  store<u32>(edge, hash, 8)
  store<u32>(edge, child, 12)
}

/** Doubles the tables. One edge leads to each node; there are places for twice as many. */
function grow(): void {
  const old = nodes
  const oldEdges = edges
  const oldCapacity = capacity
  capacity = max<u32>(256, capacity << 1)
  nodes = block(<usize>capacity * NODE)
  edges = block(<usize>(capacity << 1) * EDGE)
  edgeMask = (capacity << 1) - 1
  if (oldCapacity == 0) return
  memory.copy(nodes, old, <usize>count * NODE)
  for (let i: u32 = 0; i < oldCapacity << 1; i++) {
    const edge = oldEdges + <usize>i * EDGE
    const child = load<u32>(edge, 12)
    if (child != 0) writeEdge(load<u32>(edge), load<u32>(edge, 4), load<u32>(edge, 8), child)
  }
  recycle(old, <usize>oldCapacity * NODE)
  recycle(oldEdges, <usize>(oldCapacity << 1) * EDGE)
}

/** Forgets everything; the values are ids, and a compaction changes those. */
export function forgetFragments(): void {
  if (capacity == 0) return
  memory.fill(edges, 0, <usize>(edgeMask + 1) * EDGE)
  count = 1
  bytes = 0
}

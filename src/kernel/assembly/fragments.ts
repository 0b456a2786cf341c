// What raw JSON values stand for, by their bytes: an endpoint's id, an enum's, the bits of TCP flags.
//
// The same few values recur on nearly every line. So a value is parsed once, in JavaScript, with the plain decoder's
// own code; from then on its bytes are compared, sixteen at a time, and the answer is copied. A known value needs no
// parsing and no validation, and not even its end has to be searched for.
//
// The values of a kind form a tree. Where the input differs from a node's bytes, the position and the input's byte
// there lead on to the next node, which agrees with the input up to and including that byte. Nothing is compared
// twice, and nothing behind the value takes part: JSON's objects, arrays and strings show their own end, so two of
// them always differ inside both.

import { block, recycle, room, take } from './memory'
import { difference, equal } from './bytes'
import { textLength, textStart } from './texts'

/** A node is [bytes u32][length u32][value u32][unused]. */
const NODE: usize = 16
/** An edge is [node u32][position and byte u32][child u32][unused]. */
const EDGE: usize = 16
const KINDS: usize = 32
export const LONGEST: usize = 1 << 23

let roots: usize = 0
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

// @ts-ignore: decorator
@inline
function edgeSlot(node: u32, step: u32): u32 {
  const h = (node * 0x9e3779b1) ^ (step * 0x85ebca6b)
  return (h ^ (h >> 15)) & edgeMask
}

/** The node of the value at `p`; 0 when these bytes are new. */
export function find(kind: u32, p: usize): usize {
  if (roots == 0) return 0
  let id = load<u32>(roots + ((<usize>kind) << 2))
  let at: usize = 0
  while (id != 0) {
    const node = nodes + <usize>id * NODE
    const length = lengthOf(node)
    at = difference(load<u32>(node), p, at, length)
    if (at == length) return node
    const step = (<u32>at << 8) | load<u8>(p + at)
    let slot = edgeSlot(id, step)
    while (true) {
      const edge = edges + <usize>slot * EDGE
      const from = load<u32>(edge)
      if (from == id && load<u32>(edge, 4) == step) {
        id = load<u32>(edge, 8)
        break
      }
      if (from == 0) return 0
      slot = (slot + 1) & edgeMask
    }
    at++
  }
  return 0
}

/** From now on the `length` bytes at `p` stand for `value`. `text` says that the value is the id of a text. */
export function learn(kind: u32, p: usize, length: usize, value: u32, text: bool): void {
  if (count + 1 >= capacity) grow()
  const id = count++
  const node = nodes + <usize>id * NODE
  let copy: usize
  // Hubble's own spelling of a value is our spelling too, so its bytes are mostly there already.
  if (text && textLength(value) == <u32>length && equal(textStart(value), p, length)) copy = textStart(value)
  else {
    copy = room(length)
    memory.copy(copy, p, length)
    take(length)
    bytes += length
  }
  bytes += NODE + 2 * EDGE
  store<u32>(node, <u32>copy)
  store<u32>(node, <u32>length, 4)
  store<u32>(node, value, 8)
  hang(kind, p, id)
}

/** Puts the new node where `find` gave up. */
function hang(kind: u32, p: usize, child: u32): void {
  const root = roots + ((<usize>kind) << 2)
  let id = load<u32>(root)
  if (id == 0) {
    store<u32>(root, child)
    return
  }
  let at: usize = 0
  while (true) {
    const node = nodes + <usize>id * NODE
    at = difference(load<u32>(node), p, at, lengthOf(node))
    const step = (<u32>at << 8) | load<u8>(p + at)
    let slot = edgeSlot(id, step)
    while (true) {
      const edge = edges + <usize>slot * EDGE
      const from = load<u32>(edge)
      if (from == 0) {
        writeEdge(edge, id, step, child)
        return
      }
      if (from == id && load<u32>(edge, 4) == step) {
        id = load<u32>(edge, 8)
        break
      }
      slot = (slot + 1) & edgeMask
    }
    at++
  }
}

// @ts-ignore: decorator
@inline
function writeEdge(edge: usize, from: u32, step: u32, child: u32): void {
  store<u32>(edge, from)
  store<u32>(edge, step, 4)
  store<u32>(edge, child, 8)
}

function grow(): void {
  if (roots == 0) roots = block(KINDS << 2)
  const old = nodes
  const oldEdges = edges
  const oldCapacity = capacity
  const oldMask = edgeMask
  capacity = max<u32>(256, capacity << 1)
  nodes = block(<usize>capacity * NODE)
  edges = block(<usize>(capacity << 1) * EDGE)
  edgeMask = (capacity << 1) - 1
  if (oldCapacity == 0) return
  memory.copy(nodes, old, <usize>count * NODE)
  for (let i: u32 = 0; i <= oldMask; i++) {
    const edge = oldEdges + <usize>i * EDGE
    const from = load<u32>(edge)
    if (from == 0) continue
    const step = load<u32>(edge, 4)
    let slot = edgeSlot(from, step)
    while (load<u32>(edges + <usize>slot * EDGE) != 0) slot = (slot + 1) & edgeMask
    writeEdge(edges + <usize>slot * EDGE, from, step, load<u32>(edge, 8))
  }
  recycle(old, <usize>oldCapacity * NODE)
  recycle(oldEdges, <usize>(oldCapacity << 1) * EDGE)
}

/** Forgets everything; the values are ids, and a compaction changes those. */
export function forgetFragments(): void {
  if (roots == 0) return
  memory.fill(roots, 0, KINDS << 2)
  memory.fill(edges, 0, <usize>(edgeMask + 1) * EDGE)
  count = 1
  bytes = 0
}

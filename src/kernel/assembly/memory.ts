// The kernel's memory: blocks, handed out once, and among them the chunks that texts are written into.
//
// The memory is shared, though only one thread uses it, because growing a shared memory does not detach the
// views that JavaScript holds: columns and input stay valid whatever a batch adds to the dictionary.

const PAGE: usize = 65536
/** Loads may look this far past a block, and find other blocks or nothing there. */
export const SLACK: usize = 4096

let top: usize = 0

/** A new block of zeros, aligned to a cache line. */
export function block(bytes: usize): usize {
  if (top == 0) top = (__heap_base + 63) & ~63
  const start = top
  top = (start + bytes + 63) & ~63
  const missing = <isize>(top + SLACK) - <isize>(<usize>memory.size() * PAGE)
  if (missing > 0) {
    // An eighth more each time, so that growing stays rare; pages nobody touches cost nothing.
    const pages = (<usize>missing + PAGE - 1) / PAGE
    const ample = max<usize>(pages, <usize>memory.size() >> 3)
    if (memory.grow(<i32>ample) < 0 && memory.grow(<i32>pages) < 0) unreachable()
  }
  return start
}

// Chunks are a list in the order in which they are filled: [next u32][end u32][bytes]. A compaction writes
// what stays in the same order from the first chunk on, so it never overtakes what it has yet to read.

const FIRST_CHUNK: usize = 32 << 10
const LARGEST_CHUNK: usize = 4 << 20
const HEAD: usize = 8

let first: usize = 0
let last: usize = 0
let current: usize = 0
let cursor: usize = 0
let end: usize = 0
let nextSize: usize = FIRST_CHUNK

/** Makes a block that is no longer needed a chunk for texts. */
export function recycle(start: usize, bytes: usize): void {
  if (bytes <= HEAD) return
  store<u32>(start, 0)
  store<u32>(start, <u32>(start + bytes), 4)
  if (last != 0) store<u32>(last, <u32>start)
  else first = start
  last = start
}

/** Where `bytes` bytes can be written; `take` makes them stay. */
export function room(bytes: usize): usize {
  while (cursor + bytes > end) {
    let next: usize = current == 0 ? first : load<u32>(current)
    if (next == 0) {
      const size = max(nextSize, bytes + HEAD)
      nextSize = min(nextSize << 1, LARGEST_CHUNK)
      next = block(size)
      recycle(next, size)
    }
    current = next
    cursor = next + HEAD
    end = load<u32>(next, 4)
  }
  return cursor
}

export function take(bytes: usize): void {
  cursor += bytes
}

/** Starts over at the first chunk. */
export function rewind(): void {
  current = 0
  cursor = 0
  end = 0
}

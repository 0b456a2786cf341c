// Bytes compared and hashed.

/** Where `a` and `b` first differ, or `length`; before `at` they are known to be equal. */
export function difference(a: usize, b: usize, at: usize, length: usize): usize {
  // Nearly all that is compared is equal, and long: 64 bytes a step until something differs. The last step
  // looks at the last 64 once more from their beginning, rather than at what is left in smaller steps.
  if (length >= 64) {
    while (at + 64 <= length && !differ64(a + at, b + at)) at += 64
    if (at + 64 > length && !differ64(a + length - 64, b + length - 64)) return length
  }
  while (at < length) {
    const differ = i8x16.bitmask(i8x16.ne(v128.load(a + at), v128.load(b + at)))
    if (differ != 0) return min(at + <usize>ctz(differ), length)
    at += 16
  }
  return length
}

// @ts-ignore: decorator
@inline
function differ64(a: usize, b: usize): bool {
  const first = v128.or(
    v128.xor(v128.load(a), v128.load(b)),
    v128.xor(v128.load(a, 16), v128.load(b, 16)),
  )
  const second = v128.or(
    v128.xor(v128.load(a, 32), v128.load(b, 32)),
    v128.xor(v128.load(a, 48), v128.load(b, 48)),
  )
  return v128.any_true(v128.or(first, second))
}

/** Whether so many bytes are the same; `length` is not 0. */
// @ts-ignore: decorator
@inline
export function equal(a: usize, b: usize, length: usize): bool {
  if (length > 32) return difference(a, b, 0, length) == length
  // Short values are of all lengths: a loop would end where nobody could foresee it.
  const same = sameBits(a, b) | (sameBits(a + 16, b + 16) << 16)
  return (~same & (<u64>-1 >> ((64 - <u64>length) & 63))) == 0
}

// @ts-ignore: decorator
@inline
function sameBits(a: usize, b: usize): u64 {
  return <u64>i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)))
}

/** Unknown outside, so that nobody can send texts that all have the same hash. */
let seed: u64 = 0

export function setSeed(value: u64): void {
  seed = value
}

/** Eight bytes a step, mixed so well that the next step cannot undo what a changed bit did. */
export function hash(start: usize, length: usize): u32 {
  let h: u64 = seed ^ <u64>length
  let p = start
  let left = length
  while (left > 8) {
    h = mixed(h ^ load<u64>(p))
    p += 8
    left -= 8
  }
  const rest = left == 0 ? 0 : load<u64>(p) & (<u64>-1 >> ((8 - <u64>left) << 3))
  h = mixed(h ^ rest)
  return <u32>(h ^ (h >> 32))
}

// @ts-ignore: decorator
@inline
function mixed(h: u64): u64 {
  h *= 0xff51afd7ed558ccd
  h ^= h >> 32
  h *= 0xc4ceb9fe1a85ec53
  return h ^ (h >> 29)
}

// Bytes compared, copied and hashed.

/** Where `a` and `b` first differ, from `at` on; `length` when they are equal. Reads up to 15 bytes past `length`. */
export function difference(a: usize, b: usize, at: usize, length: usize): usize {
  while (at < length) {
    const unequal = i8x16.bitmask(i8x16.ne(v128.load(a + at), v128.load(b + at)))
    if (unequal != 0) return min(at + <usize>ctz(unequal), length)
    at += 16
  }
  return length
}

// @ts-ignore: decorator
@inline
export function equal(a: usize, b: usize, length: usize): bool {
  return difference(a, b, 0, length) == length
}

/** Eight bytes a step, multiplied and folded; the last step looks at the bytes that are left alone. */
export function hash(start: usize, length: usize): u32 {
  let h: u64 = <u64>length * 0x9e3779b97f4a7c15
  let p = start
  let left = length
  while (left > 8) {
    h = (h ^ load<u64>(p)) * 0xff51afd7ed558ccd
    h ^= h >> 32
    p += 8
    left -= 8
  }
  const rest = left == 0 ? 0 : load<u64>(p) & (<u64>-1 >> ((8 - <u64>left) << 3))
  h = (h ^ rest) * 0xc4ceb9fe1a85ec53
  return <u32>(h ^ (h >> 32))
}

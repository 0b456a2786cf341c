// Columns of a batch, by their place in a list of them.

// @ts-ignore: decorator
@inline
export function columnAt(columns: usize, place: u32): usize {
  return load<u32>(columns + ((<usize>place) << 2))
}

/** The cell of a column in the row that stands at `row`. */
// @ts-ignore: decorator
@inline
export function at(column: usize, row: usize): u32 {
  return load<u32>(column + ((<usize>load<u32>(row)) << 2))
}

/** Which of the first rows, of which there is one at least, bears the latest time. */
export function latest(seconds: usize, nanos: usize, rows: u32): u32 {
  let latest: u32 = 0
  let s = load<u32>(seconds)
  let ns = load<u32>(nanos)
  for (let row: u32 = 1; row < rows; row++) {
    const offset = (<usize>row) << 2
    const rowS = load<u32>(seconds + offset)
    const rowNs = load<u32>(nanos + offset)
    if (rowS < s || (rowS == s && rowNs <= ns)) continue
    latest = row
    s = rowS
    ns = rowNs
  }
  return latest
}

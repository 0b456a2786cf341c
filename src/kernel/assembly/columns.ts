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

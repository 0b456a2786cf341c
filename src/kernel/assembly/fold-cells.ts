// What a fold is set up with and what it leaves behind: offsets into its cells.

/** Stands in a cell whose flows disagree. Also in `src/kernel/fold-kernel.ts`. */
export const MIXED: u32 = 0xffffffff

// What a fold is set up with, one u32 each. Also in `src/kernel/fold-kernel.ts`.
export const GROUPS: usize = 0
export const ANSWERS: usize = 4
/** Addresses of the columns; orders name them by their place in this list. */
export const COLUMNS: usize = 8
/** Which rows of the columns. */
export const ROWS: usize = 12
export const ROW_COUNT: usize = 16
/** The row to go on with. */
export const AT: usize = 20
export const ORDERS: usize = 24
export const ORDER_COUNT: usize = 28
/** Where rows are laid out, and how many bytes each takes. */
export const LAYOUT: usize = 32
export const LAYOUT_STRIDE: usize = 36
// Of records and laid out rows alike: the values to agree on.
export const AGREED: usize = 40
export const AGREED_END: usize = 44
/** Of laid out rows: the values to collect. */
export const COLLECTED: usize = 48
export const COLLECTED_COUNT: usize = 52
// Of records.
export const EXAMPLES: usize = 56
export const EXAMPLE_COUNT: usize = 60
/** One f64 for each list of examples. */
export const OTHERS: usize = 64
/** One f64 for each of the summed columns. */
export const SUMS: usize = 68
/** One f64 for each of the masks of flags. */
export const FLAGGED: usize = 72
/** Seconds and nanoseconds of the first flow and of the last. */
export const TIMES: usize = 76
export const TOUCHED: usize = 80
// Addresses of lists of columns.
export const SUMMED: usize = 84
export const SUMMED_COUNT: usize = 88
/** Masks. */
export const FLAG_MASKS: usize = 92
export const FLAG_MASK_COUNT: usize = 96
export const MOST_GROUPS: usize = 100
/** Groups that hold flows that found no room in one of their own. */
export const OTHER_GROUPS: usize = 104
export const WINDOW_S: usize = 108
/** Grows when windows close: what was said of them is no longer so. */
export const EPOCH: usize = 112
export const LATEST_S: usize = 116
export const LATEST_NS: usize = 120
export const AGGREGATED_SEEN: usize = 124
/** Both f64. */
export const LATE_FLOWS: usize = 128
export const OTHER_FLOWS: usize = 136
/** Places of columns, in this order: seconds, nanoseconds, three counts, aggregated, flags, verdict, drop reason. */
export const ROLES: usize = 144

export const SECONDS: usize = 0
export const NANOS: usize = 4
export const INGRESS: usize = 8
export const EGRESS: usize = 12
export const UNKNOWN: usize = 16
export const AGGREGATED: usize = 20
export const FLAGS: usize = 24
export const VERDICT: usize = 28
export const DROP_REASON: usize = 32

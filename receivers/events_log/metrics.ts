/** The receiver's own metrics, and what they say. */
export const METRICS = {
  events_log_files_open: 'Files held open.',
  events_log_files_known:
    'Files whose position is kept: followed ones, and rotated ones that are still there.',
  events_log_bytes_behind: 'Bytes that are there and have not been read.',
  events_log_read_bytes_total: 'Bytes that have been read.',
  events_log_rotations_total: 'Rotations of followed files.',
  events_log_gaps_total: 'Files that were removed or overwritten before they were read to their end.',
  events_log_gap_bytes_total: 'Bytes of such files that nobody has read, as far as known.',
} as const

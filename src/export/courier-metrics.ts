import type { Clock, Counter, Meter, RetryCause } from '../sdk/index.ts'
import type { Lane } from '../state/lane.ts'
import type { DeadLetter } from './dead-letter.ts'

/** What every sender counts. */
export interface CourierMetrics {
  readonly sent: Counter
  readonly refused: Counter
  readonly retries: { readonly [cause in RetryCause]: Counter }
}

export function courierMetrics(
  meter: Meter,
  lane: Lane,
  deadLetter: DeadLetter,
  clock: Clock,
  inFlight: () => number,
): CourierMetrics {
  const { counter, gauge } = meter
  gauge('exporter_in_flight_requests', 'Requests on their way', inFlight)
  gauge('exporter_outbox_bytes', 'Bytes that wait; bounded by outbox.max_bytes', () => lane.bytes)
  gauge('exporter_outbox_rows', 'Rows that wait', () => lane.rows)
  gauge('exporter_outbox_oldest_seconds', 'Age of the oldest row that waits', () =>
    lane.oldestMs === null ? 0 : (clock.now() - lane.oldestMs) / 1000,
  )
  gauge('exporter_dead_letter_bytes', 'Size of the dead-letter file', () => deadLetter.bytes)
  const retries = (cause: RetryCause) =>
    counter('exporter_retries_total', 'Attempts that failed and come again', { cause })
  return {
    sent: counter('exporter_sent_rows_total', 'Rows the backend took'),
    refused: counter('exporter_refused_rows_total', 'Rows the backend refused for good'),
    retries: {
      network: retries('network'),
      timeout: retries('timeout'),
      throttled: retries('throttled'),
      unavailable: retries('unavailable'),
      rejected: retries('rejected'),
      unacknowledged: retries('unacknowledged'),
    },
  }
}

import { Courier } from '../export/courier.ts'
import { DeadLetter, deadLetterPath } from '../export/dead-letter.ts'
import type { DeliverySettings, Host, Sender } from '../sdk/index.ts'
import type { Outbox } from '../state/outbox.ts'
import type { Ledger } from '../telemetry/ledger.ts'

/** The courier of an exporter, which keeps the pipelines' ledgers of what it carries. */
export function courierOf(
  { id, clock, log, metrics }: Host,
  sender: Sender,
  settings: DeliverySettings,
  outbox: Outbox,
  ledgers: ReadonlyMap<string, Ledger>,
  stateDir: string,
): Courier {
  return new Courier({
    id,
    sender,
    settings,
    outbox,
    deadLetter: new DeadLetter(id, deadLetterPath(settings.deadLetter, id, stateDir), clock, log),
    books: {
      delivered: (pipeline, flows, rows, bytes) => ledgers.get(pipeline)!.delivered(id, flows, rows, bytes),
      lost: (pipeline, reason, flows) => ledgers.get(pipeline)!.droppedAt(id, reason, flows),
      discarded: (pipeline, rows) => ledgers.get(pipeline)!.discardedAt(id, rows),
    },
    clock,
    log,
    meter: metrics,
    random: Math.random,
  })
}

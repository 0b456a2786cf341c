import { type Row, rowTime } from '../../src/sdk/index.ts'
import { cimFields } from './cim.ts'

export interface EventDefaults {
  /** Null: the node that saw the flows, which a row may know better. */
  readonly host: string | null
  readonly node: string
  readonly source: string
  readonly sourcetype: string
  /** Null: the token decides. */
  readonly index: string | null
}

/** Writes rows as HEC events: our columns, and beside them the fields of Splunk's data model. */
export class Events {
  readonly #defaults: EventDefaults
  readonly #same: string

  constructor(defaults: EventDefaults) {
    const { source, sourcetype, index } = defaults
    this.#defaults = defaults
    this.#same = JSON.stringify({ source, sourcetype, ...(index !== null && { index }) }).slice(1, -1)
  }

  textOf(row: Row): string {
    const { host, node } = this.#defaults
    const where = JSON.stringify(host ?? row.NodeName ?? node)
    const event = `${JSON.stringify(row).slice(0, -1)},${JSON.stringify(cimFields(row)).slice(1)}`
    return `{${timeOf(row)}"host":${where},${this.#same},"event":${event}}`
  }
}

/** Seconds with decimals, written out: as a JavaScript number they would lose their nanoseconds. */
function timeOf({ TimeGenerated }: Row): string {
  const time = rowTime(TimeGenerated)
  return time === null ? '' : `"time":${time.seconds}.${String(time.nanos).padStart(9, '0')},`
}

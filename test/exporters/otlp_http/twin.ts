import type { Attributes } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { EVENT_NAME, logRecord, SCOPE } from '../../../exporters/otlp_http/log-record.ts'
import { RowAttributes } from '../../../exporters/otlp_http/row-attributes.ts'
import type { Json, Row } from '../../../src/sdk/index.ts'

/** Rows as OpenTelemetry's SDK has them, for its own serializers and exporters. */
export function twinRecords(rows: readonly Row[], resourceAttributes: Attributes): ReadableLogRecord[] {
  const resource = resourceFromAttributes(resourceAttributes)
  return rows.map((row) => ({
    ...logRecord(row),
    eventName: EVENT_NAME,
    attributes: attributesOf(row) as Attributes,
    droppedAttributesCount: 0,
    resource,
    instrumentationScope: SCOPE,
  }))
}

/** As an object: what a row says under each name. */
export function attributesOf(row: Row): { [name: string]: Json } {
  const attributes = new RowAttributes(() => String)
  return Object.fromEntries(attributes.of(row).map(({ name, value }) => [name, value]))
}

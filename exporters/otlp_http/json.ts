import type { HrTime } from '@opentelemetry/api'
import type { Json } from '../../src/sdk/index.ts'
import { EVENT_NAME, type LogRecord, SCOPE } from './log-record.ts'
import type { Notation } from './notation.ts'
import type { Attribute } from './row-attributes.ts'

/** OTLP as JSON. Source: opentelemetry-proto 1.x, "JSON Protobuf Encoding"; the bytes are those of OpenTelemetry's serializer. */
export const JSON_NOTATION: Notation = {
  charset: 'utf8',
  attribute,
  record,
  recordBytes: 3 * 1024,
  between: ',',
  head(resource) {
    const attributes = Object.entries(resource).map(([name, value]) => attribute(name)(value))
    return `{"resourceLogs":[{"resource":{"attributes":[${attributes.join('').slice(1)}],"droppedAttributesCount":0},"scopeLogs":[{"scope":${JSON.stringify(SCOPE)},"logRecords":[`
  },
  tail: ']}]}]}',
}

/** With the comma that parts it from the one before: the fewer pieces there are to join, the better. */
function attribute(name: string): (value: Json) => string {
  const head = `,{"key":${JSON.stringify(name)},"value":`
  return (value) => `${head}${anyValue(value)}}`
}

function record(
  { hrTime, hrTimeObserved, severityNumber, severityText, body }: LogRecord,
  attributes: readonly Attribute[],
): string {
  let text = `{"timeUnixNano":"${nanosOf(hrTime)}","observedTimeUnixNano":"${nanosOf(hrTimeObserved)}","severityNumber":${severityNumber},"severityText":"${severityText}","body":{"stringValue":${JSON.stringify(body)}},"eventName":"${EVENT_NAME}","attributes":[`
  for (let i = 0; i < attributes.length; i++) {
    const { write, value } = attributes[i]
    text += i === 0 ? write(value).slice(1) : write(value)
  }
  return `${text}],"droppedAttributesCount":0}`
}

function anyValue(value: Json): string {
  switch (typeof value) {
    case 'string':
      return `{"stringValue":${JSON.stringify(value)}}`
    case 'number':
      return Number.isInteger(value) ? `{"intValue":${value}}` : `{"doubleValue":${JSON.stringify(value)}}`
    case 'boolean':
      return `{"boolValue":${value}}`
  }
  if (value === null) return '{}'
  if (Array.isArray(value)) {
    let values = ''
    for (let i = 0; i < value.length; i++) values += i === 0 ? anyValue(value[i]) : `,${anyValue(value[i])}`
    return `{"arrayValue":{"values":[${values}]}}`
  }
  const values = Object.entries(value).map(
    ([key, below]) => `{"key":${JSON.stringify(key)},"value":${anyValue(below)}}`,
  )
  return `{"kvlistValue":{"values":[${values.join()}]}}`
}

/** A 64-bit integer, so JSON has it as text. */
function nanosOf([seconds, nanos]: HrTime): string {
  if (seconds > 0) return `${seconds}${String(nanos).padStart(9, '0')}`
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos))
}

import type { HrTime } from '@opentelemetry/api'
import type { Json, JsonObject } from '../../src/sdk/index.ts'
import { EVENT_NAME, type LogRecord, SCOPE } from './log-record.ts'
import type { Notation } from './notation.ts'
import type { Attribute } from './row-attributes.ts'

/**
 * OTLP as Protobuf, in strings of which each character is a byte: what is written comes before its length, and to put a
 * length before a string costs nothing. Source: opentelemetry-proto 1.x, `logs/v1/logs.proto` and `common/v1/common.proto`;
 * the bytes are those of OpenTelemetry's serializer.
 */
export const PROTOBUF_NOTATION: Notation = {
  charset: 'latin1',
  attribute: (name) => attribute(RECORD_ATTRIBUTES, name),
  record,
  recordBytes: 1700,
  between: '',
  head(resource, bytes) {
    const attributes = Object.entries(resource).map(([name, value]) =>
      attribute(RESOURCE_ATTRIBUTES, name)(value),
    )
    const scope = field(1, field(1, bytesOf(SCOPE.name)))
    const scopeLogs = `${tag(2, LENGTH)}${varint(scope.length + bytes)}${scope}`
    const about = `${field(1, `${attributes.join('')}${RESOURCE_DROPPED_NONE}`)}${scopeLogs}`
    return `${tag(1, LENGTH)}${varint(about.length + bytes)}${about}`
  },
  tail: '',
}

/** Numbers of fields. */
const RESOURCE_ATTRIBUTES = 1
const RECORD_ATTRIBUTES = 6
/** Types on the wire, the lower bits of a tag. */
const VARINT = 0
const FIXED64 = 1
const LENGTH = 2

/** `dropped_attributes_count: 0` */
const RESOURCE_DROPPED_NONE = tag(2, VARINT) + varint(0)
const RECORD_DROPPED_NONE = tag(7, VARINT) + varint(0)
const EVENT = field(12, EVENT_NAME)
const TIME = tag(1, FIXED64)
const OBSERVED = tag(11, FIXED64)
const SEVERITY = tag(2, VARINT)

function attribute(number: number, name: string): (value: Json) => string {
  const head = tag(number, LENGTH)
  const key = `${field(1, bytesOf(name))}${tag(2, LENGTH)}`
  return (value) => {
    const written = anyValue(value)
    const length = varint(written.length)
    return `${head}${varint(key.length + length.length + written.length)}${key}${length}${written}`
  }
}

function record(
  { hrTime, hrTimeObserved, severityNumber, severityText, body }: LogRecord,
  attributes: readonly Attribute[],
): string {
  let text = `${TIME}${nanosOf(hrTime)}${SEVERITY}${varint(severityNumber)}${field(3, severityText)}${field(5, anyValue(body))}`
  for (let i = 0; i < attributes.length; i++) {
    const { write, value } = attributes[i]
    text += write(value)
  }
  return field(2, `${text}${RECORD_DROPPED_NONE}${OBSERVED}${nanosOf(hrTimeObserved)}${EVENT}`)
}

function anyValue(value: Json): string {
  switch (typeof value) {
    case 'string':
      return field(1, bytesOf(value))
    case 'boolean':
      return `${tag(2, VARINT)}${varint(value ? 1 : 0)}`
    case 'number':
      return isInt64(value) ? `${tag(3, VARINT)}${varint(value)}` : `${tag(4, FIXED64)}${double(value)}`
  }
  if (value === null) return ''
  return Array.isArray(value) ? field(5, listOf(value)) : field(6, membersOf(value as JsonObject))
}

function listOf(list: readonly Json[]): string {
  let values = ''
  for (const one of list) values += field(1, anyValue(one))
  return values
}

function membersOf(object: JsonObject): string {
  let members = ''
  for (const key in object) members += field(1, `${field(1, bytesOf(key))}${field(2, anyValue(object[key]))}`)
  return members
}

/** A field that has a length. */
function field(number: number, content: string): string {
  return `${tag(number, LENGTH)}${varint(content.length)}${content}`
}

/** All fields of these messages have numbers below 16, so that a tag is one byte. */
function tag(number: number, type: number): string {
  return String.fromCharCode((number << 3) | type)
}

function varint(value: number): string {
  if (value >= 0 && value < 0x80) return String.fromCharCode(value)
  if (value >= 0 && value < 0x4000) return String.fromCharCode((value & 0x7f) | 0x80, value >>> 7)
  let rest = BigInt.asUintN(64, BigInt(value))
  let text = ''
  for (; rest > 0x7fn; rest >>= 7n) text += String.fromCharCode(Number(rest & 0x7fn) | 0x80)
  return text + String.fromCharCode(Number(rest))
}

function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63
}

const scratch = Buffer.alloc(8)

function double(value: number): string {
  scratch.writeDoubleLE(value)
  return scratch.toString('latin1')
}

/** As 64 bits in two halves, since a number holds 53. */
function nanosOf([seconds, nanos]: HrTime): string {
  const BITS_16 = 0x1_0000
  const upper = Math.floor(seconds / BITS_16) * 1e9
  const lower = (seconds % BITS_16) * 1e9 + nanos + (upper % BITS_16) * BITS_16
  return fixed32(lower) + fixed32(Math.floor(upper / BITS_16) + Math.floor(lower / 2 ** 32))
}

function fixed32(value: number): string {
  const bits = value >>> 0
  return String.fromCharCode(bits & 0xff, (bits >>> 8) & 0xff, (bits >>> 16) & 0xff, bits >>> 24)
}

/** UTF-8. */
function bytesOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII begins with them
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text).toString('latin1')
}

import {
  type IExportLogsServiceResponse,
  type ISerializer,
  JsonLogsSerializer,
  ProtobufLogsSerializer,
} from '@opentelemetry/otlp-transformer'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'

/** How a request is written: OTLP as JSON or as Protobuf. */
export interface Encoding {
  readonly contentType: string
  /** A whole request. */
  encode(records: ReadableLogRecord[]): Uint8Array
  /** One request that says what several say; no longer than they are together. */
  join(requests: readonly Uint8Array[]): Uint8Array
  /** What the backend threw away of a request that it took; null when it took all. */
  partialSuccess(answer: Uint8Array): PartialSuccess | null
}

export interface PartialSuccess {
  readonly refusedRows: number
  readonly message: string
}

/** A request is a list of `resourceLogs`: several are one when their lists are. */
const JSON_HEAD = '{"resourceLogs":['
const JSON_TAIL = ']}'

export const ENCODINGS: { readonly [name in 'json' | 'proto']: Encoding } = {
  proto: {
    contentType: 'application/x-protobuf',
    encode: (records) => encoded(ProtobufLogsSerializer, records),
    // Protobuf messages that follow each other are one message; repeated fields add up.
    join: (requests) => Buffer.concat(requests),
    partialSuccess: (answer) => partialSuccess(ProtobufLogsSerializer, answer),
  },
  json: {
    contentType: 'application/json',
    encode: (records) => encoded(JsonLogsSerializer, records),
    join: joinJson,
    partialSuccess: (answer) => partialSuccess(JsonLogsSerializer, answer),
  },
}

type LogsSerializer = ISerializer<ReadableLogRecord[], IExportLogsServiceResponse>

function encoded(serializer: LogsSerializer, records: ReadableLogRecord[]): Uint8Array {
  return serializer.serializeRequest(records)!
}

function joinJson(requests: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(JSON_HEAD)]
  requests.forEach((request, i) => {
    if (i > 0) parts.push(Buffer.from(','))
    parts.push(request.subarray(JSON_HEAD.length, -JSON_TAIL.length))
  })
  return Buffer.concat([...parts, Buffer.from(JSON_TAIL)])
}

function partialSuccess(serializer: LogsSerializer, answer: Uint8Array): PartialSuccess | null {
  const partial = deserialized(serializer, answer)?.partialSuccess
  if (!partial) return null
  // A 64-bit integer, so JSON writes it as text.
  return { refusedRows: Number(partial.rejectedLogRecords ?? 0), message: partial.errorMessage ?? '' }
}

/** What nobody can read says nothing against a success. */
function deserialized(serializer: LogsSerializer, answer: Uint8Array): IExportLogsServiceResponse | null {
  try {
    return serializer.deserializeResponse(answer)
  } catch {
    return null
  }
}

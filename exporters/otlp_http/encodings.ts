import {
  type IExportLogsServiceResponse,
  type ISerializer,
  JsonLogsSerializer,
  ProtobufLogsSerializer,
} from '@opentelemetry/otlp-transformer'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { JSON_NOTATION } from './json.ts'
import type { Notation } from './notation.ts'
import { PROTOBUF_NOTATION } from './protobuf.ts'

/** OTLP as JSON or as Protobuf. */
export interface Encoding {
  readonly contentType: string
  /** How a request is written. */
  readonly notation: Notation
  /** A request without records. */
  readonly empty: Uint8Array
  /** What the backend threw away of a request that it took; null when it took all. */
  partialSuccess(answer: Uint8Array): PartialSuccess | null
}

export interface PartialSuccess {
  readonly refusedRows: number
  readonly message: string
}

export const ENCODINGS: { readonly [name in 'json' | 'proto']: Encoding } = {
  proto: encoding('application/x-protobuf', PROTOBUF_NOTATION, ProtobufLogsSerializer),
  json: encoding('application/json', JSON_NOTATION, JsonLogsSerializer),
}

type LogsSerializer = ISerializer<ReadableLogRecord[], IExportLogsServiceResponse>

function encoding(contentType: string, notation: Notation, serializer: LogsSerializer): Encoding {
  return {
    contentType,
    notation,
    empty: serializer.serializeRequest([])!,
    partialSuccess: (answer) => partialSuccess(serializer, answer),
  }
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

import { readFileSync } from 'node:fs'

/** A log record as the Collector's file exporter wrote it, its values plain. */
export interface LogRecord {
  readonly resource: Values
  readonly scope: string
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
  readonly severityNumber: number
  readonly severityText: string
  readonly eventName: string
  readonly body: unknown
  readonly attributes: Values
}

export interface Values {
  readonly [name: string]: unknown
}

interface Request {
  readonly resourceLogs: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] }
    readonly scopeLogs: readonly {
      readonly scope?: { readonly name?: string }
      readonly logRecords: readonly (Partial<Omit<LogRecord, 'attributes' | 'body'>> & {
        readonly body?: AnyValue
        readonly attributes?: readonly KeyValue[]
      })[]
    }[]
  }[]
}

interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string
  readonly doubleValue?: number
  readonly arrayValue?: { readonly values?: readonly AnyValue[] }
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] }
}

/** A line is a request. Source: opentelemetry-proto, `logs.proto`, in its JSON mapping. */
export function recordsIn(path: string): LogRecord[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  const resources = lines.flatMap((line) => (JSON.parse(line) as Request).resourceLogs)
  return resources.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((record) => ({
        ...UNSAID,
        ...record,
        resource: valuesOf(resource?.attributes),
        scope: scope?.name ?? '',
        body: plainValue(record.body ?? {}),
        attributes: valuesOf(record.attributes),
      })),
    ),
  )
}

/** What a record does not say. */
const UNSAID = {
  timeUnixNano: '0',
  observedTimeUnixNano: '0',
  severityNumber: 0,
  severityText: '',
  eventName: '',
}

function valuesOf(pairs: readonly KeyValue[] = []): Values {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plainValue(value)]))
}

function plainValue(value: AnyValue): unknown {
  if (value.intValue !== undefined) return Number(value.intValue)
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plainValue)
  if (value.kvlistValue) return valuesOf(value.kvlistValue.values)
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? null
}

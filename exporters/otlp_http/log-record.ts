import { type HrTime, SeverityNumber } from '@opentelemetry/api'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { type Row, rowText, rowTime } from '../../src/sdk/index.ts'

export const EVENT_NAME = 'flowfold.flow'
export const SCOPE = { name: 'flowfold' }

type Severity = { readonly severityNumber: SeverityNumber; readonly severityText: string }

/** What a log record says of a row beside its attributes. */
export type LogRecord = Severity &
  Pick<ReadableLogRecord, 'hrTime' | 'hrTimeObserved'> & { readonly body: string }

const INFO: Severity = { severityNumber: SeverityNumber.INFO, severityText: 'INFO' }
const SEVERITIES: ReadonlyMap<string, Severity> = new Map([
  ['DROPPED', { severityNumber: SeverityNumber.WARN, severityText: 'WARN' }],
  ['ERROR', { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' }],
])

/** The same row always becomes the same record. */
export function logRecord(row: Row): LogRecord {
  const { TimeGenerated, LastFlowTime, Verdict = '' } = row
  const hrTime = hrTimeOf(TimeGenerated)
  const { severityNumber, severityText } = SEVERITIES.get(Verdict) ?? INFO
  return {
    hrTime,
    hrTimeObserved: LastFlowTime === undefined ? hrTime : hrTimeOf(LastFlowTime),
    severityNumber,
    severityText,
    body: rowText(row),
  }
}

/** Zero is how OTLP says that nobody knows. */
function hrTimeOf(time: string): HrTime {
  const { seconds, nanos } = rowTime(time) ?? { seconds: 0, nanos: 0 }
  return [seconds, nanos]
}

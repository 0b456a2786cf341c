import { type Attributes, type HrTime, SeverityNumber } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { type Row, rowText, rowTime } from '../../src/sdk/index.ts'
import { rowAttributes } from './row-attributes.ts'

export const EVENT_NAME = 'flowfold.flow'
const SCOPE = { name: 'flowfold' }

type Severity = { readonly severityNumber: SeverityNumber; readonly severityText: string }

const INFO: Severity = { severityNumber: SeverityNumber.INFO, severityText: 'INFO' }
const SEVERITIES: { readonly [verdict: string]: Severity } = {
  DROPPED: { severityNumber: SeverityNumber.WARN, severityText: 'WARN' },
  ERROR: { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' },
}

/** Makes log records of rows. The same row always becomes the same record. */
export class LogRecords {
  readonly #resource: ReadableLogRecord['resource']

  constructor(resourceAttributes: Attributes) {
    this.#resource = resourceFromAttributes(resourceAttributes)
  }

  recordOf(row: Row): ReadableLogRecord {
    const { TimeGenerated, LastFlowTime, Verdict = '' } = row
    const hrTime = hrTimeOf(TimeGenerated)
    const { severityNumber, severityText } = SEVERITIES[Verdict] ?? INFO
    return {
      hrTime,
      hrTimeObserved: LastFlowTime === undefined ? hrTime : hrTimeOf(LastFlowTime),
      severityNumber,
      severityText,
      eventName: EVENT_NAME,
      body: rowText(row),
      attributes: rowAttributes(row) as Attributes,
      droppedAttributesCount: 0,
      resource: this.#resource,
      instrumentationScope: SCOPE,
    }
  }
}

/** Zero is how OTLP says that nobody knows. */
function hrTimeOf(time: string): HrTime {
  const { seconds, nanos } = rowTime(time) ?? { seconds: 0, nanos: 0 }
  return [seconds, nanos]
}

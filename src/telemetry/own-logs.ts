import { SeverityNumber } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { Clock } from '../sdk/index.ts'
import type { LogLine } from './logger.ts'

export interface OwnLogsSettings {
  /** The whole URL. */
  readonly url: string
  readonly encoding: 'proto' | 'json'
  readonly headers: { readonly [name: string]: string }
}

/** What a backend has not answered by then stands in stderr alone. */
const CLOSE_TIMEOUT_MS = 2000
/** For a backend that is well, when there is no time left. */
const LEAST_CLOSE_MS = 100

const SEVERITIES = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
}

/**
 * Hands flowfold's own log lines to an OTLP backend, with OpenTelemetry's SDK and exporters as they come: a batch that
 * cannot be sent within seconds is dropped. Nothing is lost by it, for stderr has every line.
 */
export class OwnLogs {
  readonly #provider: LoggerProvider
  readonly #logger
  readonly #clock: Clock

  /** `told` hears why lines cannot be sent when that begins, and null when they can again. */
  static async open(
    settings: OwnLogsSettings,
    node: string,
    clock: Clock,
    told: (trouble: string | null) => void,
  ): Promise<OwnLogs> {
    return new OwnLogs(new Told(await exporterOf(settings), told), node, clock)
  }

  private constructor(exporter: LogRecordExporter, node: string, clock: Clock) {
    this.#clock = clock
    this.#provider = new LoggerProvider({
      resource: resourceFromAttributes({ 'service.name': 'flowfold', 'k8s.node.name': node }),
      processors: [new BatchLogRecordProcessor({ exporter })],
    })
    this.#logger = this.#provider.getLogger('flowfold')
  }

  take({ level, component, message, fields, timeMs }: LogLine): void {
    this.#logger.emit({
      timestamp: timeMs,
      severityNumber: SEVERITIES[level],
      severityText: level.toUpperCase(),
      body: message,
      attributes: { 'flowfold.component': component, ...fields },
    })
  }

  /** Sends what is left, but does not wait long for an answer, and hardly past the deadline. */
  async close(deadlineMs = Number.POSITIVE_INFINITY): Promise<void> {
    const answered = new AbortController()
    const leftMs = Math.max(LEAST_CLOSE_MS, deadlineMs - this.#clock.now())
    const patience = this.#clock.sleep(Math.min(CLOSE_TIMEOUT_MS, leftMs), answered.signal)
    await Promise.race([this.#provider.shutdown(), patience]).finally(() => answered.abort())
  }
}

async function exporterOf({ url, encoding, headers }: OwnLogsSettings): Promise<LogRecordExporter> {
  const { OTLPLogExporter } =
    encoding === 'proto'
      ? await import('@opentelemetry/exporter-logs-otlp-proto')
      : await import('@opentelemetry/exporter-logs-otlp-http')
  return new OTLPLogExporter({ url, headers: { ...headers } })
}

/** An exporter that says when it begins to fail, and when it works again. */
class Told implements LogRecordExporter {
  readonly #exporter: LogRecordExporter
  readonly #told: (trouble: string | null) => void
  #isFailing = false

  constructor(exporter: LogRecordExporter, told: (trouble: string | null) => void) {
    this.#exporter = exporter
    this.#told = told
  }

  export(...[records, done]: Parameters<LogRecordExporter['export']>): void {
    this.#exporter.export(records, (result) => {
      const isFailing = result.error !== undefined
      if (isFailing !== this.#isFailing) this.#told(result.error?.message ?? null)
      this.#isFailing = isFailing
      done(result)
    })
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }
}

import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { built, go, type Program } from './go-tools.ts'

/** One release for all modules of the Collector. */
const VERSION = '0.161.0'
const CORE = 'go.opentelemetry.io/collector'
const CONTRIB = 'github.com/open-telemetry/opentelemetry-collector-contrib'

const HEC_RECEIVER = `${CONTRIB}/receiver/splunkhecreceiver`
const ACK_EXTENSION = `${CONTRIB}/extension/ackextension`

export interface Collector {
  readonly program: Program
  /** Why it takes no Splunk HEC; false when it does. */
  readonly noHec: string | false
}

/**
 * A real OpenTelemetry Collector, made by its official builder: receivers for OTLP and, where Go can get it, for Splunk
 * HEC; an exporter that writes files.
 */
export function collector(): Collector {
  const whole = build([HEC_RECEIVER], [ACK_EXTENSION])
  if (whole.kind === 'built') return { program: whole, noHec: false }
  return { program: build([], []), noHec: whole.reason }
}

function build(moreReceivers: readonly string[], extensions: readonly string[]): Program {
  const dist = { name: 'otelcol', description: "For flowfold's tests", version: VERSION }
  const components = {
    receivers: modules([`${CORE}/receiver/otlpreceiver`, ...moreReceivers]),
    exporters: modules([`${CONTRIB}/exporter/fileexporter`]),
    extensions: modules(extensions),
  }
  return built('otelcol', JSON.stringify({ dist, ...components }), (path, folder) => {
    const config = join(folder, 'manifest.json')
    const output = join(folder, 'sources')
    writeFileSync(config, JSON.stringify({ dist: { ...dist, output_path: output }, ...components }))
    go(['run', `${CORE}/cmd/builder@v${VERSION}`, '--config', config])
    copyFileSync(join(output, 'otelcol'), path)
  })
}

function modules(names: readonly string[]): object[] {
  return names.map((name) => ({ gomod: `${name} v${VERSION}` }))
}

export interface CollectorPorts {
  readonly json: number
  readonly proto: number
  readonly hec: number
  readonly hecAck: number
}

export type Inlet = keyof CollectorPorts

/** A way of its own for each inlet: what comes in there comes out in `<inlet>.json`. */
export function collectorConfig(folder: string, ports: CollectorPorts, inlets: readonly Inlet[]): object {
  const of = <T>(value: (inlet: Inlet) => T, prefix: (inlet: Inlet) => string) =>
    Object.fromEntries(inlets.map((inlet) => [prefix(inlet), value(inlet)]))
  const receiverId = (inlet: Inlet) => `${isHec(inlet) ? 'splunk_hec' : 'otlp'}/${inlet}`
  return {
    receivers: of((inlet) => receiver(inlet, `127.0.0.1:${ports[inlet]}`), receiverId),
    exporters: of(
      (inlet) => ({ path: join(folder, `${inlet}.json`), flush_interval: '100ms' }),
      (inlet) => `file/${inlet}`,
    ),
    extensions: inlets.includes('hecAck') ? { ack: {} } : {},
    service: {
      extensions: inlets.includes('hecAck') ? ['ack'] : [],
      telemetry: { logs: { level: 'warn' }, metrics: { level: 'none' } },
      pipelines: of(
        (inlet) => ({ receivers: [receiverId(inlet)], exporters: [`file/${inlet}`] }),
        (inlet) => `logs/${inlet}`,
      ),
    },
  }
}

function receiver(inlet: Inlet, endpoint: string): object {
  if (!isHec(inlet)) return { protocols: { http: { endpoint } } }
  return inlet === 'hecAck' ? { endpoint, ack: { extension: 'ack' } } : { endpoint }
}

function isHec(inlet: Inlet): boolean {
  return inlet === 'hec' || inlet === 'hecAck'
}

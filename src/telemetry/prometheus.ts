import type { Registry } from 'prom-client'
import type { BalanceSheet } from './balance-sheet.ts'
import type { Metrics } from './metrics.ts'

/** Metrics of the process itself: CPU, memory, event loop. Made once, because it starts observers. */
let processRegistry: Registry | null = null

/** Writes all metrics as Prometheus text. prom-client is loaded with the first question. */
export async function prometheusText(metrics: Metrics, sheets: readonly BalanceSheet[]): Promise<string> {
  const { Registry, Counter, Gauge, collectDefaultMetrics } = await import('prom-client')
  if (processRegistry === null) {
    processRegistry = new Registry()
    collectDefaultMetrics({ register: processRegistry, prefix: 'flowfold_' })
  }
  const registry = new Registry()
  for (const { name, doc: help, kind, series } of metrics.families()) {
    const labelNames = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))]
    const registers = [registry]
    if (kind === 'counter') {
      const counter = new Counter({ name, help, labelNames, registers })
      for (const { labels, read } of series) counter.inc({ ...labels }, read())
    } else {
      const gauge = new Gauge({ name, help, labelNames, registers })
      for (const { labels, read } of series) gauge.set({ ...labels }, read())
    }
  }
  await addSheets(registry, sheets)
  return (await registry.metrics()) + (await processRegistry.metrics())
}

/** The balance sheets as metrics, so that an alert can watch what `/balance` shows. */
async function addSheets(registry: Registry, sheets: readonly BalanceSheet[]): Promise<void> {
  const { Counter, Gauge } = await import('prom-client')
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `flowfold_${name}`, help, labelNames, registers: [registry] })
  const received = counter('flows_received_total', 'Flows that reached the pipeline', ['pipeline'])
  const filtered = counter('flows_filtered_total', 'Flows that processors took away', ['pipeline'])
  const delivered = counter('flows_delivered_total', 'Flows in rows that every exporter has', ['pipeline'])
  const dropped = counter('flows_dropped_total', 'Flows that are lost, by reason', ['pipeline', 'reason'])
  const rows = counter('rows_delivered_total', 'Rows that the exporter has', ['pipeline', 'exporter'])
  const bytesIn = counter('received_bytes_total', 'Bytes of input', ['pipeline'])
  const bytesOut = counter('delivered_bytes_total', 'Bytes that the exporter wrote', ['pipeline', 'exporter'])
  const lost = counter('exporter_dropped_flows_total', 'Flows that the exporter will never get, by reason', [
    'pipeline',
    'exporter',
    'reason',
  ])
  const gap = counter('gap_bytes_total', 'Bytes of input that were gone before they were read', ['pipeline'])
  const upstream = counter('lost_upstream_total', 'Events lost before they reached us', [
    'pipeline',
    'source',
  ])
  const noted = counter('noted_total', 'Records that are no flows, and defects mended', [
    'pipeline',
    'reason',
  ])
  const pending = new Gauge({
    name: 'flowfold_flows_pending',
    help: 'Flows in open windows and in rows that an exporter waits for',
    labelNames: ['pipeline'],
    registers: [registry],
  })
  for (const sheet of sheets) {
    const { pipeline } = sheet
    received.inc({ pipeline }, sheet.received)
    filtered.inc({ pipeline }, sheet.filtered)
    delivered.inc({ pipeline }, sheet.delivered)
    pending.set({ pipeline }, sheet.pending)
    bytesIn.inc({ pipeline }, sheet.beside.receivedBytes)
    gap.inc({ pipeline }, sheet.beside.gapBytes)
    for (const [reason, flows] of Object.entries(sheet.dropped)) dropped.inc({ pipeline, reason }, flows)
    for (const [source, events] of Object.entries(sheet.beside.lostUpstream))
      upstream.inc({ pipeline, source }, events)
    for (const [reason, count] of Object.entries(sheet.beside.noted)) noted.inc({ pipeline, reason }, count)
    for (const { exporter, deliveredRows, deliveredBytes, dropped } of sheet.exporters) {
      for (const [reason, flows] of Object.entries(dropped)) lost.inc({ pipeline, exporter, reason }, flows)
      rows.inc({ pipeline, exporter }, deliveredRows)
      bytesOut.inc({ pipeline, exporter }, deliveredBytes)
    }
  }
}

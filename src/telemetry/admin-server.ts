import { fastify } from 'fastify'
import type { BalanceSheet } from './balance-sheet.ts'
import { difference } from './balance-sheet.ts'
import type { Metrics } from './metrics.ts'
import { prometheusText } from './prometheus.ts'

/** What the admin server asks the running service. */
export interface AdminView {
  /** Why the service is not ready; empty when it is. */
  notReady(): readonly string[]
  sheets(): readonly BalanceSheet[]
  /** Null when metrics are turned off. */
  metrics(): Metrics | null
}

export interface AdminServer {
  close(): Promise<void>
}

/**
 * Answers probes, Prometheus and `flowfold balance` at one address.
 * `/` is what probes of the OpenTelemetry Collector's health check ask for.
 */
export async function startAdminServer(host: string, port: number, view: AdminView): Promise<AdminServer> {
  const server = fastify({ logger: false, forceCloseConnections: true, requestTimeout: 10_000 })
  server.get('/healthz', async () => ({ status: 'ok' }))
  for (const path of ['/', '/readyz'])
    server.get(path, async (_request, reply) => {
      const reasons = view.notReady()
      if (reasons.length > 0) reply.code(503)
      return { status: reasons.length === 0 ? 'ready' : 'not ready', reasons }
    })
  server.get('/balance', async () => ({
    pipelines: view.sheets().map((sheet) => ({ ...sheet, difference: difference(sheet) })),
  }))
  server.get('/metrics', async (_request, reply) => {
    const metrics = view.metrics()
    if (metrics === null)
      return reply.code(404).send('metrics are off: service.telemetry.metrics has level or endpoint none\n')
    reply.type('text/plain; version=0.0.4; charset=utf-8')
    return prometheusText(metrics, view.sheets())
  })
  await server.listen({ host, port })
  return { close: () => server.close() }
}

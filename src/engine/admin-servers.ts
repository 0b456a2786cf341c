import type { Endpoint } from '../config/resolved.ts'
import type { AdminServer, AdminView } from '../telemetry/admin-server.ts'

/** The servers that answer now, by address. */
export class AdminServers {
  readonly #view: AdminView
  readonly #open = new Map<string, { readonly endpoint: Endpoint; readonly server: AdminServer }>()

  constructor(view: AdminView) {
    this.#view = view
  }

  /**
   * Answers at these endpoints and at no others; health and metrics may share one. Rejects with what the system said, and
   * with everything as it was, when one of them cannot be had.
   */
  async listenOn(endpoints: readonly (Endpoint | null)[]): Promise<void> {
    const wanted = new Map(
      endpoints.flatMap((endpoint) => (endpoint ? [[addressOf(endpoint), endpoint]] : [])),
    )
    const fresh = [...wanted].filter(([address]) => !this.#open.has(address)).map(([, endpoint]) => endpoint)
    const stale = [...this.#open]
      .filter(([address]) => !wanted.has(address))
      .map(([, { endpoint }]) => endpoint)
    // One port under two names cannot be had twice, so the old one goes first.
    const inTheWay = stale.filter(({ port }) => fresh.some((endpoint) => endpoint.port === port))
    await this.#close(inTheWay)
    try {
      for (const endpoint of fresh) await this.#listen(endpoint)
    } catch (error) {
      await this.#close(fresh)
      for (const endpoint of inTheWay) await this.#listen(endpoint)
      throw error
    }
    await this.#close(stale)
  }

  async #listen(endpoint: Endpoint): Promise<void> {
    // Loaded by those who want to be asked.
    const { startAdminServer } = await import('../telemetry/admin-server.ts')
    try {
      const server = await startAdminServer(endpoint.host, endpoint.port, this.#view)
      this.#open.set(addressOf(endpoint), { endpoint, server })
    } catch (error) {
      throw new Error(portProblem(endpoint, error as NodeJS.ErrnoException))
    }
  }

  async #close(endpoints: readonly Endpoint[]): Promise<void> {
    const addresses = endpoints.map(addressOf)
    const servers = addresses.flatMap((address) => this.#open.get(address)?.server ?? [])
    for (const address of addresses) this.#open.delete(address)
    await Promise.all(servers.map((server) => server.close()))
  }
}

function addressOf({ host, port }: Endpoint): string {
  return `${host}:${port}`
}

function portProblem(endpoint: Endpoint, { code, message }: NodeJS.ErrnoException): string {
  const address = addressOf(endpoint)
  const way = 'set service.health.endpoint or service.telemetry.metrics.endpoint to a free one, or to "none"'
  if (code === 'EADDRINUSE') return `${address} is in use by another program; ${way}`
  return `cannot listen on ${address}: ${message}; ${way}`
}

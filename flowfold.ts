#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import type { Catalog } from './src/sdk/index.ts'

/** All components of this build. Each is loaded when a config names it. */
export const catalog: Catalog = {
  receivers: {
    events_log: async () => (await import('./receivers/events_log/index.ts')).eventsLog,
    ebpf: async () => (await import('./receivers/ebpf/index.ts')).ebpf,
  },
  processors: {
    filter: async () => (await import('./processors/filter/index.ts')).filter,
    aggregate: async () => (await import('./processors/aggregate/index.ts')).aggregate,
  },
  exporters: {
    file: async () => (await import('./exporters/file/index.ts')).file,
    debug: async () => (await import('./exporters/debug/index.ts')).debug,
    otlp_http: async () => (await import('./exporters/otlp_http/index.ts')).otlpHttp,
    splunk_hec: async () => (await import('./exporters/splunk_hec/index.ts')).splunkHec,
    azure_log_analytics: async () =>
      (await import('./exporters/azure_log_analytics/index.ts')).azureLogAnalytics,
  },
  tools: {
    'ebpf-agent': {
      summary: 'watch the kernel for a receiver `ebpf` that has no rights of its own',
      options: {
        socket: { doc: 'Unix socket to serve on; the setting `agent` of the receiver names it' },
        buffer: { doc: 'what is kept for a pipeline that is away', default: '32MiB' },
      },
      run: async (...args) => (await import('./receivers/ebpf/agent-tool.ts')).runAgent(...args),
    },
  },
}

/** Runs one command of the command line, and ends the process. */
export async function flowfold(argv: readonly string[]): Promise<never> {
  // Before the first import, or what it brings in is compiled anew at every start.
  enableCompileCache()
  const { main } = await import('./src/main.ts')
  return main(catalog, argv)
}

// Node before 24.2 does not know `import.meta.main`.
const isEntry = import.meta.main ?? realpathSync(process.argv[1] ?? '') === import.meta.filename

if (isEntry) flowfold(process.argv.slice(2))

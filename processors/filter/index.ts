import { z } from 'zod'
import { defineProcessor } from '../../src/sdk/index.ts'
import { columnsOf, FILTER_COLUMNS } from './compile.ts'
import { Filter } from './filter.ts'
import { checkResources, LiveResources, RELOAD_FAILED_DOC, RESOURCES_DOC } from './live-resources.ts'
import { filterSpec } from './spec.ts'

const settings = z.strictObject({
  container_network_logs: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Paths or globs of files with ContainerNetworkLog resources, as kubectl takes them. A changed file is taken over without a restart.',
    ),
  include: z
    .array(filterSpec)
    .default([])
    .describe('Filters written here: a flow passes when one of them, or of the resources, matches it.'),
  exclude: z
    .array(filterSpec)
    .default([])
    .describe('Filters that a flow must not match, whatever the others say.'),
})

export const filter = defineProcessor({
  kind: 'processor',
  type: 'filter',
  summary: 'Keeps the flows that ContainerNetworkLog resources or filters written in the config ask for.',
  settings,
  metrics: [
    { name: 'flowfold_filter_resources', doc: RESOURCES_DOC },
    { name: 'flowfold_filter_reload_failed', doc: RELOAD_FAILED_DOC },
  ],
  // Files may ask for other columns tomorrow, and the decoder is made once.
  reads: ({ container_network_logs, include, exclude }) =>
    container_network_logs.length > 0 ? FILTER_COLUMNS : columnsOf([...include, ...exclude]),
  check: ({ container_network_logs }) => checkResources(container_network_logs),
  create({ settings: { container_network_logs, include, exclude }, host }) {
    if (container_network_logs.length === 0)
      return new Filter(host.dictionary, { include: include.length > 0 ? include : null, exclude })
    const filter = new Filter(host.dictionary, { include, exclude })
    const resources = new LiveResources({
      patterns: container_network_logs,
      host,
      use: (logs) => filter.use({ include: [...include, ...logs.flatMap((log) => log.filters)], exclude }),
    })
    return { process: (batch) => filter.process(batch), close: () => resources.close() }
  },
})

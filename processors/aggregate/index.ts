import { z } from 'zod'
import { defineFold, duration, type FlowColumn } from '../../src/sdk/index.ts'
import { Aggregate } from './aggregate.ts'
import { KEY_PRESETS } from './key.ts'
import { layoutOf } from './layout.ts'
import { METRIC_DOCS } from './metrics.ts'
import { columnsOf } from './reads.ts'

const settings = z.strictObject({
  window: duration({ minMs: 1000, maxMs: 86_400_000 })
    .prefault('30s')
    .describe('Length of a window of event time, in whole seconds; windows begin at multiples of it.'),
  key: z
    .union([z.enum(KEY_PRESETS), z.array(z.string())])
    .default('workload')
    .describe(
      'What flows of a group have in common: a preset (`acns`, `workload`, `pod`, `connection`) or a list of fields.',
    ),
  lateness: duration({ maxMs: 86_400_000 })
    .prefault('5s')
    .describe(
      'How long a window waits for flows that come late. At least 35s once the input is aggregated already.',
    ),
  carry: z
    .union([z.enum(['agreed', 'none']), z.array(z.string())])
    .default('agreed')
    .describe(
      'Fields beside the key that a row keeps while all its flows agree: all but labels (`agreed`), `none`, or a list.',
    ),
  evidence: z
    .int()
    .min(0)
    .max(20)
    .default(5)
    .describe(
      'Examples kept per list of what differs: pods, addresses, DNS names, requests, policies. 0 keeps none.',
    ),
  max_groups: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(50_000)
    .describe(
      'Groups in all open windows; flows beyond them share one `Other` row per verdict and drop reason.',
    ),
  dns_rcode: z
    .enum(['name', 'number'])
    .default('name')
    .describe('How a DNS answer code is written: `NXDOMAIN` or 3.'),
  on_shutdown: z
    .enum(['flush', 'keep'])
    .default('flush')
    .describe(
      'What a shutdown does with open windows: rows at once (`flush`), or keep them for the next start.',
    ),
})

export const aggregate = defineFold({
  kind: 'fold',
  type: 'aggregate',
  summary: 'Folds like flows into one row per window of time, with exact counts by direction.',
  settings,
  metrics: METRIC_DOCS,
  check: (settings) => {
    layoutOf(settings)
  },
  reads: (settings): readonly FlowColumn[] => columnsOf(layoutOf(settings)),
  create({ settings, host, pipeline }) {
    const options = {
      layout: layoutOf(settings),
      latenessMs: settings.lateness,
      maxGroups: settings.max_groups,
      dnsRcode: settings.dns_rcode,
      onShutdown: settings.on_shutdown,
    }
    return new Aggregate(options, host, pipeline)
  },
})

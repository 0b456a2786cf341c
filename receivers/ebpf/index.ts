import { defineReceiver, SettingError } from '../../src/sdk/index.ts'
import { METRICS } from './metrics.ts'
import { EbpfReceiver } from './receiver.ts'
import { settings } from './settings.ts'

/** Flows from programs in the kernel, on any CNI or none. */
export const ebpf = defineReceiver({
  kind: 'receiver',
  type: 'ebpf',
  summary:
    'Watches the kernel of any Linux host: exact flows, drops with their reason, DNS, HTTP and TCP health.',
  settings,
  check({ mode, drops, tcp }) {
    if (mode === 'hubble' && !drops && !tcp)
      throw new SettingError(['mode'], 'with "hubble" nothing is left to watch once drops and tcp are off')
  },
  metrics: Object.entries(METRICS).map(([name, doc]) => ({ name: `flowfold_${name}`, doc })),
  create: ({ settings, host, position }) => new EbpfReceiver({ settings, host, position }),
})

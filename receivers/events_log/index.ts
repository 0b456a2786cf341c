import { defineReceiver } from '../../src/sdk/index.ts'
import { METRICS } from './metrics.ts'
import { settings } from './settings.ts'
import { Survey } from './survey.ts'
import { Tail } from './tail.ts'
import { pauseUntilEvent } from './wake.ts'

/** Follows Hubble's `events.log` through every rotation. */
export const eventsLog = defineReceiver({
  kind: 'receiver',
  type: 'events_log',
  summary: "Follows the files that Hubble's exporter writes, through rotation, compression and restarts.",
  settings,
  metrics: Object.entries(METRICS).map(([name, doc]) => ({ name: `flowfold_${name}`, doc })),
  readsFile: (settings, path) => new Survey(settings).follows({ log: path, path }),
  create: ({ settings, host, position, reads }) =>
    new Tail({ settings, host, position, reads, pause: pauseUntilEvent(host) }),
})

import type { Clock, Logger } from '../../src/sdk/index.ts'
import type { Attacher } from './attach.ts'
import { type Complain, Followed, type Interfaces, selection } from './followed.ts'
import { Netlink } from './netlink.ts'
import { Pods } from './pods.ts'
import type { WatchSettings } from './watch-settings.ts'

/** The interfaces that the settings mean, with our programs on them. */
export function followInterfaces(
  { mode, interfaces }: Pick<WatchSettings, 'mode' | 'interfaces'>,
  { attacher, clock, log }: { readonly attacher: Attacher; readonly clock: Clock; readonly log: Logger },
): Interfaces {
  const complain: Complain = (message, fields) => log.error(message, fields)
  if (mode === 'pod-side') return new Pods({ attacher, complain, clock })
  const meetCilium = (name: string) =>
    log.warn(
      'Cilium runs here: its datapath may hand packets past the interfaces that are followed; use mode "hubble", or "pod-side"',
      { interface: name },
    )
  return new Followed({
    netlink: new Netlink(),
    complain,
    matches: selection(interfaces, meetCilium),
    attach: (link) => attacher.attach(link, 'host'),
    place: 'host',
    netns: 0,
  })
}

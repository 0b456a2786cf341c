import type { Attachment, Place } from './attach.ts'
import { BpfError } from './libbpf.ts'
import type { Link, Netlink } from './netlink.ts'
import { whyNot } from './probe.ts'
import type { WatchSettings } from './watch-settings.ts'
import type { FollowedInterface } from './world.ts'

/** Two file descriptors each: more than any node has pods. */
const MOST_INTERFACES = 2048
/** Interfaces that cannot be attached to, remembered so that each is complained of once. */
const MOST_COMPLAINTS = 256

/** Interfaces that carry our programs, kept up to date by the kernel's news. */
export interface Interfaces {
  /** How the programs sit on them; null when they sit on none. */
  readonly hook: Attachment['hook'] | null
  /** Bytes that passed each since it was made. */
  readonly passed: { readonly [link: string]: number }
  /** Takes the kernel's news in; returns the interfaces that are followed since the last call. */
  update(): readonly FollowedInterface[]
  /** The same, with fresh counters of all interfaces. */
  refresh(): readonly FollowedInterface[]
  close(): void
}

/** Says that an interface is not followed, and why. */
export type Complain = (
  message: string,
  fields: { readonly interface: string; readonly reason: string },
) => void

export interface FollowedParts {
  /** Made inside the namespace. */
  readonly netlink: Netlink
  /** Which of the interfaces are meant. */
  matches(link: Link): boolean
  /** Throws `BpfError`; null when the namespace is gone. */
  attach(link: Link): Attachment | null
  readonly place: Place
  /** Inode of the namespace; 0 is our own. */
  readonly netns: number
  readonly complain: Complain
}

/** The interfaces of one namespace. */
export class Followed implements Interfaces {
  readonly #parts: FollowedParts
  readonly #attachments = new Map<number, { attachment: Attachment; link: Link }>()
  readonly #refused = new Set<string>()
  #fresh: FollowedInterface[] = []
  /** Interfaces in the list that is coming in; null while none is. */
  #listed: Set<number> | null = null

  constructor(parts: FollowedParts) {
    this.#parts = parts
  }

  get hook(): Attachment['hook'] | null {
    for (const { attachment } of this.#attachments.values()) return attachment.hook
    return null
  }

  get passed(): { [link: string]: number } {
    const links = [...this.#attachments.values()].map(({ link }) => link)
    return Object.fromEntries(
      links.map(({ index, name, receivedBytes, sentBytes }) => [
        this.#parts.netns === 0 ? `${index} ${name}` : `${this.#parts.netns} ${index} ${name}`,
        receivedBytes + sentBytes,
      ]),
    )
  }

  update(): readonly FollowedInterface[] {
    for (const event of this.#parts.netlink.read()) {
      if (event.kind === 'present') this.#meet(event.link)
      else if (event.kind === 'gone') this.#drop(event.index)
      else if (event.kind === 'asked') this.#listed = new Set()
      else this.#sweep()
    }
    return this.#fresh.splice(0)
  }

  refresh(): readonly FollowedInterface[] {
    this.#parts.netlink.ask()
    return this.update()
  }

  close(): void {
    for (const index of [...this.#attachments.keys()]) this.#drop(index)
    this.#parts.netlink.close()
  }

  /** News may have been lost: what a whole list does not have is gone. */
  #sweep(): void {
    const listed = this.#listed
    if (listed === null) return
    for (const index of [...this.#attachments.keys()]) if (!listed.has(index)) this.#drop(index)
    this.#listed = null
  }

  #meet(link: Link): void {
    this.#listed?.add(link.index)
    const known = this.#attachments.get(link.index)
    if (known !== undefined) {
      if (known.link.name !== link.name) this.#fresh.push(this.#describe(link))
      known.link = link
      return
    }
    const { matches, attach } = this.#parts
    if (!matches(link)) return
    if (this.#attachments.size >= MOST_INTERFACES)
      return this.#refuse(link, `${MOST_INTERFACES} interfaces are followed already`)
    try {
      const attachment = attach(link)
      if (attachment === null) return
      this.#attachments.set(link.index, { attachment, link })
      this.#fresh.push(this.#describe(link))
    } catch (error) {
      if (!(error instanceof BpfError)) throw error
      // It may be gone again by now.
      const ENODEV = 19
      if (Math.abs(error.errno) !== ENODEV) this.#refuse(link, whyNot('flows', error))
    }
  }

  #refuse({ name }: Link, reason: string): void {
    if (this.#refused.has(name) || this.#refused.size >= MOST_COMPLAINTS) return
    this.#refused.add(name)
    this.#parts.complain('an interface cannot be followed; its packets are not seen', {
      interface: name,
      reason,
    })
  }

  #describe({ index, name, hasForeignPeer }: Link): FollowedInterface {
    const { netns, place } = this.#parts
    return { index, name, netns, end: place === 'host' && hasForeignPeer ? 'host_end' : 'own_end' }
  }

  #drop(index: number): void {
    this.#attachments.get(index)?.attachment.detach()
    this.#attachments.delete(index)
  }
}

/** The interface that every node with Cilium has. */
const CILIUM = 'cilium_host'

/** Which interfaces the settings mean. `meetCilium` is called when there are signs of it. */
export function selection(
  { include, exclude }: WatchSettings['interfaces'],
  meetCilium: (name: string) => void = () => {},
): (link: Link) => boolean {
  const included = include.map(pattern)
  const excluded = exclude.map(pattern)
  let isWarned = false
  return (link) => {
    if (link.name === CILIUM && !isWarned) {
      isWarned = true
      meetCilium(link.name)
    }
    if (excluded.some((wanted) => wanted.test(link.name))) return false
    if (included.length > 0) return included.some((wanted) => wanted.test(link.name))
    return link.hasForeignPeer && (link.kind === 'veth' || link.kind === 'netkit')
  }
}

/** `*` is any text, `?` any one character. */
function pattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`)
}

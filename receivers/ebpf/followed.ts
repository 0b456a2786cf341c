import type { Attacher, Attachment } from './attach.ts'
import { BpfError } from './libbpf.ts'
import { type Link, Netlink } from './netlink.ts'
import { whyNot } from './probe.ts'
import type { WatchSettings } from './watch-settings.ts'
import type { FollowedInterface } from './world.ts'

/** Two file descriptors each: more than any node has pods. */
const MOST_INTERFACES = 2048
/** Interfaces that cannot be attached to, remembered so that each is complained of once. */
const MOST_COMPLAINTS = 256

export interface FollowedParts {
  readonly settings: Pick<WatchSettings, 'interfaces'>
  readonly attacher: Attacher
  /** Says that an interface is not followed, and why. */
  complain(message: string, fields: { readonly interface: string; readonly reason: string }): void
}

/** The interfaces of this host that carry our programs, kept up to date by the kernel's news. */
export class Followed {
  readonly #parts: FollowedParts
  readonly #netlink = new Netlink()
  readonly #attachments = new Map<number, { attachment: Attachment; link: Link }>()
  readonly #refused = new Set<string>()
  readonly #matches: (link: Link) => boolean
  #fresh: FollowedInterface[] = []

  constructor(parts: FollowedParts) {
    this.#parts = parts
    this.#matches = selection(parts.settings.interfaces)
  }

  /** How the programs sit on the interfaces; null when they sit on none. */
  get hook(): Attachment['hook'] | null {
    for (const { attachment } of this.#attachments.values()) return attachment.hook
    return null
  }

  get size(): number {
    return this.#attachments.size
  }

  /** Bytes that passed each since it was made. */
  get passed(): { [link: string]: number } {
    const links = [...this.#attachments.values()].map(({ link }) => link)
    return Object.fromEntries(
      links.map(({ index, name, receivedBytes, sentBytes }) => [
        `${index} ${name}`,
        receivedBytes + sentBytes,
      ]),
    )
  }

  /** Takes the kernel's news in; returns the interfaces that are followed since the last call. */
  update(): readonly FollowedInterface[] {
    for (const event of this.#netlink.read()) {
      if (event.kind === 'gone') this.#drop(event.index)
      else this.#meet(event.link)
    }
    return this.#fresh.splice(0)
  }

  /** Asks for the counters of all interfaces, and takes in what the kernel says. */
  refresh(): readonly FollowedInterface[] {
    this.#netlink.ask()
    return this.update()
  }

  close(): void {
    for (const index of [...this.#attachments.keys()]) this.#drop(index)
    this.#netlink.close()
  }

  #meet(link: Link): void {
    const known = this.#attachments.get(link.index)
    if (known !== undefined) {
      if (known.link.name !== link.name) this.#fresh.push(describe(link))
      known.link = link
      return
    }
    if (!this.#matches(link)) return
    if (this.#attachments.size >= MOST_INTERFACES)
      return this.#refuse(link, `${MOST_INTERFACES} interfaces are followed already`)
    try {
      this.#attachments.set(link.index, { attachment: this.#parts.attacher.attach(link, 'host'), link })
      this.#fresh.push(describe(link))
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

  #drop(index: number): void {
    this.#attachments.get(index)?.attachment.detach()
    this.#attachments.delete(index)
  }
}

function describe({ index, name, hasForeignPeer }: Link): FollowedInterface {
  return { index, name, netns: 0, end: hasForeignPeer ? 'host_end' : 'own_end' }
}

/** Which interfaces the settings mean. */
export function selection({ include, exclude }: WatchSettings['interfaces']): (link: Link) => boolean {
  const included = include.map(pattern)
  const excluded = exclude.map(pattern)
  return (link) => {
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

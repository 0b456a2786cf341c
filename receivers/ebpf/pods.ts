import type { Clock } from '../../src/sdk/index.ts'
import type { Attacher } from './attach.ts'
import { type Complain, Followed, type Interfaces } from './followed.ts'
import { insideNamespace, type Namespace, otherNamespaces } from './namespaces.ts'
import { Netlink } from './netlink.ts'
import type { FollowedInterface } from './world.ts'

/** How soon a new pod is found. */
const LOOK_INTERVAL_MS = 1000
const MOST_PODS = 1024

/** The interfaces inside the namespaces of pods, for datapaths that go around the host's. */
export class Pods implements Interfaces {
  readonly #parts
  readonly #pods = new Map<number, Followed>()
  #lastLookMs = Number.NEGATIVE_INFINITY

  constructor(parts: { readonly attacher: Attacher; readonly complain: Complain; readonly clock: Clock }) {
    this.#parts = parts
  }

  get hook(): Followed['hook'] {
    for (const { hook } of this.#pods.values()) if (hook !== null) return hook
    return null
  }

  get passed(): { [link: string]: number } {
    return Object.assign({}, ...[...this.#pods.values()].map(({ passed }) => passed))
  }

  update(): readonly FollowedInterface[] {
    this.#look()
    return [...this.#pods.values()].flatMap((pod) => pod.update())
  }

  refresh(): readonly FollowedInterface[] {
    this.#look()
    return [...this.#pods.values()].flatMap((pod) => pod.refresh())
  }

  close(): void {
    for (const pod of this.#pods.values()) pod.close()
    this.#pods.clear()
  }

  #look(): void {
    const nowMs = this.#parts.clock.now()
    if (nowMs - this.#lastLookMs < LOOK_INTERVAL_MS) return
    this.#lastLookMs = nowMs
    const there = new Map(otherNamespaces().map((namespace) => [namespace.inode, namespace]))
    // A socket of ours would keep a namespace alive that nobody else has.
    for (const [inode, pod] of this.#pods)
      if (!there.has(inode)) {
        pod.close()
        this.#pods.delete(inode)
      }
    for (const [inode, namespace] of there)
      if (!this.#pods.has(inode) && this.#pods.size < MOST_PODS) this.#meet(namespace)
  }

  #meet(namespace: Namespace): void {
    const { attacher, complain } = this.#parts
    const netlink = insideNamespace(namespace, () => new Netlink())
    if (netlink === null) return
    const pod = new Followed({
      netlink,
      complain,
      // The end that the pod has: its other end is on the host.
      matches: (link) => link.hasForeignPeer,
      attach: (link) => insideNamespace(namespace, () => attacher.attach(link, 'pod')),
      place: 'pod',
      netns: namespace.inode,
    })
    this.#pods.set(namespace.inode, pod)
  }
}

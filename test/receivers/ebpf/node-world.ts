import { execFileSync, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

/** What an interface itself says of the packets that passed it. */
export interface LinkCounters {
  readonly in: { readonly packets: number; readonly bytes: number }
  readonly out: { readonly packets: number; readonly bytes: number }
}

/**
 * A node with two pods, made of network namespaces: `lxc1` and `lxc2` are the host ends of the pods' interfaces, and the
 * node routes between them.
 */
export class NodeWorld {
  readonly #names: readonly [string, string, string]

  private constructor(names: readonly [string, string, string]) {
    this.#names = names
  }

  static async make(context: TestContext | { after(work: () => void): void }): Promise<NodeWorld> {
    made++
    const name = `ff${process.pid}x${made}`
    const world = new NodeWorld([name, `${name}a`, `${name}b`])
    context.after(() => world.#remove())
    world.#build()
    await world.#quiet()
    return world
  }

  /** Names of the namespaces: the node, and its pods. */
  get node(): string {
    return this.#names[0]
  }

  pod(number: 1 | 2): string {
    return this.#names[number]
  }

  /** Inodes of the namespaces. */
  get netns(): number[] {
    return this.#names.map((name) => statSync(`/run/netns/${name}`).ino)
  }

  ip4(number: 1 | 2): string {
    return `10.99.${number}.2`
  }

  ip6(number: 1 | 2): string {
    return `fd99:${number}::2`
  }

  /** Runs a command to its end in a namespace; returns what it printed. */
  run(namespace: string, command: string, ...args: string[]): string {
    return execFileSync('nsenter', [`--net=/run/netns/${namespace}`, command, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    })
  }

  /** Starts a program that goes on; it ends with the test at the latest. */
  start(context: { after(work: () => void): void }, namespace: string, command: string, ...args: string[]) {
    const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, command, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    context.after(() => void child.kill('SIGKILL'))
    return child
  }

  counters(link: 'lxc1' | 'lxc2'): LinkCounters {
    const [{ stats64 }] = JSON.parse(this.run(this.node, 'ip', '-j', '-s', 'link', 'show', link))
    const { rx, tx } = stats64
    return { in: { packets: rx.packets, bytes: rx.bytes }, out: { packets: tx.packets, bytes: tx.bytes } }
  }

  #build(): void {
    for (const name of this.#names) ip('netns', 'add', name)
    for (const number of [1, 2] as const) {
      const [node, pod] = [this.node, this.pod(number)]
      ip('link', 'add', `lxc${number}`, 'netns', node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pod)
      ip('-n', node, 'addr', 'add', `10.99.${number}.1/24`, 'dev', `lxc${number}`)
      ip('-n', node, 'addr', 'add', `fd99:${number}::1/64`, 'dev', `lxc${number}`, 'nodad')
      ip('-n', pod, 'addr', 'add', `${this.ip4(number)}/24`, 'dev', 'eth0')
      ip('-n', pod, 'addr', 'add', `${this.ip6(number)}/64`, 'dev', 'eth0', 'nodad')
      this.run(node, 'sysctl', '-qw', ...silent(`lxc${number}`))
      this.run(pod, 'sysctl', '-qw', ...silent('eth0'))
      for (const [namespace, link] of [
        [node, `lxc${number}`],
        [pod, 'eth0'],
        [pod, 'lo'],
      ] as const)
        ip('-n', namespace, 'link', 'set', link, 'up')
      ip('-n', pod, 'route', 'add', 'default', 'via', `10.99.${number}.1`)
      ip('-n', pod, '-6', 'route', 'add', 'default', 'via', `fd99:${number}::1`)
    }
    for (const number of [1, 2] as const) this.#introduce(number)
    this.run(this.node, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
  }

  /** Interfaces that come up say so to their neighbours; from here on only the test speaks. */
  async #quiet(): Promise<void> {
    const counters = () => JSON.stringify([this.counters('lxc1'), this.counters('lxc2')])
    for (let before = '', tries = 0; before !== counters() && tries < 20; tries++) {
      before = counters()
      await sleep(400)
    }
  }

  /** Neighbours that know each other do not ask: every packet is one that the test sends. */
  #introduce(number: 1 | 2): void {
    const address = (namespace: string, link: string) =>
      JSON.parse(ip('-n', namespace, '-j', 'link', 'show', link))[0].address
    const [node, pod, link] = [this.node, this.pod(number), `lxc${number}`]
    const neighbour = (namespace: string, ip4: string, dev: string, mac: string) =>
      ip('-n', namespace, 'neigh', 'replace', ip4, 'lladdr', mac, 'dev', dev, 'nud', 'permanent')
    for (const own of [`10.99.${number}.1`, `fd99:${number}::1`])
      neighbour(pod, own, 'eth0', address(node, link))
    for (const theirs of [this.ip4(number), this.ip6(number)])
      neighbour(node, theirs, link, address(pod, 'eth0'))
  }

  #remove(): void {
    for (const name of this.#names)
      try {
        ip('netns', 'del', name)
      } catch {
        // It was never made.
      }
  }
}

/** Nobody asks for routers, or whether an address is taken; groups are joined at once. */
function silent(link: string): string[] {
  const settings = [
    'accept_dad=0',
    'accept_ra=0',
    'router_solicitations=0',
    'mldv2_unsolicited_report_interval=10',
  ]
  return settings.map((setting) => `net.ipv6.conf.${link}.${setting}`)
}

let made = 0

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

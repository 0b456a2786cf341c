import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { ipv6Text } from './bytes.ts'

/** What a look around this machine finds out: plain JSON, because the agent may be the one who looks. */
export interface Survey {
  /** Addresses of this host's own namespace. */
  readonly hostAddresses: readonly string[]
  /** Programs that wait for connections or datagrams in it. */
  readonly listeners: readonly Listener[]
  /** Who lives in the other namespaces. */
  readonly tenants: readonly Tenant[]
  /** Names of other machines, from the hosts file. */
  readonly hosts: readonly { readonly address: string; readonly name: string }[]
  /** Processes that may not be looked into, so that some names are missing. */
  readonly hiddenProcesses: number
}

export interface Listener {
  /** IANA number. */
  readonly protocol: number
  readonly port: number
  readonly workload: Workload
}

export interface Tenant {
  readonly netnsInode: number
  readonly addresses: readonly string[]
  readonly workload: Workload
  /** Of pods, whose host name it is. */
  readonly podName?: string
  readonly labels: readonly string[]
}

export interface Workload {
  readonly name: string
  readonly kind: 'Container' | 'NetworkNamespace' | 'Process' | 'Service'
}

const TCP = 6
const UDP = 17
const MOST_PROCESSES = 32_768
const MOST_OPEN_FILES = 65_536
/** Of a file of the kernel's: sockets that wait come first, and a router's table of routes has no end. */
const MOST_BYTES = 1 << 20
/** The lowest port that Linux gives to clients: a datagram socket above it mostly waits for one answer. */
const FIRST_EPHEMERAL_PORT = 32_768
/** After so many processes others have their turn. */
const PROCESSES_AT_ONCE = 64

interface Process {
  readonly pid: number
  readonly netnsInode: number
}

/** Looks at `/proc` and `/run/netns`. What is gone or may not be read is left out. Bounded, whatever runs there. */
export async function surveyHost(breathe: () => Promise<void>): Promise<Survey> {
  const { processes, hidden } = await listProcesses(breathe)
  const own = netnsOf('self')
  const byNetns = Map.groupBy(processes, ({ netnsInode }) => netnsInode)
  const names = namedNamespaces()
  const foreign = [...byNetns].filter(([inode]) => inode !== own)
  return {
    hostAddresses: ownAddresses(),
    listeners: await listenersOf(byNetns.get(own ?? 0) ?? [], breathe),
    tenants: foreign.flatMap(([inode, [first]]) => tenantOf(inode, first.pid, names.get(inode))),
    hosts: hostsIn(read('/etc/hosts')),
    hiddenProcesses: hidden,
  }
}

async function listProcesses(breathe: () => Promise<void>) {
  const pids = list('/proc').filter((name) => /^\d+$/.test(name))
  const processes: Process[] = []
  let hidden = 0
  for (const [index, pid] of pids.slice(0, MOST_PROCESSES).entries()) {
    if (index % PROCESSES_AT_ONCE === PROCESSES_AT_ONCE - 1) await breathe()
    const netnsInode = netnsOf(pid)
    if (netnsInode === null) hidden++
    else processes.push({ pid: Number(pid), netnsInode })
  }
  return { processes: processes.sort((a, b) => a.pid - b.pid), hidden }
}

function tenantOf(netnsInode: number, pid: number, name: string | undefined): Tenant[] {
  const addresses = addressesOf(pid)
  if (addresses.length === 0) return []
  const cgroup = cgroupOf(pid)
  const labels = [
    ...(cgroup.container === undefined ? [] : [`container:${cgroup.container.slice(0, 12)}`]),
    ...(cgroup.podUid === undefined ? [] : [`pod-uid:${cgroup.podUid}`]),
  ]
  const podName = cgroup.podUid === undefined ? '' : read(`/proc/${pid}/root/etc/hostname`).trim()
  const workload: Workload = name === undefined ? workloadOf(pid, cgroup) : { name, kind: 'NetworkNamespace' }
  return [{ netnsInode, addresses, workload, ...(podName !== '' && { podName }), labels }]
}

interface Cgroup {
  readonly container?: string
  readonly podUid?: string
  readonly unit?: string
}

/** A service's unit, or a container's id: which runtime gave it does not matter, all put it into the cgroup's path. */
export function readCgroup(text: string): Cgroup {
  const container = /\b([0-9a-f]{64})\b/.exec(text)?.[1]
  const podUid = /pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})/.exec(text)?.[1].replaceAll('_', '-')
  const unit = /\/([^/\n]+)\.service(?=[/\n]|$)/.exec(text)?.[1]
  return {
    ...(container !== undefined && { container }),
    ...(podUid !== undefined && { podUid }),
    ...(unit !== undefined && { unit }),
  }
}

function cgroupOf(pid: number): Cgroup {
  return readCgroup(read(`/proc/${pid}/cgroup`))
}

function workloadOf(pid: number, { container, unit } = cgroupOf(pid)): Workload {
  const command = read(`/proc/${pid}/comm`).trim() || `pid ${pid}`
  if (container !== undefined) return { name: command, kind: 'Container' }
  return unit === undefined ? { name: command, kind: 'Process' } : { name: unit, kind: 'Service' }
}

async function listenersOf(processes: readonly Process[], breathe: () => Promise<void>): Promise<Listener[]> {
  const sockets = new Map([
    ...readSockets(read('/proc/self/net/tcp'), TCP),
    ...readSockets(read('/proc/self/net/tcp6'), TCP),
    ...readSockets(read('/proc/self/net/udp'), UDP),
    ...readSockets(read('/proc/self/net/udp6'), UDP),
  ])
  const listeners = new Map<string, Listener>()
  let files = 0
  for (const [index, { pid }] of processes.entries()) {
    if (index % PROCESSES_AT_ONCE === PROCESSES_AT_ONCE - 1) await breathe()
    if (files > MOST_OPEN_FILES) break
    for (const file of list(`/proc/${pid}/fd`)) {
      files++
      const socket = sockets.get(inodeIn(link(`/proc/${pid}/fd/${file}`), 'socket') ?? 0)
      if (socket === undefined) continue
      const key = `${socket.protocol} ${socket.port}`
      // The first process that has it: its children inherit it.
      if (!listeners.has(key)) listeners.set(key, { ...socket, workload: workloadOf(pid) })
    }
  }
  return [...listeners.values()]
}

/** Sockets that wait for whoever comes, by inode, out of `/proc/net/tcp` and its like. Source: Linux `proc_net_tcp.rst`. */
export function readSockets(text: string, protocol: number) {
  const waits = protocol === TCP ? '0A' : '07'
  const sockets = new Map<number, { readonly protocol: number; readonly port: number }>()
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    if (fields.length < 10 || fields[3] !== waits) continue
    const port = Number.parseInt(fields[1].slice(fields[1].lastIndexOf(':') + 1), 16)
    if (protocol === UDP && port >= FIRST_EPHEMERAL_PORT) continue
    sockets.set(Number(fields[9]), { protocol, port })
  }
  return sockets
}

function ownAddresses(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list)
  return [...new Set(addresses.filter(({ internal }) => !internal).map(({ address }) => address))].filter(
    (address) => !isLinkLocal(address),
  )
}

function addressesOf(pid: number): string[] {
  const addresses = [
    ...readFibTrie(read(`/proc/${pid}/net/fib_trie`)),
    ...readInet6(read(`/proc/${pid}/net/if_inet6`)),
  ]
  return [...new Set(addresses)]
}

/** Local IPv4 addresses out of `/proc/net/fib_trie`, where each stands above a line that says so. */
export function readFibTrie(text: string): string[] {
  const found = text.matchAll(/\|-- ([\d.]+)\n\s*\/32 host LOCAL/g)
  return [...new Set([...found].map(([, address]) => address))].filter(
    (address) => !address.startsWith('127.'),
  )
}

/** IPv6 addresses that mean something beyond one link, out of `/proc/net/if_inet6`. */
export function readInet6(text: string): string[] {
  return [...text.matchAll(/^([0-9a-f]{32}) /gm)]
    .map(([, hex]) => ipv6Text(Buffer.from(hex, 'hex'), 0))
    .filter((address) => address !== '::1' && !isLinkLocal(address))
}

/** Every link has the same such addresses. */
function isLinkLocal(address: string): boolean {
  return /^(fe[89ab]|169\.254\.)/.test(address)
}

/** Other machines in `/etc/hosts`. */
export function hostsIn(text: string): { address: string; name: string }[] {
  return text.split('\n').flatMap((line) => {
    const [address, name] = line.replace(/#.*/, '').trim().split(/\s+/)
    return name === undefined || /^(127\.|::1$|f[ef]|0\.)/.test(address) ? [] : [{ address, name }]
  })
}

/** Names that `ip netns` gave to namespaces, by inode. */
function namedNamespaces(): Map<number, string> {
  return new Map(
    list('/run/netns').flatMap((name) => {
      try {
        return [[statSync(`/run/netns/${name}`).ino, name] as const]
      } catch {
        return []
      }
    }),
  )
}

function netnsOf(pid: string): number | null {
  return inodeIn(link(`/proc/${pid}/ns/net`), 'net')
}

/** The number in `net:[4026531840]`. */
function inodeIn(text: string, kind: string): number | null {
  return text.startsWith(`${kind}:[`) ? Number(text.slice(kind.length + 2, -1)) : null
}

/** The file as text, or its beginning; empty when it cannot be read. */
function read(path: string): string {
  let file: number | null = null
  try {
    file = openSync(path, 'r')
    let end = 0
    for (let bytes = 1; bytes > 0 && end < scratch.length; end += bytes)
      bytes = readSync(file, scratch, end, scratch.length - end, null)
    return scratch.toString('utf8', 0, end)
  } catch {
    return ''
  } finally {
    if (file !== null) closeSync(file)
  }
}

const scratch = Buffer.alloc(MOST_BYTES)

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

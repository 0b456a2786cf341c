import { closeFd, errno, socketCalls } from './libc.ts'

/** A network interface of this namespace, as rtnetlink tells of it. */
export interface Link {
  readonly index: number
  readonly name: string
  /** `veth`, `bridge`, `tun` ...; empty for hardware. */
  readonly kind: string
  /** ARPHRD number: 1 is Ethernet. */
  readonly type: number
  /** Its other end is in another namespace. */
  readonly hasForeignPeer: boolean
  /** What passed since it was made. */
  readonly receivedBytes: number
  readonly sentBytes: number
}

export type LinkEvent =
  | { readonly kind: 'present'; readonly link: Link }
  | { readonly kind: 'gone'; readonly index: number }
  /** From here on all that are there are told, until `complete`. */
  | { readonly kind: 'asked' }
  | { readonly kind: 'complete' }

const NETLINK_ROUTE = 0
const RTMGRP_LINK = 1
const NLMSG_DONE = 3
const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const NLM_F_REQUEST_DUMP = 0x301
const ENOBUFS = 105
const HEADER_BYTES = 16
const RECEIVE_BUFFER_BYTES = 4 << 20
const MSG_DONTWAIT = 0x40

/** Follows the interfaces of the namespace it was made in. Needs no capability. */
export class Netlink {
  readonly #fd: number
  readonly #buffer = Buffer.alloc(1 << 16)
  #isAsked = false

  constructor() {
    const AF_NETLINK = 16
    const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000
    this.#fd = socketCalls.open(AF_NETLINK, SOCK_RAW_NONBLOCK_CLOEXEC, NETLINK_ROUTE)
    const size = Buffer.alloc(4)
    size.writeInt32LE(RECEIVE_BUFFER_BYTES)
    const [SOL_SOCKET, SO_RCVBUF] = [1, 8]
    socketCalls.setOption(this.#fd, SOL_SOCKET, SO_RCVBUF, size, size.length)
    const address = Buffer.alloc(12)
    address.writeUInt16LE(AF_NETLINK, 0)
    address.writeUInt32LE(RTMGRP_LINK, 8)
    if (this.#fd < 0 || socketCalls.bind(this.#fd, address, address.length) !== 0)
      throw new Error(`no netlink socket: errno ${errno()}`)
    this.ask()
  }

  /** Asks for all interfaces; `read` brings them. */
  ask(): void {
    this.#isAsked = true
    const request = Buffer.alloc(32)
    request.writeUInt32LE(request.length, 0)
    request.writeUInt16LE(RTM_GETLINK, 4)
    request.writeUInt16LE(NLM_F_REQUEST_DUMP, 6)
    socketCalls.send(this.#fd, request, request.length, 0)
  }

  /** Everything that has come in. When the kernel had to drop news it asks for all anew. */
  *read(): Generator<LinkEvent> {
    for (;;) {
      if (this.#isAsked) yield { kind: 'asked' }
      this.#isAsked = false
      const length = Number(socketCalls.receive(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT))
      if (length < 0) {
        if (errno() !== ENOBUFS) return
        this.ask()
        continue
      }
      yield* parseMessages(this.#buffer.subarray(0, length))
    }
  }

  close(): void {
    closeFd(this.#fd)
  }
}

/** Messages of one datagram; stops at what cannot be a message. */
export function* parseMessages(bytes: Buffer): Generator<LinkEvent> {
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    const type = bytes.readUInt16LE(at + 4)
    if (length < HEADER_BYTES || at + length > bytes.length) return
    const body = bytes.subarray(at + HEADER_BYTES, at + length)
    if (type === NLMSG_DONE) yield { kind: 'complete' }
    if (body.length >= INFO_BYTES) {
      if (type === RTM_NEWLINK) yield { kind: 'present', link: parseLink(body) }
      if (type === RTM_DELLINK) yield { kind: 'gone', index: body.readInt32LE(4) }
    }
    at += align(length)
  }
}

/** `struct ifinfomsg`. */
const INFO_BYTES = 16
const IFLA_IFNAME = 3
const IFLA_LINKINFO = 18
const IFLA_STATS64 = 23
const IFLA_LINK_NETNSID = 37
const IFLA_INFO_KIND = 1

function parseLink(body: Buffer): Link {
  const attributes = new Map(parseAttributes(body.subarray(INFO_BYTES)))
  const info = new Map(parseAttributes(attributes.get(IFLA_LINKINFO) ?? Buffer.alloc(0)))
  const stats = attributes.get(IFLA_STATS64)
  const counter = (index: number) =>
    stats && stats.length >= index * 8 + 8 ? Number(stats.readBigUInt64LE(index * 8)) : 0
  return {
    index: body.readInt32LE(4),
    name: text(attributes.get(IFLA_IFNAME)),
    kind: text(info.get(IFLA_INFO_KIND)),
    type: body.readUInt16LE(2),
    hasForeignPeer: attributes.has(IFLA_LINK_NETNSID),
    receivedBytes: counter(2),
    sentBytes: counter(3),
  }
}

function* parseAttributes(bytes: Buffer): Generator<[number, Buffer]> {
  const NESTED_BITS = 0xc000
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) return
    yield [bytes.readUInt16LE(at + 2) & ~NESTED_BITS, bytes.subarray(at + 4, at + length)]
    at += align(length)
  }
}

function text(bytes: Buffer | undefined): string {
  if (bytes === undefined) return ''
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

function align(length: number): number {
  return (length + 3) & ~3
}

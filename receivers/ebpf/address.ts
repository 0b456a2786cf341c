import { isIP } from 'node:net'

/** An address as a number, and in how many bits it counts. */
export interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** A range of addresses; a single address is a range of one. */
export interface AddressRange extends Address {
  readonly prefix: number
}

/** `10.0.0.1`, `fd99::2`; null when it is none, or has a zone. IPv4 in the clothes of IPv6 is IPv4. */
export function parseAddress(text: string): Address | null {
  const version = text.includes('%') ? 0 : isIP(text)
  if (version === 0) return null
  if (version === 4) return { bits: 32, value: join(text.split('.').map(Number), 8n) }
  const value = join(groupsOf(text), 16n)
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffffffffn } : { bits: 128, value }
}

/** `10.0.0.0/8`, `fd99::/64`, `10.1.2.3`; null when it is none. Bits behind the prefix mean nothing. */
export function parseRange(text: string): AddressRange | null {
  const [address, length, ...more] = text.split('/')
  const parsed = parseAddress(address)
  if (parsed === null || more.length > 0) return null
  const { bits } = parsed
  if (length !== undefined && (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)) return null
  const prefix = length === undefined ? bits : Number(length)
  return { bits, prefix, value: network(parsed, prefix) }
}

/** The address with the bits behind the prefix set to zero. */
export function network({ bits, value }: Address, prefix: number): bigint {
  const behind = BigInt(bits - prefix)
  return (value >> behind) << behind
}

/** Not to be reached from elsewhere, so whoever has it is near: RFC 1918, 6598, 3927, 4193, 4291. */
const NEAR = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.168.0.0/16', '224.0.0.0/3', '::/127', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
].map((text) => parseRange(text)!)

/** Whether it is an address of the internet. */
export function isGlobal(address: Address): boolean {
  return !NEAR.some(({ bits, prefix, value }) => bits === address.bits && network(address, prefix) === value)
}

function groupsOf(ipv6: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(ipv6)
  if (dotted) {
    const [a, b, c, d] = dotted.slice(2).map(Number)
    return groupsOf(`${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`)
  }
  const [head, tail] = ipv6.split('::')
  const groups = (text: string | undefined) =>
    text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []
  const [first, last] = [groups(head), groups(tail)]
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last]
}

function join(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n)
}

import { BlockList, isIP } from 'node:net'

/** A range of addresses; a single address is a range of one. */
export interface Cidr {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly prefix: number
}

/** `10.0.0.0/8`, `10.1.2.3`, `2001:db8::/32`; null when it is none. Bits behind the prefix are allowed and mean nothing. */
export function parseCidr(text: string): Cidr | null {
  const [address, length, ...more] = text.split('/')
  const family = familyOf(address)
  if (family === null || more.length > 0) return null
  const longest = family === 'ipv4' ? 32 : 128
  if (length === undefined) return { address, family, prefix: longest }
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > longest) return null
  return { address, family, prefix: Number(length) }
}

/** Whether an address, however it is spelled, lies in one of the ranges. */
export function addressTest(cidrs: readonly Cidr[]): (address: string) => boolean {
  // A list for each family: BlockList itself takes 10.0.0.1 for a part of ::/0.
  const ranges = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const { address, prefix, family } of cidrs) ranges[family].addSubnet(address, prefix, family)
  return (address) => {
    const family = familyOf(address)
    return family !== null && ranges[family].check(address, family)
  }
}

function familyOf(address: string): Cidr['family'] | null {
  // A zone (`fe80::1%eth0`) names an interface of one machine: flows bear none, and BlockList refuses it.
  const version = address.includes('%') ? 0 : isIP(address)
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6'
}

/** DNS messages as bytes, written as RFC 1035 says and by nothing that reads them. */
export interface WireRecord {
  readonly name: string
  readonly type: number
  readonly ttl?: number
  readonly data: readonly number[]
}

export interface WireMessage {
  readonly id?: number
  readonly flags?: number
  readonly query?: { readonly name: string; readonly type: number }
  readonly answers?: readonly WireRecord[]
  readonly additional?: readonly WireRecord[]
}

export const RESPONSE = 0x8180
export const QUERY = 0x0100
export const TYPE = { A: 1, CNAME: 5, TXT: 16, AAAA: 28, OPT: 41 } as const

export function dnsBytes({
  id = 7,
  flags = QUERY,
  query,
  answers = [],
  additional = [],
}: WireMessage): Uint8Array {
  const names = new Map<string, number>()
  const out = [
    ...u16(id),
    ...u16(flags),
    ...u16(query ? 1 : 0),
    ...u16(answers.length),
    ...u16(0),
    ...u16(additional.length),
  ]
  if (query) out.push(...compressed(query.name, out.length, names), ...u16(query.type), ...u16(1))
  for (const { name, type, ttl = 60, data } of [...answers, ...additional]) {
    out.push(...compressed(name, out.length, names))
    out.push(...u16(type), ...u16(1), ...u16(Math.floor(ttl / 65536)), ...u16(ttl % 65536))
    out.push(...u16(data.length), ...data)
  }
  return Uint8Array.from(out)
}

/** A name without compression, as the data of a CNAME record may have it. */
export function plainName(name: string): number[] {
  const labels = name.replace(/\.$/, '').split('.')
  return [...labels.filter(Boolean).flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0]
}

export function overTcp(message: Uint8Array): Uint8Array {
  return Uint8Array.from([...u16(message.length), ...message])
}

function compressed(name: string, at: number, names: Map<string, number>): number[] {
  if (name === '' || name === '.') return [0]
  const known = names.get(name)
  if (known !== undefined) return u16(0xc000 | known)
  names.set(name, at)
  const [label, ...rest] = name.replace(/\.$/, '').split('.')
  const own = [label.length, ...Buffer.from(label, 'latin1')]
  return [...own, ...compressed(rest.join('.'), at + own.length, names)]
}

export function u16(number: number): number[] {
  return [number >> 8, number & 255]
}

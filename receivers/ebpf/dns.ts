import { Buffer } from 'node:buffer'
import { ipv4Text, ipv6Text, uint16, uint32 } from './bytes.ts'

/** A DNS message, as far as the head that was copied tells. */
export interface DnsMessage {
  readonly id: number
  readonly isResponse: boolean
  /** In lower case with a dot at its end, as Hubble has it; empty where the message repeats no question. */
  readonly query: string
  /** `A`, `AAAA`, `TYPE65280`; empty with an empty query. */
  readonly queryType: string
  /** The extended code where the head reaches as far as the OPT record that holds it. */
  readonly rcode: number
  /** Of A and AAAA records, in their order. */
  readonly addresses: readonly string[]
  /** Names that CNAME records point to. */
  readonly cnames: readonly string[]
  /** Types of the answers, each once. */
  readonly answerTypes: readonly string[]
  /** The smallest of the answers; null without answers. */
  readonly ttlS: number | null
  /** The head ended, or was damaged, before the last answer. */
  readonly isCut: boolean
}

const HEADER_BYTES = 12
/** Wire length of the longest name, RFC 1035 3.1. */
const MOST_NAME_BYTES = 255
/** Heads have some 512 bytes, and a record at least 11: more are never there. */
const MOST_RECORDS = 64
/** Mechanisms that use port 53 without being a question and its answer: notify, update. RFC 6895 2.2. */
const OPCODE_QUERY = 0

const TYPES: { readonly [type: number]: string } = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  35: 'NAPTR',
  39: 'DNAME',
  41: 'OPT',
  43: 'DS',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  50: 'NSEC3',
  52: 'TLSA',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
  257: 'CAA',
}
const A = 1
const CNAME = 5
const AAAA = 28
const OPT = 41

/** Reads one message; null when it is none, or no query or answer. Never throws, whatever the bytes. */
export function readDns(bytes: Uint8Array): DnsMessage | null {
  if (bytes.length < HEADER_BYTES) return null
  const flags = uint16(bytes, 2)
  const isResponse = flags >= 0x8000
  const questions = uint16(bytes, 4)
  // One question is all that anybody asks; answers to what a server could not read repeat none.
  if (((flags >> 11) & 15) !== OPCODE_QUERY || questions > 1 || (questions === 0 && !isResponse)) return null
  const question = questions === 1 ? readQuestion(bytes) : { query: '', queryType: '', end: HEADER_BYTES }
  if (question === null) return null
  const { query, queryType, end } = question
  const { rcode, addresses, cnames, answerTypes, ttlS, isCut } = readRecords(bytes, end)
  return {
    id: uint16(bytes, 0),
    isResponse,
    query,
    queryType,
    rcode: (rcode << 4) | (flags & 15),
    addresses,
    cnames,
    answerTypes,
    ttlS,
    isCut,
  }
}

/** The message in one datagram, if it is one. */
export function dnsMessagesInDatagram(bytes: Uint8Array): DnsMessage[] {
  const message = readDns(bytes)
  return message === null ? [] : [message]
}

/**
 * The messages in one segment of a TCP stream, which has a length before each: RFC 1035 4.2.2. The length of the first may
 * have been in a segment of its own. A segment from the middle of a message holds none that `readDns` takes.
 */
export function dnsMessagesInSegment(bytes: Uint8Array): DnsMessage[] {
  const messages: DnsMessage[] = []
  let at = 0
  while (at + 2 + HEADER_BYTES <= bytes.length) {
    const length = uint16(bytes, at)
    const message = length < HEADER_BYTES ? null : readDns(bytes.subarray(at + 2, at + 2 + length))
    if (message === null) break
    messages.push(message)
    at += 2 + length
  }
  return at > 0 ? messages : dnsMessagesInDatagram(bytes)
}

interface Question {
  readonly query: string
  readonly queryType: string
  readonly end: number
}

/** The same few names are asked for again and again, and making their text is dear. */
const questions = new Map<string, Question>()
const MOST_QUESTIONS = 4096

function readQuestion(bytes: Uint8Array): Question | null {
  const nameIsOver = nameEnd(bytes, HEADER_BYTES)
  const end = (nameIsOver ?? bytes.length) + 4
  if (end > bytes.length) return null
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1', HEADER_BYTES)
  const known = questions.get(key)
  if (known !== undefined) return known
  const name = readName(bytes, HEADER_BYTES)
  if (name === null) return null
  const question = { query: name.text, queryType: typeName(uint16(bytes, name.end)), end: name.end + 4 }
  if (questions.size >= MOST_QUESTIONS) questions.clear()
  questions.set(key, question)
  return question
}

type Records = Pick<DnsMessage, 'rcode' | 'addresses' | 'cnames' | 'answerTypes' | 'ttlS' | 'isCut'>

/** Every plain question has these. */
const NO_RECORDS: Records = { rcode: 0, addresses: [], cnames: [], answerTypes: [], ttlS: null, isCut: false }

/** What the answers say; of the records behind them only the upper bits of the rcode are read. */
function readRecords(bytes: Uint8Array, from: number): Records {
  const answers = uint16(bytes, 6)
  const all = answers + uint16(bytes, 8) + uint16(bytes, 10)
  if (all === 0) return NO_RECORDS
  const addresses: string[] = []
  const cnames: string[] = []
  const answerTypes: string[] = []
  let ttlS: number | null = null
  let rcode = 0
  let read = 0
  for (let at = from; read < Math.min(all, MOST_RECORDS); read++) {
    const end = nameEnd(bytes, at)
    if (end === null || end + 10 > bytes.length) break
    const type = uint16(bytes, end)
    const data = end + 10
    at = data + uint16(bytes, end + 8)
    if (at > bytes.length) break
    if (read >= answers) {
      // The high byte of its TTL: RFC 6891 6.1.3.
      if (type === OPT) rcode = bytes[end + 4]
      continue
    }
    const name = typeName(type)
    if (!answerTypes.includes(name)) answerTypes.push(name)
    ttlS = Math.min(ttlS ?? Number.POSITIVE_INFINITY, uint32(bytes, end + 4))
    if (type === A && at === data + 4) addresses.push(ipv4Text(bytes, data))
    if (type === AAAA && at === data + 16) addresses.push(ipv6Text(bytes, data))
    const target = type === CNAME ? readName(bytes, data) : null
    if (target !== null) cnames.push(target.text)
  }
  return { rcode, addresses, cnames, answerTypes, ttlS, isCut: read < answers }
}

/** A name and where the message goes on behind it; null when it does not end, or is longer than names can be. */
function readName(bytes: Uint8Array, from: number): { readonly text: string; readonly end: number } | null {
  let text = ''
  let end: number | null = null
  let at = from
  // A pointer leads to bytes before the name that holds it; so no two can lead to each other.
  let before = from
  let wireBytes = 1
  for (;;) {
    const length = bytes[at]
    if (length === undefined) return null
    if (length === 0) return { text: text === '' ? '.' : text, end: end ?? at + 1 }
    if (length >= 0xc0) {
      if (at + 2 > bytes.length) return null
      const target = uint16(bytes, at) & 0x3fff
      if (target >= before || target < HEADER_BYTES) return null
      end ??= at + 2
      before = target
      at = target
      continue
    }
    wireBytes += length + 1
    // 0x40 and 0x80 begin labels of kinds that were given up: RFC 6891 5.
    if (length > 63 || at + 1 + length > bytes.length || wireBytes > MOST_NAME_BYTES) return null
    text += `${label(bytes, at + 1, length)}.`
    at += 1 + length
  }
}

/** Where the message goes on behind a name that nobody wants to read. */
function nameEnd(bytes: Uint8Array, from: number): number | null {
  for (let at = from; at < bytes.length; at += bytes[at] + 1) {
    if (bytes[at] === 0) return at + 1
    if (bytes[at] >= 0xc0) return at + 2
    if (bytes[at] > 63) return null
  }
  return null
}

/** As zone files write it: what is no plain character as `\DDD`, RFC 1035 5.1. */
function label(bytes: Uint8Array, from: number, length: number): string {
  let text = ''
  for (let at = from; at < from + length; at++) {
    const byte = bytes[at]
    const character = String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)
    if (byte <= 0x20 || byte >= 0x7f) text += `\\${String(byte).padStart(3, '0')}`
    else text += character === '.' || character === '\\' ? `\\${character}` : character
  }
  return text
}

function typeName(type: number): string {
  return TYPES[type] ?? `TYPE${type}`
}

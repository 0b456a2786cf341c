import type { Counter } from '../../src/sdk/index.ts'
import { type DnsMessage, dnsMessagesInDatagram, dnsMessagesInSegment } from './dns.ts'
import { type ExchangeCounters, type ExchangeOptions, Exchanges } from './exchanges.ts'
import { type HttpHead, readHttp } from './http.ts'
import type { FiveTuple, HeadObservation, Vantage } from './observation.ts'
import type { DnsSighting, HttpRequest, Sighting } from './sighting.ts'

type DnsQuestion = Pick<DnsMessage, 'query' | 'queryType'>

const UDP = 17

/** Resolvers give up after some seconds, and ask again with the same id before. */
const DNS: ExchangeOptions = { again: 'repeats', capacity: 16_384, maxAgeMs: 10_000 }
/** Few clients send a second request before the answer; when one does, or an answer was missed, nobody can tell. */
const HTTP: ExchangeOptions = { again: 'confuses', capacity: 16_384, maxAgeMs: 120_000 }

export interface HeadCounters {
  readonly dns: ProtocolCounters
  readonly http: ProtocolCounters
}

export interface ProtocolCounters extends ExchangeCounters {
  readonly messages: Counter
  /** Heads that are no message: the middle of one, or another protocol on its port. */
  readonly unreadable: Counter
}

/** Reads the heads of messages, and pairs answers with what was asked at the same interface. */
export class Heads {
  readonly #count: HeadCounters
  readonly #queries: Exchanges<DnsQuestion>
  readonly #requests: Exchanges<HttpRequest>

  constructor(counters: HeadCounters) {
    this.#count = counters
    this.#queries = new Exchanges(DNS, counters.dns)
    this.#requests = new Exchanges(HTTP, counters.http)
  }

  /** Questions that wait for their answers. */
  get waiting(): number {
    return this.#queries.waiting + this.#requests.waiting
  }

  read(head: HeadObservation): Sighting[] {
    return head.kind === 'dns' ? this.#readDns(head) : this.#readHttp(head)
  }

  #readDns(head: HeadObservation): Sighting[] {
    const { payload, tuple } = head
    const messages = tuple.protocol === UDP ? dnsMessagesInDatagram(payload) : dnsMessagesInSegment(payload)
    if (messages.length === 0) this.#count.dns.unreadable.add(1)
    this.#count.dns.messages.add(messages.length)
    return messages.map((message) => this.#dnsSighting(head, message))
  }

  #dnsSighting({ tuple, at, time }: HeadObservation, message: DnsMessage): DnsSighting {
    const sighting = { kind: 'dns_message', tuple, at, time, message, latencyNs: null } as const
    const key = `${message.id} ${connectionKey(tuple, at, message.isResponse)}`
    if (!message.isResponse) {
      const { query, queryType } = message
      // Not the message: thousands wait, and of most nothing more is needed.
      this.#queries.ask(key, { query, queryType }, time)
      return sighting
    }
    const answered = this.#queries.answer(key, time)
    if (answered === null) return sighting
    const { question, latencyNs } = answered
    // Servers may answer without repeating the question; one that answers another question answers nobody we know.
    if (message.query === '') {
      const { query, queryType } = question
      return { ...sighting, message: { ...message, query, queryType }, latencyNs }
    }
    const isAnswer = question.query === message.query && question.queryType === message.queryType
    return isAnswer ? { ...sighting, latencyNs } : sighting
  }

  #readHttp(head: HeadObservation): Sighting[] {
    const read = readHttp(head.payload)
    if (read === null) {
      this.#count.http.unreadable.add(1)
      return []
    }
    this.#count.http.messages.add(1)
    return read.kind === 'interim' ? [] : [this.#httpSighting(head, read)]
  }

  #httpSighting(
    { tuple, at, time }: HeadObservation,
    read: Exclude<HttpHead, { kind: 'interim' }>,
  ): Sighting {
    if (read.kind === 'request') {
      const { method, url, protocol } = read
      const request = { method, url, protocol }
      this.#requests.ask(connectionKey(tuple, at, false), request, time)
      return { kind: 'http_request', tuple, at, time, request }
    }
    const { code, protocol } = read
    const answered = this.#requests.answer(connectionKey(tuple, at, true), time)
    const request = answered?.question ?? null
    const latencyNs = answered?.latencyNs ?? null
    return { kind: 'http_answer', tuple, at, time, code, protocol, request, latencyNs }
  }
}

/** The connection as its client has it, at one interface: a message and its answer cross each interface on their way. */
function connectionKey(tuple: FiveTuple, at: Vantage, isAnswer: boolean): string {
  const { source, sourcePort, destination, destinationPort, protocol } = tuple
  const { interfaceIndex, interfaceName } = at
  return isAnswer
    ? `${destinationPort} ${destination} ${sourcePort} ${source} ${protocol} ${interfaceIndex} ${interfaceName}`
    : `${sourcePort} ${source} ${destinationPort} ${destination} ${protocol} ${interfaceIndex} ${interfaceName}`
}

import assert from 'node:assert/strict'
import { Random } from '../../bench/traffic/random.ts'
import { FlowMaker } from '../../receivers/ebpf/flow-maker.ts'
import { jsonOf } from '../../receivers/ebpf/frame-json.ts'
import { encodeFrame, type Frame, FrameError, FrameReader, jsonFrame } from '../../receivers/ebpf/frames.ts'
import { DROP, FLOW, HEAD, RECORD, RECORD_TYPE, RETRANSMIT, TCP } from '../../receivers/ebpf/layout.ts'
import { Observations } from '../../receivers/ebpf/observations.ts'
import { countFlows } from '../../src/sdk/index.ts'
import { dnsBytes, plainName, RESPONSE, TYPE } from '../receivers/ebpf/dns-wire.ts'
import { testHost } from '../support/host.ts'

export interface FuzzedBytes {
  readonly frames: number
  readonly records: number
  readonly flows: number
}

/**
 * Sends frames through a reader as an agent would, whole and damaged, in pieces of any size. Every record must become a
 * flow or be counted; a damaged stream must end in a `FrameError`, or in records that are counted as well.
 */
export function fuzzKernelBytes(seed: number, durationMs: number): FuzzedBytes {
  const random = new Random(seed)
  const untilMs = Date.now() + durationMs
  const sums = { frames: 0, records: 0, flows: 0 }
  while (Date.now() < untilMs) {
    const frames = Array.from({ length: random.between(1, 12) }, () => anyFrame(random))
    const isDamaged = random.chance(0.3)
    const stream = Buffer.concat(frames.map(encodeFrame))
    if (isDamaged) damage(random, stream)
    const side = new ReadingSide()
    try {
      for (const piece of pieces(random, stream)) side.read(piece)
    } catch (error) {
      if (!isDamaged || !(error instanceof FrameError)) throw withSeed(error as Error, seed)
    }
    if (!isDamaged) assert.equal(side.frames, frames.length, `seed ${seed}`)
    sums.frames += side.frames
    sums.records += side.records
    sums.flows += side.flows
  }
  return sums
}

/** What the receiver does with frames, and the sums that must agree. */
class ReadingSide {
  frames = 0
  records = 0
  flows = 0
  readonly #reader = new FrameReader()
  readonly #observations = new Observations()
  readonly #host = testHost()
  readonly #maker = new FlowMaker({ names: [], unspecified_drops: true }, this.#host)

  read(piece: Buffer): void {
    for (const frame of this.#reader.read(piece)) {
      this.frames++
      if (frame.type === 'world') this.#observations.learn(jsonOf('world', frame))
      else if (frame.type === 'survey') this.#maker.learn(jsonOf('survey', frame))
      else if (RECORD_FRAMES.includes(frame.type)) this.#take(frame)
      else if (frame.type === 'losses' || frame.type === 'hello') jsonOf(frame.type, frame)
    }
  }

  #take(frame: Frame): void {
    // A damaged header may promise any number of records; what is not there is damaged, and that takes no time.
    for (let done = 0; done < frame.records; ) {
      let observed = 0
      // Counted in packets, of which damaged records may tell any number.
      let drops = 0
      const before = this.#counted()
      const reading = this.#observations.read(frame, done, (observation) => {
        observed++
        if (observation.kind === 'drop') drops++
        this.#maker.add(observation)
        return this.#maker.isFull ? 'full' : 'taken'
      })
      assert.ok(reading.done > done, 'it does not come on')
      assert.equal(observed + reading.damaged, reading.done - done, 'a record was neither read nor counted')
      this.records += observed
      done = reading.done
      const batch = this.#maker.batch()
      const flows = batch === null ? 0 : countFlows(batch)
      if (batch !== null) for (const row of batch.rows) JSON.stringify(batch.detail(row))
      this.flows += flows
      assert.ok(
        flows + drops + this.#counted() - before >= observed,
        'an observation became nothing, and was not counted',
      )
    }
  }

  #counted(): number {
    const names = ['ebpf_messages_total', 'ebpf_unreadable_heads_total']
    return names.reduce((sum, name) => sum + (this.#host.metric(name) ?? 0), 0)
  }
}

const RECORD_FRAMES: readonly string[] = ['flows', 'drops', 'retransmits', 'records']

function anyFrame(random: Random): Frame {
  const first = random.between(0, 1000)
  switch (random.between(0, 8)) {
    case 0:
      return jsonFrame('world', {
        wallAheadNs: '1767225600000000000',
        hostNetns: 1,
        features: [],
        interfaces: [{ index: 7, name: 'lxc1', netns: 0, end: 'host_end' }],
        reasons: { 2: 'NOT_SPECIFIED', 9: 'NETFILTER_DROP' },
        locations: { ff: 'nft_do_chain+0x1' },
      })
    case 1:
      return jsonFrame('losses', { lost: { ring_full: random.between(0, 9) }, noted: {}, passed: {} })
    case 2:
      return tableFrame(random, 'flows', FLOW, first)
    case 3:
      return tableFrame(random, 'drops', DROP, first)
    case 4:
      return tableFrame(random, 'retransmits', RETRANSMIT, first)
    default:
      return spanFrame(random, first)
  }
}

function tableFrame(
  random: Random,
  type: 'flows' | 'drops' | 'retransmits',
  { keyBytes, valueBytes }: { readonly keyBytes: number; readonly valueBytes: number },
  first: number,
): Frame {
  const records = random.between(1, 40)
  return { type, records, first, payload: noise(random, records * (keyBytes + valueBytes)) }
}

/** Records as they lie in a ring: header, record, filled up to eight bytes. */
function spanFrame(random: Random, first: number): Frame {
  const records = random.between(1, 20)
  const parts = Array.from({ length: records }, () => {
    const record = anyRecord(random)
    const header = Buffer.alloc(8)
    header.writeUInt32LE(record.length)
    return Buffer.concat([header, record, Buffer.alloc((8 - (record.length % 8)) % 8)])
  })
  return { type: 'records', records, first, payload: Buffer.concat(parts) }
}

function anyRecord(random: Random): Buffer {
  const type = random.between(0, 5)
  if (type === RECORD_TYPE.tcp) {
    const record = noise(random, random.chance(0.9) ? TCP.bytes : random.between(0, TCP.bytes))
    if (record.length >= 2) record.writeUInt16LE(type)
    return record
  }
  const payload = anyHead(random)
  const record = Buffer.concat([noise(random, HEAD.payload), payload])
  record.writeUInt16LE(type, RECORD.type)
  record.writeUInt16LE(random.chance(0.95) ? payload.length : random.between(0, 65_536), RECORD.payloadBytes)
  return record
}

const HEADS = [
  'GET /a?b HTTP/1.1\r\nHost: a.test\r\n\r\n',
  'POST http://u:p@h/x;y#z HTTP/1.0\r\n\r\n',
  'HTTP/1.1 503 x\r\nA: b\r\n\r\n',
  'CONNECT a.test:443 HTTP/1.1\r\n\r\n',
].map((text) => Buffer.from(text))

/** A message, mostly damaged. */
function anyHead(random: Random): Buffer {
  const query = { name: random.pick(['a.test', 'www.example.test', 'x']), type: random.pick([1, 28, 65]) }
  const answers = [
    { name: query.name, type: TYPE.CNAME, data: plainName('b.test') },
    { name: 'b.test', type: TYPE.A, data: [10, 0, 0, random.between(0, 256)] },
  ]
  const bytes = random.pick([
    Buffer.from(dnsBytes({ id: random.between(0, 4), query })),
    Buffer.from(
      dnsBytes({ id: random.between(0, 4), flags: RESPONSE | random.between(0, 4), query, answers }),
    ),
    Buffer.from(random.pick(HEADS)),
    noise(random, random.between(0, 512)),
  ])
  if (random.chance(0.5) && bytes.length > 0) damage(random, bytes)
  return bytes.subarray(0, random.chance(0.7) ? bytes.length : random.between(0, bytes.length + 1))
}

function damage(random: Random, bytes: Buffer): void {
  for (let i = random.between(1, 4); i > 0; i--)
    bytes[random.between(0, bytes.length)] = random.between(0, 256)
}

/** Mostly zeros, as counts and addresses are. */
function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) if (random.chance(0.3)) bytes[i] = random.between(0, 256)
  return bytes
}

function* pieces(random: Random, stream: Buffer): Generator<Buffer> {
  for (let at = 0; at < stream.length; ) {
    const end = at + (random.chance(0.5) ? random.between(1, 40) : random.between(1, 9000))
    yield stream.subarray(at, end)
    at = end
  }
}

function withSeed(error: Error, seed: number): Error {
  return new Error(`seed ${seed}: ${error.message}`, { cause: error })
}

import { z } from 'zod'
import { aggregate } from '../../processors/aggregate/index.ts'
import { FlowMaker } from '../../receivers/ebpf/flow-maker.ts'
import { flowSettings } from '../../receivers/ebpf/flow-settings.ts'
import type { Frame } from '../../receivers/ebpf/frames.ts'
import { COUNTS, FLOW, HEAD, KEY, RECORD, RECORD_TYPE, TCP } from '../../receivers/ebpf/layout.ts'
import { Observations } from '../../receivers/ebpf/observations.ts'
import { Service } from '../../src/engine/service.ts'
import { defineReceiver, defineSink, type FlowBatch, flowsOf, rowsOf } from '../../src/sdk/index.ts'
import { systemClock } from '../../src/util/clock.ts'
import { dnsBytes, RESPONSE, TYPE } from '../../test/receivers/ebpf/dns-wire.ts'
import { configOf, TestIo } from '../../test/support/parts.ts'

/**
 * What one event costs in user space, from the bytes that the kernel's side hands over to folded rows: records are read,
 * named, written into columns and folded, at the pace of a busy node. Run in a process of its own; prints `EventCost` as JSON.
 */
export interface EventCost {
  readonly events: number
  readonly cpuNsPerEvent: number
  readonly peakMib: number
}

const EVENTS_PER_SECOND = 100_000
const EVENTS = 1_000_000
const WARM_UP = 200_000
const TICK_MS = 15
const PODS = 40
const CONNECTIONS = 6000
/** Of a hundred events: counts of flows, heads of DNS, ends of sockets. */
const FLOWS_AT_ONCE = 2048
const HEADS_AT_ONCE = 64

if (import.meta.main) process.stdout.write(`${JSON.stringify(await eventCost())}\n`)

async function eventCost(): Promise<EventCost> {
  let cpuNsPerEvent = 0
  let rowFlows = 0
  const receiver = defineReceiver({
    kind: 'receiver',
    type: 'recorded',
    summary: 'Frames of the kernel from memory',
    settings: z.strictObject({}),
    metrics: [],
    create: ({ host }) => {
      const names = Array.from({ length: PODS }, (_, pod) => ({
        address: `10.0.${pod}.0/24`,
        namespace: `team-${pod % 5}`,
        workload: `app-${pod}`,
      }))
      const maker = new FlowMaker(z.strictObject(flowSettings).parse({ names }), host)
      const observations = new Observations()
      const interfaces = Array.from({ length: PODS }, (_, pod) => {
        return { index: 2 + pod, name: `veth${pod}`, netns: 0, end: 'host_end' as const }
      })
      observations.learn({ interfaces })
      const frames = makeFrames()
      /** As the kernel's side does it: a few frames, a pause, a few frames. */
      const feed = async (events: number, next: (batch: FlowBatch) => void) => {
        const startMs = performance.now()
        for (let done = 0, turn = 0; done < events; turn++) {
          const frame = frames[turn % frames.length]
          const aheadMs = (done / EVENTS_PER_SECOND) * 1000 - (performance.now() - startMs)
          if (aheadMs > TICK_MS) await systemClock.sleep(aheadMs)
          observations.learn({ wallAheadNs: String(1_767_225_600n * 10n ** 9n + BigInt(done) * 10_000n) })
          for (let at = 0; at < frame.records; ) {
            at = observations.read(frame, at, (observation) => {
              maker.add(observation)
              return maker.isFull ? 'full' : 'taken'
            }).done
            const batch = maker.batch()
            if (batch !== null) next(batch)
          }
          done += frame.records
        }
      }
      return {
        position: () => null,
        run: async (intake) => {
          const next = (batch: Parameters<typeof intake.next>[0]) => void intake.next(batch)
          await feed(WARM_UP, next)
          const before = process.cpuUsage()
          await feed(EVENTS, next)
          const { user, system } = process.cpuUsage(before)
          cpuNsPerEvent = ((user + system) * 1000) / EVENTS
        },
      }
    },
  })
  const sink = defineSink({
    kind: 'sink',
    type: 'counted',
    summary: 'Counts rows',
    settings: z.strictObject({}),
    metrics: [],
    create: () => ({
      write(rows) {
        for (const row of rowsOf(rows)) rowFlows += flowsOf(row)
        return { kind: 'written', bytes: 0 }
      },
      position: () => null,
      committed() {},
      sync() {},
      close: async () => {},
    }),
  })
  const config = configOf({
    receivers: { recorded: receiver },
    processors: { aggregate },
    exporters: { counted: sink },
    pipelines: [{ id: 'logs', receivers: ['recorded'], processors: ['aggregate'], exporters: ['counted'] }],
  })
  const service = await Service.start(config, { ...new TestIo(), clock: systemClock })
  await service.done
  if (rowFlows < EVENTS) throw new Error(`${rowFlows} flows in rows, of ${EVENTS} events`)
  return { events: EVENTS, cpuNsPerEvent, peakMib: process.resourceUsage().maxRSS / 1024 }
}

/** Both directions of many connections, lookups, and the ends of sockets, as they come from the kernel. */
function makeFrames(): Frame[] {
  const frames: Frame[] = []
  for (let first = 0; first < 2 * CONNECTIONS; first += FLOWS_AT_ONCE) {
    frames.push(flowsFrame(first, Math.min(FLOWS_AT_ONCE, 2 * CONNECTIONS - first)), spanFrame(first))
  }
  return frames
}

function flowsFrame(from: number, records: number): Frame {
  const payload = Buffer.alloc(records * (FLOW.keyBytes + FLOW.valueBytes))
  for (let index = 0; index < records; index++) {
    writeKey(payload, index * FLOW.keyBytes, from + index, 6, 8080)
    const value = records * FLOW.keyBytes + index * FLOW.valueBytes
    payload.writeUInt32LE(12, value + COUNTS.packets)
    payload.writeUInt32LE(3400, value + COUNTS.bytes)
    payload.writeUInt32LE(12, value + COUNTS.skbs)
    payload.writeUInt16LE(0x12, value + COUNTS.flags)
    payload[value + COUNTS.direction] = ((from + index) % 2) + 1
  }
  return { type: 'flows', records, first: 0, payload }
}

function spanFrame(from: number): Frame {
  const parts = Array.from({ length: HEADS_AT_ONCE }, (_, index) => {
    const isAnswer = index % 2 === 1
    const query = { name: `service-${index % 7}.team.svc.cluster.local`, type: TYPE.A }
    const answers = isAnswer ? [{ name: query.name, type: TYPE.A, data: [10, 0, 0, index] }] : []
    const id = from + (index >> 1)
    const message = dnsBytes({ id: id % 65_536, ...(isAnswer && { flags: RESPONSE }), query, answers })
    return index % 4 < 2
      ? record(RECORD_TYPE.dns, from + index, message)
      : record(RECORD_TYPE.tcp, from + index)
  })
  return { type: 'records', records: parts.length, first: 0, payload: Buffer.concat(parts) }
}

function record(type: number, connection: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const bytes = type === RECORD_TYPE.tcp ? TCP.bytes : HEAD.payload + payload.length
  const whole = Buffer.alloc(8 + Math.ceil(bytes / 8) * 8)
  whole.writeUInt32LE(bytes)
  const at = 8
  whole.writeUInt16LE(type, at + RECORD.type)
  whole.writeUInt16LE(payload.length, at + RECORD.payloadBytes)
  writeKey(
    whole,
    at + RECORD.flow,
    connection,
    type === RECORD_TYPE.tcp ? 6 : 17,
    type === RECORD_TYPE.tcp ? 8080 : 53,
  )
  whole.set(payload, at + HEAD.payload)
  return whole
}

/** Connection `index >> 1`, from its client or, when odd, from its server. */
function writeKey(bytes: Buffer, at: number, index: number, protocol: number, port: number): void {
  const connection = index >> 1
  const isBack = index % 2 === 1
  const client = [10, 0, connection % PODS, 2 + (connection % 5)]
  const server = [10, 0, (connection * 7) % PODS, 1]
  bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...(isBack ? server : client)], at + KEY.source)
  bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...(isBack ? client : server)], at + KEY.destination)
  const clientPort = 32_768 + (connection % 28_000)
  bytes.writeUInt16BE(isBack ? port : clientPort, at + KEY.sourcePort)
  bytes.writeUInt16BE(isBack ? clientPort : port, at + KEY.destinationPort)
  bytes[at + KEY.protocol] = protocol
  bytes[at + KEY.hook] = isBack ? 1 : 0
  bytes.writeUInt32LE(2 + (connection % PODS), at + KEY.interfaceIndex)
}

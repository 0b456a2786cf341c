import koffi from 'koffi'
import { Emitter } from '../../../receivers/ebpf/emitter.ts'
import { loadFlows } from '../../../receivers/ebpf/features.ts'
import type { KernelFeature } from '../../../receivers/ebpf/kernel-feature.ts'
import { awaitGracePeriod } from '../../../receivers/ebpf/libc.ts'
import type { Observation } from '../../../receivers/ebpf/observation.ts'
import { Observations } from '../../../receivers/ebpf/observations.ts'
import { watchSchema } from '../../../receivers/ebpf/watch-settings.ts'

const library = koffi.load('libbpf.so.1')
const run = library.func('int bpf_prog_test_run_opts(int fd, void *options)') as (
  fd: number,
  options: Buffer,
) => number

/** `flow.bpf.c` in the kernel, fed with frames by hand: no interface is needed. */
export class FlowProgram {
  readonly #feature: KernelFeature
  readonly #observations = new Observations()

  constructor(settings: object = {}) {
    this.#feature = loadFlows(watchSchema.parse(settings))
  }

  /** Lets a program see a frame; what it returned. Throws what the kernel says against the frame itself. */
  see(program: 'ff_in' | 'ff_out' | 'ff_in_l3', frame: Buffer, repeat = 1): number {
    const SIZE = 80
    const options = Buffer.alloc(SIZE)
    options.writeBigUInt64LE(BigInt(SIZE), 0)
    options.writeBigUInt64LE(koffi.address(frame), 8)
    options.writeUInt32LE(frame.length, 24)
    options.writeInt32LE(repeat, 60)
    const error = run(this.#feature.object.programFd(program), options)
    if (error !== 0) throw new Error(`the kernel refuses the frame: ${error}`)
    return options.readInt32LE(56)
  }

  /** What has been recorded since the last call but one: what was counted, and copied heads. */
  async read(): Promise<Observation[]> {
    const seen: Observation[] = []
    const emitter = new Emitter((frame) => {
      this.#observations.read(frame, 0, (observation) => {
        // The bytes are written over by the next ones.
        seen.push(
          'payload' in observation
            ? { ...observation, payload: Buffer.from(observation.payload) }
            : observation,
        )
        return 'taken'
      })
    })
    await this.#feature.drain(emitter)
    this.#feature.swap()
    awaitGracePeriod()
    await this.#feature.take(emitter)
    return seen
  }

  get lost() {
    return this.#feature.lost
  }

  counter(index: number): number {
    return this.#feature.counter(index)
  }

  close(): void {
    this.#feature.close()
  }
}

const MACS = '020000000001020000000002'

/** An Ethernet frame; `type` in hex, with tags before it if wanted. */
export function ethernet(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(MACS + type, 'hex'), payload])
}

/** From 10.0.0.1 to 10.0.0.2. `fragment` is the field of flags and offset. */
export function ipv4(protocol: number, payload: Buffer, { fragment = 0, isReply = false } = {}): Buffer {
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + payload.length, 2)
  header.writeUInt16BE(fragment, 6)
  header[8] = 64
  header[9] = protocol
  header.set([10, 0, 0, isReply ? 2 : 1], 12)
  header.set([10, 0, 0, isReply ? 1 : 2], 16)
  return Buffer.concat([header, payload])
}

/** From fd00::1 to fd00::2. */
export function ipv6(nextHeader: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(40)
  header[0] = 0x60
  header.writeUInt16BE(payload.length, 4)
  header[6] = nextHeader
  header[7] = 64
  header.set([0xfd], 8)
  header[23] = 1
  header.set([0xfd], 24)
  header[39] = 2
  return Buffer.concat([header, payload])
}

export function udp(source: number, destination: number, payload = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(source, 0)
  header.writeUInt16BE(destination, 2)
  header.writeUInt16BE(8 + payload.length, 4)
  return Buffer.concat([header, payload])
}

export const FIN = 1
export const SYN = 2
export const RST = 4
export const ACK = 16

export function tcp(source: number, destination: number, flags: number, payload = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(source, 0)
  header.writeUInt16BE(destination, 2)
  header[12] = 0x50
  header[13] = flags
  return Buffer.concat([header, payload])
}

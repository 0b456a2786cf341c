import { kernelEnum } from './btf.ts'
import type { Emitter } from './emitter.ts'
import { FLOW_PROGRAMS } from './flow-programs.ts'
import { KernelFeature } from './kernel-feature.ts'
import * as layout from './layout.ts'
import type { BpfObject } from './libbpf.ts'
import type { WatchSettings } from './watch-settings.ts'

const { full, ringFull, limited } = layout.COUNTER

/** `flow.bpf.c`; it counts once its programs are attached to interfaces. */
export function loadFlows(settings: WatchSettings): KernelFeature {
  return KernelFeature.load({
    file: 'flow.bpf.o',
    counts: 'flows',
    layout: layout.FLOW,
    hasRing: true,
    programs: [],
    configure: (object) => configureFlows(object, settings),
    losses: { flow_map_full: full, head_ring_full: ringFull, http_limited: limited },
  })
}

function configureFlows(
  object: BpfObject,
  { mode, max_flows, ring_bytes, dns_ports, http }: WatchSettings,
): void {
  object.leaveOut(
    mode === 'pod-side' ? [...FLOW_PROGRAMS.ethernet, ...FLOW_PROGRAMS.bare] : FLOW_PROGRAMS.pod,
  )
  for (const map of ['flows0', 'flows1', 'connections']) object.resize(map, max_flows)
  object.resize('records', ring_bytes)
  const config = object.constants('.rodata.config')
  const at = layout.FLOW_CONFIG
  for (const [index, port] of dns_ports.entries()) config.setUint16(at.dnsPorts + index * 2, port, true)
  for (const [index, port] of http.ports.entries()) config.setUint16(at.httpPorts + index * 2, port, true)
  const costNs = http.per_second === 0 ? 0 : Math.floor(1e9 / http.per_second)
  config.setBigUint64(at.httpCostNs, BigInt(costNs), true)
  config.setUint32(at.http, layout.HTTP_CAPTURE[http.capture], true)
}

export interface DropParts {
  /** Of the running kernel, by number. */
  readonly reasons: ReadonlyMap<number, string>
  /** Names of those that are not counted. */
  readonly ignored: ReadonlySet<string>
  /** Is told of the places of drops before these are handed on. */
  meetLocations(addresses: ReadonlySet<bigint>, emitter: Emitter): Promise<void>
}

/** `drops.bpf.c`. */
export function loadDrops({ reasons, ignored, meetLocations }: DropParts): KernelFeature {
  return KernelFeature.load({
    file: 'drops.bpf.o',
    counts: 'drops',
    layout: layout.DROP,
    hasRing: false,
    programs: ['ff_drop'],
    configure(object) {
      const config = object.constants('.rodata.config')
      for (const [number, name] of reasons)
        if (ignored.has(name) && number >= 0 && number < config.byteLength) config.setUint8(number, 1)
    },
    losses: { drop_map_full: full },
    inspect(bytes, count, emitter) {
      const addresses = new Set<bigint>()
      for (let index = 0; index < count; index++)
        addresses.add(bytes.readBigUInt64LE(index * layout.DROP.keyBytes + layout.DROP_KEY.location))
      return meetLocations(addresses, emitter)
    },
  })
}

/** `tcp.bpf.c`. */
export function loadTcp(): KernelFeature {
  return KernelFeature.load({
    file: 'tcp.bpf.o',
    counts: 'retransmits',
    layout: layout.RETRANSMIT,
    hasRing: true,
    programs: ['ff_state', 'ff_retransmit'],
    losses: { retransmit_map_full: full, tcp_ring_full: ringFull },
  })
}

/** Names of drop reasons without their prefix; the numbers differ from kernel to kernel. */
export function dropReasons(): Map<number, string> {
  const names = [...kernelEnum('skb_drop_reason')]
  return new Map(names.map(([number, name]) => [number, name.replace(/^SKB_(DROP_REASON_)?/, '')]))
}

import type { Random } from './random.ts'

/** One end of a flow. Its JSON is made once, since the same few hundred ends recur on every line. */
export interface Endpoint {
  /** As Hubble writes it in `source` and `destination`. */
  readonly json: string
  /** The same, reduced to the fields of ACNS's aggregation key. */
  readonly keyJson: string
  readonly ip4: string
  readonly ip6: string
  readonly mac: string
  /** MAC of the other end of its network device. */
  readonly peerMac: string
  /** The device that delivers to it, as in `interface`. */
  readonly deviceJson: string
  readonly place: 'pod here' | 'pod elsewhere' | 'host' | 'world'
  /** Traffic to it crosses the wire encrypted. */
  readonly encrypted: boolean
  /** The names by which the agent knows its address, as in `source_names` and `destination_names`. */
  readonly namesJson: string
}

/** What an endpoint is made of; addresses of its link layer are drawn by lot. */
export interface EndpointParts {
  readonly place: Endpoint['place']
  readonly record: object
  readonly key: object
  readonly ip4: string
  readonly ip6: string
  readonly device: string
  readonly encrypted?: boolean
  readonly names?: readonly string[]
}

export function makeEndpoint(random: Random, parts: EndpointParts): Endpoint {
  const { place, record, key, ip4, ip6, device, encrypted = false, names } = parts
  const index = device === 'eth0' ? 2 : random.between(10, 900)
  return {
    json: JSON.stringify(record),
    keyJson: JSON.stringify(key),
    ip4,
    ip6,
    mac: mac(random),
    peerMac: mac(random),
    deviceJson: JSON.stringify({ index, name: device }),
    place,
    encrypted,
    namesJson: names ? JSON.stringify(names) : '',
  }
}

/** A locally administered address, as the kernel gives to the ends of a veth pair. */
function mac(random: Random): string {
  const octets = Array.from({ length: 5 }, () => random.text(2, '0123456789abcdef'))
  return [random.pick(['0a', '2e', '5a', '9e', 'd6']), ...octets].join(':')
}

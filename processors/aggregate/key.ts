import { FIELDS, type Field, type FieldName, fieldNamed, nearest, SettingError } from '../../src/sdk/index.ts'

/**
 * The 17 fields by which ACNS aggregates.
 * Source: AKS "container network logs" page, list of aggregation fields, 2026.
 */
const ACNS: readonly FieldName[] = [
  'verdict',
  'is_reply',
  'drop_reason',
  'source_namespace',
  'destination_namespace',
  'source_workloads',
  'destination_workloads',
  'source_identity',
  'destination_identity',
  'tcp_destination_port',
  'udp_destination_port',
  'http_code',
  'dns_rcode',
  'ip_version',
  'ip_encrypted',
  'source_cluster_name',
  'destination_cluster_name',
]

/** The same question with the server's port: the destination port of a reply is the client's, new for every connection. */
const WORKLOAD: readonly FieldName[] = [
  ...ACNS.filter((name) => name !== 'tcp_destination_port' && name !== 'udp_destination_port'),
  'l4_protocol',
  'server_port',
]

const POD: readonly FieldName[] = [
  ...WORKLOAD,
  'source_pod_name',
  'destination_pod_name',
  'traffic_direction',
]

const CONNECTION: readonly FieldName[] = [...POD, 'ip_source', 'ip_destination']

export const KEY_PRESETS = ['acns', 'workload', 'pod', 'connection'] as const

export type KeyPreset = (typeof KEY_PRESETS)[number]

const PRESETS: { readonly [preset in KeyPreset]: readonly FieldName[] } = {
  acns: ACNS,
  workload: WORKLOAD,
  pod: POD,
  connection: CONNECTION,
}

export type KeySetting = KeyPreset | readonly string[]
export type CarrySetting = 'agreed' | 'none' | readonly string[]

/** The fields by which flows are grouped, in the order of FIELDS: the same key however it is written. */
export function keyFields(key: KeySetting): readonly Field[] {
  const names: readonly string[] = typeof key === 'string' ? PRESETS[key] : known(key, 'key')
  if (names.length === 0) throw new SettingError(['key'], 'names no field; flows need something to agree on')
  refusePortsAlone(names, 'key')
  refuseTwoKindsOfPorts(names, ['key'])
  return FIELDS.filter(({ name }) => names.includes(name))
}

/** The fields a row keeps beside its key, while the flows of its group agree on them. */
export function carriedFields(carry: CarrySetting, key: readonly Field[]): readonly Field[] {
  if (carry === 'none') return []
  const inKey = new Set<string>(key.map(({ name }) => name))
  const names = carry === 'agreed' ? worthCarrying(inKey) : known(carry, 'carry')
  refusePortsAlone([...inKey, ...names], 'carry')
  refuseTwoKindsOfPorts([...inKey, ...names], ['carry'])
  return FIELDS.filter(({ name }) => names.includes(name) && !inKey.has(name))
}

const CALL_PORTS = ['server_port', 'client_port']
const PACKET_PORTS = ['source_port', 'destination_port', 'tcp_destination_port', 'udp_destination_port']

/** Labels are long and named by the identity; of the ports those are left out that only repeat others. */
function worthCarrying(inKey: ReadonlySet<string>): readonly string[] {
  const byCall = CALL_PORTS.some((name) => inKey.has(name))
  const repeated = byCall ? PACKET_PORTS : [...CALL_PORTS, 'tcp_destination_port', 'udp_destination_port']
  const left = new Set(['source_labels', 'destination_labels', ...repeated])
  return FIELDS.map(({ name }) => name).filter((name) => !left.has(name))
}

function refusePortsAlone(names: readonly string[], setting: 'key' | 'carry'): void {
  const needy = FIELDS.find(({ name, place }) => names.includes(name) && place.startsWith('Layer4.*.'))
  if (needy && !names.includes('l4_protocol'))
    throw new SettingError(
      [setting],
      `"${needy.name}" needs "l4_protocol" beside it: a row writes ports and ICMP types below their protocol`,
    )
}

function refuseTwoKindsOfPorts(names: readonly string[], path: readonly string[]): void {
  const call = CALL_PORTS.find((name) => names.includes(name))
  const packet = PACKET_PORTS.find((name) => names.includes(name))
  if (call && packet)
    throw new SettingError(path, `"${call}" and "${packet}" have the same place in a row; take one of them`)
}

function known(names: readonly string[], setting: 'key' | 'carry'): readonly string[] {
  names.forEach((name, index) => {
    if (!fieldNamed(name)) throw new SettingError([setting, index], unknownField(name))
  })
  return names
}

function unknownField(name: string): string {
  const meant = nearest(
    name,
    FIELDS.map((field) => field.name),
  )
  return `unknown field "${name}"; ${meant === null ? 'the README of aggregate lists them' : `did you mean "${meant}"?`}`
}

import type { Flow } from '../../src/record/flow.ts'

/** A plain request from web to api, as Hubble writes it; name what differs. */
export function flow(differs: Partial<Flow> = {}): Flow {
  return {
    time: '2026-01-01T00:00:00.000000001Z',
    verdict: 'FORWARDED',
    IP: { source: '10.0.1.10', destination: '10.0.2.20', ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 41000, destination_port: 8080, flags: { SYN: true } } },
    source: {
      identity: 1001,
      namespace: 'shop',
      labels: ['k8s:app=web'],
      pod_name: 'web-5d4f8-abcde',
      workloads: [{ name: 'web', kind: 'Deployment' }],
    },
    destination: {
      identity: 1002,
      namespace: 'shop',
      labels: ['k8s:app=api'],
      pod_name: 'api-7c9d6-fghij',
      workloads: [{ name: 'api', kind: 'Deployment' }],
    },
    Type: 'L3_L4',
    node_name: 'node-1',
    event_type: { type: 4 },
    traffic_direction: 'INGRESS',
    trace_observation_point: 'TO_ENDPOINT',
    is_reply: false,
    ...differs,
  }
}

/** One line of events.log. */
export function line(of: Flow): string {
  return `${JSON.stringify({ flow: of, node_name: of.node_name, time: of.time })}\n`
}

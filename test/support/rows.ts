import type { Row } from '../../src/record/row.ts'

/** A row of 30 seconds of requests from web to api; name what differs. */
export function row(differs: Partial<Row> = {}): Row {
  return {
    TimeGenerated: '2026-01-01T00:00:00.000000001Z',
    UUID: '00000000-0000-8000-a000-000000000001',
    Verdict: 'FORWARDED',
    Layer4: { TCP: { destination_port: 8080 } },
    SourceNamespace: 'shop',
    SourceWorkloads: [{ name: 'web', kind: 'Deployment' }],
    SourceIdentity: 1001,
    DestinationNamespace: 'shop',
    DestinationWorkloads: [{ name: 'api', kind: 'Deployment' }],
    DestinationIdentity: 1002,
    Reply: false,
    IngressFlowCount: 12,
    EgressFlowCount: 0,
    UnknownDirectionFlowCount: 0,
    WindowStart: '2026-01-01T00:00:00Z',
    WindowEnd: '2026-01-01T00:00:30Z',
    LastFlowTime: '2026-01-01T00:00:29.5Z',
    Revision: 0,
    ...differs,
  }
}

import type { TestContext } from 'node:test'
import { splunkHec } from '../../../exporters/splunk_hec/index.ts'
import type { Payload, Sender } from '../../../src/sdk/index.ts'
import type { Seen } from '../../support/faulty-server.ts'
import { type TestHost, testHost } from '../../support/host.ts'

/** A `splunk_hec` exporter with these settings, as a config would make it. */
export function hecSender(
  test: TestContext,
  settings: { readonly endpoint: string; readonly [name: string]: unknown },
  host: TestHost = testHost({ id: 'splunk_hec' }),
): Sender {
  const parsed = splunkHec.settings.parse({ token: 'the-token-itself', proxy: 'none', ...settings })
  const sender = splunkHec.create({ settings: parsed, host })
  test.after(() => sender.close?.())
  return sender as Sender
}

/** The events of a payload or a request, as Splunk reads them: JSON objects in a row. */
export function eventsIn({ body }: Payload | Seen): { readonly [name: string]: unknown }[] {
  const text = Buffer.from(body).toString()
  return JSON.parse(`[${text.replaceAll('}}{', '}},{')}]`)
}

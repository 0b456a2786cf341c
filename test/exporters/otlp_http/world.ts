import type { TestContext } from 'node:test'
import { otlpHttp } from '../../../exporters/otlp_http/index.ts'
import type { Sender } from '../../../src/sdk/index.ts'
import { type TestHost, testHost } from '../../support/host.ts'

/** An `otlp_http` exporter with these settings, as a config would make it. */
export function otlpSender(
  test: TestContext,
  settings: { readonly endpoint?: string; readonly [name: string]: unknown },
  host: TestHost = testHost({ id: 'otlp_http' }),
): Sender {
  const sender = otlpHttp.create({ settings: otlpHttp.settings.parse({ proxy: 'none', ...settings }), host })
  test.after(() => sender.close?.())
  return sender as Sender
}

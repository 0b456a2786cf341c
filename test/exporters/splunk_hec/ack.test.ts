import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { splunkHec } from '../../../exporters/splunk_hec/index.ts'
import type { Sender, SendResult } from '../../../src/sdk/index.ts'
import { type Answer, type FaultyServer, faultyServer, type Seen } from '../../support/faulty-server.ts'
import { type TestHost, testHost } from '../../support/host.ts'
import { NEVER, payloadOf } from '../../support/payloads.ts'
import { row } from '../../support/rows.ts'
import { hecSender } from './world.ts'

const POLL_MS = 2000
const ROWS = [row({ UUID: 'row-1' }), row({ UUID: 'row-2' })]

interface World {
  readonly host: TestHost
  readonly server: FaultyServer
  readonly sender: Sender
  /** Sends rows until Splunk has taken them; resolves with how it ends. */
  taken(): Promise<{ readonly result: Promise<SendResult> }>
  /** Lets the sender ask once, and waits until it was answered. */
  poll(): Promise<void>
}

/** Splunk that takes everything, under these numbers, and answers questions about them in turn. */
async function world(
  t: TestContext,
  { numbers, acks }: { readonly numbers: readonly (number | undefined)[]; readonly acks: readonly Answer[] },
): Promise<World> {
  const host = testHost()
  let took = 0
  let asked = 0
  const answer = ({ url }: Seen): Answer => {
    if (url === '/services/collector/ack') return acks[Math.min(asked++, acks.length - 1)]
    const ackId = numbers[Math.min(took++, numbers.length - 1)]
    return { status: 200, body: JSON.stringify({ text: 'Success', code: 0, ackId }) }
  }
  const server = await faultyServer(t, [answer])
  const settings = { endpoint: server.url, ack: true, ack_poll_interval: '2s', ack_timeout: '1m' }
  const sender = hecSender(t, settings, host)
  return {
    host,
    server,
    sender,
    async taken() {
      const before = host.metric('splunk_hec_acks_open')!
      const result = sender.send(payloadOf(sender, ROWS), NEVER)
      await server.seen()
      await until(() => host.metric('splunk_hec_acks_open')! > before)
      return { result }
    },
    async poll() {
      const before = server.requests.length
      // The last answer may still be on its way to the sender, which then does not wait for the clock yet.
      do await host.clock.advance(POLL_MS)
      while (!(await comesTrue(() => server.requests.length > before, 200)))
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  assert.ok(await comesTrue(condition, 5000), 'it never came to that')
}

async function comesTrue(condition: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs
  while (!condition() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 2))
  return condition()
}

function acked(acks: { readonly [ackId: string]: boolean }): Answer {
  return { status: 200, body: JSON.stringify({ acks }) }
}

async function retried(result: Promise<SendResult>) {
  const { kind, ...retry } = await result
  assert.equal(kind, 'retry')
  return retry as Omit<Extract<SendResult, { kind: 'retry' }>, 'kind'>
}

test('a payload is delivered when the indexer says so, and not before', async (t) => {
  const { taken, poll, server, host } = await world(t, {
    numbers: [7],
    acks: [acked({ '7': false }), acked({ '7': true })],
  })
  const { result } = await taken()
  const settled: SendResult[] = []
  const watched = result.then((value) => settled.push(value))
  await poll()
  assert.deepEqual(settled, [])
  await poll()
  await watched
  assert.deepEqual(settled, [{ kind: 'accepted' }])
  const [event, question] = server.requests
  assert.match(String(event.headers['x-splunk-request-channel']), /^[0-9a-f-]{36}$/)
  assert.equal(question.headers['x-splunk-request-channel'], event.headers['x-splunk-request-channel'])
  assert.equal(question.headers.authorization, 'Splunk the-token-itself')
  assert.equal(question.body.toString(), '{"acks":[7]}')
  assert.equal(host.metric('splunk_hec_acks_open'), 0)
  await host.clock.advance(10 * POLL_MS)
  assert.equal(server.requests.length, 3, 'nobody asks when nothing is open')
})

test('a payload that is never indexed comes again', async (t) => {
  const { taken, poll, host } = await world(t, { numbers: [0], acks: [acked({ '0': false })] })
  const { result } = await taken()
  await poll()
  await poll()
  await host.clock.advance(60_000 - 2 * POLL_MS)
  const { cause, reason } = await retried(result)
  assert.equal(cause, 'unacknowledged')
  assert.match(reason, /^not indexed within 1m/)
  assert.equal(host.metric('splunk_hec_acks_missed_total'), 1)
})

test('questions about several payloads go out as one', async (t) => {
  const { taken, poll, server } = await world(t, { numbers: [0, 1], acks: [acked({ '0': true, '1': true })] })
  const { result: first } = await taken()
  const { result: second } = await taken()
  await poll()
  assert.deepEqual([await first, await second], [{ kind: 'accepted' }, { kind: 'accepted' }])
  assert.equal(server.requests[2].body.toString(), '{"acks":[0,1]}')
})

test('a yes that comes twice counts once', async (t) => {
  const { taken, poll } = await world(t, {
    numbers: [0, 1],
    acks: [acked({ '0': true }), acked({ '0': true, '1': false }), acked({ '0': true, '1': true })],
  })
  const { result: first } = await taken()
  await poll()
  assert.deepEqual(await first, { kind: 'accepted' })
  const { result: second } = await taken()
  await poll()
  await poll()
  assert.deepEqual(await second, { kind: 'accepted' })
})

test('questions that fail are asked again', async (t) => {
  const { taken, poll } = await world(t, {
    numbers: [0],
    acks: ['reset', { status: 503 }, acked({ '0': true })],
  })
  const { result } = await taken()
  await poll()
  await poll()
  await poll()
  assert.deepEqual(await result, { kind: 'accepted' })
})

test('a yes that is lost on the way lets the payload come again, and says what went wrong', async (t) => {
  const { taken, poll, host } = await world(t, { numbers: [0], acks: ['half'] })
  const { result } = await taken()
  await poll()
  await host.clock.advance(60_000)
  const missed = await result
  assert.equal(missed.kind === 'retry' && missed.cause, 'unacknowledged')
  assert.match(
    'reason' in missed ? missed.reason : '',
    /^not indexed within 1m, and the last question failed: /,
  )
})

test('Splunk that was restarted gives numbers out again: the old payload comes again', async (t) => {
  const { taken, poll, sender } = await world(t, { numbers: [0, 0], acks: [acked({ '0': true })] })
  const { result: before } = await taken()
  const after = sender.send(payloadOf(sender, ROWS), NEVER)
  const reason = 'Splunk was restarted before it had indexed this'
  assert.deepEqual(await before, { kind: 'retry', cause: 'unacknowledged', reason })
  await poll()
  assert.deepEqual(await after, { kind: 'accepted' })
})

test('a token without acknowledgments is told at once', async (t) => {
  const { taken, poll } = await world(t, {
    numbers: [0],
    acks: [{ status: 400, body: '{"text":"ACK is disabled","code":14}' }],
  })
  const { result } = await taken()
  await poll()
  const { cause, reason } = await retried(result)
  assert.equal(cause, 'rejected')
  assert.match(reason, /set `ack: false`/)
})

test('what Splunk took without a number counts as delivered, with a warning once', async (t) => {
  const { sender, host } = await world(t, { numbers: [undefined], acks: [] })
  for (let i = 0; i < 2; i++)
    assert.deepEqual(await sender.send(payloadOf(sender, ROWS), NEVER), { kind: 'accepted' })
  assert.deepEqual(
    host.lines.map(({ level }) => level),
    ['warn'],
  )
})

test('a stop does not wait for the indexer', async (t) => {
  const { sender, server, host } = await world(t, { numbers: [0], acks: [acked({ '0': false })] })
  const abort = new AbortController()
  const result = sender.send(payloadOf(sender, ROWS), abort.signal)
  await server.seen()
  await until(() => host.metric('splunk_hec_acks_open') === 1)
  abort.abort(new Error('stopping'))
  await assert.rejects(result, /stopping/)
  assert.equal(host.metric('splunk_hec_acks_open'), 0)
})

test('the engine gives an attempt the time that the indexer may take', () => {
  const timeoutMs = (settings: object) =>
    splunkHec.delivery(
      splunkHec.settings.parse({ endpoint: 'https://splunk:8088', token: 'abc', ...settings }),
    ).timeoutMs
  assert.equal(timeoutMs({ timeout: '10s', ack_timeout: '5m' }), 10_000)
  assert.equal(timeoutMs({ timeout: '10s', ack_timeout: '5m', ack: true }), 310_000)
})

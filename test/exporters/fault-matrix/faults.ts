import assert from 'node:assert/strict'
import type { Answer } from '../../support/faulty-server.ts'
import type { MatrixWorld, Reaction } from './matrix-world.ts'
import { NEW_TOKEN, type Peer } from './peers.ts'

/** One row of the matrix: what goes wrong, and what must come of it. */
export interface Fault {
  readonly what: string
  /** Why it cannot happen to this exporter; null where it can. */
  readonly absent?: (peer: Peer) => string | null
  /** Makes rows, lets it go wrong, and mends it; afterwards all must be settled. */
  run(world: MatrixWorld): Promise<void>
  /** Rows that the backend gets again: those only that it had, without our knowing. */
  readonly repeats?: (peer: Peer) => readonly string[]
  /** Rows that belong into the dead letter. */
  readonly refuses?: (peer: Peer) => readonly string[]
}

const ROWS = 5
const ALL = ['0', '1', '2', '3', '4']

export const FAULTS: readonly Fault[] = [
  {
    what: 'the connection is refused',
    async run(world) {
      world.give(ROWS)
      await world.until(() => /refused/i.test(world.courier.trouble ?? ''))
      await world.listen()
    },
  },
  {
    what: 'the connection is reset before an answer',
    run: (world) => failOnce(world, { keeps: 'none', answer: 'reset' }),
  },
  {
    what: 'the connection is reset half-way through the answer',
    repeats: () => ALL,
    run: (world) => failOnce(world, { keeps: 'all', answer: 'half' }),
  },
  {
    what: 'the answer comes after the timeout',
    repeats: () => ALL,
    run: (world) => failOnce(world, { keeps: 'all', answer: 'silence' }),
  },
  {
    what: '429 with seconds to wait',
    async run(world) {
      await failOnce(world, refused(world, 429, { 'retry-after': '1' }))
      await world.settled()
      const [first, second] = world.deliveries
      assert.ok(second.atMs - first.atMs >= 990, `came again after ${second.atMs - first.atMs} ms`)
    },
  },
  {
    what: '429 with a date to wait for',
    async run(world) {
      // A date has no fractions of a second.
      const untilMs = Math.ceil(Date.now() / 1000 + 1) * 1000
      await failOnce(world, refused(world, 429, { 'retry-after': new Date(untilMs).toUTCString() }))
      await world.settled()
      assert.ok(
        world.deliveries[1].atMs >= untilMs - 10,
        `came ${untilMs - world.deliveries[1].atMs} ms early`,
      )
    },
  },
  { what: '503', run: (world) => failOnce(world, refused(world, 503)) },
  {
    what: '500',
    refuses: ({ isFinal500 }) => (isFinal500 ? ALL : []),
    run: (world) => failOnce(world, refused(world, 500)),
  },
  {
    what: '413 until no more than two rows come at once',
    async run(world) {
      await world.listen()
      reactTo(world, ({ uuids }) => uuids.length > 2 && refused(world, 413))
      world.give(ROWS)
    },
  },
  {
    what: '413 for a single row',
    refuses: () => ['3'],
    async run(world) {
      await world.listen()
      reactTo(world, ({ uuids }) => uuids.includes('3') && refused(world, 413))
      world.give(ROWS)
    },
  },
  {
    what: '400',
    refuses: () => ALL,
    run: (world) => failOnce(world, refused(world, 400)),
  },
  {
    what: '401, then the token is renewed',
    async run(world) {
      await world.listen()
      reactTo(
        world,
        ({ request }) => !request.headers.authorization?.endsWith(NEW_TOKEN) && refused(world, 401),
      )
      world.give(ROWS)
      await world.until(() => world.courier.trouble !== null)
      world.opened.renewToken()
    },
  },
  {
    what: '403, until somebody allows it',
    async run(world) {
      await world.listen()
      let isAllowed = false
      reactTo(world, () => !isAllowed && refused(world, 403))
      world.give(ROWS)
      await world.until(() => world.courier.trouble !== null && world.deliveries.length > 2)
      isAllowed = true
    },
  },
  {
    what: 'partial success',
    absent: ({ takesAllBut, stopsAt }) => {
      if (takesAllBut) return null
      return stopsAt
        ? 'Splunk takes the events before a bad one and looks at no other: the next line'
        : 'Azure answers for a call as a whole; what a rule drops shows in the metrics of the rule only'
    },
    async run(world) {
      await world.listen()
      world.react = () => ({ keeps: 'all', answer: world.peer.takesAllBut!(2) })
      world.give(ROWS)
      await world.settled()
      assert.equal(world.deliveries.length, 1, 'it is not sent again')
      assert.deepEqual([world.discarded, world.metric('exporter_refused_rows_total')], [2, 2])
    },
  },
  {
    what: 'a bad event in the middle (HEC code 6)',
    absent: ({ stopsAt }) => (stopsAt ? null : 'only Splunk says which event is bad'),
    // What it took before the bad one is not acknowledged.
    repeats: ({ acknowledges }) => (acknowledges ? ['0', '1'] : []),
    refuses: () => ['2'],
    async run(world) {
      await world.listen()
      world.react = ({ uuids, nth }) => {
        const bad = uuids.indexOf('2')
        if (bad < 0) return { keeps: 'all', answer: world.peer.takes(nth) }
        return { keeps: bad, answer: world.peer.stopsAt!(bad) }
      }
      world.give(ROWS)
    },
  },
  {
    what: 'an acknowledgment that comes late',
    absent: withoutAcks,
    async run(world) {
      await world.listen()
      world.acks = (_, question) => question >= 3
      world.give(ROWS)
    },
  },
  {
    what: 'an acknowledgment that never comes',
    repeats: () => ALL,
    absent: withoutAcks,
    async run(world) {
      await world.listen()
      world.acks = (ackId) => ackId > 0
      world.give(ROWS)
      await world.settled()
      assert.equal(world.metric('splunk_hec_acks_missed_total'), 1)
    },
  },
  {
    what: 'an acknowledgment that comes twice',
    absent: withoutAcks,
    async run(world) {
      await world.listen()
      world.give(2)
      await world.until(() => world.courier.waitingRows === 0)
      // The number of the first delivery is said yes to once more with every answer.
      world.acksBesides = [0]
      world.acks = (_, question) => question >= 2
      world.give(ROWS - 2)
    },
  },
]

function withoutAcks({ acknowledges, stopsAt }: Peer): string | null {
  if (acknowledges) return null
  return stopsAt ? 'it does not ask for acknowledgments' : 'only Splunk acknowledges'
}

/** The first delivery goes wrong, and all others go well. */
async function failOnce(world: MatrixWorld, reaction: Reaction): Promise<void> {
  await world.listen()
  reactTo(world, ({ nth }) => nth === 0 && reaction)
  world.give(ROWS)
}

/** A reaction of the test's own to some deliveries; all others are taken. */
function reactTo(
  world: MatrixWorld,
  own: (delivery: Parameters<MatrixWorld['react']>[0]) => Reaction | false,
): void {
  world.react = (delivery) => own(delivery) || { keeps: 'all', answer: world.peer.takes(delivery.nth) }
}

function refused(
  { peer }: MatrixWorld,
  status: number,
  headers: { readonly [name: string]: string } = {},
): { readonly keeps: 'none'; readonly answer: Answer } {
  return { keeps: 'none', answer: peer.refuses(status, headers) }
}

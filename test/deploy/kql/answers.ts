import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateLines } from '../../../bench/generator.ts'
import { sampleLines } from '../../../bench/sample.ts'
import { TABLE } from '../../../src/commands/azure/table.ts'
import type { Flow } from '../../../src/sdk/index.ts'
import { evaluate, type KqlRow } from '../../support/kql/evaluate.ts'
import type { Value } from '../../support/kql/functions.ts'
import { type Recording, recordingOf } from './recording.ts'
import { QUERIES, question, WORKSPACE } from './workspace.ts'

const SAMPLES = join(import.meta.dirname, '../../../../shared/data/hubble-samples.jsonl')
const BUSY = { Namespace: 'storefront', Workload: 'bff' }

const recordings: readonly (readonly [string, Recording])[] = [
  ['the sample', recordingOf([...sampleLines()])],
  ['four thousand flows', recordingOf([...generateLines({ seed: 5, flows: 4000 })])],
  ...(existsSync(SAMPLES) ? [['real records', recordingOf(realLines())] as const] : []),
]

interface Answer {
  readonly question: string
  readonly about?: { readonly [variable: string]: string }
  /** What a flow counts for; null when the question is not about it. */
  readonly flow: (flow: Flow) => readonly Value[] | null
  /** The same of a row of the answer. */
  readonly row: (row: KqlRow) => readonly Value[]
  /** The column that counts. */
  readonly count: string
}

/** Questions whose answer is exact, however the rows were folded. */
const ANSWERS: readonly Answer[] = [
  {
    question: 'dns-errors',
    flow: (flow) => (rcode(flow) ? [namespace(flow.destination), RCODES[rcode(flow)]] : null),
    row: ({ Namespace, Rcode }) => [Namespace, Rcode],
    count: 'Failures',
  },
  {
    question: 'dns-names',
    about: { Namespace: BUSY.Namespace },
    flow: (flow) =>
      flow.l7?.dns && flow.is_reply && namespace(flow.destination) === BUSY.Namespace
        ? [RCODES[rcode(flow)] ?? 'NOERROR']
        : null,
    row: ({ Rcode }) => [Rcode],
    count: 'Lookups',
  },
  {
    question: 'dns-verdicts',
    about: { Namespace: BUSY.Namespace },
    flow: (flow) =>
      namespace(flow.source) === BUSY.Namespace && !flow.is_reply && serverPort(flow) === 53
        ? [flow.verdict!, reason(flow)]
        : null,
    row: ({ Verdict, DropReason }) => [Verdict, DropReason],
    count: 'Flows',
  },
  {
    question: 'drops-by-workload',
    flow: (flow) => (isDropped(flow) ? [...sides(flow), reason(flow), floor(flow, 300_000)] : null),
    row: (row) => [...rowSides(row), row.DropReason, row.TimeGenerated],
    count: 'Drops',
  },
  {
    question: 'drops-in-namespace',
    about: { Namespace: 'sandbox' },
    flow: (flow) =>
      isDropped(flow) && sides(flow).includes('sandbox')
        ? [namespace(flow.destination), serverPort(flow), reason(flow)]
        : null,
    row: ({ DestinationNamespace, Port, DropReason }) => [DestinationNamespace, Port, DropReason],
    count: 'Drops',
  },
  {
    question: 'drops-by-pod',
    flow: (flow) => (isDropped(flow) ? [...sides(flow), reason(flow)] : null),
    row: (row) => [...rowSides(row), row.DropReason],
    count: 'Drops',
  },
  {
    question: 'blocked-sources',
    about: { Namespace: 'orders', Workload: 'postgres' },
    flow: (flow) =>
      isDropped(flow) && flow.destination?.pod_name?.startsWith('postgres') && sides(flow)[1] === 'orders'
        ? [namespace(flow.source), serverPort(flow), reason(flow)]
        : null,
    row: ({ SourceNamespace, Port, DropReason }) => [SourceNamespace, Port, DropReason],
    count: 'Drops',
  },
  {
    question: 'dns-and-https',
    about: BUSY,
    flow: (flow) =>
      sides(flow)[0] === BUSY.Namespace &&
      flow.source?.pod_name?.startsWith(BUSY.Workload) &&
      !flow.is_reply &&
      [53, 443].includes(serverPort(flow) ?? 0)
        ? [serverPort(flow), flow.verdict!, reason(flow)]
        : null,
    row: ({ Port, Verdict, DropReason }) => [Port, Verdict, DropReason],
    count: 'Flows',
  },
  {
    question: 'http-errors',
    flow: (flow) => ((flow.l7?.http?.code ?? 0) >= 400 ? [...sides(flow), flow.l7!.http!.code!] : null),
    row: ({ ServerNamespace, ClientNamespace, Status }) => [ServerNamespace, ClientNamespace, Status],
    count: 'Errors',
  },
  {
    question: 'dropped-l7',
    flow: (flow) => (isDropped(flow) && flow.Type === 'L7' ? sides(flow) : null),
    row: rowSides,
    count: 'Drops',
  },
  ...(['Forwarded', 'Dropped'] as const).map((count) => ({
    question: 'timeline',
    about: { Namespace: BUSY.Namespace },
    flow: (flow: Flow) =>
      sides(flow).includes(BUSY.Namespace) && flow.verdict === count.toUpperCase()
        ? [floor(flow, 60_000)]
        : null,
    row: ({ TimeGenerated }: KqlRow) => [TimeGenerated],
    count,
  })),
  {
    question: 'drop-rate',
    about: { Namespace: 'sandbox' },
    flow: (flow) => (isDropped(flow) && sides(flow).includes('sandbox') ? sides(flow) : null),
    row: rowSides,
    count: 'Dropped',
  },
]

for (const [recording, { flows, rows }] of recordings) {
  const ask = (name: string, about: Answer['about'] = {}) =>
    evaluate(question(name, about), WORKSPACE, { [TABLE]: rows })

  for (const { question: name, about, flow, row, count } of ANSWERS)
    test(`${name} (${count}) answers about ${recording} what the flows say`, () => {
      const answer = ask(name, about).map((one) => [row(one), one[count] as number] as const)
      assert.deepEqual(totals(answer), totals(flows.map((one) => [flow(one), 1] as const)))
    })

  test(`top-ports names the busiest ports of ${recording}`, () => {
    const ports = totals(flows.map((one) => [[protocol(one), serverPort(one)], 1] as const))
    assertTop(ask('top-ports'), ({ Protocol, Port }) => [Protocol, Port], ports)
  })

  test(`top-talkers counts the flows of the workloads of ${recording}`, () => {
    const sent = totals(
      flows.map(
        ({ source }) =>
          [source?.workloads?.[0] && [namespace(source), source.workloads[0].name!], 1] as const,
      ),
    )
    const answer = ask('top-talkers')
    assert.deepEqual(
      answer,
      answer.toSorted((a, b) => Number(b.Flows) - Number(a.Flows)),
    )
    for (const { SourceNamespace, Source, Flows } of answer) {
      const counted = sent[JSON.stringify([SourceNamespace, Source])]
      if (counted !== undefined) assert.equal(Flows, counted, `${SourceNamespace}/${Source}`)
    }
  })

  test(`latest-drops shows the last drops of ${recording} first, and all of them`, () => {
    const times = flows.filter(isDropped).map(({ time }) => Date.parse(time!))
    const answer = ask('latest-drops')
    if (times.length > 0) assert.equal(answer[0].LastFlowTime, Math.max(...times))
    assert.deepEqual(
      answer,
      answer.toSorted((a, b) => Number(b.LastFlowTime) - Number(a.LastFlowTime)),
    )
    const shown = answer.reduce((sum, { Flows }) => sum + Number(Flows), 0)
    assert.ok(answer.length === 100 || shown === times.length)
  })

  test(`a drop rate of ${recording} is the share of its line`, () => {
    for (const { Flows, Dropped, DropRate } of ask('drop-rate', { Namespace: 'sandbox' }))
      assert.equal(DropRate, Math.round((10_000 * Number(Dropped)) / Number(Flows)) / 100)
  })

  test(`what the answers about ${recording} name was there`, () => {
    const pods = new Set(flows.flatMap(({ source, destination }) => [pod(source), pod(destination)]))
    for (const { SourcePods, DestinationPods } of ask('drops-by-pod'))
      for (const name of [...(SourcePods as string[]), ...(DestinationPods as string[])])
        assert.ok(pods.has(name), name)
    const failed = new Set(flows.filter((flow) => rcode(flow)).map((flow) => flow.l7!.dns!.query!))
    const named = ask('dns-errors').flatMap(({ Names }) => Names as string[])
    for (const name of named) assert.ok(failed.has(name), name)
    assert.equal(named.length > 0, failed.size > 0)
    const policies = new Set(flows.flatMap(deniedBy))
    const denying = ask('denying-policies').flatMap(({ Policies }) => Policies as string[])
    assert.deepEqual(new Set(denying), policies)
  })

  test(`tcp-resets counts the RST flags of ${recording}`, () => {
    const resets = totals(flows.map((flow) => [flow.l4?.TCP?.flags?.RST ? sides(flow) : null, 1] as const))
    const answer = ask('tcp-resets')
    const counted = totals(answer.map((row) => [rowSides(row), Number(row.Resets)] as const))
    if (answer.length < 10) assert.deepEqual(counted, resets)
    else for (const [key, count] of Object.entries(counted)) assert.ok(count <= resets[key], key)
  })
}

test('top-outside-addresses counts each address where the key tells them apart', () => {
  const { flows, rows } = recordingOf([...sampleLines()], { key: 'connection' })
  const outside = totals(
    flows.map(({ destination, is_reply, IP }) => [
      namespace(destination) === '' && !is_reply ? [IP?.destination ?? ''] : null,
      1,
    ]),
  )
  const answer = evaluate(question('top-outside-addresses'), WORKSPACE, { [TABLE]: rows })
  assertTop(answer, ({ Address }) => [Address], outside)
})

test('every question has an answer in one of the recordings', () => {
  const asked = new Set([
    ...ANSWERS.map(({ question }) => question),
    'top-ports',
    'top-talkers',
    'latest-drops',
  ])
  const others = ['denying-policies', 'tcp-resets', 'top-outside-addresses']
  assert.deepEqual([...asked, ...others].sort(), [...QUERIES.keys()].sort())
  for (const { question: name, about } of ANSWERS) {
    const answers = recordings.map(([, { rows }]) =>
      evaluate(question(name, about), WORKSPACE, { [TABLE]: rows }),
    )
    assert.ok(
      answers.some((answer) => answer.length > 0),
      `${name}: an answer that is always empty proves nothing`,
    )
  }
})

/** Sums by key; what is about nothing is left out. */
function totals(counts: Iterable<readonly [key: readonly Value[] | null | undefined, count: number]>) {
  const sums: { [key: string]: number } = {}
  for (const [key, count] of counts) {
    if (!key || count === 0) continue
    const name = JSON.stringify(key)
    sums[name] = (sums[name] ?? 0) + count
  }
  return sums
}

/** The lines count right, and nothing that is left out counts more. */
function assertTop(
  answer: readonly KqlRow[],
  keyOf: (row: KqlRow) => readonly Value[],
  all: { readonly [key: string]: number },
): void {
  const shown = answer.map((row) => [JSON.stringify(keyOf(row)), Number(row.Flows)] as const)
  for (const [key, flows] of shown) assert.equal(flows, all[key], key)
  const names = new Set(shown.map(([key]) => key))
  const least = Math.min(...shown.map(([, flows]) => flows))
  for (const [key, flows] of Object.entries(all)) assert.ok(names.has(key) || flows <= least, key)
}

const RCODES: { readonly [code: number]: string } = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  5: 'REFUSED',
}

function rcode({ l7 }: Flow): number {
  return l7?.dns?.rcode ?? 0
}

function isDropped({ verdict }: Flow): boolean {
  return verdict === 'DROPPED'
}

function reason({ drop_reason_desc }: Flow): string {
  return drop_reason_desc ?? ''
}

function namespace(endpoint: Flow['source']): string {
  return endpoint?.namespace ?? ''
}

function pod(endpoint: Flow['source']): string {
  return `${namespace(endpoint)}/${endpoint?.pod_name ?? ''}`
}

function sides({ source, destination }: Flow): readonly string[] {
  return [namespace(source), namespace(destination)]
}

function rowSides({ SourceNamespace, DestinationNamespace }: KqlRow): readonly Value[] {
  return [SourceNamespace, DestinationNamespace]
}

function protocol({ l4 }: Flow): string {
  return Object.keys(l4 ?? {})[0] ?? ''
}

/** The port that was called: on a reply, and on what looks like one, it is the sender's. */
function serverPort({ l4, is_reply }: Flow): number | null {
  const { source_port: source = 0, destination_port: destination = 0 } = l4?.TCP ?? l4?.UDP ?? l4?.SCTP ?? {}
  const isReply = is_reply ?? (destination >= 32_768 && source < 32_768 && source !== 0)
  return (isReply ? source : destination) || null
}

function floor({ time }: Flow, stepMs: number): number {
  return Math.floor(Date.parse(time!) / stepMs) * stepMs
}

function deniedBy({ verdict, egress_denied_by = [], ingress_denied_by = [] }: Flow): string[] {
  return verdict === 'DROPPED' ? [...egress_denied_by, ...ingress_denied_by].map(({ name }) => name!) : []
}

function realLines(): string[] {
  return readFileSync(SAMPLES, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"flow":{"time":"202'))
}

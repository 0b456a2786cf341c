import { z } from 'zod'
import { nearest } from '../../src/sdk/index.ts'
import type { Requirement } from './label-selector.ts'
import * as values from './values.ts'

export type FilterSpec = z.output<typeof filterSpec>
export type EndpointSpec = z.output<typeof endpointSpec>

/** A list where absent, null and empty all mean that nothing is asked. */
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item, { error: 'must be a list; put the value in brackets, [ ]' })
    .nullish()
    .transform((entries) => entries ?? undefined)

const labelText = z.string({ error: 'must be a text; put it in quotes' })
const NO_LABEL_KEY = 'is no label key; write for example "app" or "reserved:host"'
const labelKey = labelText.refine((key) => /^[^\s=]+$/.test(key), { error: NO_LABEL_KEY })

const labelMapProblem: z.core.$ZodErrorMap = ({ code }) =>
  code === 'invalid_key' ? NO_LABEL_KEY : 'must be a map of labels'

const labelExpression = z
  .strictObject(
    {
      key: labelKey.describe('Label key: "app", or with Cilium\'s source, "reserved:host".'),
      operator: values.operator.describe('`In`, `NotIn`, `Exists` or `DoesNotExist`.'),
      values: list(labelText).describe('For `In` and `NotIn`: the values.'),
    },
    { error: misspelt(['key', 'operator', 'values']) },
  )
  .transform(({ key, operator, values = [] }, context): Requirement => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', path: ['values'], message })
      return z.NEVER
    }
    if (operator === 'In' || operator === 'NotIn')
      return values.length > 0 ? { key, operator, values } : refuse(`"${operator}" needs at least one value`)
    return values.length === 0 ? { key, operator } : refuse(`"${operator}" takes no values; leave them out`)
  })

const labelSelector = anyCase({
  match_labels: z
    .record(labelKey, labelText, { error: labelMapProblem })
    .nullish()
    .describe('Labels that the pod must have, with exactly these values.'),
  match_expressions: list(labelExpression).describe('Further demands on labels; all must hold.'),
}).transform(({ match_labels, match_expressions = [] }): readonly Requirement[] => [
  ...Object.entries(match_labels ?? {}).map(
    ([key, value]) => ({ key, operator: 'In', values: [value] }) as const,
  ),
  ...match_expressions,
])

const endpointSpec = anyCase({
  namespaced_pod: list(values.podPattern).describe(
    '`shop/web-`: pods of shop whose name begins so. `shop/`: all of shop. `/web-`: in any namespace. `web`: in `default`. A `*` at the end changes nothing.',
  ),
  label_selector: labelSelector
    .nullish()
    .describe('As in Kubernetes: `matchLabels`, `matchExpressions`. `{}` is everybody, null is nobody.'),
  ip: list(values.addressRange).describe('Addresses and CIDRs, IPv4 and IPv6, in any spelling.'),
  namespace: list(values.namespaceName).describe('Beyond the CRD: namespaces by their whole name.'),
  workload: list(values.workloadPattern).describe('Beyond the CRD: workloads, `web` or `Deployment/web`.'),
})

/** What one filter asks of a flow: all fields must hold, of each list one entry. */
export const filterSpec = anyCase({
  name: z.string().nullish().describe('For people; means nothing.'),
  protocol: list(values.protocol).describe(
    '`tcp`, `udp`, `sctp`, `icmp` (both), `icmpv4`, `icmpv6`, `vrrp`, `igmp`. `dns` and `http` want a record of layer 7, so Cilium must see into it: port 53 alone is not `dns`.',
  ),
  verdict: list(values.verdict).describe(
    '`forwarded`, `dropped`, `error`, `audit`, `redirected`, `traced`, `translated`, in any letters.',
  ),
  from: endpointSpec.nullish().describe('The sender.'),
  to: endpointSpec.nullish().describe('The receiver.'),
  either: endpointSpec.nullish().describe('Beyond the CRD: the sender or the receiver.'),
  port: list(values.port).describe(
    'Beyond the CRD: source or destination port, so the server\'s on requests and replies alike. Numbers and ranges, "8000-8100".',
  ),
  source_port: list(values.port).describe('Beyond the CRD: port of the sender.'),
  destination_port: list(values.port).describe(
    "Beyond the CRD: port of the receiver, on replies the client's.",
  ),
  direction: list(values.direction).describe(
    'Beyond the CRD: `ingress`, `egress`; `unknown` is a flow without one.',
  ),
  drop_reason: list(values.dropReason).describe('Beyond the CRD: `POLICY_DENIED`, "Policy denied" or 133.'),
  http_code: list(values.httpCode).describe(
    'Beyond the CRD: HTTP status, 404, "4xx" or "500-599". Requests have none.',
  ),
  dns_rcode: list(values.dnsRcode).describe(
    'Beyond the CRD: code of a DNS answer, `NXDOMAIN` or 3. `NOERROR` matches no queries.',
  ),
  reply: z
    .boolean('must be true or false')
    .nullish()
    .describe(
      'Beyond the CRD: whether it answers an earlier packet. Where Hubble does not know, a dropped packet counts as `false`, and any other flow is neither.',
    ),
})

/** `spec` of a ContainerNetworkLog. The docs write `includefilters`, their prose and ContainerNetworkMetric `includeFilters`. */
export const containerNetworkLogSpec = aliased(
  { includefilters: list(filterSpec) },
  new Map([['includeFilters', 'includefilters']]),
).transform(({ includefilters = [] }, context) => {
  // A misspelt key is the one mistake, not also that the right one is missing.
  if (includefilters.length === 0 && context.issues.length === 0)
    context.addIssue({
      code: 'custom',
      path: ['includefilters'],
      message: 'needs at least one filter; "- {}" is one that lets every flow pass',
    })
  return includefilters
})

/** An object whose keys may be written `like_this` or `likeThis`. */
function anyCase<S extends z.ZodRawShape>(shape: S) {
  const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
  const twoWords = Object.keys(shape).filter((name) => name.includes('_'))
  return aliased(shape, new Map(twoWords.map((name) => [camelCase(name), name])))
}

/** An object some of whose keys have a second name; what comes out has the first. */
function aliased<S extends z.ZodRawShape>(shape: S, names: ReadonlyMap<string, string>) {
  const aliases = Object.fromEntries([...names].map(([alias, name]) => [alias, shape[name]]))
  const both = { ...shape, ...aliases }
  return z.strictObject(both, { error: misspelt(Object.keys(both)) }).transform((input, context) => {
    const output: { [name: string]: unknown } = {}
    for (const [key, value] of Object.entries(input)) {
      const name = names.get(key) ?? key
      if (name in output)
        context.addIssue({
          code: 'custom',
          path: [key],
          message: `is there twice; "${name}" is the same field`,
        })
      output[name] = value
    }
    return output as z.output<z.ZodObject<S>>
  })
}

/** Says of an unknown key what was probably meant. */
function misspelt(known: readonly string[]): z.core.$ZodErrorMap {
  return (issue) => {
    if (issue.code === 'invalid_type') return 'must be a map of fields'
    if (issue.code !== 'unrecognized_keys') return undefined
    return (issue.keys as string[]).map((key) => unknownField(key, known)).join('; ')
  }
}

function unknownField(key: string, known: readonly string[]): string {
  if (/^exclude_?filters$/i.test(key))
    return `"${key}" is no field of a ContainerNetworkLog; put the filters under "exclude" of the filter processor`
  const near = nearest(key, known)
  return `unknown field "${key}"; ${near ? `did you mean "${near}"?` : `known are ${known.join(', ')}`}`
}

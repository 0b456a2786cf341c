import type { Endpoint } from '../../src/sdk/index.ts'

/** One demand on an endpoint's labels. */
export type Requirement =
  | { readonly operator: 'In' | 'NotIn'; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: 'Exists' | 'DoesNotExist'; readonly key: string }

/** Keys that stand for the pod's namespace, whether or not the flow bears labels. */
const NAMESPACE_KEYS = new Set([
  'k8s.io/namespace',
  'kubernetes.io/metadata.name',
  'io.kubernetes.pod.namespace',
  'k8s:io.kubernetes.pod.namespace',
])

/**
 * Whether an endpoint meets all requirements. As in Kubernetes, `NotIn` and `DoesNotExist` hold for whoever has no such
 * label; an endpoint without any labels is one of them.
 */
export function selectorTest(requirements: readonly Requirement[]): (endpoint: Endpoint) => boolean {
  const tests = requirements.map(requirementTest)
  return (endpoint) => tests.every((test) => test(endpoint))
}

function requirementTest(requirement: Requirement): (endpoint: Endpoint) => boolean {
  const { operator, key } = requirement
  const values = valuesUnder(key)
  switch (operator) {
    case 'Exists':
      return (endpoint) => values(endpoint).length > 0
    case 'DoesNotExist':
      return (endpoint) => values(endpoint).length === 0
    case 'In':
      return (endpoint) => values(endpoint).some((value) => requirement.values.includes(value))
    case 'NotIn':
      return (endpoint) => !values(endpoint).some((value) => requirement.values.includes(value))
  }
}

/**
 * The values an endpoint has under a key. Cilium's labels name their source, `k8s:app=web` or `reserved:host`; a key
 * without a source, as Kubernetes writes them, means a label of any source, as it does in Hubble's filters.
 */
function valuesUnder(key: string): (endpoint: Endpoint) => readonly string[] {
  const [source, name] = splitSource(key)
  const isNamespace = NAMESPACE_KEYS.has(key)
  return ({ namespace, labels = [] }) => {
    if (isNamespace && namespace) return [namespace]
    return labels
      .map(parseLabel)
      .filter((label) => label.name === name && (source === null || (label.source ?? 'k8s') === source))
      .map((label) => label.value)
  }
}

function parseLabel(label: string): {
  readonly source: string | null
  readonly name: string
  readonly value: string
} {
  const equals = label.indexOf('=')
  const [source, name] = splitSource(equals < 0 ? label : label.slice(0, equals))
  return { source, name, value: equals < 0 ? '' : label.slice(equals + 1) }
}

function splitSource(key: string): readonly [source: string | null, name: string] {
  const colon = key.indexOf(':')
  return colon < 0 ? [null, key] : [key.slice(0, colon), key.slice(colon + 1)]
}

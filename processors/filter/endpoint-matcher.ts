import type { Endpoint } from '../../src/sdk/index.ts'
import { selectorTest } from './label-selector.ts'
import type { EndpointSpec } from './spec.ts'
import type { PodPattern, WorkloadPattern } from './values.ts'

/** What a flow without a source or destination has there. */
const NOBODY: Endpoint = {}

/**
 * Whether an endpoint is the one that `from`, `to` or `either` describes, addresses aside: those stand in columns of their
 * own. Null when nothing is asked of it.
 */
export function endpointTest(spec: EndpointSpec): ((endpoint: Endpoint | undefined) => boolean) | null {
  const { namespaced_pod, label_selector, namespace, workload } = spec
  const tests: ((endpoint: Endpoint) => boolean)[] = []
  if (namespaced_pod?.length) tests.push((endpoint) => namespaced_pod.some((pod) => isPod(endpoint, pod)))
  if (namespace?.length) tests.push((endpoint) => namespace.includes(endpoint.namespace ?? ''))
  if (workload?.length) tests.push((endpoint) => workload.some((pattern) => hasWorkload(endpoint, pattern)))
  if (label_selector === null) tests.push(() => false)
  else if (label_selector?.length) tests.push(selectorTest(label_selector))
  if (tests.length === 0) return null
  return (endpoint = NOBODY) => tests.every((test) => test(endpoint))
}

function isPod({ namespace = '', pod_name = '' }: Endpoint, pattern: PodPattern): boolean {
  return (
    (pattern.namespace === null || pattern.namespace === namespace) && pod_name.startsWith(pattern.prefix)
  )
}

function hasWorkload({ workloads = [] }: Endpoint, pattern: WorkloadPattern): boolean {
  return workloads.some(
    ({ name, kind }) => name === pattern.name && (pattern.kind === null || pattern.kind === kind),
  )
}

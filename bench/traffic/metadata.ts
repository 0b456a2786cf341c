import type { Workload } from './workloads.ts'

/** Labels of a pod as Cilium writes them: with their source, sorted. */
export function podLabels({ namespace, name, kind }: Workload, cluster: string): string[] {
  return [
    `k8s:app.kubernetes.io/component=${kind === 'StatefulSet' ? 'store' : 'server'}`,
    `k8s:app.kubernetes.io/name=${name}`,
    `k8s:app.kubernetes.io/part-of=${namespace}`,
    `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`,
    `k8s:io.cilium.k8s.policy.cluster=${cluster}`,
    `k8s:io.cilium.k8s.policy.serviceaccount=${name}`,
    `k8s:io.kubernetes.pod.namespace=${namespace}`,
  ]
}

/** The policy that allows a workload's traffic, as Hubble names it on verdicts. */
export function policy({ namespace, name }: Workload, uid: string): object {
  return {
    name: `allow-${name}`,
    namespace,
    labels: [
      'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy',
      `k8s:io.cilium.k8s.policy.name=allow-${name}`,
      `k8s:io.cilium.k8s.policy.namespace=${namespace}`,
      `k8s:io.cilium.k8s.policy.uid=${uid}`,
    ],
    revision: '118',
    kind: 'CiliumNetworkPolicy',
  }
}

/** `node_labels`, which bear no source. */
export function nodeLabels(hostName: string): string[] {
  return [
    'agentpool=workers',
    'kubernetes.azure.com/mode=user',
    'kubernetes.io/arch=amd64',
    `kubernetes.io/hostname=${hostName}`,
    'kubernetes.io/os=linux',
    'node-role.kubernetes.io/agent=',
    'node.kubernetes.io/instance-type=Standard_D8ds_v5',
    'topology.kubernetes.io/region=westeurope',
    'topology.kubernetes.io/zone=westeurope-2',
  ]
}

import { type Endpoint, makeEndpoint } from './endpoint.ts'
import { nodeLabels, podLabels, policy } from './metadata.ts'
import { Random } from './random.ts'
import { CALLS, OUTSIDE_CALLS, WORKLOADS, type Workload } from './workloads.ts'

export interface Service {
  readonly workload: Workload
  /** At least one. */
  readonly here: readonly Endpoint[]
  readonly elsewhere: readonly Endpoint[]
  /** The policies that allow its traffic, as in `ingress_allowed_by`. */
  readonly policies: string
}

export interface Call {
  readonly client: Service
  readonly server: Service
  readonly isIpv6: boolean
}

export interface OutsideCall {
  readonly client: Service
  readonly site: Site
}

/** A place with a DNS name. */
export interface Site {
  readonly name: string
  readonly endpoint: Endpoint
}

const NODES = 4
const THIS_NODE = 3
/** Every so many-th call goes by IPv6. */
const ONE_IN_IPV6 = 7
const CLUSTER = 'shop-prod'
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** A believable small cluster, seen from one of its nodes: a quarter of its 800 pods run here. */
export class Cluster {
  readonly services: ReadonlyMap<string, Service>
  /** Busiest first. */
  readonly calls: readonly Call[]
  /** Those whose server stands behind the proxy. */
  readonly httpCalls: readonly Call[]
  /** In the order of popularity. */
  readonly podsHere: readonly Endpoint[]
  readonly host: Endpoint
  readonly otherHosts: readonly Endpoint[]
  readonly health: Endpoint
  readonly apiServer: Endpoint
  /** Busiest first. */
  readonly outsideCalls: readonly OutsideCall[]
  /** Strangers who come in through the ingress; busiest first. */
  readonly visitors: readonly Endpoint[]
  readonly nodeName: string
  readonly nodeLabelsJson: string
  readonly hostIp: string

  readonly #random: Random
  readonly #podsOn = Array.from({ length: NODES }, () => 0)
  #endpoints = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
    const hostName = `aks-workers-${this.#random.between(10_000_000, 99_999_999)}-vmss00000${THIS_NODE}`
    this.nodeName = `${CLUSTER}/${hostName}`
    this.nodeLabelsJson = JSON.stringify(nodeLabels(hostName))
    this.services = new Map(WORKLOADS.map((workload) => [idOf(workload), this.#service(workload)]))
    this.calls = CALLS.map(([client, server], index) => ({
      client: this.named(client),
      server: this.named(server),
      isIpv6: index % ONE_IN_IPV6 === ONE_IN_IPV6 - 1,
    }))
    this.httpCalls = this.calls.filter(({ server }) => server.workload.speaks === 'http')
    this.podsHere = this.#random.shuffle([...this.services.values()].flatMap((service) => service.here))
    this.hostIp = `10.224.0.${4 + THIS_NODE}`
    this.host = this.#reserved('host', { identity: 1, labels: ['reserved:host'] }, this.hostIp)
    this.otherHosts = [0, 1, 2].map((node) =>
      this.#reserved('host', { identity: 6, labels: ['reserved:remote-node'] }, `10.224.0.${4 + node}`),
    )
    const health = { ID: this.#endpointId(), identity: 4, labels: ['reserved:health'] }
    this.health = this.#reserved('pod here', health, `10.244.${THIS_NODE}.4`)
    const apiServer = { identity: 16777217, labels: ['reserved:kube-apiserver', 'reserved:world-ipv4'] }
    this.apiServer = this.#reserved('world', apiServer, '20.31.44.7')
    const sites = new Map<string, Site>()
    this.outsideCalls = OUTSIDE_CALLS.map(([client, name]) => {
      const site = sites.get(name) ?? this.#site(name, sites.size)
      sites.set(name, site)
      return { client: this.named(client), site }
    })
    this.visitors = Array.from({ length: 400 }, () =>
      this.#reserved('world', { identity: 9, labels: ['reserved:world-ipv4'] }, this.#publicIp()),
    )
  }

  named(id: string): Service {
    const service = this.services.get(id)
    if (!service) throw new Error(`no workload ${id}`)
    return service
  }

  #service(workload: Workload): Service {
    const identity = this.#random.between(1024, 65536)
    const suffix = this.#random.text(10, LETTERS)
    // Replicas spread over the nodes as a scheduler would; the few of a small workload start here, so that its calls can be seen.
    const offset = workload.replicas < NODES ? THIS_NODE : this.#random.between(0, NODES)
    const pods = Array.from({ length: workload.replicas }, (_, replica) => ({
      node: (replica + offset) % NODES,
      name: this.#podName(workload, replica, suffix),
    }))
    const here = pods.filter((pod) => pod.node === THIS_NODE)
    const elsewhere = pods.filter((pod) => pod.node !== THIS_NODE)
    return {
      workload,
      here: here.map((pod) => this.#pod(workload, identity, pod.name, pod.node)),
      elsewhere: elsewhere.map((pod) => this.#pod(workload, identity, pod.name, pod.node)),
      policies: JSON.stringify([policy(workload, this.#random.uuid())]),
    }
  }

  #podName({ kind, name }: Workload, replica: number, suffix: string): string {
    switch (kind) {
      case 'StatefulSet':
        return `${name}-${replica}`
      case 'DaemonSet':
        return `${name}-${this.#random.text(5, LETTERS)}`
      case 'CronJob':
        return `${name}-2928${1000 + replica * 15}-${this.#random.text(5, LETTERS)}`
      case 'Deployment':
        return `${name}-${suffix}-${this.#random.text(5, LETTERS)}`
    }
  }

  /** Only endpoints of this node have an `ID` and workloads (cilium `pkg/hubble/parser/common/endpoint.go`). */
  #pod(workload: Workload, identity: number, podName: string, node: number): Endpoint {
    const { namespace, name, kind } = workload
    const isHere = node === THIS_NODE
    const workloads = isHere ? { workloads: [{ name, kind }] } : {}
    const serial = this.#podsOn[node]++
    return makeEndpoint(this.#random, {
      place: isHere ? 'pod here' : 'pod elsewhere',
      record: {
        ...(isHere ? { ID: this.#endpointId() } : {}),
        identity,
        cluster_name: CLUSTER,
        namespace,
        labels: podLabels(workload, CLUSTER),
        pod_name: podName,
        ...workloads,
      },
      key: { identity, cluster_name: CLUSTER, namespace, ...workloads },
      ip4: `10.244.${node}.${10 + serial}`,
      ip6: `fd00:10:244:${node}::${(10 + serial).toString(16)}`,
      device: `lxc${this.#random.text(12, '0123456789abcdef')}`,
      encrypted: node === 1,
    })
  }

  #reserved(
    place: Endpoint['place'],
    record: { ID?: number; identity: number; labels: string[] },
    ip4: string,
  ) {
    return makeEndpoint(this.#random, {
      place,
      record,
      key: { identity: record.identity },
      ip4,
      ip6: `2001:db8:${ip4.split('.').slice(1).join(':')}::1`,
      device: place === 'pod here' ? 'lxc_health' : 'eth0',
    })
  }

  #site(name: string, index: number): Site {
    const identity = 16777220 + index
    const endpoint = makeEndpoint(this.#random, {
      place: 'world',
      record: { identity, labels: [`fqdn:${name}`, 'reserved:world-ipv4'] },
      key: { identity },
      ip4: this.#publicIp(),
      ip6: `2001:db8:aa::${index + 1}`,
      device: 'eth0',
      names: [name],
    })
    return { name, endpoint }
  }

  /** Endpoint ids do not follow the order of creation on a real node either. */
  #endpointId(): number {
    return ((++this.#endpoints * 2749) % 3900) + 100
  }

  #publicIp(): string {
    const octet = (from: number, to: number) => this.#random.between(from, to)
    return `${octet(60, 100)}.${octet(1, 255)}.${octet(0, 256)}.${octet(1, 255)}`
  }
}

function idOf({ namespace, name }: Workload): string {
  return `${namespace}/${name}`
}

/** A workload of the made-up cluster: a web shop, its data, and what every cluster runs besides. */
export interface Workload {
  readonly namespace: string
  readonly name: string
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'CronJob'
  readonly replicas: number
  readonly port: number
  /** `http` is seen by the proxy (there is a layer 7 policy), `tcp` and `udp` are not. */
  readonly speaks: 'http' | 'tcp' | 'udp' | 'dns' | 'nothing'
}

export const WORKLOADS: readonly Workload[] = [
  workload('kube-system/coredns', 'Deployment', 4, 53, 'dns'),
  workload('kube-system/metrics-server', 'Deployment', 2, 4443, 'tcp'),
  workload('kube-system/konnectivity-agent', 'Deployment', 4, 8094, 'tcp'),
  workload('kube-system/hubble-relay', 'Deployment', 1, 4245, 'tcp'),
  workload('monitoring/prometheus', 'StatefulSet', 2, 9090, 'http'),
  workload('monitoring/grafana', 'Deployment', 2, 3000, 'http'),
  workload('monitoring/alertmanager', 'StatefulSet', 3, 9093, 'http'),
  workload('monitoring/loki', 'StatefulSet', 3, 3100, 'http'),
  workload('monitoring/otel-collector', 'DaemonSet', 4, 4317, 'tcp'),
  workload('monitoring/statsd', 'Deployment', 4, 8125, 'udp'),
  workload('ingress/nginx-controller', 'Deployment', 24, 443, 'tcp'),
  workload('ingress/cert-manager', 'Deployment', 1, 9402, 'tcp'),
  workload('storefront/web', 'Deployment', 96, 8080, 'http'),
  workload('storefront/bff', 'Deployment', 80, 8080, 'http'),
  workload('storefront/assets', 'Deployment', 40, 8080, 'tcp'),
  workload('catalog/catalog-api', 'Deployment', 64, 8080, 'http'),
  workload('catalog/search-api', 'Deployment', 48, 8080, 'http'),
  workload('catalog/opensearch', 'StatefulSet', 12, 9200, 'tcp'),
  workload('catalog/indexer', 'Deployment', 8, 8080, 'nothing'),
  workload('cart/cart-api', 'Deployment', 48, 8080, 'http'),
  workload('cart/redis', 'StatefulSet', 6, 6379, 'tcp'),
  workload('orders/orders-api', 'Deployment', 40, 8080, 'http'),
  workload('orders/orders-worker', 'Deployment', 32, 8080, 'nothing'),
  workload('orders/postgres', 'StatefulSet', 6, 5432, 'tcp'),
  workload('payments/payments-api', 'Deployment', 32, 8443, 'tcp'),
  workload('payments/fraud-check', 'Deployment', 24, 8080, 'http'),
  workload('payments/ledger', 'StatefulSet', 5, 5432, 'tcp'),
  workload('auth/auth-api', 'Deployment', 40, 8080, 'http'),
  workload('auth/session-store', 'StatefulSet', 6, 6379, 'tcp'),
  workload('inventory/inventory-api', 'Deployment', 32, 8080, 'http'),
  workload('inventory/mysql', 'StatefulSet', 5, 3306, 'tcp'),
  workload('inventory/stock-sync', 'CronJob', 6, 8080, 'nothing'),
  workload('notify/notifier', 'Deployment', 24, 8080, 'http'),
  workload('notify/mail-sender', 'Deployment', 16, 8080, 'nothing'),
  workload('data/kafka', 'StatefulSet', 12, 9092, 'tcp'),
  workload('data/clickhouse', 'StatefulSet', 8, 8123, 'tcp'),
  workload('data/etl', 'CronJob', 16, 8080, 'nothing'),
  workload('sandbox/load-generator', 'Deployment', 24, 8080, 'nothing'),
  workload('sandbox/toolbox', 'Deployment', 16, 8080, 'nothing'),
]

/** Who calls whom, the busiest first. */
export const CALLS: readonly (readonly [client: string, server: string])[] = [
  ['ingress/nginx-controller', 'storefront/web'],
  ['storefront/web', 'storefront/bff'],
  ['storefront/bff', 'catalog/catalog-api'],
  ['storefront/bff', 'cart/cart-api'],
  ['cart/cart-api', 'cart/redis'],
  ['storefront/bff', 'auth/auth-api'],
  ['auth/auth-api', 'auth/session-store'],
  ['catalog/catalog-api', 'catalog/search-api'],
  ['catalog/search-api', 'catalog/opensearch'],
  ['storefront/web', 'storefront/assets'],
  ['storefront/bff', 'orders/orders-api'],
  ['orders/orders-api', 'orders/postgres'],
  ['orders/orders-api', 'payments/payments-api'],
  ['payments/payments-api', 'payments/fraud-check'],
  ['payments/payments-api', 'payments/ledger'],
  ['orders/orders-worker', 'data/kafka'],
  ['orders/orders-worker', 'inventory/inventory-api'],
  ['inventory/inventory-api', 'inventory/mysql'],
  ['catalog/catalog-api', 'inventory/inventory-api'],
  ['monitoring/prometheus', 'storefront/bff'],
  ['storefront/bff', 'monitoring/otel-collector'],
  ['orders/orders-worker', 'notify/notifier'],
  ['notify/notifier', 'data/kafka'],
  ['notify/mail-sender', 'data/kafka'],
  ['catalog/indexer', 'catalog/opensearch'],
  ['catalog/indexer', 'data/kafka'],
  ['payments/fraud-check', 'data/clickhouse'],
  ['data/etl', 'data/clickhouse'],
  ['data/etl', 'orders/postgres'],
  ['inventory/stock-sync', 'inventory/mysql'],
  ['monitoring/prometheus', 'catalog/catalog-api'],
  ['monitoring/prometheus', 'orders/orders-api'],
  ['monitoring/grafana', 'monitoring/prometheus'],
  ['monitoring/grafana', 'monitoring/loki'],
  ['monitoring/otel-collector', 'monitoring/loki'],
  ['monitoring/prometheus', 'monitoring/alertmanager'],
  ['kube-system/hubble-relay', 'kube-system/metrics-server'],
  ['kube-system/konnectivity-agent', 'kube-system/metrics-server'],
]

/** Which workloads call which sites outside the cluster, the busiest first. */
export const OUTSIDE_CALLS: readonly (readonly [client: string, site: string])[] = [
  ['payments/payments-api', 'api.stripe.example'],
  ['storefront/bff', 'maps.tiles.example'],
  ['notify/notifier', 'hooks.chat.example'],
  ['notify/mail-sender', 'smtp.mail.example'],
  ['auth/auth-api', 'login.cloud.example'],
  ['data/etl', 'storage.cloud.example'],
  ['payments/fraud-check', 'rates.bank.example'],
  ['inventory/stock-sync', 'feeds.supplier.example'],
  ['monitoring/otel-collector', 'telemetry.vendor.example'],
  ['ingress/cert-manager', 'login.cloud.example'],
]

function workload(
  path: `${string}/${string}`,
  kind: Workload['kind'],
  replicas: number,
  port: number,
  speaks: Workload['speaks'],
): Workload {
  const [namespace, name] = path.split('/') as [string, string]
  return { namespace, name, kind, replicas, port, speaks }
}

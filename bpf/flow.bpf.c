// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Counts every packet of an interface by its five-tuple, and copies the heads of DNS and HTTP messages. */
#include "common.h"
#include "packet.h"
#include "connection.h"

#define HTTP_OFF 0
#define HTTP_SERVER 1 /* at the server's interface only: one record for each message, not one for each hook */
#define HTTP_ALL 2
#define MAX_PORTS 16

/* Set by user space before the object is loaded; layout.ts knows the offsets. */
const volatile struct {
	__u16 dns_ports[MAX_PORTS];  /* a 0 ends a list */
	__u16 http_ports[MAX_PORTS]; /* an empty list is every port */
	__u64 http_cost_ns;          /* time on one CPU that pays for one HTTP head; 0: no limit */
	__u32 http;
	__u32 pad;
} config SEC(".rodata.config") = {};
_Static_assert(sizeof(config) == 80, "config");

struct flow_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct flow_val);
};
struct flow_map flows0 SEC(".maps"), flows1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct head_record);
} scratch SEC(".maps");

struct bucket {
	__u64 filled_ns, credit_ns;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bucket);
} http_bucket SEC(".maps");

/* The time to a tick of the kernel (1 to 10 ms): enough for when a flow was last seen. A look at the clock costs a call, and
 * a return is what processors of today are made slow at. Nobody minds when two CPUs set it at once. */
volatile struct {
	__u64 tick, ns;
} rough SEC(".data.rough") = {};

static __always_inline __u64 rough_ns(void)
{
	__u64 tick = bpf_jiffies64(); /* no call: the verifier puts a load in its place */
	if (tick != rough.tick) {
		rough.ns = bpf_ktime_get_ns();
		rough.tick = tick;
	}
	return rough.ns;
}

static __always_inline void add(struct flow_val *flow, struct packet *p)
{
	__sync_fetch_and_add(&flow->packets, p->segments);
	__sync_fetch_and_add(&flow->bytes, p->bytes);
	__sync_fetch_and_add(&flow->skbs, 1);
	__u64 now = rough_ns();
	if (now > flow->last_ns) /* the first packet's time is exact, and may be the later one */
		flow->last_ns = now;
	if (p->flags & ~flow->flags)
		flow->flags |= p->flags;
}

/* A packet of a flow that has no entry yet. Returns its direction. */
static __noinline __u8 meet(void *flows, struct packet *p)
{
	__u64 now = bpf_ktime_get_ns();
	struct flow_val fresh = {
		.packets = p->segments, .bytes = p->bytes, .skbs = 1, .first_ns = now, .last_ns = now, .flags = p->flags,
	};
	fresh.direction = track(p, now, &fresh.rtt_us);
	if (!bpf_map_update_elem(flows, &p->key, &fresh, BPF_NOEXIST)) {
		count(COUNT_INSERTED, 1);
		return fresh.direction;
	}
	struct flow_val *flow = bpf_map_lookup_elem(flows, &p->key); /* another CPU may have been quicker */
	if (flow) {
		add(flow, p);
	} else {
		count(COUNT_FULL, 1);
		count(COUNT_FULL_BYTES, p->bytes);
	}
	return fresh.direction;
}

/* Returns the direction of the packet in its connection. */
static __always_inline __u8 account(void *flows, struct packet *p)
{
	struct flow_val *flow = bpf_map_lookup_elem(flows, &p->key);
	if (!flow)
		return meet(flows, p);
	add(flow, p);
	if (p->flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
		__u32 rtt_us = 0;
		flow->direction = track(p, bpf_ktime_get_ns(), &rtt_us);
		if (rtt_us)
			flow->rtt_us = rtt_us;
	}
	return flow->direction;
}

static __always_inline bool listed(const volatile __u16 *ports, struct packet *p)
{
	__u16 source = bpf_ntohs(p->key.sport), destination = bpf_ntohs(p->key.dport);
	for (int i = 0; i < MAX_PORTS; i++) {
		if (!ports[i])
			return false;
		if (ports[i] == source || ports[i] == destination)
			return true;
	}
	return false;
}

static __noinline bool begins_http(struct __sk_buff *skb, struct packet *p)
{
	__be32 begin;
	if (p->payload_len < 12 || bpf_skb_load_bytes(skb, p->payload, &begin, 4))
		return false;
	switch (bpf_ntohl(begin)) {
	case 0x48545450: /* HTTP */
	case 0x47455420: /* GET_ */
	case 0x504f5354: /* POST */
	case 0x50555420: /* PUT_ */
	case 0x44454c45: /* DELE */
	case 0x48454144: /* HEAD */
	case 0x50415443: /* PATC */
	case 0x4f505449: /* OPTI */
		return true;
	}
	return false;
}

static __noinline bool affordable(void)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 zero = 0;
	struct bucket *bucket = bpf_map_lookup_elem(&http_bucket, &zero);
	if (!config.http_cost_ns || !bucket)
		return true;
	__u64 credit = bucket->credit_ns + (now - bucket->filled_ns);
	if (credit > 1000000000ULL)
		credit = 1000000000ULL;
	bucket->filled_ns = now;
	bool enough = credit >= config.http_cost_ns;
	bucket->credit_ns = enough ? credit - config.http_cost_ns : credit;
	if (!enough)
		count(COUNT_LIMITED, 1);
	return enough;
}

static __noinline int copy_head(struct __sk_buff *skb, struct packet *p, __u16 type, __u8 direction)
{
	__u32 zero = 0, length = p->payload_len;
	struct head_record *record = bpf_map_lookup_elem(&scratch, &zero);
	if (!record || length < 1)
		return 0;
	if (length > HEAD_BYTES)
		length = HEAD_BYTES;
	if (bpf_skb_load_bytes(skb, p->payload, record->payload, length))
		return 0;
	record->header.type = type;
	record->header.payload_len = length;
	record->header.packet_len = p->payload_len;
	record->header.time_ns = bpf_ktime_get_ns();
	record->flow = p->key;
	record->direction = direction;
	/* Nobody is woken: the reader looks every few milliseconds. */
	if (bpf_ringbuf_output(&records, record, __builtin_offsetof(struct head_record, payload) + length, 1 /* NO_WAKEUP */))
		count(COUNT_RING_FULL, 1);
	return 0;
}

static __always_inline bool wants_http(struct packet *p, __u8 direction)
{
	if (config.http == HTTP_OFF || p->key.proto != IPPROTO_TCP)
		return false;
	/* A packet to the server goes out of the host's end and is original; one from it comes in and is a reply. In a
	 * namespace of a pod the hooks are the other way round. */
	bool to_endpoint = p->key.netns ? p->key.hook == 0 : p->key.hook == 1;
	if (config.http == HTTP_SERVER && direction != (to_endpoint ? DIRECTION_ORIGINAL : DIRECTION_REPLY))
		return false;
	return !config.http_ports[0] || listed(config.http_ports, p);
}

/* Every call costs, so what each packet goes through is inline, and what few do is a function. */
static __always_inline int see(struct __sk_buff *skb, __u8 hook, __u32 link_header, __u32 netns)
{
	struct packet p = { .network = link_header, .bytes = skb->len, .segments = skb->gso_segs ? skb->gso_segs : 1 };
	if (parse(skb, &p)) {
		count(COUNT_NOT_IP, 1);
		count(COUNT_NOT_IP_BYTES, skb->len);
		return TC_ACT_UNSPEC;
	}
	p.key.hook = hook;
	p.key.ifindex = skb->ifindex;
	p.key.netns = netns;
	/* Two calls, not a pointer to either map: the verifier can then inline the look-ups. */
	__u8 direction = active ? account(&flows1, &p) : account(&flows0, &p);
	if (!p.payload_len)
		return TC_ACT_UNSPEC;
	if ((p.key.proto == IPPROTO_UDP || p.key.proto == IPPROTO_TCP) && listed(config.dns_ports, &p))
		copy_head(skb, &p, RECORD_DNS, direction);
	else if (wants_http(&p, direction) && begins_http(skb, &p) && affordable())
		copy_head(skb, &p, RECORD_HTTP, direction);
	return TC_ACT_UNSPEC; /* let the next program decide */
}

#define ETH_HLEN 14

SEC("tc") int ff_in(struct __sk_buff *skb) { return see(skb, 0, ETH_HLEN, 0); }
SEC("tc") int ff_out(struct __sk_buff *skb) { return see(skb, 1, ETH_HLEN, 0); }
/* Devices without a link header: tun, WireGuard, ipip. */
SEC("tc") int ff_in_l3(struct __sk_buff *skb) { return see(skb, 0, 0, 0); }
SEC("tc") int ff_out_l3(struct __sk_buff *skb) { return see(skb, 1, 0, 0); }
/* Inside the namespaces of pods, where the same interface index comes up again and again. */
SEC("tc") int ff_pod_in(struct __sk_buff *skb) { return see(skb, 0, ETH_HLEN, netns_of(skb)); }
SEC("tc") int ff_pod_out(struct __sk_buff *skb) { return see(skb, 1, ETH_HLEN, netns_of(skb)); }

// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* Counts the packets the kernel throws away, by flow, reason and place. Sees the whole machine, every namespace of it. */
#include "common.h"
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define REASONS 256

/* 1 for each reason that user space does not want. Set before the object is loaded. */
const volatile struct {
	__u8 ignored[REASONS];
} config SEC(".rodata.config") = {};

struct drop_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct drop_key);
	__type(value, struct drop_val);
};
struct drop_map drops0 SEC(".maps"), drops1 SEC(".maps");

/* The headers through the kernel's own pointers: there is no context to read them from. */
static __always_inline int read_headers(struct sk_buff *skb, struct flow_key *key)
{
	__u16 network = BPF_CORE_READ(skb, network_header);
	__be16 type = BPF_CORE_READ(skb, protocol);
	unsigned char *header = BPF_CORE_READ(skb, head) + network;
	__u32 length;
	if (network == 0 || network == 0xffff)
		return -1;
	if (type == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;
		if (bpf_probe_read_kernel(&ip, sizeof(ip), header) || ip.version != 4)
			return -1;
		put_ipv4(key->saddr, ip.saddr);
		put_ipv4(key->daddr, ip.daddr);
		key->proto = ip.protocol;
		length = ip.ihl * 4;
		if (ip.frag_off & bpf_htons(IP_OFFSET))
			return 0;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip;
		if (bpf_probe_read_kernel(&ip, sizeof(ip), header) || ip.version != 6)
			return -1;
		__builtin_memcpy(key->saddr, ip.saddr, 16);
		__builtin_memcpy(key->daddr, ip.daddr, 16);
		key->proto = ip.nexthdr;
		length = sizeof(ip);
	} else {
		return -1;
	}
	if (has_ports(key->proto)) {
		__be16 ports[2] = {};
		bpf_probe_read_kernel(ports, sizeof(ports), header + length);
		key->sport = ports[0];
		key->dport = ports[1];
	} else if (is_icmp(key->proto)) {
		__u8 icmp[2] = {};
		bpf_probe_read_kernel(icmp, sizeof(icmp), header + length);
		key->sport = bpf_htons(icmp[0]);
		key->dport = bpf_htons(icmp[1]);
	}
	return 0;
}

static __always_inline void account(void *drops, struct drop_key *key, struct net_device *device, __u32 bytes)
{
	__u64 now = bpf_ktime_get_ns();
	struct drop_val *drop = bpf_map_lookup_elem(drops, key);
	if (!drop) {
		struct drop_val fresh = { .first_ns = now, .last_ns = now };
		if (device)
			BPF_CORE_READ_INTO(&fresh.ifname, device, name);
		if (!bpf_map_update_elem(drops, key, &fresh, BPF_NOEXIST))
			count(COUNT_INSERTED, 1);
		drop = bpf_map_lookup_elem(drops, key);
	}
	if (!drop) {
		count(COUNT_FULL, 1);
		count(COUNT_FULL_BYTES, bytes);
		return;
	}
	__sync_fetch_and_add(&drop->packets, 1);
	__sync_fetch_and_add(&drop->bytes, bytes);
	drop->last_ns = now;
}

/* Of the tracepoint's arguments only these three are the same in every kernel. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(ff_drop, struct sk_buff *skb, void *location, int reason)
{
	struct drop_key key = { .reason = reason, .location = (__u64)location };
	__u32 bytes = BPF_CORE_READ(skb, len);
	__u64 index = (__u32)reason;
	barrier_var(index); /* or the compiler checks one register and uses another */
	if (index < REASONS && config.ignored[index])
		return 0;
	if (!bytes) /* a buffer that was emptied and is freed when its socket closes is no packet */
		return 0;
	if (read_headers(skb, &key.flow)) {
		count(COUNT_NOT_IP, 1);
		count(COUNT_NOT_IP_BYTES, bytes);
		return 0;
	}
	struct net_device *device = BPF_CORE_READ(skb, dev);
	struct sock *sk = BPF_CORE_READ(skb, sk);
	if (device) {
		key.flow.ifindex = BPF_CORE_READ(device, ifindex);
		key.flow.netns = BPF_CORE_READ(device, nd_net.net, ns.inum);
	} else if (sk) {
		key.flow.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	}
	if (active)
		account(&drops1, &key, device, bytes);
	else
		account(&drops0, &key, device, bytes);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Reads the headers of a packet in a TC program. `bpf_skb_load_bytes` also reads what is not linear: TCP payload lies in
 * pages, and the `_relative` helper does not see it. */
#pragma once
#include <bpf/bpf_core_read.h>

struct packet {
	struct flow_key key;
	__u32 network;     /* offset of the IP header */
	__u32 payload;     /* offset of what follows the transport header */
	__u32 payload_len; /* 0 when there is none, or nobody can tell */
	__u32 bytes, segments;
	__u16 flags;
	bool later_fragment;
};

/* Copies what stands at `offset` into `to`; non-zero when the packet ends before. Headers are nearly always linear, and
 * then no helper is called: it would cost as much as looking the flow up. */
#define read_at(skb, offset, to) ({ \
	typeof(to) _to = (to), _at = (void *)(long)(skb)->data + (offset); \
	bool _is_linear = (void *)(_at + 1) <= (void *)(long)(skb)->data_end; \
	if (_is_linear) \
		*_to = *_at; \
	_is_linear ? 0 : bpf_skb_load_bytes(skb, offset, _to, sizeof(*_to)); \
})

/* Header of the transport layer at `offset`; `end` is where the IP packet ends. */
static __always_inline int parse_transport(struct __sk_buff *skb, struct packet *p, __u32 offset, __u32 end)
{
	__u32 payload;
	if (p->key.proto == IPPROTO_TCP) {
		struct tcphdr tcp;
		if (read_at(skb, offset, &tcp))
			return -1;
		p->key.sport = tcp.source;
		p->key.dport = tcp.dest;
		p->flags = tcp.flags;
		payload = offset + (tcp.data_offset >> 4) * 4;
	} else if (p->key.proto == IPPROTO_UDP || p->key.proto == IPPROTO_SCTP) {
		struct udphdr udp;
		if (read_at(skb, offset, &udp))
			return -1;
		p->key.sport = udp.source;
		p->key.dport = udp.dest;
		payload = offset + sizeof(udp);
	} else {
		__u8 icmp[8];
		if (!is_icmp(p->key.proto) || bpf_skb_load_bytes(skb, offset, icmp, sizeof(icmp)))
			return 0;
		p->key.sport = bpf_htons(icmp[0]);
		p->key.dport = bpf_htons(icmp[1]);
		if (echo_direction(p->key.proto, icmp[0]))
			p->key.icmp_id = *(__u16 *)(icmp + 4);
		return 0;
	}
	p->payload = payload;
	p->payload_len = end > payload ? end - payload : 0;
	return 0;
}

/* Steps over the extension headers of IPv6. */
static __always_inline int parse_extensions(struct __sk_buff *skb, struct packet *p, __u32 *offset)
{
#pragma unroll
	for (int i = 0; i < 4; i++) {
		__u8 next[4];
		__u8 proto = p->key.proto;
		if (proto != 0 && proto != 43 && proto != 60 && proto != IPPROTO_FRAGMENT)
			return 0;
		if (bpf_skb_load_bytes(skb, *offset, next, sizeof(next)))
			return -1;
		p->key.proto = next[0];
		if (proto == IPPROTO_FRAGMENT) {
			*offset += 8;
			p->later_fragment = *(__u16 *)(next + 2) & bpf_htons(IP6_OFFSET);
			if (p->later_fragment)
				return 0;
		} else {
			*offset += 8 + next[1] * 8;
		}
	}
	return 0;
}

/* Fills the key (but for hook, interface and namespace). Later fragments have no ports. Non-zero: no IP, or cut short. */
static __always_inline int parse(struct __sk_buff *skb, struct packet *p)
{
	__be16 type = skb->protocol;
	__u32 offset, end;
#pragma unroll
	for (int i = 0; i < 2; i++) { /* tags in the frame: 802.1Q, and 802.1ad around it */
		if (!p->network || (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD)))
			break;
		if (bpf_skb_load_bytes(skb, p->network + 2, &type, 2))
			return -1;
		p->network += 4;
	}
	if (type == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;
		if (read_at(skb, p->network, &ip))
			return -1;
		put_ipv4(p->key.saddr, ip.saddr);
		put_ipv4(p->key.daddr, ip.daddr);
		p->key.proto = ip.protocol;
		p->later_fragment = ip.frag_off & bpf_htons(IP_OFFSET);
		offset = p->network + ip.ihl * 4;
		end = bpf_ntohs(ip.tot_len);
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip;
		if (read_at(skb, p->network, &ip))
			return -1;
		__builtin_memcpy(p->key.saddr, ip.saddr, 16);
		__builtin_memcpy(p->key.daddr, ip.daddr, 16);
		p->key.proto = ip.nexthdr;
		offset = p->network + sizeof(ip);
		if (parse_extensions(skb, p, &offset))
			return -1;
		end = ip.payload_len ? sizeof(ip) + bpf_ntohs(ip.payload_len) : 0;
	} else {
		return -1;
	}
	if (p->later_fragment)
		return 0;
	/* A length of 0 is a super-packet of more than 64 KiB. */
	return parse_transport(skb, p, offset, end ? p->network + end : p->bytes);
}

/* Inode of the network namespace of the packet's device. */
static __always_inline __u32 netns_of(struct __sk_buff *context)
{
	struct sk_buff *skb = (struct sk_buff *)context; /* what the context is to the kernel */
	return BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
}

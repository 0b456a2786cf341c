/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What all three objects need. Each has counters, an index of the maps being written, and a licence of its own. */
#pragma once
#include "vmlinux_min.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "flow.h"

/* The kernel knows a short list of licences by their text, and Apache-2.0 is not among them. Of the two we offer, this is
 * the one under which it takes the programs. */
char LICENSE[] SEC("license") = "GPL";

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88A8
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_FRAGMENT 44
#define IPPROTO_ICMPV6 58
#define IPPROTO_SCTP 132
#define IP_OFFSET 0x1fff
#define IP6_OFFSET 0xfff8
#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

/* Which of two maps is being written; user space flips it, waits a grace period and empties the other. */
volatile __u32 active = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 index, __u64 amount)
{
	__u64 *counter = bpf_map_lookup_elem(&counters, &index);
	if (counter)
		*counter += amount;
}

static __always_inline void put_ipv4(__u8 *to, __be32 address)
{
	*(__u64 *)to = 0;
	*(__u32 *)(to + 8) = bpf_htonl(0xffff);
	*(__u32 *)(to + 12) = address;
}

static __always_inline bool is_icmp(__u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static __always_inline bool has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* 1 for an echo request, 2 for its reply, 0 for any other ICMP message: as enum direction has it. */
static __always_inline __u8 echo_direction(__u8 proto, __u8 type)
{
	if (proto == IPPROTO_ICMP)
		return type == 8 ? DIRECTION_ORIGINAL : type == 0 ? DIRECTION_REPLY : DIRECTION_UNKNOWN;
	return type == 128 ? DIRECTION_ORIGINAL : type == 129 ? DIRECTION_REPLY : DIRECTION_UNKNOWN;
}

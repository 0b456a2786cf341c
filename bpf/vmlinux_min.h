/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The few kernel types the programs read. Under preserve_access_index only names and kinds of fields matter: libbpf puts
 * in the offsets of the running kernel when it loads the object (CO-RE). */
#pragma once
typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef unsigned long long __u64;
typedef signed char __s8; typedef short __s16; typedef int __s32; typedef long long __s64;
typedef __u16 __be16; typedef __u32 __be32; typedef __u64 __be64; typedef __u32 __wsum; typedef __u16 __sum16;
typedef _Bool bool;
enum { false = 0, true = 1 };
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_LRU_HASH = 9, BPF_MAP_TYPE_RINGBUF = 27 };
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { TC_ACT_UNSPEC = -1 };
/* The context of a TC program: fixed in the UAPI and rewritten by the verifier, so never relocated. */
struct __sk_buff {
	__u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority, ingress_ifindex;
	__u32 ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id, family, remote_ip4, local_ip4;
	__u32 remote_ip6[4], local_ip6[4], remote_port, local_port, data_meta;
	__u64 flow_keys, tstamp; __u32 wire_len, gso_segs; __u64 sk; __u32 gso_size;
};
/* As they are on the wire. */
struct iphdr { __u8 ihl:4, version:4, tos; __be16 tot_len, id, frag_off; __u8 ttl, protocol; __sum16 check; __be32 saddr, daddr; };
struct ipv6hdr { __u8 priority:4, version:4, flow_lbl[3]; __be16 payload_len; __u8 nexthdr, hop_limit, saddr[16], daddr[16]; };
struct tcphdr { __be16 source, dest; __be32 seq, ack_seq; __u8 data_offset, flags; __be16 window; __sum16 check; __be16 urg_ptr; };
struct udphdr { __be16 source, dest, len; __sum16 check; };
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common { unsigned int inum; };
struct net { struct ns_common ns; };
typedef struct { struct net *net; } possible_net_t;
struct net_device { char name[16]; int ifindex; possible_net_t nd_net; };
struct in6_addr { union { __u8 u6_addr8[16]; } in6_u; };
struct sock_common {
	union { struct { __be32 skc_daddr, skc_rcv_saddr; }; };
	union { struct { __be16 skc_dport; __u16 skc_num; }; };
	unsigned short skc_family; possible_net_t skc_net; struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; __u16 sk_protocol; };
struct inet_sock { __be16 inet_sport; };
struct tcp_sock { __u32 srtt_us, total_retrans; __u64 bytes_acked, bytes_received; };
struct tcp_skb_cb { __u16 tcp_gso_segs; };
struct sk_buff { struct net_device *dev; struct sock *sk; char cb[48]; unsigned int len; __be16 protocol; __u16 network_header; unsigned char *head; };
#pragma clang attribute pop

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the kernel's programs hand to user space, byte by byte. receivers/ebpf/layout.ts says the same in TypeScript and
 * compares the sizes when an object is loaded. Numbers are in host order (little endian on every machine we build for),
 * ports and addresses as on the wire.
 */
#pragma once

struct flow_key {
	__u8 saddr[16], daddr[16]; /* IPv4 as ::ffff:a.b.c.d */
	__be16 sport, dport;       /* ICMP: type and code, as numbers in network order */
	__u8 proto;                /* IANA number */
	__u8 hook;                 /* 0 TC ingress, 1 TC egress */
	__u16 icmp_id;             /* of echo requests and replies, as on the wire */
	__u32 ifindex;
	__u32 netns;               /* inode; 0 for programs that sit in the host's namespace */
};

struct flow_val {
	__u64 packets;   /* wire packets: a GSO super-packet is as many as it has segments */
	__u64 bytes;     /* with the Ethernet header, as `ip -s link` counts */
	__u64 skbs;      /* what the kernel handled as one, as `ip -s link` counts packets on a veth */
	__u64 first_ns, last_ns; /* CLOCK_MONOTONIC */
	__u32 rtt_us;    /* SYN to SYN/ACK as seen at this interface; 0 unknown */
	__u16 flags;     /* TCP flags or'ed */
	__u8 direction;  /* enum direction */
	__u8 pad;
};

enum direction { DIRECTION_UNKNOWN, DIRECTION_ORIGINAL, DIRECTION_REPLY };

struct drop_key {
	struct flow_key flow; /* hook 0; netns and ifindex of the device, 0 when the packet had none */
	__u32 reason, pad;    /* enum skb_drop_reason of the running kernel */
	__u64 location;       /* address in the kernel's text */
};

struct drop_val {
	__u64 packets, bytes, first_ns, last_ns;
	char ifname[16];
};

struct retransmit_val {
	__u64 retransmits, last_ns; /* segments */
};

/* Records in the rings. */
enum { RECORD_DNS = 1, RECORD_HTTP = 2, RECORD_TCP = 3 };

struct record_header {
	__u16 type;
	__u16 payload_len; /* bytes that follow the fixed part */
	__u32 packet_len;  /* bytes of payload in the packet, before the cut */
	__u64 time_ns;
};

#define HEAD_BYTES 512

struct head_record {
	struct record_header header;
	struct flow_key flow;
	__u8 direction, pad[7];
	__u8 payload[HEAD_BYTES];
};

enum { OPENER_UNKNOWN, OPENER_LOCAL, OPENER_REMOTE };

struct tcp_record {
	struct record_header header;
	struct flow_key flow;   /* from the socket's own end to the other; hook 0, ifindex 0 */
	__u64 duration_ns;      /* since the socket began to connect, or was accepted; 0 unknown */
	__u64 acked, received;  /* bytes */
	__u32 srtt_us, retransmits;
	__u8 old_state, new_state, opener, pad[5];
};

/* Indices of the per-CPU counters of an object. */
enum {
	COUNT_FULL,         /* packets (drops, retransmits) that found no room in a map */
	COUNT_FULL_BYTES,
	COUNT_INSERTED,     /* entries made */
	COUNT_RING_FULL,    /* records that found no room in a ring */
	COUNT_NOT_IP,       /* packets that are no IPv4 or IPv6, or are cut short */
	COUNT_NOT_IP_BYTES,
	COUNT_LIMITED,      /* HTTP heads over the limit */
	COUNTERS
};

_Static_assert(sizeof(struct flow_key) == 48, "flow_key");
_Static_assert(sizeof(struct flow_val) == 48, "flow_val");
_Static_assert(sizeof(struct drop_key) == 64, "drop_key");
_Static_assert(sizeof(struct drop_val) == 48, "drop_val");
_Static_assert(sizeof(struct retransmit_val) == 16, "retransmit_val");
_Static_assert(sizeof(struct record_header) == 16, "record_header");
_Static_assert(__builtin_offsetof(struct head_record, payload) == 72, "head_record");
_Static_assert(sizeof(struct tcp_record) == 104, "tcp_record");

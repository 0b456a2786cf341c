/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Who opened a connection, and how long its handshake took. */
#pragma once

struct connection_key {
	__u8 low[16], high[16]; /* both ends, the smaller first: both directions find the same entry */
	__be16 low_port, high_port;
	__u8 proto, pad[3];
	__u32 ifindex, netns;
};

struct connection {
	__u64 syn_ns;  /* of the first SYN; 0 not seen */
	__u32 rtt_us;
	__u8 low_opened, ended, pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct connection_key);
	__type(value, struct connection);
} connections SEC(".maps");

static __always_inline int compare(const __u8 *left, const __u8 *right)
{
	__u64 a = bpf_be64_to_cpu(*(__u64 *)left), b = bpf_be64_to_cpu(*(__u64 *)right);
	if (a == b) {
		a = bpf_be64_to_cpu(*(__u64 *)(left + 8));
		b = bpf_be64_to_cpu(*(__u64 *)(right + 8));
	}
	return a < b ? -1 : a > b;
}

#define FIRST_EPHEMERAL 32768

/* Nobody saw the connection begin: the end with the ephemeral port is taken for the client, else the higher port. */
static __always_inline bool source_is_client(struct packet *p)
{
	__u16 source = bpf_ntohs(p->key.sport), destination = bpf_ntohs(p->key.dport);
	if (source >= FIRST_EPHEMERAL && destination < FIRST_EPHEMERAL)
		return true;
	if (destination >= FIRST_EPHEMERAL && source < FIRST_EPHEMERAL)
		return false;
	/* Of a connection of UDP this may well be the first packet. */
	return p->key.proto == IPPROTO_UDP ? source >= 1024 || destination < 1024 : source >= destination;
}

/* Called for the first packet of a flow in an interval and for SYN, FIN and RST. */
static __noinline __u8 track(struct packet *p, __u64 now, __u32 *rtt_us)
{
	if (is_icmp(p->key.proto))
		return echo_direction(p->key.proto, bpf_ntohs(p->key.sport));
	if (!has_ports(p->key.proto) || p->later_fragment)
		return DIRECTION_UNKNOWN;
	struct connection_key key = { .proto = p->key.proto, .ifindex = p->key.ifindex, .netns = p->key.netns };
	int order = compare(p->key.saddr, p->key.daddr);
	bool from_low = order < 0 || (order == 0 && bpf_ntohs(p->key.sport) <= bpf_ntohs(p->key.dport));
	__builtin_memcpy(key.low, from_low ? p->key.saddr : p->key.daddr, 16);
	__builtin_memcpy(key.high, from_low ? p->key.daddr : p->key.saddr, 16);
	key.low_port = from_low ? p->key.sport : p->key.dport;
	key.high_port = from_low ? p->key.dport : p->key.sport;
	bool syn = (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	bool syn_ack = (p->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
	struct connection *connection = bpf_map_lookup_elem(&connections, &key);
	if (!connection || (syn && connection->ended)) {
		bool source_opened = syn || (!syn_ack && source_is_client(p));
		struct connection fresh = { .syn_ns = syn ? now : 0, .low_opened = source_opened == from_low };
		bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY);
		connection = bpf_map_lookup_elem(&connections, &key);
		if (!connection)
			return source_opened ? DIRECTION_ORIGINAL : DIRECTION_REPLY;
	}
	if (syn_ack && connection->syn_ns && !connection->rtt_us)
		connection->rtt_us = (now - connection->syn_ns) / 1000;
	if (p->flags & (TCP_FIN | TCP_RST))
		connection->ended = 1;
	*rtt_us = connection->rtt_us;
	return connection->low_opened == from_low ? DIRECTION_ORIGINAL : DIRECTION_REPLY;
}

// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* What became of TCP sockets: how long connecting took or that it failed, what was sent again, the round-trip time. */
#include "common.h"
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#define AF_INET 2
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7
#define TCP_LISTEN 10

struct opening {
	__u64 since_ns;
	__u32 opener, pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64); /* address of the socket */
	__type(value, struct opening);
} openings SEC(".maps");

struct retransmit_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow_key);
	__type(value, struct retransmit_val);
};
struct retransmit_map retransmits0 SEC(".maps"), retransmits1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records SEC(".maps");

static __always_inline void read_socket(const struct sock *sk, struct flow_key *key)
{
	const struct inet_sock *inet = (const void *)sk;
	key->proto = IPPROTO_TCP;
	key->sport = BPF_CORE_READ(inet, inet_sport); /* skc_num is 0 by the time a socket is closed */
	key->dport = BPF_CORE_READ(sk, __sk_common.skc_dport);
	key->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET) {
		put_ipv4(key->saddr, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		put_ipv4(key->daddr, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	} else {
		/* The address of the array: with the array itself only its first byte would be copied. */
		BPF_CORE_READ_INTO(&key->saddr, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&key->daddr, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	}
}

static __always_inline void report(const struct sock *sk, int old_state, int new_state, struct opening *opening, __u64 now)
{
	const struct tcp_sock *tcp = (const void *)sk;
	struct tcp_record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count(COUNT_RING_FULL, 1);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_TCP;
	record->header.time_ns = now;
	read_socket(sk, &record->flow);
	if (opening) {
		record->duration_ns = now - opening->since_ns;
		record->opener = opening->opener;
	}
	record->old_state = old_state;
	record->new_state = new_state;
	record->srtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3; /* kept in eighths */
	record->retransmits = BPF_CORE_READ(tcp, total_retrans);
	record->acked = BPF_CORE_READ(tcp, bytes_acked);
	record->received = BPF_CORE_READ(tcp, bytes_received);
	bpf_ringbuf_submit(record, 1 /* NO_WAKEUP */);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(ff_state, const struct sock *sk, int old_state, int new_state)
{
	__u64 id = (__u64)sk, now = bpf_ktime_get_ns();
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (new_state == TCP_SYN_SENT || (old_state == TCP_SYN_RECV && new_state == TCP_ESTABLISHED)) {
		struct opening opening = { .since_ns = now, .opener = new_state == TCP_SYN_SENT ? OPENER_LOCAL : OPENER_REMOTE };
		bpf_map_update_elem(&openings, &id, &opening, BPF_ANY);
		return 0;
	}
	bool ended = new_state == TCP_CLOSE && old_state != TCP_LISTEN;
	if (old_state != TCP_SYN_SENT && !ended)
		return 0;
	report(sk, old_state, new_state, bpf_map_lookup_elem(&openings, &id), now);
	if (ended)
		bpf_map_delete_elem(&openings, &id);
	return 0;
}

static __always_inline void account(void *retransmits, struct flow_key *key, __u64 segments)
{
	struct retransmit_val fresh = {}, *found = bpf_map_lookup_elem(retransmits, key);
	if (!found) {
		if (!bpf_map_update_elem(retransmits, key, &fresh, BPF_NOEXIST))
			count(COUNT_INSERTED, 1);
		found = bpf_map_lookup_elem(retransmits, key);
	}
	if (!found) {
		count(COUNT_FULL, 1);
		return;
	}
	__sync_fetch_and_add(&found->retransmits, segments);
	found->last_ns = bpf_ktime_get_ns();
}

/* Kernels that have this field tell the tracepoint of attempts that failed, too, and why, in a third argument. */
struct trace_event_raw_tcp_retransmit_skb { int err; } __attribute__((preserve_access_index));

SEC("tp_btf/tcp_retransmit_skb")
int ff_retransmit(__u64 *context)
{
	const struct sock *sk = (const void *)context[0];
	/* As the socket counts: a buffer may hold many segments. */
	const struct tcp_skb_cb *tcp = (const void *)&((const struct sk_buff *)context[1])->cb;
	__u64 segments = BPF_CORE_READ(tcp, tcp_gso_segs);
	struct flow_key key = {};
	if (bpf_core_field_exists(struct trace_event_raw_tcp_retransmit_skb, err) && (int)context[2])
		return 0;
	if (!segments)
		segments = 1;
	read_socket(sk, &key);
	if (active)
		account(&retransmits1, &key, segments);
	else
		account(&retransmits0, &key, segments);
	return 0;
}

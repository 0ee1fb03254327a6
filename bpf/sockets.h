/* Connections: which profiled process has which, from connect or accept to the socket's end. */
#ifndef TAPEDECK_SOCKETS_H
#define TAPEDECK_SOCKETS_H

struct socket_state {
	struct tapedeck_connection connection;
	struct tapedeck_lost lost[2];	/* by direction: bytes whose records found no room in the ring buffer */
	__u32 send_next;	/* after the last bytes that were told of */
	__u32 receive_next;
	__u32 ring_start;	/* of bytes that io_uring sends, if any wait to be told of */
	__u32 written;		/* at the last look: what stays untold from one look to the next went past the hooks */
	__u64 inode;		/* of a Unix socket: which one it is, where another one comes to stand at its place */
	__u8 is_named;		/* of a Unix socket: the reader knows what it is called */
	__u32 server_pid;	/* of a Unix socket: who has called listen, and connect */
	__u32 client_pid;
	__u32 send_end;		/* write_seq at the end: a disconnect changes it */
	__s32 error;		/* sk_err at the end: the process may fetch it, and clear it */
	__u8 announced;		/* the reader knows the connection */
	__u8 ring_waits;
	__u8 received_end;
	__u8 sent_fin;
	__u8 peer_fin;
	__u8 last_state;
	__u8 is_connecting;	/* the SYN has no answer: no position is known */
	__u8 went_with_syn;	/* bytes of a send did, and wait to be told of */
	__u8 may_be_late;	/* accepted before the threads were marked that use it */
	__u8 has_tls;		/* a long call has begun with a record of TLS: its others need not */
};

/* By the kernel's sock, not by file descriptor: it survives dup, fork and passing the descriptor on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct socket_state);
} sockets SEC(".maps");

/* Ports on which profiled processes listen: only what arrives there is looked at. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u8);
} listening SEC(".maps");

static __always_inline int is_tcp(struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

static __always_inline __u32 write_seq(struct sock *sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, write_seq);
}

static __always_inline __u32 copied_seq(struct sock *sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, copied_seq);
}

static __always_inline __u32 rcv_nxt(struct sock *sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt);
}

/* Of a connection that was made this moment: the sequence number after that of the SYN, which is acknowledged, and
 * after which bytes may have been sent already (RFC 7413). */
static __always_inline __u32 first_seq(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	return BPF_CORE_READ(tcp, snd_una) - (__u32)BPF_CORE_READ(tcp, bytes_acked) + 1;
}

/* Of a connection from which the profiler may have missed bytes: the sequence numbers of the first ones, and who called
 * connect, where what went either way is told by now: up to `sent` and `received`, nothing. */
static __always_inline int knows_start(struct sock *sk, __u32 sent, __u32 received, __u32 *role)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	__u32 first = BPF_CORE_READ(tcp, snd_una) - (__u32)BPF_CORE_READ(tcp, bytes_acked);

	if (received != rcv_nxt(sk) - (__u32)BPF_CORE_READ(tcp, bytes_received))
		return 0;
	/* Of who called connect the SYN was acknowledged, too. */
	*role = sent == first ? TAPEDECK_SERVER : TAPEDECK_CLIENT;
	return sent == first || sent == first + 1;
}

static __always_inline __u32 network_namespace(struct sock *sk)
{
	struct net *net = 0;

	if (bpf_core_field_exists(sk->__sk_common.skc_net.net))
		net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	return net ? BPF_CORE_READ(net, ns.inum) : 0;
}

static __always_inline void map_ipv4(__u8 *address, __u32 ipv4)
{
	__builtin_memset(address, 0, 10);
	address[10] = address[11] = 0xff;
	__builtin_memcpy(address + 12, &ipv4, 4);
}

static __always_inline __u16 local_port(struct sock *sk)
{
	__u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);

	return port ? port : bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
}

static __always_inline void read_tuple(struct tapedeck_connection *connection, struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6) {
		struct in6_addr address;

		address = BPF_CORE_READ(sk, __sk_common.skc_v6_rcv_saddr);
		__builtin_memcpy(connection->local, &address, 16);
		address = BPF_CORE_READ(sk, __sk_common.skc_v6_daddr);
		__builtin_memcpy(connection->remote, &address, 16);
	} else {
		map_ipv4(connection->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		map_ipv4(connection->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	}
	connection->local_port = local_port(sk);
	connection->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

/* A new connection; where there was one under the same address, its end was not seen.
 *
 * Not inlined, like all that puts a record together: the frames of nested calls share 512 bytes of stack. */
static __noinline int put_socket(struct sock *sk, __u32 role, __u32 joined_late, __u32 send_base, __u32 receive_base)
{
	struct socket_state state = {};
	__u64 key = (__u64)sk;

	state.connection.serial = __sync_fetch_and_add(&control.last_serial, 1) + 1;
	state.connection.role = role;
	state.is_connecting = role == TAPEDECK_CLIENT;
	state.may_be_late = control.judging;
	state.connection.joined_late = joined_late;
	state.connection.knows_bases = !joined_late && !state.is_connecting;
	state.connection.send_base = send_base;
	state.connection.receive_base = receive_base;
	state.send_next = send_base;
	state.receive_next = receive_base;
	state.connection.network_namespace = network_namespace(sk);
	read_tuple(&state.connection, sk);
	if (bpf_map_update_elem(&sockets, &key, &state, BPF_ANY))
		count(TAPEDECK_MAP_FULL);
	return 0;
}

static __always_inline struct socket_state *add_socket(struct sock *sk, __u32 role, __u32 joined_late, __u32 send_base,
						       __u32 receive_base)
{
	__u64 key = (__u64)sk;

	put_socket(sk, role, joined_late, send_base, receive_base);
	return bpf_map_lookup_elem(&sockets, &key);
}

/* Tells the reader of the connection, before anything else of it. */
static __noinline int announce(struct socket_state *state)
{
	struct tapedeck_state record = {};

	if (!state)
		return 0;
	record.header.time = bpf_ktime_get_ns();
	record.header.type = TAPEDECK_OPEN;
	record.header.share = share_of(state->connection.process.pid);
	record.connection = state->connection;
	record.send_next = state->connection.send_base;
	record.receive_next = state->connection.receive_base;
	state->announced = !output(&record, sizeof(record));
	return state->announced;
}

static __always_inline void lose(struct tapedeck_lost *lost, __u32 sequence, __u32 length)
{
	if (!lost->length)
		lost->sequence = sequence;
	else if (lost->sequence + lost->length != sequence)
		return;	/* a hole that the reader finds by the positions */
	lost->length += length;
}

static __noinline int emit_bytes(struct socket_state *state, __u32 sequence, __u32 length, __u32 direction, __u32 reason)
{
	struct tapedeck_data record = {};

	if (!state)
		return -1;
	record.header.time = bpf_ktime_get_ns();
	record.header.type = TAPEDECK_DATA;
	record.header.share = share_of(state->connection.process.pid);
	record.serial = state->connection.serial;
	record.sequence = sequence;
	record.length = length;
	record.direction = direction;
	record.reason = reason;
	return output(&record, sizeof(record));
}

/* What the reader has to know before the next bytes of the connection: 0 where it knows. */
static __always_inline int prepare(struct socket_state *state, __u32 direction)
{
	struct tapedeck_lost *lost = &state->lost[direction & 1];

	if (!state->announced && !announce(state))
		return -1;
	if (lost->length) {
		if (emit_bytes(state, lost->sequence, lost->length, direction, TAPEDECK_RING_WAS_FULL))
			return -1;
		lost->length = 0;
	}
	return 0;
}

/* Bytes that no buffer of the process has. */
static __noinline int emit_gap(struct socket_state *state, __u32 sequence, __u32 length, __u32 direction, __u32 reason)
{
	if (!state || !length || length >> 31)
		return 0;
	if (prepare(state, direction) || emit_bytes(state, sequence, length, direction, reason))
		lose(&state->lost[direction & 1], sequence, length);
	if (direction == TAPEDECK_RECEIVE)
		state->receive_next = sequence + length;
	else
		state->send_next = sequence + length;
	return 0;
}

/* io_uring has sent up to here. */
static __always_inline void flush_ring(struct socket_state *state, __u32 until)
{
	if (!state->ring_waits)
		return;
	state->ring_waits = 0;
	emit_gap(state, state->ring_start, until - state->ring_start, TAPEDECK_SEND, TAPEDECK_IO_URING);
}

/* The FIN takes a sequence number, and is read with the bytes before it. */
static __always_inline int has_read_fin(struct socket_state *state, __u32 copied, __u32 next)
{
	return state->peer_fin && copied == next;
}

static __noinline int emit_state(struct socket_state *state, struct sock *sk, __u32 type, __u32 old_state)
{
	struct tapedeck_state record = {};

	if (!state)
		return 0;
	record.send_next = state->last_state ? state->send_end : write_seq(sk);
	record.header.time = bpf_ktime_get_ns();
	record.header.type = type;
	record.header.share = share_of(state->connection.process.pid);
	record.connection = state->connection;
	record.lost[0] = state->lost[0];
	record.lost[1] = state->lost[1];
	record.receive_next = copied_seq(sk);
	record.error = state->error;
	record.old_state = old_state;
	record.sent_fin = state->sent_fin;
	record.read_fin = state->received_end || has_read_fin(state, record.receive_next, rcv_nxt(sk));
	if (state->connection.is_unix) {
		record.send_next = state->send_next;
		record.receive_next = state->receive_next;
		record.sent_fin = record.read_fin = 0;
	}
	if (!output(&record, sizeof(record))) {
		state->announced = 1;
		state->lost[0].length = state->lost[1].length = 0;
	} else if (type == TAPEDECK_CLOSE || type == TAPEDECK_CONNECT_FAILED) {
		long failed = state->announced
				      ? bpf_map_update_elem(&unsent, &record.connection.serial, &record, BPF_ANY)
				      : bpf_map_update_elem(&untold, &record.connection.serial, &record, BPF_ANY);

		if (failed)
			count(TAPEDECK_MAP_FULL);
	}
	return 0;
}

static __always_inline void tell_state(struct socket_state *state, struct sock *sk, __u32 type, __u32 old_state)
{
	flush_ring(state, (state->last_state ? state->send_end : write_seq(sk)) - state->sent_fin);
	emit_state(state, sk, type, old_state);
}

/* A profiled process listens: what arrives on its port is looked at from now on. */
static __always_inline void listens(struct sock *sk, struct task_struct *task)
{
	struct tapedeck_connection tuple = {};
	struct tapedeck_listen record = {};
	__u8 yes = 1;
	__u32 port;

	if (!is_tcp(sk))
		return;
	read_tuple(&tuple, sk);
	port = tuple.local_port;
	bpf_map_update_elem(&listening, &port, &yes, BPF_ANY);
	record.header.time = bpf_ktime_get_ns();
	record.header.type = TAPEDECK_LISTEN;
	record.header.share = share_of(task->tgid);
	identify(&record.process, task);
	__builtin_memcpy(record.address, tuple.local, 16);
	record.port = tuple.local_port;
	record.network_namespace = network_namespace(sk);
	output(&record, sizeof(record));
}

SEC("tp_btf/inet_sock_set_state")
int socket_state(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int old = ctx[1], new = ctx[2];
	__u64 key = (__u64)sk;
	struct task_struct *task;
	struct socket_state *state;

	if (!control.any_profiled || control.phase == TAPEDECK_ENDED)
		return 0;
	if (new == TCP_SYN_SENT || new == TCP_LISTEN) {
		/* Always by the process itself. */
		task = bpf_get_current_task_btf();
		if (!verdict_of(task) || !is_tcp(sk))
			return 0;
		if (new == TCP_LISTEN) {
			listens(sk, task);
			return 0;
		}
		/* What it does with the connection would not be seen yet. */
		if (!profiled_thread(task))
			return 0;
		/* A socket can be disconnected and used again. */
		state = bpf_map_lookup_elem(&sockets, &key);
		if (state && state->connection.process.pid)
			tell_state(state, sk, TAPEDECK_CLOSE, state->last_state);
		state = add_socket(sk, TAPEDECK_CLIENT, 0, 0, 0);
		if (state)
			identify(&state->connection.process, task);
		return 0;
	}
	state = bpf_map_lookup_elem(&sockets, &key);
	/* Who called connect is told of a SYN in answer to its own, too (RFC 9293, section 3.5, figure 7). */
	if (new == TCP_ESTABLISHED && old == TCP_SYN_RECV && !(state && state->is_connecting)) {
		/* In an interrupt: which process will accept it shows when the first of them uses it. */
		__u32 port = local_port(sk);
		__u8 *listens = bpf_map_lookup_elem(&listening, &port);

		if (listens && *listens && control.phase == TAPEDECK_WATCHING && is_tcp(sk))
			add_socket(sk, TAPEDECK_SERVER, 0, write_seq(sk), copied_seq(sk));
		return 0;
	}
	if (!state)
		return 0;
	if (new == TCP_ESTABLISHED) {
		read_tuple(&state->connection, sk);
		state->connection.send_base = state->send_next = first_seq(sk);
		state->connection.receive_base = state->receive_next = copied_seq(sk);
		state->connection.knows_bases = 1;
		state->is_connecting = 0;
		tell_state(state, sk, TAPEDECK_OPEN, old);
		/* Its buffer may hold something else by now. */
		if (state->went_with_syn)
			emit_gap(state, state->send_next, write_seq(sk) - state->send_next, TAPEDECK_SEND,
				 TAPEDECK_UNSEEN);
	} else if (new != old && (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK)) {
		if (state->connection.process.pid)
			tell_state(state, sk, TAPEDECK_FINISHED, old);
		state->sent_fin = 1;
		state->peer_fin |= new == TCP_LAST_ACK;
	} else if (new == TCP_CLOSE_WAIT || new == TCP_CLOSING) {
		state->peer_fin = 1;
	} else if (new == TCP_CLOSE && old == TCP_SYN_SENT) {
		read_tuple(&state->connection, sk);
		state->error = BPF_CORE_READ(sk, sk_err);
		tell_state(state, sk, TAPEDECK_CONNECT_FAILED, old);
		bpf_map_delete_elem(&sockets, &key);
	} else if (new == TCP_CLOSE) {
		/* What has come may still be read: the end is told when the socket goes. */
		state->error = BPF_CORE_READ(sk, sk_err);
		state->last_state = old;
		state->send_end = write_seq(sk);
		state->peer_fin |= old == TCP_FIN_WAIT2 && !state->error;
	}
	return 0;
}

/* The socket goes: nobody can read from it any more. */
SEC("tp_btf/tcp_destroy_sock")
int socket_destroyed(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

	if (!state || control.phase == TAPEDECK_ENDED)
		return 0;
	if (state->connection.process.pid)
		tell_state(state, sk, TAPEDECK_CLOSE, state->last_state);
	bpf_map_delete_elem(&sockets, &key);
	return 0;
}

/* What was sent past the hooks is found here while the connection lives, and else at its end. A send in progress waits for
 * memory, or is told of before the next look. */
static long look_at_socket(void *map, __u64 *key, struct socket_state *state, void *nothing)
{
	__u64 sk = *key;
	__u32 written, ahead;

	if (!state->connection.process.pid || state->last_state)
		return 0;
	if (state->connection.is_unix) {
		if (BPF_CORE_READ((struct sock *)sk, sk_socket, file, f_inode, i_ino) != state->inode) {
			if (state->announced)
				emit_state(state, (struct sock *)sk, TAPEDECK_CLOSE, 0);
			bpf_map_delete_elem(&sockets, &sk);
		}
		return 0;
	}
	written = write_seq((struct sock *)sk) - state->sent_fin;
	ahead = written - state->send_next;
	if (!ahead || ahead >> 31 || BPF_CORE_READ((struct sock *)sk, sk_write_pending)) {
		state->written = state->send_next;
	} else if (state->written != written) {
		state->written = written;
	} else if (state->ring_waits) {
		flush_ring(state, written);
	} else {
		emit_gap(state, state->send_next, ahead, TAPEDECK_SEND, TAPEDECK_UNSEEN);
	}
	return 0;
}

/* Looks at each socket: run by the reader now and then, and attached nowhere. An iterator over the map's elements would do the
 * same, and there are kernels that refuse that kind (seen: 6.18 with a policy of its own). */
SEC("raw_tp")
int look_at_sockets(void *ctx)
{
	bpf_for_each_map_elem(&sockets, look_at_socket, 0, 0);
	return 0;
}

#endif

/* Unix sockets that carry a stream. They have no sequence numbers and no event for their end: bytes are counted here, in the
 * order in which the calls end, and what is gone is found by a look now and then. */
#ifndef TAPEDECK_UNIX_H
#define TAPEDECK_UNIX_H

static __always_inline int is_unix_stream(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX && BPF_CORE_READ(sk, sk_type) == SOCK_STREAM;
}

/* The number of the socket's file; another socket at the same place has another one, and one that was closed has none. */
static __always_inline __u64 inode_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

/* Too long for the stack, of which nested calls share 512 bytes. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tapedeck_unix);
} unix_names SEC(".maps");

/* Tells what a Unix socket is called, and who is at its ends. */
static __noinline int name_unix(struct socket_state *state)
{
	__u32 key = 0;
	struct tapedeck_unix *record = bpf_map_lookup_elem(&unix_names, &key);
	struct unix_address *address;
	__u64 local, remote;
	int is_client, length;

	if (!state || !record)
		return -1;
	is_client = state->connection.role == TAPEDECK_CLIENT;
	__builtin_memcpy(&local, state->connection.local, sizeof(local));
	__builtin_memcpy(&remote, state->connection.remote, sizeof(remote));
	record->header.time = bpf_ktime_get_ns();
	record->header.type = TAPEDECK_UNIX;
	record->header.share = share_of(state->connection.process.pid);
	record->server = is_client ? remote : local;
	record->client = is_client ? local : remote;
	record->server_pid = state->server_pid;
	record->client_pid = state->client_pid;
	address = (struct unix_address *)record->server;
	length = BPF_CORE_READ(address, len) - (int)sizeof(__u16);
	record->length = length > 0 && length <= TAPEDECK_NAME_MAX ? length : 0;
	bpf_core_read(&record->name, sizeof(record->name), &address->name[0].sun_path);
	return output(record, sizeof(*record));
}

/* A new connection. Of a pair without any name (socketpair) nothing is told. */
static __noinline int put_unix(struct sock *sk, struct task_struct *task, __u32 joined_late)
{
	struct socket_state state = {};
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	__u64 key = (__u64)sk, own = (__u64)BPF_CORE_READ((struct unix_sock *)sk, addr), other = 0;
	__u64 local = (__u64)sk, remote = (__u64)peer;
	__u32 own_peer = BPF_CORE_READ(sk, sk_peer_pid, numbers[0].nr), peers_peer;

	if (!peer)
		return 0;
	peers_peer = BPF_CORE_READ(peer, sk_peer_pid, numbers[0].nr);
	other = (__u64)BPF_CORE_READ((struct unix_sock *)peer, addr);
	if (!own && !other)
		return 0;
	/* Who is accepted shares the name of whoever listens; who connects seldom has one, and then of its own. */
	state.connection.role = other ? TAPEDECK_CLIENT : TAPEDECK_SERVER;
	if (own && other && BPF_CORE_READ((struct unix_address *)own, refcnt.refs.counter) >
				BPF_CORE_READ((struct unix_address *)other, refcnt.refs.counter))
		state.connection.role = TAPEDECK_SERVER;
	if (state.connection.role == TAPEDECK_CLIENT)
		remote = other;
	else
		local = own;
	state.connection.serial = __sync_fetch_and_add(&control.last_serial, 1) + 1;
	state.connection.is_unix = 1;
	state.connection.joined_late = joined_late;
	state.connection.network_namespace = network_namespace(sk);
	__builtin_memcpy(state.connection.local, &local, sizeof(local));
	__builtin_memcpy(state.connection.remote, &remote, sizeof(remote));
	state.server_pid = state.connection.role == TAPEDECK_CLIENT ? own_peer : peers_peer;
	state.client_pid = state.connection.role == TAPEDECK_CLIENT ? peers_peer : own_peer;
	state.inode = inode_of(sk);
	identify(&state.connection.process, task);
	if (bpf_map_update_elem(&sockets, &key, &state, BPF_ANY))
		count(TAPEDECK_MAP_FULL);
	return 0;
}

/* The connection as it is known, or from now on, and where the next bytes of a direction stand in it. */
static __noinline struct socket_state *unix_of(struct sock *sk, struct task_struct *task, __u32 direction, __u32 *first)
{
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

	if (!state || !state->connection.is_unix || state->inode != inode_of(sk)) {
		if (state && state->connection.is_unix && state->announced)
			emit_state(state, sk, TAPEDECK_CLOSE, 0);
		bpf_map_delete_elem(&sockets, &key);
		put_unix(sk, task, 0);
		state = bpf_map_lookup_elem(&sockets, &key);
	}
	if (!state || !first)
		return 0;
	/* Before it is told of; where there is no room for that, there is hardly any for its bytes. */
	if (!state->is_named)
		state->is_named = !name_unix(state);
	*first = direction == TAPEDECK_RECEIVE ? state->receive_next : state->send_next;
	return state;
}

/* Those that the profiled processes had before: bytes may have gone through them. */
SEC("iter/task_file")
int mark_unix(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;
	__u64 key;

	if (!task || !file || !verdict_of(task))
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	key = (__u64)sk;
	if (!sk || !is_unix_stream(sk) || bpf_map_lookup_elem(&sockets, &key))
		return 0;
	put_unix(sk, task, 1);
	return 0;
}

#endif

// The kernel side of the profiler: who opted in, which sockets they have, and the bytes that go through them.
//
// Nothing here runs for the system calls of a process that did not opt in, but for one map lookup where it uses a
// socket, starts or ends: see shared/KERNEL.md for what was measured.
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "kernel.h"
#include "profiler.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- Configuration ---- */

const volatile struct tapedeck_settings settings SEC(".rodata.settings") = {};
struct tapedeck_control control SEC(".data.control") = {.judging = 1};

/* ---- Maps ---- */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);	/* tgid */
	__type(value, struct tapedeck_verdict);
} verdicts SEC(".maps");

struct socket_state {
	struct tapedeck_connection connection;
	struct tapedeck_lost lost[2];
	__u32 receive_next;
	__u32 send_end;		/* write_seq at the end: a disconnect changes it */
	__s32 error;		/* sk_err at the end: the process may fetch it, and clear it */
	__u8 received_end;
	__u8 sent_fin;
	__u8 peer_fin;
	__u8 last_state;
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

struct call {
	__u32 number;
	__u32 index;		/* of the message, in a call that moves several */
	__u64 argument[4];
};

/* What is known of a thread while it is in a call. */
struct thread {
	struct call call;	/* only where system calls are hooked */
	__u64 several;		/* the vector of the last sendmmsg, recvmmsg */
	__u32 several_index;
	__u32 send_start;	/* sequence numbers, read while the call held the socket */
	__u32 receive_end;
	__u8 knows_send_start;
	__u8 knows_receive_end;
	__u8 in_call;
	__u8 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);	/* tgid and thread */
	__type(value, struct thread);
} threads SEC(".maps");

/* A record is put together here; one for each CPU (the loader sets the count). A per-CPU map's values are limited to
 * 32 KiB. */
struct assembly {
	struct tapedeck_data data;
	__u8 bytes[2 * TAPEDECK_PAYLOAD_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct assembly);
} assemblies SEC(".maps");

struct task_assembly {
	struct tapedeck_task task;
	__u8 bytes[2 * TAPEDECK_STRINGS_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_assembly);
} task_assemblies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TAPEDECK_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		*value += 1;
}

/* Ends of connections that found no room in the ring buffer: without them a connection would seem open for ever. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);	/* serial */
	__type(value, struct tapedeck_state);
} unsent SEC(".maps");

/* ---- The ring buffer ---- */

static __always_inline long output(void *record, __u64 size)
{
	__u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	__u64 flags = waiting >= settings.wake_bytes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	long error = bpf_ringbuf_output(&ring, record, size, flags);

	count(error ? TAPEDECK_RING_FULL : TAPEDECK_RECORDS);
	return error;
}

/* ---- Opting in ---- */

static __always_inline struct tapedeck_verdict *verdict_of(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct tapedeck_verdict *verdict = bpf_map_lookup_elem(&verdicts, &tgid);

	if (!verdict || !verdict->profiled)
		return 0;
	return verdict->start_ticks == task->group_leader->start_boottime / TAPEDECK_TICK ? verdict : 0;
}

static __always_inline void identify(struct tapedeck_process *process, struct task_struct *task)
{
	process->start_time = task->group_leader->start_boottime;
	process->pid = task->tgid;
	process->parent = 0;
}

struct judgement {
	__u64 at;
	__u64 end;
	__u8 in_middle;		/* of a string longer than the buffer */
	__u8 has_profile;
	__u8 has_disabled;
	__u8 profiled;
	__u8 disabled;
};

#define STRING_MAX 128

static __always_inline int is_allowed(const char *value)
{
	int any = 0;

	if (!value[0])
		return 0;
	if (!settings.allowed_count)
		return 1;
	for (int i = 0; i < TAPEDECK_ALLOWED_MAX; i++) {
		int same = 1;

		if (i >= settings.allowed_count)
			break;
		for (int k = 0; k < TAPEDECK_VALUE_MAX; k++) {
			if (value[k] != settings.allowed[i][k]) {
				same = 0;
				break;
			}
			if (!value[k])
				break;
		}
		any |= same;
	}
	return any;
}

static __always_inline int begins(const char *string, const char *prefix, int length)
{
	for (int i = 0; i < length; i++)
		if (string[i] != prefix[i])
			return 0;
	return 1;
}

/* One string of the environment, or a part of one. Of a variable that is there twice the first counts (getenv). */
static long judge_string(__u32 index, struct judgement *judgement)
{
	char string[STRING_MAX] = {};
	long length;

	if (judgement->at >= judgement->end)
		return 1;
	length = bpf_probe_read_user_str(string, sizeof(string), (void *)judgement->at);
	if (length <= 0)
		return 1;
	if (!judgement->in_middle) {
		if (!judgement->has_profile && begins(string, "ADI_PROFILE=", 12)) {
			judgement->has_profile = 1;
			judgement->profiled = is_allowed(string + 12);
		} else if (!judgement->has_disabled && begins(string, "ADI_PROFILE_DISABLED=", 21)) {
			judgement->has_disabled = 1;
			judgement->disabled = string[21] == '1' && string[22] == 0;
		}
	}
	judgement->in_middle = length == STRING_MAX;
	judgement->at += judgement->in_middle ? length - 1 : length;
	return 0;
}

/* ENV_STRINGS: more than a shell can pass (2 MB of "A=" strings would be cut; ARG_MAX). */
#define ENV_STRINGS (1 << 19)

SEC("raw_tp/sched_process_exec")
int process_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	struct judgement judgement = {};
	struct tapedeck_verdict verdict = {};
	struct task_assembly *record;
	__u32 tgid = task->tgid, key = bpf_get_smp_processor_id();
	__u64 arguments, environment;

	if (!mm || tgid == settings.own_pid)
		return 0;
	judgement.at = mm->env_start;
	judgement.end = mm->env_end;
	bpf_loop(ENV_STRINGS, judge_string, &judgement, 0);
	verdict.start_ticks = task->group_leader->start_boottime / TAPEDECK_TICK;
	verdict.profiled = judgement.profiled && !judgement.disabled;
	if (!verdict.profiled && !control.judging) {
		bpf_map_delete_elem(&verdicts, &tgid);
		return 0;
	}
	if (bpf_map_update_elem(&verdicts, &tgid, &verdict, BPF_ANY))
		count(TAPEDECK_MAP_FULL);
	if (!verdict.profiled)
		return 0;

	record = bpf_map_lookup_elem(&task_assemblies, &key);
	if (!record)
		return 0;
	arguments = mm->arg_end - mm->arg_start;
	environment = mm->env_end - mm->env_start;
	record->task.header.time = bpf_ktime_get_ns();
	record->task.header.type = TAPEDECK_EXEC;
	record->task.arguments_total = arguments;
	record->task.environment_total = environment;
	identify(&record->task.process, task);
	bpf_get_current_comm(record->task.command, sizeof(record->task.command));
	if (arguments > TAPEDECK_STRINGS_MAX)
		arguments = TAPEDECK_STRINGS_MAX;
	if (bpf_probe_read_user(record->bytes, arguments, (void *)mm->arg_start))
		arguments = 0;
	if (environment > TAPEDECK_STRINGS_MAX)
		environment = TAPEDECK_STRINGS_MAX;
	/* Told to the verifier once more, which forgets it over the call. */
	asm volatile("" : "+r"(arguments));
	if (arguments > TAPEDECK_STRINGS_MAX)
		return 0;
	if (bpf_probe_read_user(record->bytes + arguments, environment, (void *)mm->env_start))
		environment = 0;
	record->task.arguments = arguments;
	record->task.header.captured = arguments + environment;
	output(record, sizeof(record->task) + arguments + environment);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	struct tapedeck_verdict *parent = verdict_of(task), verdict = {};
	struct tapedeck_task record = {};
	__u32 tgid = BPF_CORE_READ(child, tgid);

	if (!parent || tgid == task->tgid)
		return 0;
	record.process.start_time = BPF_CORE_READ(child, start_boottime);
	verdict.start_ticks = record.process.start_time / TAPEDECK_TICK;
	verdict.profiled = 1;
	if (bpf_map_update_elem(&verdicts, &tgid, &verdict, BPF_ANY))
		count(TAPEDECK_MAP_FULL);
	record.header.time = bpf_ktime_get_ns();
	record.header.type = TAPEDECK_FORK;
	record.process.pid = tgid;
	record.process.parent = task->tgid;
	bpf_get_current_comm(record.command, sizeof(record.command));
	output(&record, sizeof(record));
	return 0;
}

SEC("raw_tp/sched_process_exit")
int process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = task->tgid;
	__u64 id = bpf_get_current_pid_tgid();
	struct tapedeck_verdict *verdict = bpf_map_lookup_elem(&verdicts, &tgid);

	if (!verdict)
		return 0;
	bpf_map_delete_elem(&threads, &id);
	if (task->signal->live.counter)
		return 0;
	if (verdict->profiled) {
		struct tapedeck_task record = {};

		record.header.time = bpf_ktime_get_ns();
		record.header.type = TAPEDECK_EXIT;
		identify(&record.process, task);
		output(&record, sizeof(record));
	}
	bpf_map_delete_elem(&verdicts, &tgid);
	return 0;
}

/* ---- Sockets ---- */

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

/* A new connection; where there was one under the same address, its end was not seen. */
static __always_inline struct socket_state *add_socket(struct sock *sk, __u8 role, __u8 joined_late, __u32 send_base,
						       __u32 receive_base)
{
	struct socket_state state = {};
	__u64 key = (__u64)sk;

	state.connection.serial = __sync_fetch_and_add(&control.last_serial, 1) + 1;
	state.connection.role = role;
	state.connection.joined_late = joined_late;
	state.connection.send_base = send_base;
	state.connection.receive_base = receive_base;
	state.receive_next = receive_base;
	read_tuple(&state.connection, sk);
	if (bpf_map_update_elem(&sockets, &key, &state, BPF_ANY)) {
		count(TAPEDECK_MAP_FULL);
		return 0;
	}
	return bpf_map_lookup_elem(&sockets, &key);
}

static __always_inline void emit_state(struct socket_state *state, struct sock *sk, __u32 type, __u8 old_state)
{
	struct tapedeck_state record = {};

	record.header.time = bpf_ktime_get_ns();
	record.header.type = type;
	record.connection = state->connection;
	record.lost[0] = state->lost[0];
	record.lost[1] = state->lost[1];
	record.send_next = state->last_state ? state->send_end : write_seq(sk);
	record.receive_next = copied_seq(sk);
	record.error = state->error;
	record.old_state = old_state;
	record.sent_fin = state->sent_fin;
	record.read_fin = state->received_end || (state->peer_fin && record.receive_next == rcv_nxt(sk));
	if (!output(&record, sizeof(record)))
		state->lost[0].length = state->lost[1].length = 0;
	else if (type == TAPEDECK_CLOSE || type == TAPEDECK_CONNECT_FAILED)
		bpf_map_update_elem(&unsent, &record.connection.serial, &record, BPF_ANY);
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
	identify(&record.process, task);
	__builtin_memcpy(record.address, tuple.local, 16);
	record.port = tuple.local_port;
	output(&record, sizeof(record));
}

SEC("raw_tp/inet_sock_set_state")
int socket_state(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	int old = ctx->args[1], new = ctx->args[2];
	__u64 key = (__u64)sk;
	struct task_struct *task;
	struct socket_state *state;

	if (new == TCP_SYN_SENT || new == TCP_LISTEN) {
		/* Always by the process itself. */
		task = bpf_get_current_task_btf();
		if (!verdict_of(task) || !is_tcp(sk))
			return 0;
		if (new == TCP_LISTEN) {
			listens(sk, task);
			return 0;
		}
		/* A socket can be disconnected and used again. */
		state = bpf_map_lookup_elem(&sockets, &key);
		if (state && state->connection.process.pid)
			emit_state(state, sk, TAPEDECK_CLOSE, state->last_state);
		state = add_socket(sk, TAPEDECK_CLIENT, 0, 0, 0);
		if (state)
			identify(&state->connection.process, task);
		return 0;
	}
	if (new == TCP_ESTABLISHED && old == TCP_SYN_RECV) {
		/* In an interrupt: which process will accept it shows when the first of them uses it. */
		__u32 port = local_port(sk);
		__u8 *listens = bpf_map_lookup_elem(&listening, &port);

		if (listens && *listens && is_tcp(sk))
			add_socket(sk, TAPEDECK_SERVER, 0, write_seq(sk), copied_seq(sk));
		return 0;
	}
	state = bpf_map_lookup_elem(&sockets, &key);
	if (!state)
		return 0;
	if (new == TCP_ESTABLISHED) {
		read_tuple(&state->connection, sk);
		state->connection.send_base = write_seq(sk);
		state->connection.receive_base = state->receive_next = copied_seq(sk);
		emit_state(state, sk, TAPEDECK_OPEN, old);
	} else if (new != old && (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK)) {
		if (state->connection.process.pid)
			emit_state(state, sk, TAPEDECK_FINISHED, old);
		state->sent_fin = 1;
		state->peer_fin |= new == TCP_LAST_ACK;
	} else if (new == TCP_CLOSE_WAIT || new == TCP_CLOSING) {
		state->peer_fin = 1;
	} else if (new == TCP_CLOSE && old == TCP_SYN_SENT) {
		read_tuple(&state->connection, sk);
		state->error = BPF_CORE_READ(sk, sk_err);
		emit_state(state, sk, TAPEDECK_CONNECT_FAILED, old);
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
SEC("raw_tp/tcp_destroy_sock")
int socket_destroyed(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

	if (!state)
		return 0;
	if (state->connection.process.pid)
		emit_state(state, sk, TAPEDECK_CLOSE, state->last_state);
	bpf_map_delete_elem(&sockets, &key);
	return 0;
}

/* ---- Bytes ---- */

static __always_inline struct thread *thread_of(__u64 id)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &id), none = {};

	if (thread)
		return thread;
	if (bpf_map_update_elem(&threads, &id, &none, BPF_ANY)) {
		count(TAPEDECK_MAP_FULL);
		return 0;
	}
	return bpf_map_lookup_elem(&threads, &id);
}

/* Called under the socket's lock, before the first byte of a send is queued (Linux 6.16 and newer): where the bytes
 * will stand, also when other threads send on the same socket. */
SEC("raw_tp/tcp_sendmsg_locked")
int send_begins(struct bpf_raw_tracepoint_args *ctx)
{
	struct thread *thread;

	if (!verdict_of(bpf_get_current_task_btf()))
		return 0;
	thread = thread_of(bpf_get_current_pid_tgid());
	if (thread && !thread->knows_send_start) {
		thread->send_start = write_seq((struct sock *)ctx->args[0]);
		thread->knows_send_start = 1;
	}
	return 0;
}

/* Called under the socket's lock, after bytes were copied to the process. */
SEC("raw_tp/tcp_rcv_space_adjust")
int receive_copied(struct bpf_raw_tracepoint_args *ctx)
{
	struct thread *thread;

	if (!verdict_of(bpf_get_current_task_btf()))
		return 0;
	thread = thread_of(bpf_get_current_pid_tgid());
	if (thread) {
		thread->receive_end = copied_seq((struct sock *)ctx->args[0]);
		thread->knows_receive_end = 1;
	}
	return 0;
}

struct vector {
	__u64 iov;
	__u32 left;
	__u32 offset;
	__u32 assembly;
	__u32 failed;
};

static long copy_one(__u32 index, struct vector *vector)
{
	struct assembly *assembly = bpf_map_lookup_elem(&assemblies, &vector->assembly);
	struct user_iovec iov;
	__u64 length, offset = vector->offset;

	if (!assembly || offset >= TAPEDECK_PAYLOAD_MAX)
		return 1;
	if (bpf_probe_read_user(&iov, sizeof(iov), (void *)(vector->iov + index * sizeof(iov)))) {
		vector->failed = 1;
		return 1;
	}
	length = iov.length;
	if (length > vector->left)
		length = vector->left;
	if (length > TAPEDECK_PAYLOAD_MAX)
		length = TAPEDECK_PAYLOAD_MAX;
	if (bpf_probe_read_user(assembly->bytes + offset, length, (void *)iov.base)) {
		vector->failed = 1;
		return 1;
	}
	vector->offset += length;
	vector->left -= length;
	return vector->left == 0;
}

static __always_inline void lose(struct tapedeck_lost *lost, __u32 sequence, __u32 length)
{
	if (!lost->length)
		lost->sequence = sequence;
	else if (lost->sequence + lost->length != sequence)
		return;	/* a hole that the reader finds by the positions */
	lost->length += length;
}

/* A call moved `length` bytes that begin at `sequence`. */
static __noinline int moved(struct socket_state *state, struct call *call, __u32 sequence, __u32 length, __u32 direction)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct assembly *assembly = bpf_map_lookup_elem(&assemblies, &cpu);
	struct vector vector = {.assembly = cpu};
	struct user_msghdr message;
	__u64 count = 0, captured = 0, want;
	__u8 reason = TAPEDECK_CAPTURED;

	if (!state || !call || !assembly)
		return 0;
	want = length < settings.payload_limit ? length : settings.payload_limit;
	if (want > TAPEDECK_PAYLOAD_MAX)
		want = TAPEDECK_PAYLOAD_MAX;
	vector.left = want;
	switch (call->number) {
	case NR_read:
	case NR_write:
	case NR_recvfrom:
	case NR_sendto:
		if (bpf_probe_read_user(assembly->bytes, want, (void *)call->argument[1]))
			reason = TAPEDECK_UNREADABLE;
		else
			captured = want;
		break;
	case NR_readv:
	case NR_writev:
	case NR_preadv2:
	case NR_pwritev2:
		vector.iov = call->argument[1];
		count = call->argument[2];
		break;
	case NR_sendmsg:
	case NR_recvmsg:
	case NR_sendmmsg:
	case NR_recvmmsg:
		if (bpf_probe_read_user(&message, sizeof(message),
					(void *)(call->argument[1] + call->index * sizeof(struct user_mmsghdr)))) {
			reason = TAPEDECK_UNREADABLE;
			break;
		}
		vector.iov = message.iov;
		count = message.iov_length;
		break;
	case NR_sendfile:
		reason = TAPEDECK_SENDFILE;
		break;
	case NR_splice:
		reason = TAPEDECK_SPLICE;
		break;
	case NR_io_uring_enter:
		reason = TAPEDECK_IO_URING;
		break;
	default:
		reason = TAPEDECK_UNREADABLE;
	}
	if (count) {
		bpf_loop(count > IOV_MAX ? IOV_MAX : count, copy_one, &vector, 0);
		captured = vector.offset;
		if (vector.failed)
			reason = TAPEDECK_UNREADABLE;
	}
	assembly->data.header.time = bpf_ktime_get_ns();
	assembly->data.header.type = TAPEDECK_DATA;
	assembly->data.header.captured = captured;
	assembly->data.connection = state->connection;
	assembly->data.lost[0] = state->lost[0];
	assembly->data.lost[1] = state->lost[1];
	assembly->data.sequence = sequence;
	assembly->data.length = length;
	assembly->data.direction = direction;
	assembly->data.reason = reason;
	if (captured > TAPEDECK_PAYLOAD_MAX)
		return 0;
	if (output(assembly, sizeof(assembly->data) + captured))
		lose(&state->lost[direction & 1], sequence, length);
	else
		state->lost[0].length = state->lost[1].length = 0;
	if (direction == TAPEDECK_RECEIVE)
		state->receive_next = sequence + length;
	return 0;
}

/* The socket as it is known, or, where it was there before the profiler, from now on. */
static __always_inline struct socket_state *socket_of(struct sock *sk, struct task_struct *task, struct thread *thread,
						      __u32 length, __u32 direction)
{
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

	if (!state) {
		__u32 sent = write_seq(sk), received = copied_seq(sk);

		if (!is_tcp(sk))
			return 0;
		if (direction == TAPEDECK_SEND)
			sent = thread && thread->knows_send_start ? thread->send_start : sent - length;
		else
			received = (thread && thread->knows_receive_end ? thread->receive_end : received) - length;
		state = add_socket(sk, TAPEDECK_UNKNOWN_ROLE, 1, sent, received);
		if (state && state->connection.local_port) {
			__u32 port = state->connection.local_port;
			__u8 *listens = bpf_map_lookup_elem(&listening, &port);

			if (listens && *listens)
				state->connection.role = TAPEDECK_SERVER;
		}
	}
	if (state && !state->connection.process.pid)
		identify(&state->connection.process, task);
	return state;
}

static __always_inline __u32 first_byte(struct sock *sk, struct thread *thread, __u32 length, __u32 direction)
{
	if (direction == TAPEDECK_SEND)
		return thread->knows_send_start ? thread->send_start : write_seq(sk) - length;
	return (thread->knows_receive_end ? thread->receive_end : copied_seq(sk)) - length;
}

/* The stream's end, told to the process by a read of nothing. */
static __always_inline void received_end(struct sock *sk)
{
	struct tapedeck_data record = {};
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

	if (!state || state->received_end || !(BPF_CORE_READ(sk, sk_shutdown) & 1) || !state->connection.process.pid)
		return;
	state->received_end = 1;
	record.header.time = bpf_ktime_get_ns();
	record.header.type = TAPEDECK_DATA;
	record.connection = state->connection;
	record.lost[0] = state->lost[0];
	record.lost[1] = state->lost[1];
	record.sequence = state->receive_next;
	record.direction = TAPEDECK_RECEIVE;
	if (!output(&record, sizeof(record)))
		state->lost[0].length = state->lost[1].length = 0;
}

/* The socket behind a descriptor of the current process. */
static __always_inline struct sock *sock_of(struct task_struct *task, __u64 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = 0;
	struct socket *socket;

	if (descriptor >= BPF_CORE_READ(table, max_fds))
		return 0;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* ---- The hooks of Linux 6.3 and newer: the end of each send and receive, in the caller's context ---- */

/* The call that the thread is in, from its saved registers. */
static __always_inline void current_call(struct call *call, struct task_struct *task, struct thread *thread,
					 struct sock *sk, int result)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);

	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER)) {
		call->number = NR_io_uring_enter;
		return;
	}
	call->number = CALL_NUMBER(registers);
	call->argument[0] = CALL_ARGUMENT0(registers);
	call->argument[1] = CALL_ARGUMENT1(registers);
	call->argument[2] = CALL_ARGUMENT2(registers);
	/* io_uring may finish its work at the end of any call. */
	if (task->io_uring && call->number != NR_io_uring_enter && sock_of(task, call->argument[0]) != sk)
		call->number = NR_io_uring_enter;
	if (call->number != NR_sendmmsg && call->number != NR_recvmmsg) {
		thread->several = 0;
		return;
	}
	/* One event a message: which of them, only their number tells. */
	if (thread->several != call->argument[1]) {
		thread->several = call->argument[1];
		thread->several_index = 0;
	}
	call->index = thread->several_index++;
	if (result <= 0 || thread->several_index >= call->argument[2])
		thread->several = 0;
}

static __always_inline int socket_call(struct bpf_raw_tracepoint_args *ctx, __u32 direction)
{
	struct sock *sk = (struct sock *)ctx->args[0];
	int result = ctx->args[1], flags = ctx->args[2];
	struct task_struct *task = bpf_get_current_task_btf();
	struct socket_state *state;
	struct thread *thread;
	struct call call = {};

	if (!verdict_of(task))
		return 0;
	thread = thread_of(bpf_get_current_pid_tgid());
	if (!thread)
		return 0;
	current_call(&call, task, thread, sk, result);
	if (direction == TAPEDECK_RECEIVE && flags & (MSG_PEEK | MSG_ERRQUEUE))
		result = -1;
	if (result > 0) {
		if (direction == TAPEDECK_RECEIVE && flags & (MSG_TRUNC | MSG_OOB))
			call.number = ~0U;
		state = socket_of(sk, task, thread, result, direction);
		if (state)
			moved(state, &call, first_byte(sk, thread, result, direction), result, direction);
	} else if (result == 0 && direction == TAPEDECK_RECEIVE) {
		received_end(sk);
	}
	if (direction == TAPEDECK_SEND)
		thread->knows_send_start = 0;
	else
		thread->knows_receive_end = 0;
	return 0;
}

SEC("raw_tp/sock_send_length")
int socket_sent(struct bpf_raw_tracepoint_args *ctx)
{
	return socket_call(ctx, TAPEDECK_SEND);
}

SEC("raw_tp/sock_recv_length")
int socket_received(struct bpf_raw_tracepoint_args *ctx)
{
	return socket_call(ctx, TAPEDECK_RECEIVE);
}

/* ---- The hooks for older kernels: every system call's begin and end. They slow down every process of the machine ---- */

SEC("raw_tp/sys_enter")
int call_begins(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *registers = (struct pt_regs *)ctx->args[0];
	struct thread *thread;

	if (!verdict_of(bpf_get_current_task_btf()))
		return 0;
	switch (ctx->args[1]) {
	case NR_read:
	case NR_write:
	case NR_readv:
	case NR_writev:
	case NR_preadv2:
	case NR_pwritev2:
	case NR_sendto:
	case NR_recvfrom:
	case NR_sendmsg:
	case NR_recvmsg:
	case NR_sendmmsg:
	case NR_recvmmsg:
	case NR_sendfile:
	case NR_splice:
		break;
	default:
		return 0;
	}
	thread = thread_of(bpf_get_current_pid_tgid());
	if (!thread)
		return 0;
	thread->call.number = ctx->args[1];
	thread->call.index = 0;
	thread->call.argument[0] = CALL_ARGUMENT_OF(registers, 0);
	thread->call.argument[1] = CALL_ARGUMENT_OF(registers, 1);
	thread->call.argument[2] = CALL_ARGUMENT_OF(registers, 2);
	thread->call.argument[3] = CALL_ARGUMENT_OF(registers, 3);
	thread->in_call = 1;
	thread->knows_send_start = thread->knows_receive_end = 0;
	return 0;
}

/* Flags of the calls that have some: a peek moves nothing. */
static __always_inline __u32 receive_flags(struct call *call)
{
	if (call->number == NR_recvfrom || call->number == NR_recvmmsg)
		return call->argument[3];
	return call->number == NR_recvmsg ? call->argument[2] : 0;
}

struct messages {
	struct sock *sk;
	struct call call;
	__u32 sequence;
	__u32 direction;
	__u32 total;		/* of the lengths, while they are added up */
	__u32 emits;
};

static long one_message(__u32 index, struct messages *messages)
{
	__u64 key = (__u64)messages->sk;
	struct call call = messages->call;
	__u32 length = 0;
	struct user_mmsghdr *message = (struct user_mmsghdr *)call.argument[1] + index;

	if (bpf_probe_read_user(&length, sizeof(length), &message->length))
		return 1;
	if (messages->emits) {
		struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

		if (!state)
			return 1;
		call.index = index;
		if (length)
			moved(state, &call, messages->sequence, length, messages->direction);
		messages->sequence += length;
	} else {
		messages->total += length;
	}
	return 0;
}

static __always_inline void ended(struct task_struct *task, struct thread *thread, __u64 descriptor, long result,
				  __u32 direction)
{
	struct sock *sk = sock_of(task, descriptor);
	struct socket_state *state;

	if (!sk || !is_tcp(sk))
		return;
	if (result == 0 && direction == TAPEDECK_RECEIVE) {
		received_end(sk);
	} else if (thread->call.number == NR_sendmmsg || thread->call.number == NR_recvmmsg) {
		struct messages messages = {.sk = sk, .call = thread->call, .direction = direction};

		bpf_loop(result > IOV_MAX ? IOV_MAX : result, one_message, &messages, 0);
		if (!messages.total || !socket_of(sk, task, thread, messages.total, direction))
			return;
		messages.sequence = first_byte(sk, thread, messages.total, direction);
		messages.emits = 1;
		bpf_loop(result > IOV_MAX ? IOV_MAX : result, one_message, &messages, 0);
	} else {
		struct call call = thread->call;

		if (receive_flags(&call) & (MSG_TRUNC | MSG_OOB))
			call.number = ~0U;
		state = socket_of(sk, task, thread, result, direction);
		if (state)
			moved(state, &call, first_byte(sk, thread, result, direction), result, direction);
	}
}

SEC("raw_tp/sys_exit")
int call_ended(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	long result = ctx->args[1];
	__u64 id = bpf_get_current_pid_tgid();
	struct thread *thread;

	if (!verdict_of(task))
		return 0;
	thread = bpf_map_lookup_elem(&threads, &id);
	if (!thread || !thread->in_call)
		return 0;
	thread->in_call = 0;
	if (result < 0 || receive_flags(&thread->call) & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	switch (thread->call.number) {
	case NR_read:
	case NR_readv:
	case NR_preadv2:
	case NR_recvfrom:
	case NR_recvmsg:
	case NR_recvmmsg:
		ended(task, thread, thread->call.argument[0], result, TAPEDECK_RECEIVE);
		break;
	case NR_splice:
		if (!result)
			break;
		ended(task, thread, thread->call.argument[0], result, TAPEDECK_RECEIVE);
		ended(task, thread, thread->call.argument[2], result, TAPEDECK_SEND);
		break;
	default:
		if (result)
			ended(task, thread, thread->call.argument[0], result, TAPEDECK_SEND);
	}
	return 0;
}

/* The bytes of one call: copied from the buffers of the process that made it, which still hold them. */
#ifndef TAPEDECK_PAYLOAD_H
#define TAPEDECK_PAYLOAD_H

/* So many buffers of a call are copied without a loop of the kernel's, each turn of which costs as much as its copy. */
#define FEW_BUFFERS 4

/* What is left of a call of which more is captured than a record holds. */
struct rest {
	__u64 socket;
	__u64 iov;		/* where the next buffer is told of */
	__u64 buffers;		/* so many are left */
	__u64 base;		/* of the buffer that is being copied, what is left */
	__u64 size;
	__u32 wanted;		/* bytes to be copied yet */
	__u32 filled;		/* bytes of the record that is being put together */
	__u32 sequence;		/* of its first byte */
	__u32 length;		/* from there to the call's last byte */
	__u32 direction;
	__u32 failed;
};

/* A call that moves several messages, while these are gone through. */
struct messages {
	__u64 socket;
	struct call call;
	__u32 sequence;
	__u32 direction;
	__u32 total;		/* of the lengths, while they are added up */
	__u32 emits;
};

/* A record is put together here; one for each CPU, as of processes. */
struct assembly {
	struct tapedeck_data data;
	__u8 bytes[2 * TAPEDECK_PAYLOAD_MAX];
	struct user_iovec buffers[FEW_BUFFERS];		/* the stack has no room for them */
	struct user_msghdr message;			/* neither, with those of its callers (Linux 6.1 adds them up) */
	struct rest rest;
	struct messages messages;			/* nor for these */
	__u64 unasked;		/* bytes since the CPU asked how many wait, which costs a third of a record */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct assembly);
} assemblies SEC(".maps");

struct vector {
	__u64 iov;
	__u32 left;
	__u32 offset;
	__u32 assembly;
	__u32 failed;
};

/* Copies one buffer; says whether it was the last one. */
static __always_inline int copy_buffer(struct assembly *assembly, struct user_iovec *iov, struct vector *vector)
{
	__u64 length = iov->length, offset = vector->offset;

	if (length > vector->left)
		length = vector->left;
	/* Told to the verifier of older kernels once more, which loses it. */
	asm volatile("" : "+r"(length), "+r"(offset));
	if (length > TAPEDECK_PAYLOAD_MAX || offset >= TAPEDECK_PAYLOAD_MAX)
		return 1;
	if (bpf_probe_read_user(assembly->bytes + offset, length, (void *)iov->base)) {
		vector->failed = 1;
		return 1;
	}
	vector->offset += length;
	vector->left -= length;
	return vector->left == 0;
}

static long copy_one(__u32 index, struct vector *vector)
{
	struct assembly *assembly = bpf_map_lookup_elem(&assemblies, &vector->assembly);
	struct user_iovec iov;

	if (!assembly)
		return 1;
	if (bpf_probe_read_user(&iov, sizeof(iov), (void *)(vector->iov + (FEW_BUFFERS + index) * sizeof(iov)))) {
		vector->failed = 1;
		return 1;
	}
	return copy_buffer(assembly, &iov, vector);
}

/* Not inlined, for the frames of nested calls share 512 bytes of stack. */
static __always_inline int copy_buffers(struct assembly *assembly, struct vector *vector, __u64 count)
{
	__u64 few = count < FEW_BUFFERS ? count : FEW_BUFFERS, size = few * sizeof(struct user_iovec);

	/* Told to the verifier of older kernels, which does not follow the multiplication. */
	asm volatile("" : "+r"(size));
	if (size > sizeof(assembly->buffers))
		return 0;
	if (bpf_probe_read_user(assembly->buffers, size, (void *)vector->iov)) {
		vector->failed = 1;
		return 0;
	}
#pragma unroll
	for (int i = 0; i < FEW_BUFFERS; i++)
		if (i >= few || copy_buffer(assembly, &assembly->buffers[i], vector))
			return 0;
	count -= few;
	bpf_loop(count > IOV_MAX ? IOV_MAX : count, copy_one, vector, 0);
	return 0;
}

static __always_inline long output_data(struct assembly *assembly, __u64 size)
{
	int wakes = 0;

	assembly->unasked += size;
	if (assembly->unasked >= settings.wake_bytes / 4) {
		assembly->unasked = 0;
		wakes = is_filling();
	}
	return submit(assembly, size, wakes);
}

/* Tells of `length` bytes, of which the first are in the assembly: so many as its record says. */
static __always_inline void tell_bytes(struct socket_state *state, struct assembly *assembly, __u32 sequence,
				       __u32 length, __u32 direction)
{
	__u64 captured = assembly->data.header.captured;
	int failed;

	assembly->data.sequence = sequence;
	assembly->data.length = length;
	failed = prepare(state, direction);
	/* Told to the verifier once more, which forgets it over the call. */
	asm volatile("" : "+r"(captured));
	if (captured > TAPEDECK_PAYLOAD_MAX)
		return;
	if (failed || output_data(assembly, sizeof(assembly->data) + captured))
		lose(&state->lost[direction & 1], sequence, length);
	if (direction == TAPEDECK_RECEIVE)
		state->receive_next = sequence + length;
	else
		state->send_next = sequence + length;
}

/* A step ends with a buffer or with a record. */
#define REST_STEPS (IOV_MAX + TAPEDECK_CALL_MAX / TAPEDECK_PAYLOAD_MAX)

static long copy_rest(__u32 index, __u32 *cpu)
{
	struct assembly *assembly = bpf_map_lookup_elem(&assemblies, cpu);
	struct user_iovec *iov;
	struct rest *rest;
	__u64 size, filled;

	if (!assembly)
		return 1;
	rest = &assembly->rest;
	if (!rest->size) {
		iov = &assembly->buffers[0];
		if (!rest->buffers || bpf_probe_read_user(iov, sizeof(*iov), (void *)rest->iov)) {
			rest->failed = 1;
			return 1;
		}
		rest->buffers--;
		rest->iov += sizeof(*iov);
		rest->base = iov->base;
		rest->size = iov->length;
	}
	size = rest->size;
	filled = rest->filled;
	if (size > rest->wanted)
		size = rest->wanted;
	if (filled >= TAPEDECK_PAYLOAD_MAX)
		return 1;
	if (size > TAPEDECK_PAYLOAD_MAX - filled)
		size = TAPEDECK_PAYLOAD_MAX - filled;
	asm volatile("" : "+r"(size), "+r"(filled));
	if (size > TAPEDECK_PAYLOAD_MAX || filled >= TAPEDECK_PAYLOAD_MAX)
		return 1;
	if (bpf_probe_read_user(assembly->bytes + filled, size, (void *)rest->base)) {
		rest->failed = 1;
		return 1;
	}
	rest->base += size;
	rest->size -= size;
	rest->filled += size;
	rest->wanted -= size;
	if (!rest->wanted)
		return 1;	/* the last record also tells of what is not captured */
	if (rest->filled == TAPEDECK_PAYLOAD_MAX) {
		struct socket_state *state = bpf_map_lookup_elem(&sockets, &rest->socket);

		if (!state)
			return 1;
		assembly->data.header.captured = TAPEDECK_PAYLOAD_MAX;
		tell_bytes(state, assembly, rest->sequence, TAPEDECK_PAYLOAD_MAX, rest->direction);
		rest->sequence += TAPEDECK_PAYLOAD_MAX;
		rest->length -= TAPEDECK_PAYLOAD_MAX;
		rest->filled = 0;
	}
	return 0;
}

/* Whether a call's first bytes are the header of a record of TLS (RFC 8446, section 5.1). */
static __always_inline int begins_record(__u64 base, __u64 iov)
{
	__u8 header[5];

	if (iov && bpf_probe_read_user(&base, sizeof(base), (void *)iov))
		return 0;
	if (bpf_probe_read_user(header, sizeof(header), (void *)base))
		return 0;
	return header[0] >= 20 && header[0] <= 23 && header[1] == 3 && header[2] <= 4 &&
	       (header[3] << 8 | header[4]) <= 16384 + 2048;
}

/* A call moved `length` bytes that begin at `sequence`. */
static __always_inline int moved(struct socket_state *state, struct call *call, __u32 sequence, __u32 length,
				 __u32 direction)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct assembly *assembly = bpf_map_lookup_elem(&assemblies, &cpu);
	struct vector vector = {.assembly = cpu};
	__u64 count = 0, base = 0, captured, want;
	__u8 reason = TAPEDECK_CAPTURED;

	if (!state || !call || !assembly)
		return 0;
	if (state->is_connecting) {
		state->went_with_syn = direction == TAPEDECK_SEND;
		return 0;
	}
	if (direction == TAPEDECK_SEND)
		flush_ring(state, sequence);
	want = length < settings.payload_limit ? length : settings.payload_limit;
	switch (call->number) {
	case NR_read:
	case NR_write:
	case NR_recvfrom:
	case NR_sendto:
		base = call->argument[1];
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
		if (bpf_probe_read_user(&assembly->message, sizeof(assembly->message),
					(void *)(call->argument[1] + call->index * sizeof(struct user_mmsghdr)))) {
			reason = TAPEDECK_UNREADABLE;
			break;
		}
		vector.iov = assembly->message.iov;
		count = assembly->message.iov_length;
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
	/* A record that is cut hides all that it holds: where it may be opened, whole calls are captured. */
	if (length > want && settings.tls_limit > want && reason == TAPEDECK_CAPTURED) {
		if (!state->has_tls && begins_record(base, vector.iov))
			state->has_tls = 1;
		if (state->has_tls)
			want = length < settings.tls_limit ? length : settings.tls_limit;
	}
	assembly->data.header.time = call->time ? call->time : bpf_ktime_get_ns();
	assembly->data.header.type = TAPEDECK_DATA;
	assembly->data.header.share = share_of(state->connection.process.pid);
	assembly->data.serial = state->connection.serial;
	assembly->data.direction = direction;
	assembly->data.reason = TAPEDECK_CAPTURED;
	if (reason != TAPEDECK_CAPTURED) {
		captured = 0;
	} else if (want > TAPEDECK_PAYLOAD_MAX) {
		struct rest *rest = &assembly->rest;

		rest->socket = call->socket;
		rest->iov = vector.iov;
		rest->buffers = count;
		rest->base = base;
		rest->size = count ? 0 : length;
		rest->wanted = want;
		rest->filled = 0;
		rest->sequence = sequence;
		rest->length = length;
		rest->direction = direction;
		rest->failed = 0;
		bpf_loop(REST_STEPS, copy_rest, &cpu, 0);
		captured = rest->filled;
		sequence = rest->sequence;
		length = rest->length;
		if (rest->failed)
			reason = TAPEDECK_UNREADABLE;
	} else if (count) {
		vector.left = want;
		copy_buffers(assembly, &vector, count);
		captured = vector.offset;
		if (vector.failed)
			reason = TAPEDECK_UNREADABLE;
	} else {
		/* Told to the verifier, which does not follow the way here. */
		asm volatile("" : "+r"(want));
		if (want > TAPEDECK_PAYLOAD_MAX)
			return 0;
		if (bpf_probe_read_user(assembly->bytes, want, (void *)base))
			reason = TAPEDECK_UNREADABLE;
		captured = reason == TAPEDECK_CAPTURED ? want : 0;
	}
	assembly->data.header.captured = captured;
	assembly->data.reason = reason;
	tell_bytes(state, assembly, sequence, length, direction);
	return 0;
}

/* How far the socket's streams are: sequence numbers after the last byte that went each way. */
struct positions {
	__u32 sent;
	__u32 received;
	__u32 next;		/* after the last byte that came */
};

static __always_inline __u32 first_byte(struct socket_state *state, struct positions *now, struct thread *thread,
					__u32 length, __u32 direction)
{
	if (direction == TAPEDECK_RECEIVE) {
		if (thread->knows_receive_end)
			return thread->receive_end - length;
		return now->received - length - (state && has_read_fin(state, now->received, now->next));
	}
	/* Of a call that was there before the hook its middle is known, which is of no use. */
	if (thread->knows_send_start && (__s32)(now->sent - length - thread->send_start) >= 0)
		return thread->send_start;
	return now->sent - length;
}

/* Whether other bytes went the same way since the last that were told of, and nothing has told the order. */
static __always_inline int is_order_unknown(struct socket_state *state, struct thread *thread, __u32 first,
					    __u32 direction)
{
	if (direction == TAPEDECK_RECEIVE)
		return !thread->knows_receive_end && first != state->receive_next;
	return settings.orders_sends && !thread->knows_send_start && first != state->send_next;
}

/* The socket as it is known, or, where it was there before the profiler, from these bytes on. */
static __always_inline struct socket_state *socket_of(struct sock *sk, struct task_struct *task, struct positions *now,
						      struct thread *thread, __u32 length, __u32 direction, __u32 *first)
{
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

	__u32 sent, received;

	*first = first_byte(state, now, thread, length, direction);
	sent = direction == TAPEDECK_SEND ? *first : now->sent;
	received = direction == TAPEDECK_RECEIVE ? *first : now->received;
	if (state && state->may_be_late && !state->connection.process.pid &&
	    (sent != state->connection.send_base || received != state->connection.receive_base))
		state = 0;
	if (!state) {
		__u32 role = TAPEDECK_UNKNOWN_ROLE;
		int is_whole = knows_start(sk, sent, received, &role);

		state = add_socket(sk, is_whole ? role : TAPEDECK_UNKNOWN_ROLE, !is_whole, sent, received);
		if (state) {
			__u32 port = state->connection.local_port;
			__u8 *listens = bpf_map_lookup_elem(&listening, &port);

			/* By whoever used it first, it was there before: accepted where nobody was seen to listen. */
			state->is_connecting = 0;
			state->connection.knows_bases = is_whole;
			if (is_whole && role == TAPEDECK_SERVER && port && listens)
				*listens = 1;
			if (!is_whole && port && listens && *listens)
				state->connection.role = TAPEDECK_SERVER;
		}
	}
	if (state && !state->connection.process.pid)
		identify(&state->connection.process, task);
	return state;
}

/* The stream's end, told to the process by a read of nothing. */
static __always_inline void received_end(struct sock *sk)
{
	__u64 key = (__u64)sk;
	struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

	if (!state || state->received_end || !(BPF_CORE_READ(sk, sk_shutdown) & 1) || !state->connection.process.pid)
		return;
	state->received_end = 1;
	if (!prepare(state, TAPEDECK_RECEIVE))
		emit_bytes(state, state->receive_next, 0, TAPEDECK_RECEIVE, TAPEDECK_CAPTURED);
}

/* Whether io_uring moves the bytes: in a thread of its own, or at the end of whatever call the thread is in. */
static __always_inline int is_ring(struct task_struct *task, struct sock *sk, int is_call, __u64 descriptor)
{
	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER))
		return 1;
	return task->io_uring && !(is_call && sock_of(task, descriptor) == sk);
}

/* Called under the socket's lock, before the first byte of a send is queued (Linux 6.16 and newer): where the bytes
 * will stand, also when other threads send on the same socket. */
SEC("tp_btf/tcp_sendmsg_locked")
int send_begins(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = profiled_thread(task);
	struct tcp_sock *tcp;

	if (!thread || thread->knows_send_start)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 0;
	if (settings.syscall_hooks && is_ring(task, sk, thread->in_call, thread->call.argument[0])) {
		struct positions now = {tcp->write_seq, tcp->copied_seq, tcp->rcv_nxt};
		__u32 first;
		struct socket_state *state = socket_of(sk, task, &now, thread, 0, TAPEDECK_SEND, &first);

		if (state && !state->ring_waits) {
			state->ring_start = now.sent;
			state->ring_waits = 1;
		}
		return 0;
	}
	thread->send_start = tcp->write_seq;
	thread->knows_send_start = 1;
	return 0;
}

/* Called under the socket's lock, after bytes were copied to the process. Of some calls it is the only hook. */
SEC("tp_btf/tcp_rcv_space_adjust")
int receive_copied(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread *thread = profiled_thread(task);
	struct tcp_sock *tcp;
	__u32 reason = TAPEDECK_CAPTURED;

	if (!thread)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp)
		return 0;
	if (settings.syscall_hooks) {
		if (is_ring(task, sk, thread->in_call, thread->call.argument[0]))
			reason = TAPEDECK_IO_URING;
	} else {
		__u32 number = CALL_NUMBER((struct pt_regs *)bpf_task_pt_regs(task));

		if (number == NR_splice && !(task->flags & (PF_IO_WORKER | PF_USER_WORKER)))
			reason = TAPEDECK_SPLICE;
		else if (number == NR_getsockopt)
			reason = TAPEDECK_UNREADABLE;	/* TCP_ZEROCOPY_RECEIVE */
	}
	if (reason == TAPEDECK_CAPTURED) {
		thread->receive_end = tcp->copied_seq;
		thread->knows_receive_end = 1;
	} else {
		struct positions now = {tcp->write_seq, tcp->copied_seq, tcp->rcv_nxt};
		__u32 first;
		struct socket_state *state = socket_of(sk, task, &now, thread, 0, TAPEDECK_RECEIVE, &first);

		if (state)
			emit_gap(state, state->receive_next, now.received - state->receive_next, TAPEDECK_RECEIVE, reason);
	}
	return 0;
}

#endif

/* The hooks for kernels before 6.3: begin and end of every system call. They slow down every process of the machine. */
#ifndef TAPEDECK_SYSCALL_HOOKS_H
#define TAPEDECK_SYSCALL_HOOKS_H

/* Notes the call, if it is one that moves bytes. */
static __always_inline int note_call(struct thread *thread, __u64 number, struct pt_regs *registers)
{
	switch (number) {
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
	thread->call.number = number;
	thread->call.index = 0;
	thread->call.argument[0] = CALL_ARGUMENT_OF(registers, 0);
	thread->call.argument[1] = CALL_ARGUMENT_OF(registers, 1);
	thread->call.argument[2] = CALL_ARGUMENT_OF(registers, 2);
	thread->call.argument[3] = CALL_ARGUMENT_OF(registers, 3);
	return 1;
}

SEC("raw_tp/sys_enter")
int call_begins(struct bpf_raw_tracepoint_args *ctx)
{
	struct thread *thread = profiled_thread(bpf_get_current_task_btf());

	if (!thread || !note_call(thread, ctx->args[1], (struct pt_regs *)ctx->args[0]))
		return 0;
	thread->in_call = 1;
	return 0;
}

/* Flags of the calls that have some: a peek moves nothing. */
static __always_inline __u32 receive_flags(struct call *call)
{
	if (call->number == NR_recvfrom || call->number == NR_recvmmsg)
		return call->argument[3];
	return call->number == NR_recvmsg ? call->argument[2] : 0;
}

static __noinline int moved_apart(struct socket_state *state, struct call *call, __u32 sequence, __u32 length,
				  __u32 direction)
{
	return moved(state, call, sequence, length, direction);
}

static long one_message(__u32 index, __u32 *cpu)
{
	struct assembly *assembly = bpf_map_lookup_elem(&assemblies, cpu);
	struct messages *messages;
	struct user_mmsghdr *message;
	__u32 length = 0;

	if (!assembly)
		return 1;
	messages = &assembly->messages;
	message = (struct user_mmsghdr *)messages->call.argument[1] + index;
	if (bpf_probe_read_user(&length, sizeof(length), &message->length))
		return 1;
	if (messages->emits) {
		__u64 key = messages->socket;
		struct socket_state *state = bpf_map_lookup_elem(&sockets, &key);

		if (!state)
			return 1;
		messages->call.index = index;
		if (length)
			moved_apart(state, &messages->call, messages->sequence, length, messages->direction);
		messages->sequence += length;
	} else {
		messages->total += length;
	}
	return 0;
}

/* What is needed to go through a call's messages; the lengths are added up first. */
static __always_inline struct messages *begin_messages(struct thread *thread, __u32 *cpu, __u32 direction)
{
	struct assembly *assembly = bpf_map_lookup_elem(&assemblies, cpu);
	struct messages *messages;

	if (!assembly)
		return 0;
	messages = &assembly->messages;
	messages->socket = thread->call.socket;
	messages->call = thread->call;
	messages->direction = direction;
	messages->total = messages->emits = 0;
	return messages;
}

static __always_inline void ended(struct task_struct *task, struct thread *thread, __u64 descriptor, long result,
				  __u32 direction)
{
	struct sock *sk = sock_of(task, descriptor);
	struct positions now;
	struct socket_state *state;
	__u32 first;

	if (!sk || !is_tcp(sk))
		return;
	thread->call.socket = (__u64)sk;
	now.sent = write_seq(sk);
	now.received = copied_seq(sk);
	now.next = rcv_nxt(sk);
	if (result == 0 && direction == TAPEDECK_RECEIVE) {
		received_end(sk);
	} else if (thread->call.number == NR_sendmmsg || thread->call.number == NR_recvmmsg) {
		__u32 cpu = bpf_get_smp_processor_id();
		struct messages *messages = begin_messages(thread, &cpu, direction);

		if (!messages)
			return;
		bpf_loop(result > IOV_MAX ? IOV_MAX : result, one_message, &cpu, 0);
		if (!messages->total || !socket_of(sk, task, &now, thread, messages->total, direction, &first))
			return;
		messages->sequence = first;
		messages->emits = 1;
		bpf_loop(result > IOV_MAX ? IOV_MAX : result, one_message, &cpu, 0);
	} else {
		if (receive_flags(&thread->call) & (MSG_TRUNC | MSG_OOB))
			thread->call.number = ~0U;
		state = socket_of(sk, task, &now, thread, result, direction, &first);
		if (state)
			moved_apart(state, &thread->call, first, result, direction);
	}
}

static __always_inline void call_moved(struct task_struct *task, struct thread *thread, long result)
{
	if (result < 0 || receive_flags(&thread->call) & (MSG_PEEK | MSG_ERRQUEUE))
		return;
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
}

SEC("raw_tp/sys_exit")
int call_ended(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *registers = (struct pt_regs *)ctx->args[0];
	struct thread *thread = profiled_thread(task);

	if (!thread)
		return 0;
	/* A call that began before the profiler, as of a server that waits: the registers still have it. */
	if (!thread->in_call && !note_call(thread, CALL_NUMBER_OF(registers), registers))
		return 0;
	call_moved(task, thread, ctx->args[1]);
	thread->in_call = 0;
	thread->knows_send_start = thread->knows_receive_end = 0;
	return 0;
}

/* The same for Unix sockets; of calls that move several messages the bytes are only counted. In a program of its own: together
 * the two are more than the verifiers of older kernels would look through. */
static __noinline int unix_call_moved(struct task_struct *task, struct thread *thread, long result)
{
	struct sock *sk = sock_of(task, thread->call.argument[0]);
	__u32 direction = TAPEDECK_SEND, first = 0, cpu = bpf_get_smp_processor_id();
	struct messages *messages;
	struct socket_state *state;

	if (!sk || !is_unix_stream(sk))
		return 0;
	switch (thread->call.number) {
	case NR_read:
	case NR_readv:
	case NR_preadv2:
	case NR_recvfrom:
	case NR_recvmsg:
	case NR_recvmmsg:
	case NR_splice:
		direction = TAPEDECK_RECEIVE;
	}
	if (result == 0 && direction == TAPEDECK_RECEIVE)
		received_end(sk);
	if (result <= 0 || (direction == TAPEDECK_RECEIVE && receive_flags(&thread->call) & (MSG_PEEK | MSG_ERRQUEUE)))
		return 0;
	thread->call.socket = (__u64)sk;
	state = unix_of(sk, task, direction, &first);
	if (!state)
		return 0;
	if (thread->call.number != NR_sendmmsg && thread->call.number != NR_recvmmsg) {
		moved_apart(state, &thread->call, first, result, direction);
		return 0;
	}
	messages = begin_messages(thread, &cpu, direction);
	if (!messages)
		return 0;
	bpf_loop(result > IOV_MAX ? IOV_MAX : result, one_message, &cpu, 0);
	emit_gap(state, first, messages->total, direction, TAPEDECK_UNREADABLE);
	return 0;
}

SEC("raw_tp/sys_exit")
int unix_call_ended(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *registers = (struct pt_regs *)ctx->args[0];
	struct thread *thread = profiled_thread(task);

	/* The registers still have the call, whatever has been made of it. */
	if (thread && note_call(thread, CALL_NUMBER_OF(registers), registers))
		unix_call_moved(task, thread, ctx->args[1]);
	return 0;
}

#endif

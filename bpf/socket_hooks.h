/* The hooks of Linux 6.3 and newer: the end of each send and receive on a socket, in the caller's context. */
#ifndef TAPEDECK_SOCKET_HOOKS_H
#define TAPEDECK_SOCKET_HOOKS_H

static long add_length(__u32 index, struct vector *vector)
{
	struct user_iovec iov;

	if (bpf_probe_read_user(&iov, sizeof(iov), (void *)(vector->iov + index * sizeof(iov))))
		return 1;
	vector->left += iov.length;
	return 0;
}

/* Whether a message of sendmmsg was sent in part: the call ends with it, and the kernel tells no hook. */
static __always_inline int is_cut(struct call *call, int sent)
{
	struct user_msghdr message;
	struct vector vector = {};
	__u64 place = call->argument[1] + call->index * sizeof(struct user_mmsghdr);

	if (bpf_probe_read_user(&message, sizeof(message), (void *)place))
		return 1;
	vector.iov = message.iov;
	bpf_loop(message.iov_length > IOV_MAX ? IOV_MAX : message.iov_length, add_length, &vector, 0);
	return vector.left > sent;
}

/* The call that the thread is in, from its saved registers. */
static __always_inline void current_call(struct call *call, struct task_struct *task, struct thread *thread,
					 struct sock *sk, int result)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);

	call->number = CALL_NUMBER(registers);
	call->argument[0] = CALL_ARGUMENT0(registers);
	call->argument[1] = CALL_ARGUMENT1(registers);
	call->argument[2] = CALL_ARGUMENT2(registers);
	call->socket = (__u64)sk;
	if (call->number != NR_io_uring_enter && is_ring(task, sk, 1, call->argument[0]))
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
	if (result <= 0 || thread->several_index >= call->argument[2] ||
	    (call->number == NR_sendmmsg && is_cut(call, result)))
		thread->several = 0;
}

/* Linux 6.2 and newer; costs nothing, other than bpf_skc_to_tcp_sock. */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

static __always_inline struct tcp_sock *tcp_of(struct sock *sk)
{
	__u16 family = sk->__sk_common.skc_family;

	if (sk->sk_type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP || (family != AF_INET && family != AF_INET6))
		return 0;
	return bpf_rdonly_cast(sk, bpf_core_type_id_kernel(struct tcp_sock));
}

static __always_inline void socket_call(struct sock *sk, int result, int flags, struct task_struct *task,
					struct thread *thread, __u32 direction)
{
	struct tcp_sock *tcp = tcp_of(sk);
	struct socket_state *state;
	struct positions now = {};
	struct call call = {};
	__u32 first = 0;

	if (tcp) {
		now.sent = tcp->write_seq;
		now.received = tcp->copied_seq;
		now.next = tcp->rcv_nxt;
	} else if (sk->__sk_common.skc_family != AF_UNIX || sk->sk_type != SOCK_STREAM) {
		return;
	}
	current_call(&call, task, thread, sk, result);
	if (direction == TAPEDECK_RECEIVE && flags & (MSG_PEEK | MSG_ERRQUEUE))
		return;
	if (result == 0 && direction == TAPEDECK_RECEIVE)
		received_end(sk);
	if (result <= 0)
		return;
	if (direction == TAPEDECK_RECEIVE && flags & (MSG_TRUNC | MSG_OOB))
		call.number = ~0U;
	state = tcp ? socket_of(sk, task, &now, thread, result, direction, &first)
		    : unix_of(sk, task, direction, &first);
	if (!state)
		return;
	if (tcp && !state->is_connecting && is_order_unknown(state, thread, first, direction)) {
		control.has_shared = 1;
		may_share();
		if (direction == TAPEDECK_RECEIVE)
			emit_gap(state, state->receive_next, first + result - state->receive_next, direction,
				 TAPEDECK_UNSEEN);
		else
			emit_gap(state, state->send_next, now.sent - state->send_next, direction, TAPEDECK_UNSEEN);
		return;
	}
	/* TCP read the clock when it sent the last of these bytes: the packet's time, and no need to ask again. */
	if (tcp && direction == TAPEDECK_SEND && bpf_core_field_exists(tcp->tcp_clock_cache) && tcp->snd_nxt == now.sent)
		call.time = tcp->tcp_clock_cache;
	moved(state, &call, first, result, direction);
}

SEC("tp_btf/sock_send_length")
int socket_sent(__u64 *ctx)
{
	struct task_struct *task;
	struct thread *thread;

	if (!control.any_profiled)
		return 0;
	task = bpf_get_current_task_btf();
	thread = profiled_thread(task);
	if (!thread)
		return 0;
	socket_call((struct sock *)ctx[0], ctx[1], ctx[2], task, thread, TAPEDECK_SEND);
	thread->knows_send_start = 0;
	return 0;
}

SEC("tp_btf/sock_recv_length")
int socket_received(__u64 *ctx)
{
	struct task_struct *task;
	struct thread *thread;

	if (!control.any_profiled)
		return 0;
	task = bpf_get_current_task_btf();
	thread = profiled_thread(task);
	if (!thread)
		return 0;
	socket_call((struct sock *)ctx[0], ctx[1], ctx[2], task, thread, TAPEDECK_RECEIVE);
	thread->knows_receive_end = 0;
	return 0;
}

#endif

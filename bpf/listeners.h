/* Listeners that a process has from somebody else: from whoever was the process before (systemd.socket(5), inetd). */
#ifndef TAPEDECK_LISTENERS_H
#define TAPEDECK_LISTENERS_H

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

/* Descriptors that are looked at; what is passed on has the lowest numbers (sd_listen_fds(3)). */
#define INHERITED_MAX 1024

static long tell_listener(__u32 descriptor, void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sock *sk;

	if (descriptor >= BPF_CORE_READ(task, files, fdt, max_fds))
		return 1;
	sk = sock_of(task, descriptor);
	if (sk && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		listens(sk, task);
	return 0;
}

static __noinline int tell_inherited(struct task_struct *task)
{
	bpf_loop(INHERITED_MAX, tell_listener, 0, 0);
	return 0;
}

#endif

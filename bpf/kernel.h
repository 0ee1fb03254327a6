/* The few kernel structures that are read, and of each only the members that are: CO-RE finds them in the running
 * kernel, so no vmlinux.h of 150,000 lines is needed. */
#ifndef TAPEDECK_KERNEL_H
#define TAPEDECK_KERNEL_H

#define RELOCATED __attribute__((preserve_access_index))

/* Registers of the calling thread as the system call left them: number and arguments (man 2 syscall). */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long ax, cx, dx, bx, sp, bp, si, di, r8, r9, r10, r11, r12, r13, r14, r15, orig_ax;
} RELOCATED;
/* A register by its number in instructions (Intel's manual, volume 2, section 2.1.5). */
#define REGISTERS 16
#define REGISTER_LIST(r) { (r)->ax, (r)->cx, (r)->dx, (r)->bx, (r)->sp, (r)->bp, (r)->si, (r)->di, (r)->r8, (r)->r9, \
	(r)->r10, (r)->r11, (r)->r12, (r)->r13, (r)->r14, (r)->r15 }
#define CALL_NUMBER(r) ((__u32)(r)->orig_ax)
#define CALL_ARGUMENT0(r) ((r)->di)
#define CALL_ARGUMENT1(r) ((r)->si)
#define CALL_ARGUMENT2(r) ((r)->dx)
#define CALL_ARGUMENT3(r) ((r)->r10)
/* Of registers that are only a number to the verifier. */
#define NUMBER_FIELD orig_ax
#define ARGUMENT_FIELD0 di
#define ARGUMENT_FIELD1 si
#define ARGUMENT_FIELD2 dx
#define ARGUMENT_FIELD3 r10
enum {
	NR_read = 0, NR_write = 1, NR_pread64 = 17, NR_pwrite64 = 18, NR_readv = 19, NR_writev = 20, NR_sendfile = 40,
	NR_sendto = 44, NR_recvfrom = 45, NR_sendmsg = 46, NR_recvmsg = 47, NR_getsockopt = 55, NR_splice = 275,
	NR_recvmmsg = 299, NR_sendmmsg = 307, NR_preadv2 = 327, NR_pwritev2 = 328, NR_io_uring_enter = 426,
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	unsigned long long regs[31];
} RELOCATED;
struct pt_regs {
	unsigned long long regs[31];
	unsigned long long orig_x0;
} RELOCATED;
#define REGISTERS 8
#define REGISTER_LIST(r) { (r)->regs[0], (r)->regs[1], (r)->regs[2], (r)->regs[3], (r)->regs[4], (r)->regs[5], \
	(r)->regs[6], (r)->regs[7] }
#define CALL_NUMBER(r) ((__u32)(r)->regs[8])
#define CALL_ARGUMENT0(r) ((r)->orig_x0)
#define CALL_ARGUMENT1(r) ((r)->regs[1])
#define CALL_ARGUMENT2(r) ((r)->regs[2])
#define CALL_ARGUMENT3(r) ((r)->regs[3])
#define NUMBER_FIELD regs[8]
#define ARGUMENT_FIELD0 orig_x0
#define ARGUMENT_FIELD1 regs[1]
#define ARGUMENT_FIELD2 regs[2]
#define ARGUMENT_FIELD3 regs[3]
enum {
	NR_read = 63, NR_write = 64, NR_readv = 65, NR_writev = 66, NR_pread64 = 67, NR_pwrite64 = 68, NR_sendfile = 71,
	NR_splice = 76, NR_sendto = 206, NR_recvfrom = 207, NR_getsockopt = 209, NR_sendmsg = 211, NR_recvmsg = 212,
	NR_recvmmsg = 243, NR_sendmmsg = 269, NR_preadv2 = 286, NR_pwritev2 = 287, NR_io_uring_enter = 426,
};
#else
#error "built for x86_64 and arm64 only"
#endif

#define CALL_NUMBER_OF(r) ((__u32)BPF_CORE_READ(r, NUMBER_FIELD))
#define CALL_ARGUMENT_OF(r, n) BPF_CORE_READ(r, ARGUMENT_FIELD##n)

struct in6_addr {
	__u8 bytes[16];
};

struct ns_common {
	unsigned int inum;	/* of /proc/PID/ns/… */
} RELOCATED;

struct net {
	struct ns_common ns;
} RELOCATED;

typedef struct {
	struct net *net;	/* not in a kernel without network namespaces */
} RELOCATED possible_net_t;

struct nsproxy {
	struct net *net_ns;
} RELOCATED;

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;	/* network byte order */
	__u16 skc_num;		/* host byte order; 0 once the port was given back */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
} RELOCATED;

struct upid {
	int nr;			/* in the namespace that it is numbered by */
} RELOCATED;

struct pid {
	struct upid numbers[1];	/* the first one in the machine's own */
} RELOCATED;

struct socket;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;	/* none once the file was closed */
	struct pid *sk_peer_pid;	/* of a Unix socket: who called connect or listen at its other end */
	__u16 sk_type;
	__u16 sk_protocol;	/* a bit field before 5.6 */
	int sk_err;
	__u8 sk_shutdown;
	int sk_write_pending;	/* senders that wait for memory */
} RELOCATED;

struct inet_sock {
	__u16 inet_sport;	/* network byte order; stays when the port is given back */
} RELOCATED;

struct tcp_sock {
	__u32 write_seq;	/* after the last byte that a process handed over */
	__u32 copied_seq;	/* after the last byte that a process was given */
	__u32 rcv_nxt;		/* after the last that came in order */
	__u32 snd_nxt;		/* after the last that was sent */
	__u32 snd_una;		/* after the last that was acknowledged */
	__u64 bytes_acked;	/* the SYN of an active open is one of them */
	__u64 bytes_received;	/* by which rcv_nxt has grown */
	__u64 tcp_clock_cache;	/* CLOCK_MONOTONIC when TCP last sent or received, nanoseconds */
} RELOCATED;

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
} RELOCATED;

struct file {
	struct inode *f_inode;
	void *private_data;
} RELOCATED;

struct socket {
	struct sock *sk;
	struct file *file;
} RELOCATED;

typedef struct {
	int counter;
} atomic_t;

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
} RELOCATED;

struct refcount_struct {
	atomic_t refs;
} RELOCATED;

struct unix_address {
	struct refcount_struct refcnt;
	int len;		/* of the name, with its family */
	struct sockaddr_un name[1];
} RELOCATED;

struct unix_sock {
	struct unix_address *addr;	/* one for a listener and all that it has accepted */
	struct sock *peer;
} RELOCATED;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} RELOCATED;

struct files_struct {
	struct fdtable *fdt;
} RELOCATED;

struct signal_struct {
	atomic_t live;		/* threads that have not begun to exit */
} RELOCATED;

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
} RELOCATED;

struct io_uring_task;
struct bpf_local_storage;

struct kernfs_node {
	const char *name;
} RELOCATED;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
} RELOCATED;

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;	/* the hierarchy */
} RELOCATED;

/* CO-RE finds the numbers, too: they depend on how the kernel was built. */
enum cgroup_subsys_id { memory_cgrp_id = 4, CGROUP_SUBSYS_COUNT = 14 };

struct css_set {
	struct cgroup_subsys_state *subsys[CGROUP_SUBSYS_COUNT];
	struct cgroup *dfl_cgrp;	/* in cgroup2's hierarchy */
} RELOCATED;

struct task_struct;

/* What an iterator is given; a pointer is 8 bytes for BPF on every machine. */
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	__u64 start_boottime;	/* 5.5; KERNEL.md */
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	struct io_uring_task *io_uring;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	struct bpf_local_storage *bpf_storage;
	char comm[16];
} RELOCATED;

/* What a program hands to the kernel: stable ABI, no relocation. */
struct user_iovec {
	__u64 base;
	__u64 length;
};

struct user_msghdr {
	__u64 name;
	__u32 name_length;
	__u32 padding;
	__u64 iov;
	__u64 iov_length;
	__u64 control;
	__u64 control_length;
	__u32 flags;
	__u32 padding2;
};

struct user_mmsghdr {
	struct user_msghdr header;
	__u32 length;
	__u32 padding;
};

enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, IPPROTO_TCP = 6 };
enum { S_IFMT = 0170000, S_IFSOCK = 0140000 };
enum { MSG_OOB = 1, MSG_PEEK = 2, MSG_TRUNC = 0x20, MSG_ERRQUEUE = 0x2000 };
/* include/linux/sched.h: threads that io_uring made. */
enum { PF_IO_WORKER = 0x10, PF_USER_WORKER = 0x4000 };
/* include/net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2, TCP_TIME_WAIT, TCP_CLOSE,
	TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING, TCP_NEW_SYN_RECV,
};
/* UIO_MAXIOV: no call takes more. */
enum { IOV_MAX = 1024 };

#endif

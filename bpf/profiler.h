/* The records that the kernel side sends through the ring buffer: the one definition that C and Swift share.
 *
 * All numbers are the machine's own byte order; a record never leaves the machine (the trace has its own format). */
#ifndef TAPEDECK_PROFILER_H
#define TAPEDECK_PROFILER_H

#include <linux/types.h>

/* The most bytes of a call that one record holds: what is captured of a longer one comes in several, each told of as if
 * it were a call of its own. */
#define TAPEDECK_PAYLOAD_MAX 65536
/* The most bytes of one call that can be captured. */
#define TAPEDECK_CALL_MAX (16 << 20)
/* The most bytes of a process' arguments, and of its environment, that an exec record holds; and in how many records the
 * rest of either comes. */
#define TAPEDECK_STRINGS_MAX 65536
#define TAPEDECK_STRINGS_RECORDS 128
/* Values of ADI_PROFILE that can be allowed, and the length of each with its zero byte. */
#define TAPEDECK_ALLOWED_MAX 16
#define TAPEDECK_VALUE_MAX 64
/* Of the cgroup that a process is in at exec: its own name and those of so many above it, cut to so many bytes with the
 * zero byte; a container's identifier has 64, and 15 before it at most (cri-containerd-), and .scope. */
#define TAPEDECK_CGROUP_LEVELS 4
#define TAPEDECK_CGROUP_NAME 96
/* A client's random (RFC 8446, section 4.1.2), and the longest secret: that of SHA-384, or the master secret. */
#define TAPEDECK_RANDOM_BYTES 32
#define TAPEDECK_SECRET_MAX 64
/* Nanoseconds of a tick in /proc (USER_HZ). */
#define TAPEDECK_TICK 10000000

/* Set before the programs are loaded. */
struct tapedeck_settings {
	__u32 payload_limit;	/* of one call; at most TAPEDECK_CALL_MAX */
	__u32 tls_limit;	/* the same of one that moves TLS, where secrets are taken; else as the other */
	__u32 wake_bytes;	/* the reader is woken when so much waits; else it looks by timer */
	__u32 own_pid;		/* the profiler never profiles itself */
	__u32 allowed_count;	/* 0: any value of ADI_PROFILE */
	__u32 syscall_hooks;	/* sys_enter and sys_exit tell of bytes, not the sockets' tracepoints */
	__u32 spill_bytes;	/* the large ring buffer's size */
	__u32 orders_sends;	/* the kernel has the hook that tells where a send begins */
	char allowed[TAPEDECK_ALLOWED_MAX][TAPEDECK_VALUE_MAX];
};

/* How far a capture is. */
enum tapedeck_phase {
	/* Threads are being marked: a connection that opens now may be used before who accepts it is. */
	TAPEDECK_MARKING,
	TAPEDECK_WATCHING,
	/* The programs are being detached, one after the other: none says any more what those that are gone do not. */
	TAPEDECK_ENDED,
};

/* Changed while the programs run. */
struct tapedeck_control {
	/* Running processes are being judged from /proc: verdicts of no are kept too, so that what was read from an old
	 * environment can't overwrite the verdict of a later exec. */
	__u32 judging;
	enum tapedeck_phase phase;
	/* A process has opted in: before that nobody is asked for. */
	__u32 any_profiled;
	/* Two threads may use one socket at once, since there are new ones: what tells their order has to be attached. */
	__u32 may_share;
	/* Two did, and what would have told their order was not attached. */
	__u32 has_shared;
	/* Even: records go into `ring`; odd: into `spill`, since that was full. The programs make it odd, the reader even. */
	__u32 turn;
	__u64 last_serial;
};

/* A value of the map `verdicts`, by pid. */
struct tapedeck_verdict {
	__u64 start_ticks;	/* in the ticks of /proc, 1/100 s */
	__u32 profiled;
	__u32 chosen;		/* root says yes in its place: of whatever program it starts, unless that one opts out */
};

enum tapedeck_type {
	TAPEDECK_DATA = 1,	/* a call that moved bytes; the captured ones follow */
	TAPEDECK_FINISHED,	/* the local side will send no more */
	TAPEDECK_CLOSE,
	TAPEDECK_CONNECT_FAILED,
	TAPEDECK_OPEN,		/* a connection: always before its bytes */
	TAPEDECK_LISTEN,
	TAPEDECK_EXEC,		/* a process that opted in; its arguments and environment follow */
	TAPEDECK_FORK,		/* a child of a process that opted in */
	TAPEDECK_EXIT,
	TAPEDECK_WAKE,		/* says nothing */
	TAPEDECK_UNIX,		/* the name of a Unix socket, and who owns it: before an OPEN that has its number */
	TAPEDECK_STRINGS,	/* more of a process' arguments or environment, behind its EXEC */
	TAPEDECK_SECRET,	/* what decrypts a TLS session, or a part of it */
};

/* What a secret opens, by the labels of a key log (RFC 9850, section 2). No other secret is taken: not those of exporters,
 * nor RSA's. */
enum tapedeck_label {
	TAPEDECK_NO_LABEL,
	TAPEDECK_MASTER,		/* CLIENT_RANDOM */
	TAPEDECK_CLIENT_EARLY,		/* CLIENT_EARLY_TRAFFIC_SECRET */
	TAPEDECK_CLIENT_HANDSHAKE,	/* CLIENT_HANDSHAKE_TRAFFIC_SECRET */
	TAPEDECK_SERVER_HANDSHAKE,	/* SERVER_HANDSHAKE_TRAFFIC_SECRET */
	TAPEDECK_CLIENT_TRAFFIC,	/* CLIENT_TRAFFIC_SECRET_0 */
	TAPEDECK_SERVER_TRAFFIC,	/* SERVER_TRAFFIC_SECRET_0 */
};

/* Where a probe finds what a library would log, told by the probe's cookie: numbers of registers, as instructions have
 * them (x86_64: 0 is rax, 1 rcx, 7 rdi …). */
enum tapedeck_place {
	TAPEDECK_LABEL_AT = 0,		/* bit of the cookie from which the label's address has its register, 5 bits */
	TAPEDECK_SECRET_AT = 5,		/* the secret's address */
	TAPEDECK_LENGTH_AT = 10,	/* the secret's length */
	TAPEDECK_RANDOM_AT = 15,	/* the client random's address, if TAPEDECK_HAS_RANDOM */
	TAPEDECK_HAS_RANDOM = 20,
	TAPEDECK_LABEL_LENGTH_AT = 21,	/* the label's length, if TAPEDECK_HAS_LABEL_LENGTH: no zero byte ends it (Go) */
	TAPEDECK_HAS_LABEL_LENGTH = 26,
};

enum tapedeck_direction { TAPEDECK_SEND = 0, TAPEDECK_RECEIVE = 1 };

enum tapedeck_role { TAPEDECK_CLIENT = 0, TAPEDECK_SERVER = 1, TAPEDECK_UNKNOWN_ROLE = 2 };

/* Why the bytes of a call were not captured. */
enum tapedeck_reason {
	TAPEDECK_CAPTURED = 0,
	TAPEDECK_SENDFILE,
	TAPEDECK_SPLICE,
	TAPEDECK_IO_URING,
	TAPEDECK_UNREADABLE,
	TAPEDECK_RING_WAS_FULL,
	TAPEDECK_UNSEEN,	/* the kernel's position is beyond what the hooks saw */
};

/* Processes share the large ring buffer; whose numbers differ by a multiple of this count as one. */
#define TAPEDECK_SHARES 4096

/* Bytes of a process' records in it since the profiler started: what the kernel side has put in, and what the reader has
 * taken. */
struct tapedeck_share {
	__u64 produced;
	__u64 consumed;
};

/* Counters of the per-CPU map `counters`. */
enum tapedeck_counter {
	TAPEDECK_RING_FULL,	/* records for which the ring buffer had no room */
	TAPEDECK_MAP_FULL,	/* connections or processes for which a map had no room */
	TAPEDECK_SECRET_UNREAD,	/* secrets of profiled processes that could not be read */
	TAPEDECK_COUNTERS,
};

struct tapedeck_process {
	__u64 start_time;	/* nanoseconds since boot */
	__u32 pid;
	__u32 parent;		/* of a fork: the parent's pid */
};

struct tapedeck_connection {
	__u64 serial;		/* unique since the profiler started */
	struct tapedeck_process process;
	__u8 local[16];		/* IPv4 as IPv4-mapped IPv6 */
	__u8 remote[16];
	__u16 local_port;	/* host byte order */
	__u16 remote_port;
	__u32 send_base;	/* sequence number of the first byte of each direction */
	__u32 receive_base;
	__u8 role;
	__u8 joined_late;
	__u8 knows_bases;	/* they are those of the connection's first bytes, one more than its SYNs */
	__u8 is_unix;		/* its addresses are numbers of sockets, the machine's byte order; UNIX tells of them before */
	__u32 network_namespace;	/* the socket's; 0 where the kernel has none */
	__u32 padding2;
};

/* Bytes whose record found no room in the ring buffer. */
struct tapedeck_lost {
	__u32 sequence;
	__u32 length;
};

struct tapedeck_header {
	__u64 time;		/* CLOCK_MONOTONIC, nanoseconds */
	__u16 type;
	__u16 share;		/* whose: place in the map `shares` */
	__u32 captured;		/* bytes that follow the record */
};

/* Bytes of a connection that was told of before (OPEN). */
struct tapedeck_data {
	struct tapedeck_header header;
	__u64 serial;
	__u32 sequence;		/* of the call's first byte */
	__u32 length;		/* bytes that the call moved; 0: the stream's end */
	__u8 direction;
	__u8 reason;
	__u8 padding[6];
};

/* OPEN, FINISHED, CLOSE, CONNECT_FAILED */
struct tapedeck_state {
	struct tapedeck_header header;
	struct tapedeck_connection connection;
	struct tapedeck_lost lost[2];	/* by direction; before this record */
	__u32 send_next;	/* the kernel's own position: sequence number after the last byte */
	__u32 receive_next;
	__s32 error;		/* sk_err */
	__u8 old_state;		/* TCP state before */
	__u8 read_fin;		/* receive_next counts the FIN, which takes a sequence number */
	__u8 sent_fin;		/* so does send_next */
	__u8 padding;
};

struct tapedeck_listen {
	struct tapedeck_header header;
	struct tapedeck_process process;
	__u8 address[16];
	__u16 port;
	__u8 padding[2];
	__u32 network_namespace;	/* the socket's; 0 where the kernel has none */
};

#define TAPEDECK_NAME_MAX 108	/* sun_path's */

/* UNIX */
struct tapedeck_unix {
	struct tapedeck_header header;
	__u64 server;		/* the number of the name: the same for all that were accepted there */
	__u64 client;		/* of the socket that connected */
	__u32 server_pid;	/* who called listen; 0 where that is not known */
	__u32 client_pid;	/* who called connect */
	__u8 length;		/* of the name; an abstract one begins with a zero byte */
	char name[TAPEDECK_NAME_MAX];
	__u8 padding[3];
};

/* FORK, EXIT, and what EXEC begins with */
struct tapedeck_task {
	struct tapedeck_header header;
	struct tapedeck_process process;
	__u32 arguments;
	__u32 arguments_total;
	__u32 environment_total;
	__u32 network_namespace;	/* of EXEC and FORK */
	char command[16];
};

/* EXEC. `arguments` bytes of arguments follow, then the environment. */
struct tapedeck_exec {
	struct tapedeck_task task;
	char cgroup[TAPEDECK_CGROUP_LEVELS][TAPEDECK_CGROUP_NAME];	/* innermost first */
};

/* STRINGS. So many as `captured` says follow, of those that begin at `offset`. */
struct tapedeck_strings {
	struct tapedeck_header header;
	struct tapedeck_process process;
	__u32 offset;
	__u32 is_environment;	/* else of the arguments */
};

struct tapedeck_secret {
	struct tapedeck_header header;
	struct tapedeck_process process;
	__u8 label;		/* enum tapedeck_label */
	__u8 has_random;
	__u8 length;
	__u8 padding[5];
	__u8 random[TAPEDECK_RANDOM_BYTES];
	__u8 secret[TAPEDECK_SECRET_MAX];
};

_Static_assert(sizeof(struct tapedeck_connection) == 80, "layout");
_Static_assert(sizeof(struct tapedeck_data) == 40, "layout");
_Static_assert(sizeof(struct tapedeck_state) == 128, "layout");
_Static_assert(sizeof(struct tapedeck_listen) == 56, "layout");
_Static_assert(sizeof(struct tapedeck_unix) == 152, "layout");
_Static_assert(sizeof(struct tapedeck_task) == 64, "layout");
_Static_assert(sizeof(struct tapedeck_exec) == 448, "layout");
_Static_assert(sizeof(struct tapedeck_strings) == 40, "layout");
_Static_assert(sizeof(struct tapedeck_secret) == 136, "layout");

#endif

// The kernel side of the profiler: who opted in, which sockets they have, and the bytes that go through them.
//
// A process that did not opt in pays for one look at its own thread where it uses a socket, starts or ends; and not even
// that before the first process has opted in.
//
// The hooks are BTF tracepoints (tp_btf): their arguments have types, so the kernel's structures are read by plain
// loads, without a helper call a member.
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "kernel.h"
#include "profiler.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct tapedeck_settings settings SEC(".rodata.settings") = {};
struct tapedeck_control control SEC(".data.control") = {.judging = 1};

#include "ring.h"		/* the way out */
#include "optin.h"		/* exec, fork, exit: who is profiled */
#include "sockets.h"		/* connect, accept, listen, close: which connections there are */
#include "listeners.h"		/* those that were there before their process */
#include "payload.h"		/* the bytes of one call */
#include "unix.h"		/* streams without TCP */
#include "socket_hooks.h"	/* where they are seen: Linux 6.3 and newer */
#include "syscall_hooks.h"	/* the same for older kernels */
#include "secrets.h"		/* what opens TLS, where a library would log it */

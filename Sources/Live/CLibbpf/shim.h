#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include "../../../bpf/profiler.h"
#include <sys/prctl.h>

/* prctl(2) takes arguments of any number, which Swift can't call. */
static inline int tapedeck_drop_ambient_capabilities(void)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

#include <linux/perf_event.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Records of what is mapped to be run, by whichever process, on one CPU. Its attributes are bit fields, and syscall(2) takes
 * arguments of any number: Swift can do neither. */
static inline int tapedeck_watch_mappings(int cpu)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap2 = 1,
		.watermark = 1,
		.wakeup_watermark = 1,
	};

	return syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Not in <string.h> without _GNU_SOURCE. */
void *memmem(const void *haystack, size_t length, const void *needle, size_t needle_length);

/* BPF_TRACE_UPROBE_MULTI, which neither Linux's headers nor libbpf has where it is older than 6.6. */
#define TAPEDECK_UPROBE_MULTI 48

/* Attaches a program to a place in a file, for whatever process runs it: a link that the kernel lets go of in some
 * milliseconds, where one of perf's takes a tenth of a second. Returns its descriptor. */
static inline int tapedeck_attach_uprobe(int program, const char *path, __u64 offset, __u64 cookie)
{
	/* The part of union bpf_attr that BPF_LINK_CREATE reads (include/uapi/linux/bpf.h, Linux 6.6). */
	struct {
		__u32 program, target, type, flags;
		__u64 path, offsets, reference_counters, cookies;
		__u32 count, uprobe_flags, pid, padding;
	} attributes = {
		.program = program,
		.type = TAPEDECK_UPROBE_MULTI,
		.path = (__u64)path,
		.offsets = (__u64)&offset,
		.cookies = (__u64)&cookie,
		.count = 1,
	};

	return syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes));
}

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

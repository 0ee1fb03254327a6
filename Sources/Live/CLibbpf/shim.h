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

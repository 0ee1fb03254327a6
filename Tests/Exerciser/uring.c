/* send and receive through io_uring, by its system calls alone: in the thread that asks, in a worker of the kernel
 * (IOSQE_ASYNC), or in the thread that looks for what is asked (IORING_SETUP_SQPOLL). */
#define _GNU_SOURCE
#include "exerciser.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum { BY_CALLER, BY_WORKER, BY_POLLER } who;

static struct {
	int fd;
	struct io_uring_sqe *submissions;
	struct io_uring_cqe *completions;
	_Atomic unsigned *submission_flags, *submission_tail, *completion_head, *completion_tail;
	unsigned *submission_array, submission_mask, completion_mask;
} ring = { .fd = -1 };

static void open_ring(void)
{
	/* Its thread sleeps after so many milliseconds, and has to be woken. */
	struct io_uring_params parameters = {
		.flags = who == BY_POLLER ? IORING_SETUP_SQPOLL : 0, .sq_thread_idle = 1,
	};

	if (ring.fd >= 0)
		return;
	ring.fd = syscall(SYS_io_uring_setup, 4, &parameters);
	if (ring.fd < 0)
		die("io_uring_setup");
	if (!(parameters.features & IORING_FEAT_SINGLE_MMAP))
		die("io_uring without IORING_FEAT_SINGLE_MMAP");
	size_t size = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
	size_t other = parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
	int protection = PROT_READ | PROT_WRITE, flags = MAP_SHARED | MAP_POPULATE;
	char *rings = mmap(NULL, size > other ? size : other, protection, flags, ring.fd, IORING_OFF_SQ_RING);
	void *entries = mmap(NULL, parameters.sq_entries * sizeof(struct io_uring_sqe), protection, flags, ring.fd,
		IORING_OFF_SQES);

	if (rings == MAP_FAILED || entries == MAP_FAILED)
		die("mmap of the io_uring");
	ring.submissions = entries;
	ring.submission_flags = (void *)(rings + parameters.sq_off.flags);
	ring.submission_tail = (void *)(rings + parameters.sq_off.tail);
	ring.submission_array = (void *)(rings + parameters.sq_off.array);
	ring.submission_mask = *(unsigned *)(rings + parameters.sq_off.ring_mask);
	ring.completion_head = (void *)(rings + parameters.cq_off.head);
	ring.completion_tail = (void *)(rings + parameters.cq_off.tail);
	ring.completions = (void *)(rings + parameters.cq_off.cqes);
	ring.completion_mask = *(unsigned *)(rings + parameters.cq_off.ring_mask);
}

static void submit(int operation, int fd, const void *bytes, size_t count, unsigned awaited)
{
	open_ring();
	unsigned tail = atomic_load(ring.submission_tail), index = tail & ring.submission_mask;

	memset(&ring.submissions[index], 0, sizeof ring.submissions[index]);
	ring.submissions[index].opcode = operation;
	ring.submissions[index].fd = fd;
	ring.submissions[index].addr = (uintptr_t)bytes;
	ring.submissions[index].len = count;
	ring.submissions[index].flags = who == BY_WORKER ? IOSQE_ASYNC : 0;
	ring.submission_array[index] = index;
	atomic_store(ring.submission_tail, tail + 1);
	atomic_thread_fence(memory_order_seq_cst);
	int sleeps = atomic_load(ring.submission_flags) & IORING_SQ_NEED_WAKEUP;

	if (syscall(SYS_io_uring_enter, ring.fd, 1, awaited,
		    IORING_ENTER_GETEVENTS | (sleeps ? IORING_ENTER_SQ_WAKEUP : 0), NULL, 0) != 1)
		die("io_uring_enter");
}

ssize_t uring_await(void)
{
	unsigned head = atomic_load(ring.completion_head);

	while (head == atomic_load(ring.completion_tail))
		if (syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 && errno != EINTR)
			die("io_uring_enter");
	int result = ring.completions[head & ring.completion_mask].res;

	atomic_store(ring.completion_head, head + 1);
	if (result < 0)
		errno = -result;
	return result < 0 ? -1 : result;
}

void uring_start_receive(int fd, void *buffer, size_t count) { submit(IORING_OP_RECV, fd, buffer, count, 0); }

static ssize_t by_uring_send(struct connection *c, const char *bytes, size_t count)
{
	submit(IORING_OP_SEND, c->out, bytes, count, 1);
	return uring_await();
}

static ssize_t by_uring_receive(struct connection *c, char *bytes, size_t count)
{
	submit(IORING_OP_RECV, c->in, bytes, count, 1);
	return uring_await();
}

const struct way *uring_way(const char *name)
{
	static const char *const names[] = { "io-uring", "io-uring-worker", "io-uring-poller" };
	static struct way way = {
		.send = by_uring_send, .receive = by_uring_receive, .bodies_only = true, .blind_send = true,
		.blind_receive = true,
	};

	for (int index = BY_CALLER; index <= BY_POLLER; index++)
		if (!strcmp(name, names[index])) {
			who = index;
			way.name = names[index];
			return &way;
		}
	return NULL;
}

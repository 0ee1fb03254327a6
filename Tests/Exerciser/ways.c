/* One way to move bytes each. */
#define _GNU_SOURCE
#include "exerciser.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <signal.h>
#include <unistd.h>

#define MOST_IOVECS 300

/* Cuts a buffer into at most `most` iovecs of `size` bytes, the last with what is left (within `whole`). */
static int cut(struct iovec *vectors, int most, char *bytes, size_t count, size_t size, bool with_rest)
{
	int used = 0;

	while (used < most && count > 0) {
		size_t part = count < size || (with_rest && used == most - 1) ? count : size;

		vectors[used++] = (struct iovec){ bytes, part };
		bytes += part;
		count -= part;
	}
	return used;
}

static ssize_t by_write(struct connection *c, const char *bytes, size_t count) { return write(c->out, bytes, count); }

/* No call moves more than is captured of one call. */
static ssize_t by_limited_write(struct connection *c, const char *bytes, size_t count)
{
	return write(c->out, bytes, count < 65536 ? count : 65536);
}

static ssize_t by_read(struct connection *c, char *bytes, size_t count) { return read(c->in, bytes, count); }

static ssize_t by_writev(struct connection *c, const char *bytes, size_t count)
{
	struct iovec vectors[3];

	return writev(c->out, vectors, cut(vectors, 3, (char *)bytes, count, 100, true));
}

static ssize_t by_readv(struct connection *c, char *bytes, size_t count)
{
	struct iovec vectors[3];

	return readv(c->in, vectors, cut(vectors, 3, bytes, count, 70, true));
}

static ssize_t by_many_writev(struct connection *c, const char *bytes, size_t count)
{
	struct iovec vectors[MOST_IOVECS];

	return writev(c->out, vectors, cut(vectors, MOST_IOVECS, (char *)bytes, count, 7, false));
}

static ssize_t by_many_readv(struct connection *c, char *bytes, size_t count)
{
	struct iovec vectors[MOST_IOVECS];

	return readv(c->in, vectors, cut(vectors, MOST_IOVECS, bytes, count, 11, false));
}

static ssize_t by_pwritev2(struct connection *c, const char *bytes, size_t count)
{
	struct iovec vectors[3];

	/* A position is refused by a socket and shows nothing; -1 means "the file's own" and works as writev. */
	if (pwrite(c->out, "REFUSED", 7, 0) >= 0 || errno != ESPIPE)
		die("pwrite to a socket");
	return pwritev2(c->out, vectors, cut(vectors, 3, (char *)bytes, count, 100, true), -1, 0);
}

static ssize_t by_preadv2(struct connection *c, char *bytes, size_t count)
{
	struct iovec vectors[3];

	if (pread(c->in, bytes, count, 0) >= 0 || errno != ESPIPE)
		die("pread from a socket");
	return preadv2(c->in, vectors, cut(vectors, 3, bytes, count, 70, true), -1, 0);
}

static ssize_t by_send(struct connection *c, const char *bytes, size_t count) { return send(c->out, bytes, count, 0); }
static ssize_t by_recv(struct connection *c, char *bytes, size_t count) { return recv(c->in, bytes, count, 0); }

static ssize_t by_sendto(struct connection *c, const char *bytes, size_t count)
{
	return sendto(c->out, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&c->remote, sizeof c->remote);
}

static ssize_t by_recvfrom(struct connection *c, char *bytes, size_t count)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof from;

	return recvfrom(c->in, bytes, count, 0, (struct sockaddr *)&from, &length);
}

static ssize_t by_sendmsg(struct connection *c, const char *bytes, size_t count)
{
	struct iovec vectors[5];
	struct msghdr message = { .msg_iov = vectors };

	message.msg_iovlen = cut(vectors, 5, (char *)bytes, count, 64, true);
	return sendmsg(c->out, &message, 0);
}

static ssize_t by_recvmsg(struct connection *c, char *bytes, size_t count)
{
	struct iovec vectors[5];
	struct msghdr message = { .msg_iov = vectors };

	message.msg_iovlen = cut(vectors, 5, bytes, count, 64, true);
	return recvmsg(c->in, &message, 0);
}

static ssize_t by_many_sendmsg(struct connection *c, const char *bytes, size_t count)
{
	struct iovec vectors[MOST_IOVECS];
	struct msghdr message = { .msg_iov = vectors };

	message.msg_iovlen = cut(vectors, MOST_IOVECS, (char *)bytes, count, 5, false);
	return sendmsg(c->out, &message, 0);
}

/* Four messages of two buffers in one call. */
#define MESSAGES 4

static int cut_messages(
	struct mmsghdr *messages, struct iovec (*vectors)[2], char *bytes, size_t count, size_t size)
{
	int used = 0;

	memset(messages, 0, MESSAGES * sizeof *messages);
	while (used < MESSAGES && count > 0) {
		size_t part = count < 2 * size ? count : 2 * size;

		messages[used].msg_hdr.msg_iov = vectors[used];
		messages[used].msg_hdr.msg_iovlen = cut(vectors[used], 2, bytes, part, size, false);
		used++;
		bytes += part;
		count -= part;
	}
	return used;
}

static ssize_t by_sendmmsg(struct connection *c, const char *bytes, size_t count)
{
	struct mmsghdr messages[MESSAGES];
	struct iovec vectors[MESSAGES][2];
	int used = cut_messages(messages, vectors, (char *)bytes, count, 53), done;
	ssize_t moved = 0;

	done = sendmmsg(c->out, messages, used, 0);
	for (int i = 0; i < done; i++) {
		moved += messages[i].msg_len;
		/* A short one in the middle would leave a hole that this program does not fill. */
		if (i + 1 < done && messages[i].msg_len != 106)
			die("a short message in sendmmsg");
	}
	return done < 0 ? -1 : moved;
}

static ssize_t by_recvmmsg(struct connection *c, char *bytes, size_t count)
{
	struct mmsghdr messages[MESSAGES];
	struct iovec vectors[MESSAGES][2];
	int used = cut_messages(messages, vectors, bytes, count, 31), done;
	ssize_t moved = 0;

	done = recvmmsg(c->in, messages, used, MSG_WAITFORONE, NULL);
	for (int i = 0; i < done; i++) {
		/* Short ones leave holes in the buffer: close them. */
		memmove(bytes + moved, bytes + i * 62, messages[i].msg_len);
		moved += messages[i].msg_len;
	}
	return done < 0 ? -1 : moved;
}

/* Buffers of which some are longer than a record, and some shorter than a word. */
static int cut_unevenly(struct iovec *vectors, int most, char *bytes, size_t count)
{
	static const size_t sizes[] = { 1, 70000, 3, 65536, 200001, 0, 65535, 7 };
	int used = 0;

	while (used < most && count > 0) {
		size_t size = sizes[used % (sizeof sizes / sizeof *sizes)], part = count < size ? count : size;

		vectors[used++] = (struct iovec){ bytes, part };
		bytes += part;
		count -= part;
	}
	return used;
}

static ssize_t by_large_writev(struct connection *c, const char *bytes, size_t count)
{
	struct iovec vectors[MOST_IOVECS];

	return writev(c->out, vectors, cut_unevenly(vectors, MOST_IOVECS, (char *)bytes, count));
}

static ssize_t by_large_readv(struct connection *c, char *bytes, size_t count)
{
	struct iovec vectors[MOST_IOVECS];

	return readv(c->in, vectors, cut_unevenly(vectors, MOST_IOVECS, bytes, count));
}

/* Each of the many buffers is a small part of a record. */
static ssize_t by_large_sendmsg(struct connection *c, const char *bytes, size_t count)
{
	struct iovec vectors[MOST_IOVECS];
	struct msghdr message = { .msg_iov = vectors };

	message.msg_iovlen = cut(vectors, MOST_IOVECS, (char *)bytes, count, 1777, true);
	return sendmsg(c->out, &message, 0);
}

static ssize_t by_large_recvmsg(struct connection *c, char *bytes, size_t count)
{
	struct iovec vectors[MOST_IOVECS];
	struct msghdr message = { .msg_iov = vectors };

	message.msg_iovlen = cut(vectors, MOST_IOVECS, bytes, count, 1777, true);
	return recvmsg(c->in, &message, MSG_WAITALL);
}

static ssize_t by_large_sendmmsg(struct connection *c, const char *bytes, size_t count)
{
	struct mmsghdr messages[MESSAGES];
	struct iovec vectors[MESSAGES][2];
	int used = cut_messages(messages, vectors, (char *)bytes, count, 90000), done;
	ssize_t moved = 0;

	done = sendmmsg(c->out, messages, used, 0);
	for (int i = 0; i < done; i++)
		moved += messages[i].msg_len;
	if (done > 0 && moved != (ssize_t)(count < 2 * MESSAGES * 90000 ? count : 2 * MESSAGES * 90000))
		die("a short message in sendmmsg");
	return done < 0 ? -1 : moved;
}

/* A whole body, in one call. */
static ssize_t by_waiting_recv(struct connection *c, char *bytes, size_t count)
{
	return recv(c->in, bytes, count, MSG_WAITALL);
}

/* Every byte is seen three times: twice with MSG_PEEK, then read. */
static ssize_t by_peek_and_read(struct connection *c, char *bytes, size_t count)
{
	struct iovec vector = { bytes, count };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (recv(c->in, bytes, count, MSG_PEEK) < 0 || recvmsg(c->in, &message, MSG_PEEK) < 0)
		return -1;
	return read(c->in, bytes, count);
}

static ssize_t one_byte_write(struct connection *c, const char *bytes, size_t count)
{
	return write(c->out, bytes, count > 0);
}

static ssize_t one_byte_read(struct connection *c, char *bytes, size_t count) { return read(c->in, bytes, count > 0); }

/* Small socket buffers: short writes, and EAGAIN both ways. */
static void make_nonblocking(struct connection *c)
{
	int small = 4096;

	setsockopt(c->out, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	setsockopt(c->in, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	if (fcntl(c->in, F_SETFL, O_NONBLOCK))
		die("O_NONBLOCK");
}

static ssize_t by_nonblocking_send(struct connection *c, const char *bytes, size_t count)
{
	for (;;) {
		ssize_t moved = send(c->out, bytes, count, MSG_DONTWAIT);

		if (moved >= 0 || errno != EAGAIN)
			return moved;
		c->would_block++;
		poll(&(struct pollfd){ .fd = c->out, .events = POLLOUT }, 1, -1);
	}
}

static ssize_t by_nonblocking_read(struct connection *c, char *bytes, size_t count)
{
	for (;;) {
		ssize_t moved = read(c->in, bytes, count);

		if (moved >= 0 || errno != EAGAIN)
			return moved;
		c->would_block++;
		poll(&(struct pollfd){ .fd = c->in, .events = POLLIN }, 1, -1);
	}
}

/* Half of the message, then a blocked read until signals have interrupted it three times, then the rest. */
static volatile sig_atomic_t ticks;
static void tick(int signal) { ticks += signal == SIGALRM; }

static void set_timer(int microseconds)
{
	struct itimerval every = { { 0, microseconds }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &every, NULL);
}

static ssize_t between_signals(struct connection *c, const char *bytes, size_t count)
{
	struct sigaction action = { .sa_handler = tick };	/* no SA_RESTART */
	char byte;
	ssize_t moved;

	if (c->sent.bytes > 0 && c->send_calls % 2 == 1) {
		uint64_t before = c->interrupted;

		sigaction(SIGALRM, &action, NULL);
		set_timer(2000);
		while (c->interrupted < before + 3) {
			if (read(c->in, &byte, 1) >= 0 || errno != EINTR)
				die("the read was not interrupted");
			c->interrupted++;
		}
		set_timer(0);
		return write(c->out, bytes, count);
	}
	moved = write(c->out, bytes, count > 1 ? count / 2 : count);
	return moved;
}

static ssize_t despite_signals(struct connection *c, char *bytes, size_t count)
{
	ssize_t moved;

	while ((moved = read(c->in, bytes, count)) < 0 && errno == EINTR)
		c->interrupted++;
	return moved;
}

/* sendfile from a file in memory. */
static ssize_t by_sendfile(struct connection *c, const char *bytes, size_t count)
{
	int file = memfd_create("body", 0);
	off_t offset = 0;
	ssize_t moved;

	if (file < 0 || write(file, bytes, count) != (ssize_t)count)
		die("memfd");
	moved = sendfile(c->out, file, &offset, count);
	close(file);
	return moved;
}

/* splice from a pipe, and into one. */
static ssize_t by_splice_out(struct connection *c, const char *bytes, size_t count)
{
	int ends[2];
	size_t part = count < 4096 ? count : 4096;
	ssize_t moved;

	if (pipe(ends) || write(ends[1], bytes, part) != (ssize_t)part)
		die("pipe");
	moved = splice(ends[0], NULL, c->out, NULL, part, 0);
	if (moved != (ssize_t)part)
		die("a short splice");
	close(ends[0]);
	close(ends[1]);
	return moved;
}

static ssize_t by_splice_in(struct connection *c, char *bytes, size_t count)
{
	int ends[2];
	ssize_t moved;

	if (pipe(ends))
		die("pipe");
	moved = splice(c->in, NULL, ends[1], NULL, count < 4096 ? count : 4096, 0);
	if (moved > 0 && read(ends[0], bytes, moved) != moved)
		die("the pipe gives back less");
	close(ends[0]);
	close(ends[1]);
	return moved;
}

/* recv with MSG_TRUNC takes bytes of a TCP stream and leaves the buffer as it was. */
static ssize_t by_discarding(struct connection *c, char *bytes, size_t count)
{
	static char stale[65536];

	memset(stale, '!', sizeof stale);
	memset(bytes, 0, count);
	return recv(c->in, stale, count, MSG_TRUNC);
}

static void allow_zerocopy(struct connection *c)
{
	int one = 1;

	if (setsockopt(c->out, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof one))
		die("SO_ZEROCOPY");
}

static ssize_t by_zerocopy(struct connection *c, const char *bytes, size_t count)
{
	/* What the pages hold must stay until the completion is there. */
	char control[128];
	struct msghdr completion = { .msg_control = control, .msg_controllen = sizeof control };
	ssize_t moved = send(c->out, bytes, count, MSG_ZEROCOPY);

	if (moved > 0)
		while (recvmsg(c->out, &completion, MSG_ERRQUEUE) < 0) {
			if (errno != EAGAIN)
				die("MSG_ERRQUEUE");
			poll(&(struct pollfd){ .fd = c->out }, 1, -1);
		}
	return moved;
}

/* Bytes that lie across pages, the last page being gone behind them. */
static ssize_t at_page_end(struct connection *c, const char *bytes, size_t count)
{
	size_t page = sysconf(_SC_PAGESIZE), room = (count + page - 1) / page * page;
	char *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t moved;

	if (pages == MAP_FAILED || munmap(pages + room, page))
		die("mmap");
	memcpy(pages + room - count, bytes, count);
	moved = write(c->out, pages + room - count, count);
	munmap(pages, room);
	return moved;
}

const struct way plain = { "write-read", by_write, by_read };

const struct way ways[] = {
	{ "write-read", by_write, by_read },
	{ "writev-readv", by_writev, by_readv },
	{ "pwritev2-preadv2", by_pwritev2, by_preadv2 },
	{ "send-recv", by_send, by_recv },
	{ "sendto-recvfrom", by_sendto, by_recvfrom },
	{ "sendmsg-recvmsg", by_sendmsg, by_recvmsg },
	{ "sendmmsg-recvmmsg", by_sendmmsg, by_recvmmsg },
	{ "300-iovecs", by_many_writev, by_many_readv },
	{ "300-iovecs-sendmsg", by_many_sendmsg, by_recvmsg },
	{ "peek", by_write, by_peek_and_read },
	{ "one-byte-reads", by_write, one_byte_read },
	{ "one-byte-writes", one_byte_write, by_read },
	{ "nonblocking", by_nonblocking_send, by_nonblocking_read, .prepare = make_nonblocking },
	{ "signals", between_signals, despite_signals },
	{ "page-end", at_page_end, by_read },
	{ "zerocopy", by_zerocopy, by_read, .prepare = allow_zerocopy },
	{ "half-close", by_write, by_read },
	{ "abortive", by_write, by_read },
	{ "big", by_limited_write, by_read },
	{ "large-calls", by_write, by_read },
	{ "large-iovecs", by_large_writev, by_large_readv },
	{ "large-sendmsg", by_large_sendmsg, by_large_recvmsg, .bodies_only = true },
	{ "large-sendmmsg", by_large_sendmmsg, by_waiting_recv, .bodies_only = true },
	{ "sendfile", by_sendfile, by_read, .bodies_only = true, .blind_send = true },
	{ "splice-out", by_splice_out, by_read, .bodies_only = true, .blind_send = true },
	{ "splice-in", by_write, by_splice_in, .bodies_only = true, .blind_receive = true },
	{ "discard", by_write, by_discarding, .bodies_only = true, .blind_receive = true },
	{ NULL },
};

const struct way *way_named(const char *name)
{
	const struct way *ring = uring_way(name);

	if (ring)
		return ring;
	for (const struct way *way = ways; way->name; way++)
		if (!strcmp(way->name, name))
			return way;
	return NULL;
}

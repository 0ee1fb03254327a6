/* exerciser CASE client|server PORT [OPTION…]: moves known bytes over TCP in one known way, and says what it moved. */
#ifndef EXERCISER_H
#define EXERCISER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of one direction: how many, and their CRC-32. */
struct ledger {
	uint64_t bytes;
	uint32_t crc;
	uint64_t blind;		/* of these, the ones that no call of the process had in a buffer */
};

struct connection {
	int in, out;		/* the same descriptor, but for dup */
	bool is_accepted;
	struct sockaddr_in6 local, remote;	/* IPv4 as IPv4-mapped */
	struct ledger sent, received;
	char *pending;		/* received and not used yet */
	size_t pending_bytes, pending_room;
	uint64_t send_calls, receive_calls, interrupted, would_block;
};

/* A way to move bytes: one call, as send and recv. */
struct way {
	const char *name;
	ssize_t (*send)(struct connection *, const char *, size_t);
	ssize_t (*receive)(struct connection *, char *, size_t);
	/* Only bodies go this way, heads by write and one-byte reads. */
	bool bodies_only;
	/* The process has these bytes in no buffer. */
	bool blind_send, blind_receive;
	void (*prepare)(struct connection *);
};

struct options {
	const char *name;	/* the case */
	const char *address;
	int port;
	int connections;
	int exchanges;
	size_t request_body, response_body;
	int listener;		/* a descriptor that somebody else listens on; 0: none */
	int delay;		/* microseconds between two exchanges */
	size_t head;		/* bytes of padding in each head */
	size_t room;		/* a receive has room for so many bytes */
	const char *secret;	/* in each request of the client, and each response of the server */
	bool pause;		/* after the first exchange: until a line on standard input */
	bool overwrites;	/* what stands where the environment was, before the pause */
	bool in_child;		/* a child does all that, and what follows */
	bool shut_down;		/* the client says that it sends no more, before it reads */
	int die_after;		/* bytes of the request after which the client kills itself; 0: none */
};
extern struct options options;

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
uint32_t crc32_more(uint32_t crc, const void *bytes, size_t count);

extern const struct way ways[];
const struct way *way_named(const char *name);
const struct way *uring_way(const char *name);
void uring_start_receive(int fd, void *buffer, size_t count);
ssize_t uring_await(void);

/* Connections. */
int open_listener(void);
struct connection take(int listener);
struct connection reach(void);
struct connection adopt(int fd);
void report(const struct connection *, const char *role);
void finish(struct connection *);

/* Whole messages; the case's way, or `write` and `read` for `plain`. */
extern const struct way plain;
void put(struct connection *, const struct way *, const char *bytes, size_t count);
void put_request(struct connection *, const struct way *, const char *label, int number);
void put_response(struct connection *, const struct way *, int number);
/* false: the stream ended before a message began */
bool get_message(struct connection *, const struct way *);
void exchange(struct connection *, const struct way *, int number);
void pause_here(void);
/* The server's side of an ordinary case. */
void serve(const struct way *);

bool run_special(const char *role);

#endif

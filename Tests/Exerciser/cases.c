/* Cases that are more than a way to move bytes. */
#define _GNU_SOURCE
#include "exerciser.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void await_child(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("the child failed: %d", status);
}

/* --- two threads on one socket: each sends whole requests, in whatever order they come to be --- */

struct sender {
	pthread_t thread;
	struct connection connection;
	char label[32];
};

static void *send_requests(void *argument)
{
	struct sender *sender = argument;

	for (int number = 1; number <= options.exchanges; number++)
		put_request(&sender->connection, &plain, sender->label, number);
	return NULL;
}

static void threads(void)
{
	struct connection connection = reach();
	struct sender senders[2];

	if (options.pause) {
		/* Alone, before the other threads come to be. */
		exchange(&connection, &plain, 1);
		pause_here();
		exchange(&connection, &plain, 2);
	}
	for (int i = 0; i < 2; i++) {
		senders[i].connection = connection;
		senders[i].connection.sent = (struct ledger){ 0 };
		snprintf(senders[i].label, sizeof senders[i].label, "threads/%d", i);
		if (pthread_create(&senders[i].thread, NULL, send_requests, &senders[i]))
			die("pthread_create");
	}
	for (int i = 0; i < 2 * options.exchanges; i++)
		if (!get_message(&connection, &plain))
			die("no answer");
	for (int i = 0; i < 2; i++) {
		pthread_join(senders[i].thread, NULL);
		connection.sent.bytes += senders[i].connection.sent.bytes;
	}
	/* Which thread was first only the wire knows: no CRC of what was sent. */
	report(&connection, "client");
	finish(&connection);
}

/* --- descriptors --- */

static void reuse(void)
{
	int fd = -1;

	for (int count = 0; count < options.connections; count++) {
		struct connection connection = reach();

		if (fd >= 0 && connection.out != fd)
			die("another descriptor");
		fd = connection.out;
		exchange(&connection, &plain, count + 1);
		report(&connection, "client");
		finish(&connection);
	}
}

static void duplicates(void)
{
	struct connection connection = reach();

	connection.out = dup(connection.in);
	exchange(&connection, &plain, 1);
	close(connection.in);
	connection.in = dup2(connection.out, 50);
	exchange(&connection, &plain, 2);
	close(connection.out);
	connection.out = connection.in;
	exchange(&connection, &plain, 3);
	report(&connection, "client");
	finish(&connection);
}

/* What parent and child count together. */
static struct connection *shared_connection(struct connection connection)
{
	struct connection *shared =
		mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		die("mmap");
	*shared = connection;
	return shared;
}

/* The buffer is each process' own; between messages it is empty. */
static void forget_buffer(struct connection *connection)
{
	connection->pending = NULL;
	connection->pending_bytes = connection->pending_room = 0;
}

static void forks(void)
{
	struct connection *connection = shared_connection(reach());

	exchange(connection, &plain, 1);
	forget_buffer(connection);
	pid_t child = fork();

	if (child == 0) {
		exchange(connection, &plain, 2);
		forget_buffer(connection);
		_exit(0);
	}
	await_child(child);
	exchange(connection, &plain, 3);
	report(connection, "client");
	finish(connection);
}

static void pass(int through, int fd)
{
	char byte = 'x', control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec vector = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control,
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(through, &message, 0) != 1)
		die("passing a descriptor");
}

static int passed(int through)
{
	int fd;
	char byte, control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec vector = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control,
	};

	if (recvmsg(through, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		die("being passed a descriptor");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

/* The child was there before the connection. */
static void passes(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	pid_t child = fork();

	if (child == 0) {
		struct connection connection = adopt(passed(ends[1]));

		exchange(&connection, &plain, 1);
		report(&connection, "receiver");
		_exit(0);
	}
	struct connection connection = reach();

	pass(ends[0], connection.out);
	await_child(child);
	exchange(&connection, &plain, 2);
	report(&connection, "client");
	finish(&connection);
}

/* --- another environment, the same connection --- */

/* It stands there backwards: the environment of a process that opted in is no secret. */
static char *next_secret(void)
{
	static char secret[256];
	const char *backwards = getenv("EXERCISER_NEXT_SECRET");
	size_t count = backwards ? strlen(backwards) : 0;

	if (count == 0 || count >= sizeof secret)
		return NULL;
	for (size_t i = 0; i < count; i++)
		secret[i] = backwards[count - 1 - i];
	return secret;
}

/* The rest of the arguments of a program that goes on with a connection. */
static void become(const char *name, int fd, bool opts_in)
{
	char number[16], body[16];
	char *arguments[] = {
		"exerciser", (char *)name, "client", number, "--request-body", body, next_secret() ? "--secret" : NULL,
		next_secret(), NULL,
	};

	snprintf(number, sizeof number, "%d", fd);
	snprintf(body, sizeof body, "%zu", options.request_body);
	if (opts_in)
		setenv("ADI_PROFILE", getenv("EXERCISER_NEXT_PROFILE"), 1);
	else
		unsetenv("ADI_PROFILE");
	execv("/proc/self/exe", arguments);
	die("exec");
}

/* The first exchange, then an exec with EXERCISER_NEXT_PROFILE as ADI_PROFILE, if that is set, and the second one. */
static void executes(void)
{
	struct connection connection = reach();

	exchange(&connection, &plain, 1);
	report(&connection, "client");
	become("adopted", connection.out, getenv("EXERCISER_NEXT_PROFILE"));
}

static void adopted(void)
{
	struct connection connection = adopt(options.port);

	exchange(&connection, &plain, 2);
	report(&connection, "adopter");
	finish(&connection);
}

/* A process that did not opt in is passed the connection of one that did. */
static void passes_out(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	pid_t child = fork();

	if (child == 0)
		become("receiver", ends[1], false);
	struct connection connection = reach();

	exchange(&connection, &plain, 1);
	pass(ends[0], connection.out);
	await_child(child);
	exchange(&connection, &plain, 3);
	report(&connection, "client");
	finish(&connection);
}

static void receiver(void)
{
	struct connection connection = adopt(passed(options.port));

	exchange(&connection, &plain, 2);
	report(&connection, "receiver");
}

/* --- a listener that another program has opened --- */

/* The rest of the arguments of a program that serves, and opts in. */
static void become_server(const char *name, const char *option, int fd)
{
	char number[16], connections[16];
	char *arguments[] = {
		"exerciser", (char *)name, "server", number, "--connections", connections, (char *)option, number, NULL,
	};

	snprintf(number, sizeof number, "%d", fd);
	snprintf(connections, sizeof connections, "%d", options.connections);
	setenv("ADI_PROFILE", getenv("EXERCISER_NEXT_PROFILE"), 1);
	execv("/proc/self/exe", arguments);
	die("exec");
}

/* As systemd does it: at once, or when the first client has come. */
static void activates(void)
{
	int listener = open_listener();

	if (fcntl(listener, F_SETFD, 0))
		die("FD_CLOEXEC");
	if (!strcmp(options.name, "activation-late"))
		poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, -1);
	become_server("write-read", "--listener", listener);
}

static void passes_listener(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");
	pid_t child = fork();

	if (child == 0)
		become_server("listener-receiver", NULL, ends[1]);
	pass(ends[0], open_listener());
	await_child(child);
}

static void receives_listener(void)
{
	options.listener = passed(options.port);
	serve(&plain);
}

/* --- ends --- */

/* A listener whose queue is full: what it is sent it drops. */
static void listen_without_answer(void)
{
	int listener = open_listener();
	struct sockaddr_in6 address = adopt(listener).local;

	if (listen(listener, 0))
		die("listen");
	options.port = ntohs(address.sin6_port);
	for (int count = 0; count < 2; count++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		struct sockaddr_in there = {
			.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = address.sin6_port,
		};

		if (connect(fd, (struct sockaddr *)&there, sizeof there) && errno != EINPROGRESS)
			die("connect");
	}
	pause_here();
}

static void ignore(int signal) { (void)signal; }

/* A signal ends the first connect, and another one the process, in its second. */
static void connects_in_vain(void)
{
	struct sigaction action = { .sa_handler = ignore };	/* no SA_RESTART */
	struct sockaddr_in there = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(options.port),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sigaction(SIGALRM, &action, NULL);
	ualarm(200000, 0);
	if (!connect(fd, (struct sockaddr *)&there, sizeof there) || errno != EINTR)
		die("the connect was not interrupted");
	close(fd);
	printf("{\"interrupted\":true}\n");
	fflush(stdout);
	signal(SIGALRM, SIG_DFL);
	ualarm(200000, 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	connect(fd, (struct sockaddr *)&there, sizeof there);
	die("the process was not ended");
}

/* A connection with itself: both SYNs are on their way at once. */
static void connects_to_itself(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&address, length) || getsockname(fd, (struct sockaddr *)&address, &length) ||
		connect(fd, (struct sockaddr *)&address, length))
		die("connect");
	struct connection connection = adopt(fd);

	put_request(&connection, &plain, options.name, 1);
	if (!get_message(&connection, &plain))
		die("nothing came back");
	report(&connection, "client");
	finish(&connection);
}

static void refused(void)
{
	/* Bound and not listening: nobody else can come to listen there. */
	int holder = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;

	if (bind(holder, (struct sockaddr *)&address, length) ||
		getsockname(holder, (struct sockaddr *)&address, &length))
		die("bind");
	for (int count = 0; count < options.connections; count++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (!connect(fd, (struct sockaddr *)&address, length) || errno != ECONNREFUSED)
			die("the connect was not refused");
		close(fd);
	}
	printf("{\"case\":\"refused\",\"role\":\"client\",\"pid\":%d,\"remote_ip\":\"127.0.0.1\",\"remote_port\":%d}\n",
		getpid(), ntohs(address.sin_port));
	fflush(stdout);
}

static struct way dying;

static ssize_t send_and_die(struct connection *connection, const char *bytes, size_t count)
{
	size_t left = options.die_after - connection->sent.bytes;
	ssize_t moved = write(connection->out, bytes, count < left ? count : left);

	if (moved == (ssize_t)left) {
		connection->sent.bytes += moved;
		connection->sent.crc = crc32_more(connection->sent.crc, bytes, moved);
		report(connection, "client");
		kill(getpid(), SIGKILL);
	}
	return moved;
}

static void dies(void)
{
	struct connection connection = reach();

	dying = plain;
	dying.send = send_and_die;
	for (int number = 1;; number++)
		exchange(&connection, &dying, number);
}

/* --- connect and data in one call --- */

static struct way opening;

static ssize_t send_opening(struct connection *connection, const char *bytes, size_t count)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(options.port),
	};
	ssize_t moved = sendto(connection->out, bytes, count, MSG_FASTOPEN, (struct sockaddr *)&address, sizeof address);
	struct connection opened = adopt(connection->out);

	connection->local = opened.local;
	connection->remote = opened.remote;
	return moved;
}

static void fast_open(void)
{
	struct connection connection = adopt(socket(AF_INET, SOCK_STREAM, 0));

	opening = plain;
	opening.send = send_opening;
	put_request(&connection, &opening, options.name, 1);
	if (!get_message(&connection, &plain))
		die("no answer");
	exchange(&connection, &plain, 2);
	report(&connection, "client");
	finish(&connection);
}

/* --- a receive of io_uring that ends while the same thread is inside a read of another connection --- */

static void late_ring_client(void)
{
	static char buffer[65536];
	struct connection ring = reach(), other = reach();

	put_request(&ring, &plain, "io-uring-late/ring", 1);
	uring_start_receive(ring.in, buffer, sizeof buffer);
	put_request(&other, &plain, "io-uring-late/other", 1);
	if (!get_message(&other, &plain))
		die("no answer");
	ssize_t count = uring_await();

	if (count <= 0)
		die("io_uring receive");
	ring.received.bytes = ring.received.blind = count;
	ring.received.crc = crc32_more(0, buffer, count);
	report(&ring, "ring");
	report(&other, "other");
	finish(&ring);
	finish(&other);
}

static void late_ring_server(void)
{
	int listener = open_listener();
	struct connection ring = take(listener), other = take(listener);

	if (!get_message(&ring, &plain) || !get_message(&other, &plain))
		die("no request");
	put_response(&ring, &plain, 1);
	put_response(&other, &plain, 2);
	report(&ring, "server");
	report(&other, "server");
	finish(&ring);
	finish(&other);
}

bool run_special(const char *role)
{
	static const struct {
		const char *name;
		void (*client)(void), (*server)(void);
	} cases[] = {
		{ "threads", threads },
		{ "fd-reuse", reuse },
		{ "dup", duplicates },
		{ "fork", forks },
		{ "fd-passing", passes },
		{ "fd-passing-out", passes_out },
		{ "receiver", receiver },
		{ "exec", executes },
		{ "adopted", adopted },
		{ "activation", NULL, activates },
		{ "activation-late", NULL, activates },
		{ "listener-passing", NULL, passes_listener },
		{ "listener-receiver", NULL, receives_listener },
		{ "self-connect", connects_to_itself },
		{ "refused", refused },
		{ "unanswered", connects_in_vain, listen_without_answer },
		{ "killed", dies },
		{ "fastopen", fast_open },
		{ "io-uring-late", late_ring_client, late_ring_server },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (strcmp(cases[i].name, options.name))
			continue;
		if (strcmp(role, "server") && cases[i].client)
			cases[i].client();
		else if (strcmp(role, "server"))
			return false;
		else if (cases[i].server)
			cases[i].server();
		else
			serve(&plain);
		return true;
	}
	return false;
}

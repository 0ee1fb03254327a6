#define _GNU_SOURCE
#include "exerciser.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sched.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct options options = {
	.address = "127.0.0.1", .connections = 1, .exchanges = 1, .request_body = 300, .response_body = 500, .room = 65536,
};

void die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "exerciser %s: ", options.name ? options.name : "");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, " (%s)\n", strerror(error));
	va_end(arguments);
	_exit(3);
}

static uint32_t crc_table[256];

/* Before there is a second thread: two that filled it as they needed it used what the other had not yet filled. */
__attribute__((constructor)) static void fill_crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? value >> 1 ^ 0xEDB88320u : value >> 1;
		crc_table[i] = value;
	}
}

uint32_t crc32_more(uint32_t crc, const void *bytes, size_t count)
{
	const unsigned char *next = bytes;

	crc = ~crc;
	while (count--)
		crc = crc >> 8 ^ crc_table[(crc ^ *next++) & 0xFF];
	return ~crc;
}

/* --- connections --- */

static bool is_v6_address(void) { return strchr(options.address, ':'); }

static socklen_t address_of(int port, struct sockaddr_storage *storage)
{
	memset(storage, 0, sizeof *storage);
	if (is_v6_address()) {
		struct sockaddr_in6 *address = (struct sockaddr_in6 *)storage;

		address->sin6_family = AF_INET6;
		address->sin6_port = htons(port);
		if (inet_pton(AF_INET6, options.address, &address->sin6_addr) != 1)
			die("%s is no address", options.address);
		return sizeof *address;
	}
	struct sockaddr_in *address = (struct sockaddr_in *)storage;

	address->sin_family = AF_INET;
	address->sin_port = htons(port);
	if (inet_pton(AF_INET, options.address, &address->sin_addr) != 1)
		die("%s is no address", options.address);
	return sizeof *address;
}

static struct sockaddr_in6 as_v6(const struct sockaddr_storage *storage)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

	if (storage->ss_family == AF_INET6)
		return *(const struct sockaddr_in6 *)storage;
	if (storage->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)storage;

		address.sin6_port = v4->sin_port;
		memset(address.sin6_addr.s6_addr + 10, 0xFF, 2);
		memcpy(address.sin6_addr.s6_addr + 12, &v4->sin_addr, 4);
	}
	return address;
}

struct connection adopt(int fd)
{
	struct connection connection = { .in = fd, .out = fd };
	struct sockaddr_storage storage = { 0 };
	socklen_t length = sizeof storage;

	if (!getsockname(fd, (struct sockaddr *)&storage, &length))
		connection.local = as_v6(&storage);
	memset(&storage, 0, sizeof storage);
	length = sizeof storage;
	if (!getpeername(fd, (struct sockaddr *)&storage, &length))
		connection.remote = as_v6(&storage);
	return connection;
}

int open_listener(void)
{
	if (options.listener)
		return options.listener;
	struct sockaddr_storage storage;
	socklen_t length = address_of(options.port, &storage);
	int one = 1, zero = 0, fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (storage.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
	if (!strcmp(options.name, "fastopen"))
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &(int){ 16 }, sizeof(int));
	if (bind(fd, (struct sockaddr *)&storage, length) || listen(fd, 128))
		die("listen on port %d", options.port);
	printf("{\"listening\":%d,\"pid\":%d}\n", ntohs(adopt(fd).local.sin6_port), getpid());
	fflush(stdout);
	return fd;
}

struct connection take(int listener)
{
	int fd;

	do
		fd = strcmp(options.name, "write-read") ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) :
							  accept(listener, NULL, NULL);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		die("accept");
	struct connection connection = adopt(fd);

	connection.is_accepted = true;
	return connection;
}

struct connection reach(void)
{
	struct sockaddr_storage storage;
	socklen_t length = address_of(options.port, &storage);
	int fd = socket(storage.ss_family, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	if (connect(fd, (struct sockaddr *)&storage, length))
		die("connect to port %d", options.port);
	return adopt(fd);
}

/* One write, so that lines of several processes do not mix. */
void report(const struct connection *connection, const char *role)
{
	char line[1024], local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &connection->local.sin6_addr, local, sizeof local);
	inet_ntop(AF_INET6, &connection->remote.sin6_addr, remote, sizeof remote);
	const char *short_local = !strncmp(local, "::ffff:", 7) ? local + 7 : local;
	const char *short_remote = !strncmp(remote, "::ffff:", 7) ? remote + 7 : remote;
	int length = snprintf(
		line, sizeof line,
		"{\"case\":\"%s\",\"role\":\"%s\",\"pid\":%d,\"fd\":%d,\"local_ip\":\"%s\",\"local_port\":%d,"
		"\"remote_ip\":\"%s\",\"remote_port\":%d,"
		"\"sent\":%llu,\"sent_crc\":%u,\"sent_blind\":%llu,"
		"\"received\":%llu,\"received_crc\":%u,\"received_blind\":%llu,"
		"\"send_calls\":%llu,\"receive_calls\":%llu,\"interrupted\":%llu,\"would_block\":%llu}\n",
		options.name, role, getpid(), connection->out, short_local, ntohs(connection->local.sin6_port),
		short_remote, ntohs(connection->remote.sin6_port), (unsigned long long)connection->sent.bytes,
		connection->sent.crc, (unsigned long long)connection->sent.blind,
		(unsigned long long)connection->received.bytes, connection->received.crc,
		(unsigned long long)connection->received.blind, (unsigned long long)connection->send_calls,
		(unsigned long long)connection->receive_calls, (unsigned long long)connection->interrupted,
		(unsigned long long)connection->would_block);
	if (write(STDOUT_FILENO, line, length) != length)
		die("standard output");
}

static bool is_abortive(void) { return !strcmp(options.name, "abortive"); }

void finish(struct connection *connection)
{
	if (is_abortive() && !connection->is_accepted) {
		struct linger now = { .l_onoff = 1, .l_linger = 0 };

		setsockopt(connection->out, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	}
	if (connection->in != connection->out)
		close(connection->in);
	close(connection->out);
	free(connection->pending);
	connection->pending = NULL;
	connection->pending_bytes = connection->pending_room = 0;
}

/* --- messages --- */

static void sent(struct connection *connection, const char *bytes, size_t count, bool is_blind)
{
	connection->sent.bytes += count;
	connection->sent.crc = crc32_more(connection->sent.crc, bytes, count);
	connection->sent.blind += is_blind ? count : 0;
	connection->send_calls++;
}

static void received(struct connection *connection, const char *bytes, size_t count, bool is_blind)
{
	connection->received.bytes += count;
	connection->received.crc = crc32_more(connection->received.crc, bytes, count);
	connection->received.blind += is_blind ? count : 0;
	connection->receive_calls++;
}

void put(struct connection *connection, const struct way *way, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t moved = way->send(connection, bytes, count);

		if (moved <= 0)
			die("send");
		sent(connection, bytes, moved, way->blind_send);
		bytes += moved;
		count -= moved;
	}
}

/* Text that is the same for the same seed, and another for another. */
static char *body_text(size_t count, uint32_t seed)
{
	char *text = malloc(count + 1);

	if (!text)
		die("memory");
	for (size_t i = 0; i < count; i++) {
		seed = seed * 1664525u + 1013904223u;
		text[i] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[seed >> 26];
	}
	text[count] = 0;
	return text;
}

static void put_message(
	struct connection *connection, const struct way *way, const char *head, size_t body_bytes, uint32_t seed)
{
	char *body = body_text(body_bytes, seed);

	if (options.secret && body_bytes >= strlen(options.secret))
		memcpy(body, options.secret, strlen(options.secret));
	if (way->bodies_only || options.response_body > 1 << 20) {
		put(connection, way->bodies_only ? &plain : way, head, strlen(head));
		put(connection, way, body, body_bytes);
	} else {
		size_t count = strlen(head) + body_bytes;
		char *message = malloc(count + 1);

		if (!message)
			die("memory");
		strcpy(message, head);
		memcpy(message + strlen(head), body, body_bytes);
		put(connection, way, message, count);
		free(message);
	}
	free(body);
}

/* A head with its padding, in one field. */
static void put_padded(
	struct connection *connection, const struct way *way, const char *begin, size_t body_bytes, uint32_t seed)
{
	char *padding = body_text(options.head, seed), *head = malloc(strlen(begin) + options.head + 100);

	if (!head)
		die("memory");
	sprintf(head, "%s%s%s%sContent-Length: %zu\r\n\r\n", begin, options.head ? "X-Padding: " : "", padding,
		options.head ? "\r\n" : "", body_bytes);
	put_message(connection, way, head, body_bytes, seed);
	free(padding);
	free(head);
}

void put_request(struct connection *connection, const struct way *way, const char *label, int number)
{
	char begin[512];

	snprintf(begin, sizeof begin, "POST /%s/%d HTTP/1.1\r\nHost: exerciser.test\r\n%s%s%s", label, number,
		options.secret ? "X-Secret: " : "", options.secret ? options.secret : "", options.secret ? "\r\n" : "");
	put_padded(connection, way, begin, options.request_body, 2 * number);
}

void put_response(struct connection *connection, const struct way *way, int number)
{
	char begin[100];

	snprintf(begin, sizeof begin, "HTTP/1.1 200 OK\r\nX-Number: %d\r\n", number);
	put_padded(connection, way, begin, options.response_body, 2 * number + 1);
}

static bool is_deadly(void) { return !strcmp(options.name, "killed"); }

/* One call; more bytes behind `pending`. 0: the stream's end */
static size_t get_more(struct connection *connection, const struct way *way, size_t count)
{
	if (connection->pending_room - connection->pending_bytes < count + 1) {
		connection->pending_room = connection->pending_bytes + count + 1;
		connection->pending = realloc(connection->pending, connection->pending_room);
		if (!connection->pending)
			die("memory");
	}
	char *end = connection->pending + connection->pending_bytes;
	ssize_t moved = way->receive(connection, end, count);

	/* The other side has died, or resets the connection, as it should. */
	if (moved < 0 && errno == ECONNRESET && connection->is_accepted && (is_abortive() || is_deadly()))
		moved = 0;
	if (moved < 0)
		die("receive");
	received(connection, end, moved, way->blind_receive);
	connection->pending_bytes += moved;
	connection->pending[connection->pending_bytes] = 0;
	return moved;
}

bool get_message(struct connection *connection, const struct way *way)
{
	/* Head and body of a way for bodies are told apart by taking the head byte by byte. */
	size_t room = way->bodies_only ? 1 : options.room;
	char *end;

	while (!connection->pending_bytes || !(end = strstr(connection->pending, "\r\n\r\n")))
		if (!get_more(connection, way->bodies_only ? &plain : way, room)) {
			if (connection->pending_bytes && !is_deadly())
				die("the stream ends inside a head");
			return false;
		}
	size_t head = end + 4 - connection->pending;
	const char *field = strcasestr(connection->pending, "\r\nContent-Length: ");
	size_t whole = head + (field && field < end ? strtoul(field + 18, NULL, 10) : 0);

	while (connection->pending_bytes < whole) {
		size_t missing = whole - connection->pending_bytes;

		if (!get_more(connection, way, way->bodies_only && missing < options.room ? missing : options.room)) {
			if (is_deadly())
				return false;
			die("the stream ends inside a body");
		}
	}
	connection->pending_bytes -= whole;
	memmove(connection->pending, connection->pending + whole, connection->pending_bytes + 1);
	return true;
}

void exchange(struct connection *connection, const struct way *way, int number)
{
	put_request(connection, way, options.name, number);
	if (options.shut_down && shutdown(connection->out, SHUT_WR))
		die("shutdown");
	if (!get_message(connection, way))
		die("no answer");
}

/* As setproctitle does it: the strings are elsewhere by now, and a title stands where they began. */
static void overwrite_environment(void)
{
	extern char **environ;
	char *start = environ[0], *end = start;
	size_t count = 0;

	for (; environ[count]; count++)
		if (environ[count] == end)
			end += strlen(environ[count]) + 1;
	char **copies = calloc(count + 1, sizeof *copies);

	if (!copies)
		die("memory");
	for (size_t i = 0; i < count; i++)
		copies[i] = strdup(environ[i]);
	environ = copies;
	memset(start, 0, end - start);
	strcpy(start, "a title");
}

void pause_here(void)
{
	char byte;

	if (options.overwrites)
		overwrite_environment();
	ssize_t count;

	printf("{\"paused\":true,\"pid\":%d}\n", getpid());
	fflush(stdout);
	do
		count = read(STDIN_FILENO, &byte, 1);
	while ((count == 1 && byte != '\n') || (count < 0 && errno == EINTR));
}

/* --- the two sides of an ordinary case --- */

void serve(const struct way *way)
{
	int listener = open_listener();

	for (int count = 0; count < options.connections; count++) {
		struct connection connection = take(listener);

		if (way->prepare)
			way->prepare(&connection);
		for (int number = 1; get_message(&connection, way); number++) {
			/* The client sends no more before it is answered: the end is there to be read. */
			if (options.shut_down && get_message(&connection, way))
				die("more than was announced");
			put_response(&connection, way, number);
			if (options.shut_down)
				break;
		}
		report(&connection, "server");
		finish(&connection);
	}
}

static void call(const struct way *way)
{
	for (int count = 0; count < options.connections; count++) {
		struct connection connection = reach();

		if (way->prepare)
			way->prepare(&connection);
		for (int number = 1; number <= options.exchanges; number++) {
			exchange(&connection, way, number);
			if (number == 1 && options.pause)
				pause_here();
			if (options.delay)
				usleep(options.delay);
		}
		report(&connection, "client");
		finish(&connection);
	}
}

/* A child with a pid of our choice goes on; the parent waits and ends as it does. */
static void continue_as(pid_t pid)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1,
	};
	long child = syscall(SYS_clone3, &arguments, sizeof arguments);
	int status = 0;

	if (child < 0)
		die("clone3 with pid %d", pid);
	if (child == 0)
		return;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 4);
}

static const char *usage =
	"usage: exerciser CASE client|server PORT [--address A] [--connections N] [--exchanges N]\n"
	"       [--request-body BYTES] [--response-body BYTES] [--listener FD] [--head BYTES] [--delay MICROSECONDS] [--secret TEXT]\n"
	"       [--pause] [--overwrite] [--in-child] [--die-after BYTES] [--pid PID] [--exec PROGRAM ARGUMENT…]\n";

int main(int count, char **arguments)
{
	signal(SIGPIPE, SIG_IGN);
	if (count < 4) {
		fputs(usage, stderr);
		return 2;
	}
	options.name = arguments[1];
	options.port = atoi(arguments[3]);
	for (int i = 4; i < count; i++) {
		const char *name = arguments[i];
		const char *value = i + 1 < count ? arguments[i + 1] : "";

		if (!strcmp(name, "--pause"))
			options.pause = true;
		else if (!strcmp(name, "--overwrite"))
			options.overwrites = true;
		else if (!strcmp(name, "--in-child"))
			options.in_child = true;
		else if (!strcmp(name, "--exec")) {
			execv(value, arguments + i + 1);
			die("exec %s", value);
		} else if (i++, !strcmp(name, "--address"))
			options.address = value;
		else if (!strcmp(name, "--connections"))
			options.connections = atoi(value);
		else if (!strcmp(name, "--exchanges"))
			options.exchanges = atoi(value);
		else if (!strcmp(name, "--request-body"))
			options.request_body = atoi(value);
		else if (!strcmp(name, "--response-body"))
			options.response_body = atoi(value);
		else if (!strcmp(name, "--listener"))
			options.listener = atoi(value);
		else if (!strcmp(name, "--delay"))
			options.delay = atoi(value);
		else if (!strcmp(name, "--head"))
			options.head = atoi(value);
		else if (!strcmp(name, "--secret"))
			options.secret = value;
		else if (!strcmp(name, "--die-after"))
			options.die_after = atoi(value);
		else if (!strcmp(name, "--pid"))
			continue_as(atoi(value));
		else {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (!strncmp(options.name, "large-", 6))
		options.room = 4 << 20;
	if (options.in_child && fork())
		exit(wait(&(int){ 0 }) < 0);
	options.shut_down = !strcmp(options.name, "half-close");
	if (run_special(arguments[2]))
		return 0;
	const struct way *way = way_named(options.name);

	if (!way) {
		fputs(usage, stderr);
		for (way = ways; way->name; way++)
			fprintf(stderr, "  %s\n", way->name);
		return 2;
	}
	if (!strcmp(arguments[2], "server"))
		serve(way);
	else
		call(way);
	return 0;
}

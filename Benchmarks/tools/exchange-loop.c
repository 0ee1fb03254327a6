/* exchange-loop SECONDS: both sides of an HTTP exchange over loopback in one thread, with the calls that wrk and nginx
 * make, again and again. Prints the CPU nanoseconds of one exchange, the least of all slices: what an observer adds, and
 * nothing of how the processes share the processors. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static char request[] = "GET /answer.json HTTP/1.1\r\nHost: 127.0.0.1:18080\r\n\r\n";
static char head[] =
	"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 27 Nov 2026 01:30:00 GMT\r\n"
	"Content-Type: application/json\r\nContent-Length: 52\r\nLast-Modified: Fri, 27 Nov 2026 01:30:00 GMT\r\n"
	"Connection: keep-alive\r\nETag: \"6927a8f8-34\"\r\nAccept-Ranges: bytes\r\n\r\n";
static char body[] = "{\"id\": 7, \"name\": \"u7\", \"tags\": [\"a\", \"b\"], \"ok\": 1}";

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void exchange(int client, int server)
{
	static char buffer[4096];
	struct iovec answer[] = { { head, sizeof head - 1 }, { body, sizeof body - 1 } };
	ssize_t length = sizeof head - 1 + sizeof body - 1;

	if (write(client, request, sizeof request - 1) < 0 || recv(server, buffer, sizeof buffer, 0) <= 0 ||
		writev(server, answer, 2) != length || read(client, buffer, sizeof buffer) != length) {
		perror("exchange-loop");
		exit(1);
	}
}

int main(int count, char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server, yes = 1;
	double end = now(CLOCK_MONOTONIC) + (count > 1 ? atof(arguments[1]) : 1) * 1e9, least = 1e18;
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof first, &first);
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
		getsockname(listener, (struct sockaddr *)&address, &length) ||
		connect(client, (struct sockaddr *)&address, length) || (server = accept(listener, NULL, NULL)) < 0) {
		perror("exchange-loop");
		return 1;
	}
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	while (now(CLOCK_MONOTONIC) < end) {
		double begin = now(CLOCK_PROCESS_CPUTIME_ID), slice;

		for (int i = 0; i < 5000; i++)
			exchange(client, server);
		slice = (now(CLOCK_PROCESS_CPUTIME_ID) - begin) / 5000;
		if (slice < least)
			least = slice;
	}
	printf("%.0f\n", least);
}

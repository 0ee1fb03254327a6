/* write-loop N: N one-byte writes to /dev/null; prints the nanoseconds of CPU that one took. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double cpu_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int count, char **arguments)
{
	long writes = count == 2 ? atol(arguments[1]) : 0;
	int null = open("/dev/null", O_WRONLY);

	if (writes <= 0 || null < 0)
		return 2;
	double start = cpu_nanoseconds();

	for (long i = 0; i < writes; i++)
		if (write(null, "", 1) != 1)
			return 1;
	printf("%.2f\n", (cpu_nanoseconds() - start) / writes);
	return 0;
}

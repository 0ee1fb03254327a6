#include <pcap/pcap.h>
#include <stdio.h>
#include <sys/types.h>

// fopencookie(3): a FILE that reads by a function. <stdio.h> shows it only with _GNU_SOURCE, which a header can't
// define any more when Swift imports it as a module; hence a name of our own for the same symbol.
struct replay_stream_functions {
    ssize_t (*read)(void *context, char *buffer, size_t size);
    ssize_t (*write)(void *context, const char *buffer, size_t size);
    int (*seek)(void *context, off_t *offset, int whence);
    int (*close)(void *context);
};
extern FILE *replay_fopencookie(void *context, const char *mode, struct replay_stream_functions functions)
    __asm__("fopencookie");

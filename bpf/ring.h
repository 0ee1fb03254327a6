/* The ring buffer to the profiler, and what found no room in it. */
#ifndef TAPEDECK_RING_H
#define TAPEDECK_RING_H

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* By enum tapedeck_counter. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TAPEDECK_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Ends of connections that found no room in the ring buffer: without them a connection would seem open for ever. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);	/* serial */
	__type(value, struct tapedeck_state);
} unsent SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		*value += 1;
}

/* Whether so much waits that the reader has to be woken, which looks by timer, too. */
static __always_inline int is_filling(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= settings.wake_bytes;
}

static __always_inline long submit(void *record, __u64 size, int wakes)
{
	long error = bpf_ringbuf_output(&ring, record, size, wakes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);

	if (error)
		count(TAPEDECK_RING_FULL);
	return error;
}

static __always_inline long output(void *record, __u64 size)
{
	return submit(record, size, is_filling());
}

/* Wakes the reader at once: it has something to attach. */
static __always_inline void wake(void)
{
	struct tapedeck_header nothing = {.type = TAPEDECK_WAKE};

	bpf_ringbuf_output(&ring, &nothing, sizeof(nothing), BPF_RB_FORCE_WAKEUP);
}

#endif

/* The way to the profiler, and what found no room on it. */
#ifndef TAPEDECK_RING_H
#define TAPEDECK_RING_H

/* A ring buffer's memory is gone through from one end to the other however little waits in it: one that is as large as a
 * reader needs which is kept from reading is in no processor's cache, and each record is written to and read from memory.
 * So records go through a small one as long as there is room, and then through a large one until the reader has emptied
 * both. The loader sets the sizes. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 << 10);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} spill SEC(".maps");

/* Of the large one. The reader maps it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TAPEDECK_SHARES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct tapedeck_share);
} shares SEC(".maps");

/* By enum tapedeck_counter. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TAPEDECK_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Ends of connections that found no room in the ring buffer: without them a connection would seem open for ever. There
 * are as many as may be open, and as may have their beginning in the ring buffers. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);	/* serial */
	__type(value, struct tapedeck_state);
} unsent SEC(".maps");

/* The same of connections that the reader has never heard of: however many there are, they take no room from the others. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);	/* serial */
	__type(value, struct tapedeck_state);
} untold SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		*value += 1;
}

/* Whether so much waits that the reader has to be woken, which looks by timer, too. */
static __always_inline int is_filling(void)
{
	__u64 waits = control.turn & 1 ? bpf_ringbuf_query(&spill, BPF_RB_AVAIL_DATA)
				       : bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	return waits >= settings.wake_bytes;
}

static __always_inline __u16 share_of(__u32 pid)
{
	return pid % TAPEDECK_SHARES;
}

/* A process may fill the large ring buffer up to twice what it leaves to the others: two thirds, if it is the only one that
 * is in a hurry, and of n such each as much as two parts in 2n + 1. So whoever moves little always finds room. */
static __always_inline int is_beyond(struct tapedeck_share *share, __u64 size)
{
	__s64 used = share->produced - share->consumed + size;
	__s64 left = settings.spill_bytes - bpf_ringbuf_query(&spill, BPF_RB_AVAIL_DATA);

	return used > 2 * left;
}

static __always_inline long spill_over(void *record, __u64 size, __u64 flags)
{
	__u32 place = ((struct tapedeck_header *)record)->share;
	struct tapedeck_share *share = bpf_map_lookup_elem(&shares, &place);
	long error;

	if (!share)
		return -1;
	if (is_beyond(share, size))
		return -1;
	error = bpf_ringbuf_output(&spill, record, size, flags);
	if (!error)
		__sync_fetch_and_add(&share->produced, size);
	return error;
}

/* Into the ring buffer whose turn it is. A record that was under way when the turn changed may come after one that was
 * made later by somebody else, but never after one that was made because of it. */
static __always_inline long put(void *record, __u64 size, __u64 flags)
{
	__u32 turn = control.turn;

	if (!(turn & 1)) {
		if (!bpf_ringbuf_output(&ring, record, size, flags))
			return 0;
		__sync_val_compare_and_swap(&control.turn, turn, turn + 1);
	}
	return spill_over(record, size, flags);
}

static __always_inline long submit(void *record, __u64 size, int wakes)
{
	long error = put(record, size, wakes ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);

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

	put(&nothing, sizeof(nothing), BPF_RB_FORCE_WAKEUP);
}

#endif

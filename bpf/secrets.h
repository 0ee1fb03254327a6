/* The secrets of TLS sessions. A library that can write a key log has one function that is given each secret with its
 * label, and asks within whether anybody wants it. The reader finds that function, and probes it (Sources/Live/TLS). */
#ifndef TAPEDECK_SECRETS_H
#define TAPEDECK_SECRETS_H

/* Longer than any label that is asked for, with its zero byte. */
#define LABEL_MAX 32

#define IS_LABEL(label, text) (!__builtin_memcmp(label, text, sizeof(text)))

static __always_inline __u8 label_of(const char *label)
{
	if (IS_LABEL(label, "CLIENT_RANDOM"))
		return TAPEDECK_MASTER;
	if (IS_LABEL(label, "CLIENT_TRAFFIC_SECRET_0"))
		return TAPEDECK_CLIENT_TRAFFIC;
	if (IS_LABEL(label, "SERVER_TRAFFIC_SECRET_0"))
		return TAPEDECK_SERVER_TRAFFIC;
	/* These fill all of it, and have their zero byte behind. */
	if (!__builtin_memcmp(label, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", LABEL_MAX))
		return TAPEDECK_CLIENT_HANDSHAKE;
	if (!__builtin_memcmp(label, "SERVER_HANDSHAKE_TRAFFIC_SECRET", LABEL_MAX))
		return TAPEDECK_SERVER_HANDSHAKE;
	if (IS_LABEL(label, "CLIENT_EARLY_TRAFFIC_SECRET"))
		return TAPEDECK_CLIENT_EARLY;
	return TAPEDECK_NO_LABEL;
}

static __always_inline __u64 place(__u64 *registers, __u64 cookie, __u32 at)
{
	__u64 number = (cookie >> at) & 31;

	if (number >= REGISTERS)
		return 0;
	/* Told to the verifier, which does not follow the shift. */
	asm volatile("" : "+r"(number));
	return registers[number & (REGISTERS - 1)];
}

/* Nobody may have touched a page of a library that holds nothing but texts: a program that may sleep brings it in. */
static __always_inline long read_user(void *to, __u32 size, __u64 from, int sleeps)
{
	long error = bpf_probe_read_user(to, size, (void *)from);

	return error && sleeps ? bpf_copy_from_user(to, size, (void *)from) : error;
}

static __always_inline int tell_secret(struct pt_regs *ctx, int sleeps)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tapedeck_secret record = {};
	char label[LABEL_MAX] = {};
	__u64 cookie, length;

	/* Before a byte of it is read. */
	if (!profiled_thread(task))
		return 0;
	__u64 registers[REGISTERS] = REGISTER_LIST(ctx);

	cookie = bpf_get_attach_cookie(ctx);
	if (read_user(label, sizeof(label), place(registers, cookie, TAPEDECK_LABEL_AT), sleeps)) {
		count(TAPEDECK_SECRET_UNREAD);
		return 0;
	}
	if (cookie >> TAPEDECK_HAS_LABEL_LENGTH & 1) {
		length = place(registers, cookie, TAPEDECK_LABEL_LENGTH_AT);
		if (length >= LABEL_MAX)
			return 0;
		asm volatile("" : "+r"(length));
		label[length & (LABEL_MAX - 1)] = 0;
	}
	record.label = label_of(label);
	length = place(registers, cookie, TAPEDECK_LENGTH_AT) & 0xffffffff;
	if (record.label == TAPEDECK_NO_LABEL || !length || length > TAPEDECK_SECRET_MAX)
		return 0;
	record.length = length;
	asm volatile("" : "+r"(length));
	if (length > TAPEDECK_SECRET_MAX)
		return 0;
	if (read_user(record.secret, length, place(registers, cookie, TAPEDECK_SECRET_AT), sleeps)) {
		count(TAPEDECK_SECRET_UNREAD);
		return 0;
	}
	if (cookie >> TAPEDECK_HAS_RANDOM & 1)
		record.has_random = !read_user(record.random, sizeof(record.random),
					       place(registers, cookie, TAPEDECK_RANDOM_AT), sleeps);
	record.header.time = bpf_ktime_get_ns();
	record.header.type = TAPEDECK_SECRET;
	record.header.share = share_of(task->tgid);
	identify(&record.process, task);
	output(&record, sizeof(record));
	return 0;
}

/* Linux 6.0 and newer. */
SEC("uprobe.s")
int session_secret(struct pt_regs *ctx)
{
	return tell_secret(ctx, 1);
}

SEC("uprobe")
int session_secret_awake(struct pt_regs *ctx)
{
	return tell_secret(ctx, 0);
}

#endif

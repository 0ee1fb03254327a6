/* Opting in: the process decides, by its own environment at exec. */
#ifndef TAPEDECK_OPTIN_H
#define TAPEDECK_OPTIN_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);	/* tgid */
	__type(value, struct tapedeck_verdict);
} verdicts SEC(".maps");

/* A call as the thread made it. */
struct call {
	__u32 number;
	__u32 index;		/* of the message, in a call that moves several */
	__u64 argument[4];
	__u64 time;		/* CLOCK_MONOTONIC, nanoseconds; 0: now */
	__u64 socket;		/* whose bytes it moved: the kernel's sock */
};

/* What is known of a thread of a profiled process. */
struct thread {
	struct call call;	/* only where system calls are hooked */
	__u64 several;		/* the vector of the last sendmmsg, recvmmsg */
	__u32 several_index;
	__u32 send_start;	/* sequence numbers, read while the call held the socket */
	__u32 receive_end;
	__u8 knows_send_start;
	__u8 knows_receive_end;
	__u8 in_call;
	__u8 profiled;
};

/* Goes with the thread, so no end of it needs to be seen. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* A record of a process is put together here; one for each CPU (the loader sets the count). A per-CPU map's values are
 * limited to 32 KiB. */
struct task_assembly {
	struct tapedeck_exec exec;
	__u8 bytes[2 * TAPEDECK_STRINGS_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct task_assembly);
} task_assemblies SEC(".maps");

static __always_inline struct tapedeck_verdict *verdict_of(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct tapedeck_verdict *verdict = bpf_map_lookup_elem(&verdicts, &tgid);

	if (!verdict || !verdict->profiled)
		return 0;
	return verdict->start_ticks == task->group_leader->start_boottime / TAPEDECK_TICK ? verdict : 0;
}

static __always_inline void mark(struct task_struct *task)
{
	struct thread *thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (thread)
		thread->profiled = 1;
	else
		count(TAPEDECK_MAP_FULL);
}

/* A thread comes to be that may use a socket together with another one. */
static __always_inline void may_share(void)
{
	if (!control.may_share) {
		control.may_share = 1;
		wake();
	}
}

/* Threads that the kernel has made for a process, as io_uring does, come to be without a fork that is told of. */
static __noinline struct thread *made_by_kernel(struct task_struct *task)
{
	struct thread *thread;

	if (!verdict_of(task))
		return 0;
	thread = bpf_task_storage_get(&threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!thread) {
		count(TAPEDECK_MAP_FULL);
		return 0;
	}
	thread->profiled = 1;
	may_share();
	return thread;
}

/* The current thread, if its process is profiled: all that one that is not has to pay for. */
static __always_inline struct thread *profiled_thread(struct task_struct *task)
{
	struct thread *thread = 0;

	if (control.phase == TAPEDECK_ENDED)
		return 0;
	/* Most have no storage of any kind: a load tells sooner than a call. */
	if (task->bpf_storage)
		thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (thread)
		return thread->profiled ? thread : 0;
	return task->flags & (PF_IO_WORKER | PF_USER_WORKER) ? made_by_kernel(task) : 0;
}

/* Marks the threads that were there before the profiler, once the reader has judged all processes: nothing is captured
 * before, since nobody reads it meanwhile. Those that come to be while this runs are marked by the fork. */
SEC("iter/task")
int mark_thread(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && verdict_of(task)) {
		mark(task);
		if (task->pid != task->tgid)
			control.may_share = 1;
	}
	return 0;
}

static __always_inline void identify(struct tapedeck_process *process, struct task_struct *task)
{
	process->start_time = task->group_leader->start_boottime;
	process->pid = task->tgid;
	process->parent = 0;
}

static __always_inline __u32 network_namespace_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
}

/* The cgroup's name and those above it; they are gone with a short-lived process before anybody can ask /proc. Where
 * memory is in a hierarchy of its own (cgroup v1, alone or beside v2) container runtimes always use that one. */
static __always_inline void name_cgroup(struct tapedeck_exec *exec, struct task_struct *task)
{
	struct css_set *set = task->cgroups;
	struct cgroup *cgroup = BPF_CORE_READ(set, dfl_cgrp);

	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		__u32 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
		__u32 offset = bpf_core_field_offset(set->subsys) + index * sizeof(void *);
		struct cgroup_subsys_state *state = 0;
		struct cgroup *other;

		bpf_probe_read_kernel(&state, sizeof(state), (void *)set + offset);
		other = BPF_CORE_READ(state, cgroup);
		if (other && BPF_CORE_READ(other, root) != BPF_CORE_READ(cgroup, root))
			cgroup = other;
	}
	for (int i = 0; i < TAPEDECK_CGROUP_LEVELS; i++) {
		const char *name = BPF_CORE_READ(cgroup, kn, name);

		if (bpf_probe_read_kernel_str(exec->cgroup[i], TAPEDECK_CGROUP_NAME, name) < 0)
			exec->cgroup[i][0] = 0;
		cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
	}
}

struct judgement {
	__u64 at;
	__u64 end;
	__u8 in_middle;		/* of a string longer than the buffer */
	__u8 has_profile;
	__u8 has_disabled;
	__u8 profiled;
	__u8 disabled;
};

#define STRING_MAX 128

static __always_inline int is_allowed(const char *value)
{
	int any = 0;

	if (!value[0])
		return 0;
	if (!settings.allowed_count)
		return 1;
	for (int i = 0; i < TAPEDECK_ALLOWED_MAX; i++) {
		int same = 1;

		if (i >= settings.allowed_count)
			break;
		for (int k = 0; k < TAPEDECK_VALUE_MAX; k++) {
			if (value[k] != settings.allowed[i][k]) {
				same = 0;
				break;
			}
			if (!value[k])
				break;
		}
		any |= same;
	}
	return any;
}

static __always_inline int begins(const char *string, const char *prefix, int length)
{
	for (int i = 0; i < length; i++)
		if (string[i] != prefix[i])
			return 0;
	return 1;
}

/* One string of the environment, or a part of one. Of a variable that is there twice the first counts (getenv). */
static long judge_string(__u32 index, struct judgement *judgement)
{
	char string[STRING_MAX] = {};
	long length;

	if (judgement->at >= judgement->end)
		return 1;
	length = bpf_probe_read_user_str(string, sizeof(string), (void *)judgement->at);
	if (length <= 0)
		return 1;
	if (!judgement->in_middle) {
		if (!judgement->has_profile && begins(string, "ADI_PROFILE=", 12)) {
			judgement->has_profile = 1;
			judgement->profiled = is_allowed(string + 12);
		} else if (!judgement->has_disabled && begins(string, "ADI_PROFILE_DISABLED=", 21)) {
			judgement->has_disabled = 1;
			judgement->disabled = string[21] == '1' && string[22] == 0;
		}
	}
	judgement->in_middle = length == STRING_MAX;
	judgement->at += judgement->in_middle ? length - 1 : length;
	return 0;
}

/* What an exec record has no room for. */
struct strings {
	__u64 start;
	__u64 end;
	__u32 cpu;
	__u32 is_environment;
};

static long tell_strings(__u32 index, struct strings *strings)
{
	struct task_assembly *assembly = bpf_map_lookup_elem(&task_assemblies, &strings->cpu);
	__u64 offset = (__u64)(index + 1) * TAPEDECK_STRINGS_MAX, size = strings->end - strings->start - offset;
	struct tapedeck_strings *record;

	if (!assembly || strings->start + offset >= strings->end)
		return 1;
	if (size > TAPEDECK_STRINGS_MAX)
		size = TAPEDECK_STRINGS_MAX;
	record = (struct tapedeck_strings *)assembly->bytes;
	record->header = assembly->exec.task.header;
	record->header.type = TAPEDECK_STRINGS;
	record->header.captured = size;
	record->process = assembly->exec.task.process;
	record->offset = offset;
	record->is_environment = strings->is_environment;
	/* Told to the verifier once more, which forgets it over the stores. */
	asm volatile("" : "+r"(size));
	if (size > TAPEDECK_STRINGS_MAX)
		return 1;
	if (bpf_probe_read_user(assembly->bytes + sizeof(*record), size, (void *)(strings->start + offset)))
		return 1;
	return output(record, sizeof(*record) + size) != 0;
}

static __noinline int tell_rest(__u64 start, __u64 end, __u32 is_environment)
{
	struct strings strings = {
		.start = start, .end = end, .cpu = bpf_get_smp_processor_id(), .is_environment = is_environment,
	};

	if (end - start > TAPEDECK_STRINGS_MAX)
		bpf_loop(TAPEDECK_STRINGS_RECORDS, tell_strings, &strings, 0);
	return 0;
}

/* Defined where sockets are known. */
static __noinline int tell_inherited(struct task_struct *task);

/* ENV_STRINGS: more than a shell can pass (2 MB of "A=" strings would be cut; ARG_MAX). */
#define ENV_STRINGS (1 << 19)

SEC("tp_btf/sched_process_exec")
int process_exec(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	struct judgement judgement = {};
	struct tapedeck_verdict verdict = {}, *before;
	struct task_assembly *record;
	struct thread *thread;
	__u32 tgid = task->tgid, key = bpf_get_smp_processor_id();
	__u64 arguments, environment;

	if (!mm || tgid == settings.own_pid)
		return 0;
	judgement.at = mm->env_start;
	judgement.end = mm->env_end;
	bpf_loop(ENV_STRINGS, judge_string, &judgement, 0);
	verdict.start_ticks = task->group_leader->start_boottime / TAPEDECK_TICK;
	before = verdict_of(task);
	verdict.chosen = before && before->chosen;
	verdict.profiled = (judgement.profiled || verdict.chosen) && !judgement.disabled;
	thread = bpf_task_storage_get(&threads, task, 0, 0);
	if (thread)
		thread->profiled = verdict.profiled;
	if (!verdict.profiled && !control.judging) {
		bpf_map_delete_elem(&verdicts, &tgid);
		return 0;
	}
	if (bpf_map_update_elem(&verdicts, &tgid, &verdict, BPF_ANY))
		count(TAPEDECK_MAP_FULL);
	if (!verdict.profiled)
		return 0;
	mark(task);
	control.any_profiled = 1;

	record = bpf_map_lookup_elem(&task_assemblies, &key);
	if (!record)
		return 0;
	arguments = mm->arg_end - mm->arg_start;
	environment = mm->env_end - mm->env_start;
	record->exec.task.header.time = bpf_ktime_get_ns();
	record->exec.task.header.type = TAPEDECK_EXEC;
	record->exec.task.header.share = share_of(tgid);
	record->exec.task.arguments_total = arguments;
	record->exec.task.environment_total = environment;
	identify(&record->exec.task.process, task);
	record->exec.task.network_namespace = network_namespace_of(task);
	name_cgroup(&record->exec, task);
	bpf_get_current_comm(record->exec.task.command, sizeof(record->exec.task.command));
	if (arguments > TAPEDECK_STRINGS_MAX)
		arguments = TAPEDECK_STRINGS_MAX;
	if (bpf_probe_read_user(record->bytes, arguments, (void *)mm->arg_start))
		arguments = 0;
	if (environment > TAPEDECK_STRINGS_MAX)
		environment = TAPEDECK_STRINGS_MAX;
	/* Told to the verifier once more, which forgets it over the call. */
	asm volatile("" : "+r"(arguments));
	if (arguments > TAPEDECK_STRINGS_MAX)
		return 0;
	if (bpf_probe_read_user(record->bytes + arguments, environment, (void *)mm->env_start))
		environment = 0;
	record->exec.task.arguments = arguments;
	record->exec.task.header.captured = arguments + environment;
	output(record, sizeof(record->exec) + arguments + environment);
	tell_rest(mm->arg_start, mm->arg_end, 0);
	tell_rest(mm->env_start, mm->env_end, 1);
	tell_inherited(task);
	may_share();
	return 0;
}

SEC("tp_btf/sched_process_fork")
int process_fork(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *child = (struct task_struct *)ctx[1];
	struct tapedeck_verdict *parent = verdict_of(task), verdict = {};
	struct tapedeck_task record = {};
	__u32 tgid = child->tgid;

	if (!parent)
		return 0;
	/* As their parent's, these are still to be marked. */
	if (!control.judging || profiled_thread(task)) {
		mark(child);
		may_share();
	}
	if (tgid == task->tgid)
		return 0;
	record.process.start_time = child->start_boottime;
	verdict.start_ticks = record.process.start_time / TAPEDECK_TICK;
	verdict.profiled = 1;
	verdict.chosen = parent->chosen;
	if (bpf_map_update_elem(&verdicts, &tgid, &verdict, BPF_ANY))
		count(TAPEDECK_MAP_FULL);
	record.header.time = bpf_ktime_get_ns();
	record.header.type = TAPEDECK_FORK;
	record.header.share = share_of(tgid);
	record.process.pid = tgid;
	record.process.parent = task->tgid;
	record.network_namespace = network_namespace_of(child);
	bpf_get_current_comm(record.command, sizeof(record.command));
	output(&record, sizeof(record));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int process_exit(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = task->tgid;
	struct tapedeck_verdict *verdict = bpf_map_lookup_elem(&verdicts, &tgid);

	if (!verdict || task->signal->live.counter)
		return 0;
	if (verdict->profiled) {
		struct tapedeck_task record = {};

		record.header.time = bpf_ktime_get_ns();
		record.header.type = TAPEDECK_EXIT;
		record.header.share = share_of(tgid);
		identify(&record.process, task);
		output(&record, sizeof(record));
	}
	bpf_map_delete_elem(&verdicts, &tgid);
	return 0;
}

#endif

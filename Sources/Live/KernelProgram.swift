private import CLibbpf
import Console
import Glibc
import Shared
import Synchronization

/// The kernel side, loaded and attached: bpf/profiler.bpf.c, its maps and its ring buffer.
///
/// Everything is taken out of the kernel again when the last descriptor is closed, at the latest when the process ends.
final class KernelProgram {
    struct Settings {
        /// Bytes of one call that are captured at most; 0...`longestPayload`.
        var payloadLimit: UInt32 = 1 << 20
        /// Bytes of one call that moves TLS.
        ///
        /// A quarter of the ring buffer is as much as Linux takes at once of who does not wait (tcp_wmem). Who wants no payload
        /// gets none.
        var tlsLimit: UInt32 {
            guard takesSecrets, payloadLimit > 0 else { return payloadLimit }
            return Swift.max(payloadLimit, Swift.min(ringBytes / 4, UInt32(TAPEDECK_CALL_MAX)))
        }
        /// A power of two, and a multiple of the page size.
        var ringBytes: UInt32 = 16 << 20
        /// Values of ADI_PROFILE that are profiled; empty: any.
        var allowed: [String] = []
        /// `nil`: the better ones that this kernel has.
        var hooks: Hooks?
        /// Take the secrets of TLS sessions.
        var takesSecrets = true
    }

    /// Where the bytes are seen.
    enum Hooks: String, CaseIterable {
        /// sock_send_length and sock_recv_length, Linux 6.3 and newer: processes that aren't profiled pay nothing.
        case socket
        /// sys_enter and sys_exit: every system call of every process takes longer.
        case syscall
    }

    struct Counters: Equatable {
        var ringFull: UInt64 = 0
        var mapFull: UInt64 = 0
        var secretsUnread: UInt64 = 0
    }

    /// The most bytes of one call that can be captured.
    static let longestPayload = Int(TAPEDECK_CALL_MAX)

    /// Bytes of the longest value of ADI_PROFILE that can be asked for.
    static let longestValue = Int(TAPEDECK_VALUE_MAX) - 1

    let hooks: Hooks
    private let object: OpaquePointer
    private var links: [OpaquePointer] = []
    private var order: OrderHooks?
    /// `nil` where secrets are not taken.
    let secrets: SecretProgram?
    private let maps: (verdicts: Int32, listening: Int32, counters: Int32, unsent: [Int32])
    /// Ends of connections for which the ring buffer had no room.
    private var ends: [tapedeck_state] = []
    /// Run a program for each of the threads, and for each of their files.
    private var iterators: (threads: OpaquePointer?, files: OpaquePointer?)
    /// Looks at each of the sockets that are known.
    private var lookAtAll: Int32 = -1
    /// What the running programs read; the map is mapped into this process.
    private let control: UnsafeMutablePointer<tapedeck_control>
    /// One thread reads, and no reading begins within another.
    private var records: RecordQueue

    init(_ settings: Settings) throws(Failure) {
        libbpf_set_print { level, format, arguments in
            guard level != LIBBPF_DEBUG, let format, let arguments else { return 0 }
            // The verifier's log comes as one message, and it is its end that tells.
            var line = [CChar](repeating: 0, count: 1 << 20)
            let length = Int(vsnprintf(&line, line.count, format, arguments))
            guard length > 0 else { return 0 }
            let text = line.prefix(Swift.min(length, line.count - 1)).map { UInt8(bitPattern: $0) }
            KernelProgram.messages.withLock { $0 += String(decoding: text, as: UTF8.self) }
            return Int32(clamping: length)
        }
        try Self.checkRequirements()
        let hooks = settings.hooks ?? (Self.hasTracepoint("sock_send_length") ? .socket : .syscall)
        guard let bytes = Self.objectBytes() else {
            throw Failure("the embedded kernel object is damaged; build it anew")
        }
        let opened = bytes.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, nil) }
        guard let object = opened else { throw Self.refusal("can't open the kernel object") }
        do throws(Failure) {
            try Self.configure(object, settings, hooks)
            guard bpf_object__load(object) == 0 else { throw Self.refusal("the kernel refused the program") }
            self.maps = (
                try Self.descriptor(object, "verdicts"), try Self.descriptor(object, "listening"),
                try Self.descriptor(object, "counters"),
                [try Self.descriptor(object, "unsent"), try Self.descriptor(object, "untold")]
            )
            control = try Self.control(object)
            let turn = MemoryLayout<tapedeck_control>.offset(of: \.turn) ?? 0
            records = try RecordQueue(
                ring: try Self.descriptor(object, "ring"), spill: try Self.descriptor(object, "spill"),
                shares: try Shares(try Self.descriptor(object, "shares")),
                size: settings.ringBytes,
                turn: (UnsafeMutableRawPointer(control) + turn).assumingMemoryBound(to: UInt32.self))
            self.hooks = hooks
            // Where every system call is hooked nothing is won by attaching them later.
            order = hooks == .socket ? OrderHooks(object) : nil
            secrets = SecretProgram(object)
            self.object = object
        } catch {
            bpf_object__close(object)
            throw error
        }
        try attach()
    }

    deinit {
        detach()
        munmap(control, MemoryLayout<tapedeck_control>.size)
        bpf_object__close(object)
    }

    // MARK: - Attaching

    private func attach() throws(Failure) {
        iterators = (try iterator("mark_thread"), try iterator("mark_unix"))
        let look = bpf_object__find_program_by_name(object, "look_at_sockets")
        lookAtAll = bpf_program__fd(look)
        var program: OpaquePointer?
        while true {
            program = bpf_object__next_program(object, program)
            guard let program else { return }
            guard bpf_program__autoload(program) else { continue }
            if let order, order.programs.contains(program) { continue }
            if SecretProgram.isOne(program) || program == look { continue }
            if bpf_program__expected_attach_type(program) != BPF_TRACE_ITER { try attach(program) }
        }
    }

    private func attach(_ program: OpaquePointer) throws(Failure) {
        guard let link = bpf_program__attach(program) else {
            let name = bpf_program__name(program).map { String(cString: $0) } ?? "?"
            throw Self.refusal("can't attach \(name)")
        }
        links.append(link)
    }

    /// Has the order of calls told, if two threads may use one socket.
    func watchOrder() {
        guard control.pointee.may_share != 0, let isAttached = order?.isAttached, !isAttached else { return }
        guard order?.attach() == false else { return }
        Terminal.complain("\(Self.refusal("can't attach what tells the order of sends by several threads"))")
        order?.detach()
        order = nil
    }

    /// Has it told no more, if no thread has come to be since the last look, and each profiled process has only one.
    func reconsiderOrder() {
        guard let isAttached = order?.isAttached, isAttached, control.pointee.has_shared == 0 else { return }
        let hasNew = control.pointee.may_share != 0
        control.pointee.may_share = 0
        guard !hasNew else { return }
        run(iterators.threads)
        if control.pointee.may_share == 0 { order?.detach() }
    }

    /// No more records are made; those that are in the ring buffer can still be read.
    func detach() {
        control.pointee.phase = TAPEDECK_ENDED
        for link in links { bpf_link__destroy(link) }
        links = []
        order?.detach()
        secrets?.detach()
        bpf_link__destroy(iterators.threads)
        bpf_link__destroy(iterators.files)
        iterators = (nil, nil)
        lookAtAll = -1
    }

    private static func configure(_ object: OpaquePointer, _ settings: Settings, _ hooks: Hooks) throws(Failure) {
        var size = 0
        guard let map = bpf_object__find_map_by_name(object, ".rodata.settings"),
            let place = bpf_map__initial_value(map, &size), size >= MemoryLayout<tapedeck_settings>.size
        else { throw Failure("the embedded kernel object has no settings; build it anew") }
        var values = tapedeck_settings()
        values.payload_limit = settings.payloadLimit
        values.tls_limit = settings.tlsLimit
        values.wake_bytes = RecordQueue.ringBytes(settings.ringBytes) / 4
        values.syscall_hooks = hooks == .syscall ? 1 : 0
        values.spill_bytes = settings.ringBytes
        values.orders_sends = hasTracepoint("tcp_sendmsg_locked") ? 1 : 0
        values.own_pid = UInt32(bitPattern: getpid())
        values.allowed_count = UInt32(settings.allowed.count)
        guard settings.allowed.count <= Int(TAPEDECK_ALLOWED_MAX) else {
            throw Failure("ADI_PROFILE_ALLOWED: \(settings.allowed.count) values; at most \(TAPEDECK_ALLOWED_MAX)")
        }
        withUnsafeMutableBytes(of: &values.allowed) { table in
            for (index, value) in settings.allowed.enumerated() {
                let start = index * Int(TAPEDECK_VALUE_MAX)
                for (offset, byte) in value.utf8.prefix(Int(TAPEDECK_VALUE_MAX) - 1).enumerated() {
                    table[start + offset] = byte
                }
            }
        }
        // Newer versions of libbpf say that it may be changed.
        UnsafeMutableRawPointer(mutating: place).storeBytes(of: values, as: tapedeck_settings.self)

        let cpus = UInt32(Swift.max(1, libbpf_num_possible_cpus()))
        for name in ["assemblies", "task_assemblies"] {
            bpf_map__set_max_entries(bpf_object__find_map_by_name(object, name), cpus)
        }
        bpf_map__set_max_entries(
            bpf_object__find_map_by_name(object, "ring"), RecordQueue.ringBytes(settings.ringBytes))
        bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "spill"), settings.ringBytes)
        let unused: [String] =
            switch hooks {
            case .socket: ["call_begins", "call_ended", "unix_call_ended"]
            case .syscall: ["socket_sent", "socket_received"]
            }
        let missing = values.orders_sends != 0 ? [] : ["send_begins"]
        for name in unused + missing {
            bpf_program__set_autoload(bpf_object__find_program_by_name(object, name), false)
        }
        SecretProgram.choose(in: object, isWanted: settings.takesSecrets)
    }

    // MARK: - Verdicts

    /// Notes the verdict on a process that runs already, unless an exec was judged since.
    /// - Parameter isChosen: root says yes in its place, of whatever program it starts.
    /// - Returns: whether it counts.
    func judge(_ process: ProcessKey, isProfiled: Bool, isChosen: Bool = false) -> Bool {
        var pid = process.pid
        var verdict = tapedeck_verdict(
            start_ticks: process.startTime / ProcFS.tick, profiled: isProfiled ? 1 : 0,
            chosen: isChosen ? 1 : 0)
        if isProfiled { control.pointee.any_profiled = 1 }
        return bpf_map_update_elem(maps.verdicts, &pid, &verdict, UInt64(BPF_NOEXIST)) == 0
    }

    /// Whether the process is profiled; `nil` where it is not judged.
    func verdict(on pid: Int32) -> Bool? { Self.verdict(on: pid, in: maps.verdicts) }

    /// The same for other threads, as long as the program is there.
    var verdicts: @Sendable (Int32) -> Bool? { { [map = maps.verdicts] in Self.verdict(on: $0, in: map) } }

    private static func verdict(on pid: Int32, in map: Int32) -> Bool? {
        var pid = pid
        var verdict = tapedeck_verdict()
        return bpf_map_lookup_elem(map, &pid, &verdict) == 0 ? verdict.profiled != 0 : nil
    }

    /// All processes that ran before are judged: the threads of those that opted in are marked.
    func endJudging() {
        control.pointee.judging = 0
        if control.pointee.any_profiled != 0 { run(iterators.threads) }
        control.pointee.phase = TAPEDECK_WATCHING
        if control.pointee.any_profiled != 0 { run(iterators.files) }
    }

    /// What arrives on the port is looked at.
    func watch(port: UInt16) {
        var key = UInt32(port)
        var yes: UInt8 = 1
        bpf_map_update_elem(maps.listening, &key, &yes, UInt64(BPF_ANY))
    }

    // MARK: - Iterators

    private func iterator(_ name: String) throws(Failure) -> OpaquePointer {
        let program = bpf_object__find_program_by_name(object, name)
        guard let link = bpf_program__attach_iter(program, nil) else { throw Self.refusal("can't attach \(name)") }
        return link
    }

    private func run(_ iterator: OpaquePointer?) {
        guard let iterator else { return }
        let descriptor = bpf_iter_create(bpf_link__fd(iterator))
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var nothing = [UInt8](repeating: 0, count: 64)
        var count = 0
        // At the end errno is whatever failed last: the sleep that a signal has ended.
        repeat { count = read(descriptor, &nothing, nothing.count) } while count > 0 || (count < 0 && errno == EINTR)
    }

    /// Lets the kernel compare each socket's own counters with what the hooks saw, and tell of the rest.
    func lookAtSockets() {
        guard lookAtAll >= 0 else { return }
        var options = bpf_test_run_opts()
        // libbpf and the kernel want their padding to be zero, too.
        memset(&options, 0, MemoryLayout<bpf_test_run_opts>.size)
        options.sz = MemoryLayout<bpf_test_run_opts>.size
        bpf_prog_test_run_opts(lookAtAll, &options)
    }

    // MARK: - Records

    /// A descriptor that becomes readable when many records wait.
    var descriptor: Int32 { records.descriptor }

    /// Whether a quarter of the room for records is taken.
    var isFilling: Bool { records.isFilling }

    /// Gives the waiting records to `take`, in place, until it wants no more.
    /// - Returns: whether all were read that were there when the reading began.
    @inline(__always)
    func consume(_ take: (UnsafeRawBufferPointer) -> Bool) -> Bool { records.read(take) }

    /// Fetches the ends of connections for which the ring buffer had no room.
    ///
    /// What was told of these connections before may still be in the ring buffer.
    func fetchUnsent() {
        for map in maps.unsent {
            var serial: UInt64 = 0
            while bpf_map_get_next_key(map, nil, &serial) == 0 {
                var record = tapedeck_state()
                if bpf_map_lookup_elem(map, &serial, &record) == 0 { ends.append(record) }
                bpf_map_delete_elem(map, &serial)
            }
        }
    }

    /// Whether some were fetched, and not yet taken.
    var hasUnsent: Bool { !ends.isEmpty }

    /// Gives those that were fetched to `take`, in the order of their time.
    func consumeUnsent(_ take: (UnsafeRawBufferPointer) -> Void) {
        ends.sort { ($0.header.time, $0.connection.serial) < ($1.header.time, $1.connection.serial) }
        for record in ends { withUnsafeBytes(of: record) { take($0) } }
        ends = []
    }

    func counters() -> Counters {
        let cpus = Int(Swift.max(1, libbpf_num_possible_cpus()))
        func sum(_ counter: tapedeck_counter) -> UInt64 {
            var key = counter.rawValue
            var values = [UInt64](repeating: 0, count: cpus)
            bpf_map_lookup_elem(maps.counters, &key, &values)
            return values.reduce(0, &+)
        }
        return Counters(
            ringFull: sum(TAPEDECK_RING_FULL), mapFull: sum(TAPEDECK_MAP_FULL),
            secretsUnread: sum(TAPEDECK_SECRET_UNREAD))
    }

    // MARK: - What the kernel has

    /// Whether the running kernel has a tracepoint, by its BTF.
    static func hasTracepoint(_ name: String) -> Bool {
        guard let types = btf__load_vmlinux_btf() else { return false }
        defer { btf__free(types) }
        return btf__find_by_name(types, "btf_trace_\(name)") > 0
    }

    /// Says in one sentence why this machine can't run the program, if it can't.
    static func checkRequirements() throws(Failure) {
        for requirement in Requirement.allCases {
            if let complaint = requirement.complaint() { throw Failure(complaint) }
        }
    }

    private static func control(
        _ object: OpaquePointer
    ) throws(Failure) -> UnsafeMutablePointer<tapedeck_control> {
        let map = try descriptor(object, ".data.control")
        let place = mmap(nil, MemoryLayout<tapedeck_control>.size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0)
        guard let place, place != MAP_FAILED else { throw refusal("can't map the kernel program's variables") }
        return place.assumingMemoryBound(to: tapedeck_control.self)
    }

    private static func descriptor(_ object: OpaquePointer, _ name: String) throws(Failure) -> Int32 {
        let descriptor = bpf_object__find_map_fd_by_name(object, name)
        guard descriptor >= 0 else { throw Failure("the embedded kernel object has no map \(name); build it anew") }
        return descriptor
    }

    /// What libbpf said, for the error that follows.
    private static let messages = Mutex("")

    private static func refusal(_ what: String) -> Failure {
        let reason = String(cString: strerror(errno))
        let log = messages.withLock { $0 }
        // The verifier says its reason before its statistics.
        let lines = log.split(separator: "\n").filter {
            !$0.hasPrefix("processed ") && !$0.contains(" PROG LOAD LOG") && !$0.contains("failed to load")
        }
        if getenv("TAPEDECK_BPF_LOG") != nil { Terminal.complain(log) }
        let last = lines.last { !$0.contains("ulimit") }
        return Failure("\(what): \(reason)" + (last.map { " (\($0)); TAPEDECK_BPF_LOG=1 shows all of the log" } ?? ""))
    }

    private static func objectBytes() -> [UInt8]? {
        kernelObjectBase64.withUTF8Buffer { Base64.decode(RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0))) }
    }
}

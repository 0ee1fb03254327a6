private import CLibbpf
import Console
import Dispatch
import Glibc
import Synchronization

/// Probes the key log functions of the TLS libraries that profiled processes use.
///
/// A probe belongs to the file: whoever runs it pays half a microsecond at each of the five secrets of a handshake, and the
/// kernel side looks up the verdict before it reads any of them. So a library is probed once, for all, before it is used where
/// that is possible: the system's libraries at the start, others as soon as a profiled process maps them. A thread of its own
/// does that, since a program makes its first connection some milliseconds after it has loaded its library.
final class SecretProbes: Sendable {
    /// A file that was looked at, as it is now: numbers of files are used again.
    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var changed: Int64
    }

    private struct State {
        /// Those that need no second look.
        var examined: Set<Identity> = []
        /// Those that stay as they are, since the probe holds them.
        var probed: Set<MappingWatch.FileNumber> = []
        /// By build: what containers bring is often the same.
        var functions: [[UInt8]: KeyLogFunction?] = [:]
        var hasComplained = false
    }

    private let program: SecretProgram
    private let verdict: @Sendable (Int32) -> Bool?
    private let state = Mutex(State())
    private let isStopping = Atomic<Bool>(false)
    private let bell: Int32
    private let ended = DispatchSemaphore(value: 0)

    /// More files than a machine has programs and libraries; then they are looked at again.
    private static let examinedLimit = 65_536

    /// - Parameters:
    ///   - verdict: whether a process is profiled; from any thread.
    ///   - running: those that are, as the capture begins.
    init(_ program: SecretProgram, running: [Int32], verdict: @escaping @Sendable (Int32) -> Bool?) {
        self.program = program
        self.verdict = verdict
        bell = eventfd(0, Int32(EFD_CLOEXEC))
        // From here on none is missed.
        let watch = Mutex(Self.watch())
        for path in SystemLibraries.paths { examine(path, probing: nil) }
        for pid in running { examine(pid) }
        DispatchQueue(label: "TLS libraries").async {
            if let watch = watch.withLock({ $0.take() }) { self.follow(watch) }
            self.ended.signal()
        }
    }

    deinit { close(bell) }

    private static func watch() -> MappingWatch? {
        do throws(Failure) {
            return try MappingWatch()
        } catch {
            Terminal.complain("TLS that programs bring with them can't be read: \(error)")
            return nil
        }
    }

    /// Takes no more secrets.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        var one: UInt64 = 1
        write(bell, &one, MemoryLayout<UInt64>.size)
        ended.wait()
        program.detach()
    }

    // MARK: - New mappings

    /// A program's own file is mapped a moment before its exec is judged: so long a mapping waits for that, nanoseconds.
    ///
    /// On a busy machine the moment is longer, and most wait in vain, for processes that do not opt in: then it is asked for once
    /// more.
    private static let patience: Int64 = 20_000_000
    private static let lastPatience: Int64 = 500_000_000
    /// So long the others of a start are waited for, microseconds: each has a wake-up else.
    private static let gathering: UInt32 = 500
    private static let waitingLimit = 4096

    private func follow(_ watch: consuming MappingWatch) {
        typealias Waiting = (mapping: MappingWatch.Mapping, until: Int64)
        var waiting: [Waiting] = []
        // In the order in which their time comes.
        var last: [Waiting] = []
        while true {
            watch.wait(milliseconds: !waiting.isEmpty ? 2 : last.isEmpty ? -1 : 100, other: bell)
            if isStopping.load(ordering: .relaxed) { return }
            usleep(Self.gathering)
            let now = Clock.monotonic
            var fresh = waiting
            waiting = []
            var hasLost = watch.read { fresh.append(($0, now &+ Self.patience)) }
            for entry in fresh {
                switch verdict(entry.mapping.pid) {
                case true: examine(entry.mapping)
                default:
                    if entry.until > now, waiting.count < Self.waitingLimit {
                        waiting.append(entry)
                    } else if last.count < Self.waitingLimit {
                        last.append((entry.mapping, now &+ Self.lastPatience))
                    } else {
                        hasLost = true
                    }
                }
            }
            let due = last.prefix { $0.until <= now }
            for entry in due where verdict(entry.mapping.pid) == true { examine(entry.mapping) }
            last.removeFirst(due.count)
            if hasLost { for pid in ProcFS.pids() where verdict(pid) == true { examine(pid) } }
        }
    }

    private func examine(_ pid: Int32) { for mapping in MappingWatch.mappings(of: pid) { examine(mapping) } }

    private func examine(_ mapping: MappingWatch.Mapping) {
        guard !state.withLock({ $0.probed.contains(mapping.file) }) else { return }
        // The first leads to what is mapped even if another file has its name now, or no other process sees it; it takes a
        // right that the service does not have.
        let range = String(mapping.start, radix: 16) + "-" + String(mapping.end, radix: 16)
        for path in [
            "/proc/\(mapping.pid)/map_files/\(range)", "/proc/\(mapping.pid)/root\(mapping.path)", mapping.path,
        ] where examine(path, probing: mapping.file) { return }
    }

    // MARK: - Files

    /// Looks for a key log function in a file, and probes it.
    /// - Returns: whether the file is there.
    @discardableResult
    private func examine(_ path: String, probing file: MappingWatch.FileNumber?) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        let identity = Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            changed: Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec))
        let isNew = state.withLock { state in
            if state.examined.count >= Self.examinedLimit { state.examined = [] }
            return state.examined.insert(identity).inserted
        }
        guard isNew, let function = function(in: descriptor) else { return true }
        if let reason = program.probe("/proc/self/fd/\(descriptor)", function) {
            complain("\(path): its TLS can't be read: \(reason)")
        } else if let file {
            state.withLock { _ = $0.probed.insert(file) }
        }
        return true
    }

    private func function(in descriptor: Int32) -> KeyLogFunction? {
        guard let file = ProgramFile(descriptor) else { return nil }
        if !file.buildID.isEmpty, let known = state.withLock({ $0.functions[file.buildID] }) { return known }
        let found = KeyLogFunction.find(in: file)
        if !file.buildID.isEmpty { state.withLock { $0.functions[file.buildID] = .some(found) } }
        return found
    }

    /// Once: what fails for one fails for all.
    private func complain(_ text: String) {
        let isFirst = state.withLock { state in
            defer { state.hasComplained = true }
            return !state.hasComplained
        }
        if isFirst { Terminal.complain(text) }
    }
}

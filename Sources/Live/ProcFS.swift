import Console
import Glibc
import Shared

/// What /proc says of processes.
enum ProcFS {
    /// Nanoseconds of a clock tick: /proc counts in 1/100 s on every machine (USER_HZ).
    static let tick: UInt64 = 10_000_000

    /// The processes there are now.
    static func pids() -> [Int32] {
        entries("/proc").compactMap { Int32($0) }.sorted()
    }

    /// The process as it is now; `nil` where it is gone.
    static func key(_ pid: Int32) -> ProcessKey? {
        guard let fields = status(pid), fields.count > 20, let ticks = UInt64(fields[20]) else { return nil }
        return ProcessKey(pid: pid, startTime: ticks &* tick)
    }

    /// When the process was started, by the monotonic clock; `nil` where it is gone.
    static func start(_ pid: Int32) -> Int64? {
        key(pid).map { Int64(clamping: $0.startTime) &- (Clock.boot &- Clock.monotonic) }
    }

    /// The process that started it, or that has taken it over; `nil` where it is gone.
    static func parent(_ pid: Int32) -> Int32? {
        guard let fields = status(pid), fields.count > 2 else { return nil }
        return Int32(fields[2])
    }

    /// Of /proc/PID/stat the fields from the name's end on: the name in parentheses may hold anything.
    private static func status(_ pid: Int32) -> [Substring]? {
        guard let stat = text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        return stat[end...].split(separator: " ")
    }

    static func environment(_ pid: Int32) -> [UInt8]? { bytes("/proc/\(pid)/environ") }

    /// What there is to know of a process that opts in by its environment as it is now.
    ///
    /// The environment is read last: if another program has come meanwhile, that one has to have opted in, too.
    /// - Parameter isChosen: root says yes in its place.
    /// - Returns: `nil` where it is gone, or has not opted in.
    static func identity(_ key: ProcessKey, allowed: [String], isChosen: Bool = false) -> ProcessIdentity? {
        let comm = text("/proc/\(key.pid)/comm").map { String($0.dropLast(while: { $0 == "\n" })) }
        let arguments = bytes("/proc/\(key.pid)/cmdline") ?? []
        guard let block = environment(key.pid), self.key(key.pid) == key,
            OptIn.verdict(environment: block, allowed: allowed, isChosen: isChosen)
        else { return nil }
        return ProcessIdentity(
            key: key, comm: comm ?? "", commandLine: commandLine(arguments),
            environment: isOverwritten(block) ? .unavailable("the process has overwritten it") : .block(block),
            networkNamespace: networkNamespace(key)
        ).withProfile()
    }

    /// Whether something else stands where an environment was: a title, or zeros (setproctitle).
    ///
    /// It is written from the start on, over what tells of opting out, too.
    static func isOverwritten(_ environment: [UInt8]) -> Bool {
        guard !environment.isEmpty else { return false }
        return !environment.prefix { $0 != 0 }.contains(UInt8(ascii: "="))
    }

    /// What there is to know of a process whose environment can't be read any more.
    static func identityWithoutEnvironment(_ key: ProcessKey, _ reason: String) -> ProcessIdentity {
        let comm = text("/proc/\(key.pid)/comm").map { String($0.dropLast(while: { $0 == "\n" })) }
        return ProcessIdentity(
            key: key, comm: self.key(key.pid) == key ? comm ?? "" : "", commandLine: "",
            environment: .unavailable(reason), networkNamespace: networkNamespace(key))
    }

    /// Where the kernel has put what the program was started with; `nil` where the process is gone.
    ///
    /// It is the same of two processes if one of them is the other's child, and neither has started another program since.
    static func startAddresses(_ pid: Int32) -> [UInt64]? {
        // proc_pid_stat(5): startstack 28, arg_start 48, env_start 50, env_end 51.
        guard let fields = status(pid), fields.count > 49 else { return nil }
        return [28, 48, 50, 51].compactMap { UInt64(fields[$0 - 2]) }
    }

    /// Whether it has an environment that somebody could read: it is no thread of the kernel's own, and has not ended.
    static func hasEnvironment(_ pid: Int32) -> Bool {
        // proc_pid_stat(5): state 3, flags 9; include/linux/sched.h, PF_EXITING, PF_KTHREAD.
        guard let fields = status(pid), fields.count > 7, let flags = UInt64(fields[9 - 2]) else { return false }
        return !["Z", "X"].contains(fields[3 - 2]) && flags & 0x0020_0004 == 0
    }

    /// The network namespace that a process is in now; `nil` where it is gone, or may not be looked at.
    static func networkNamespace(_ key: ProcessKey) -> NetworkNamespace? {
        // `net:[4026531840]`
        guard let target = link("/proc/\(key.pid)/ns/net"), target.hasPrefix("net:["), target.hasSuffix("]"),
            let number = UInt64(target.dropFirst(5).dropLast()), self.key(key.pid) == key
        else { return nil }
        return NetworkNamespace(number)
    }

    /// Arguments as a person writes them: with spaces between.
    static func commandLine(_ arguments: [UInt8]) -> String {
        var bytes = arguments
        while bytes.last == 0 { bytes.removeLast() }
        for index in bytes.indices where bytes[index] == 0 { bytes[index] = 0x20 }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where a process listens for TCP connections.
    static func listeners(_ pid: Int32) -> [Endpoint] {
        var inodes: Set<Substring> = []
        for name in entries("/proc/\(pid)/fd") {
            guard let target = link("/proc/\(pid)/fd/\(name)"), target.hasPrefix("socket:[") else { continue }
            inodes.insert(target.dropFirst(8).dropLast())
        }
        guard !inodes.isEmpty else { return [] }
        var endpoints: [Endpoint] = []
        for table in ["tcp", "tcp6"] {
            for line in (text("/proc/\(pid)/net/\(table)") ?? "").split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                // sl local_address rem_address st … inode; 0A is LISTEN.
                guard fields.count > 9, fields[3] == "0A", inodes.contains(fields[9]) else { continue }
                if let endpoint = endpoint(fields[1]), !endpoints.contains(endpoint) { endpoints.append(endpoint) }
            }
        }
        return endpoints
    }

    /// `0100007F:1F90`: 32-bit words as the machine has them, and the port.
    private static func endpoint(_ text: Substring) -> Endpoint? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1], radix: 16) else { return nil }
        var words: [UInt32] = []
        var rest = parts[0]
        while !rest.isEmpty {
            guard let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
            words.append(word.bigEndian)
            rest = rest.dropFirst(8)
        }
        switch words.count {
        case 1: return Endpoint(IPAddress(v4: words[0]), port)
        case 4:
            let high = UInt64(words[0]) << 32 | UInt64(words[1])
            return Endpoint(IPAddress(high: high, low: UInt64(words[2]) << 32 | UInt64(words[3])), port)
        default: return nil
        }
    }

    // MARK: - Files

    static func text(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

    static func bytes(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                bytes += block[..<count]
            } else if count == 0 {
                return bytes
            } else if errno != EINTR {
                return nil
            }
        }
    }

    /// The names in a folder; none where it can't be read.
    static func entries(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.sorted()
    }

    /// The path without links on the way; the same where there is no such file.
    static func realPath(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 256)
        let length = readlink(path, &target, target.count)
        return length > 0 ? String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}

extension String {
    fileprivate func dropLast(while predicate: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}

import Glibc
import Shared

/// What can be read of TLS on this machine, for `profiler doctor`: the system's libraries, and those of processes that have
/// opted in.
enum TLSSurvey {
    /// A library or program in which secrets can be taken.
    struct Library: Equatable {
        var path: String
        var function: KeyLogFunction

        /// What a probe in it costs whoever makes a connection, as it was measured (Benchmarks/README.md).
        var cost: String {
            function.isCheap
                ? "about 0.5 µs a secret, 5 a handshake"
                : "about 11 µs a secret, 5 a handshake: its function has no cheaper place"
        }
    }

    /// What keeps TLS to itself, by a library that it maps.
    private static let closed = [("libjvm.so", "Java"), ("libnss3.so", "NSS")]

    static var text: String {
        var lines: [String] = []
        let system = SystemLibraries.paths.compactMap { library($0) }
        for library in system { lines.append("yes  TLS of \(library.path): \(library.cost)") }
        let known = Set(system.map { ProcFS.realPath($0.path) })
        var told: Set<String> = []
        for pid in ProcFS.pids() where pid != getpid() {
            guard let environment = ProcFS.environment(pid), OptIn.verdict(environment: environment, allowed: []),
                let name = ProcFS.text("/proc/\(pid)/comm")?.split(separator: "\n").first
            else { continue }
            let mappings = MappingWatch.mappings(of: pid)
            var paths: [String] = []
            for mapping in mappings where !paths.contains(mapping.path) { paths.append(mapping.path) }
            for path in paths where !known.contains(path) {
                guard let found = library("/proc/\(pid)/root\(path)"), told.insert("\(name) \(path)").inserted else {
                    continue
                }
                lines.append("yes  TLS of \(path), in \(name) (\(pid)): \(found.cost)")
            }
            for (file, what) in closed where paths.contains(where: { $0.hasSuffix("/" + file) }) {
                guard told.insert("\(name) \(what)").inserted else { continue }
                lines.append(
                    "no   TLS of \(name) (\(pid)), which is \(what)'s\n     its secrets can't be taken: have it write a key log, for `replay --tls-keys`"
                )
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func library(_ path: String) -> Library? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let function = ProgramFile(descriptor).flatMap({ KeyLogFunction.find(in: $0) }) else { return nil }
        return Library(path: path, function: function)
    }
}

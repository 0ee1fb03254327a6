import Console
import Glibc
import Shared

/// What systemd is told of a capture that it has started (sd_notify(3)): that it watches, opens its files anew, ends, and
/// still lives.
///
/// Nothing, where nobody asks for it: without `NOTIFY_SOCKET` in the environment.
struct ServiceManager {
    /// Variables that are the profiler's own, and not those of a command that it starts.
    static let variables = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"]

    private let socket: String?
    /// A sign of life is due so often, nanoseconds; `nil`: nobody waits for one.
    ///
    /// Half of the time that the manager waits, as sd_watchdog_enabled(3) advises.
    private let signInterval: Int64?
    private var signed: Int64 = 0

    /// - Parameter variable: the environment.
    init(_ variable: (String) -> String? = Terminal.environment) {
        socket = variable("NOTIFY_SOCKET").flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        // Meant for a process that has started this one.
        let isMeant = variable("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        let microseconds = variable("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        let isWatched = isMeant && microseconds > 0 && microseconds < .max / 1000
        signInterval = isWatched ? microseconds * 1000 / 2 : nil
    }

    /// Everything is attached.
    func isReady(status: String) { tell(["READY=1", "STATUS=\(status)"]) }

    /// Tells that the files are opened anew, before and after.
    func reload(_ body: () -> Void) {
        tell(["RELOADING=1", "MONOTONIC_USEC=\(Clock.monotonic / 1000)"])
        body()
        tell(["READY=1"])
    }

    /// The capture still runs; told where it is due.
    /// - Parameter now: of the monotonic clock.
    mutating func lives(now: Int64, status: () -> String) {
        guard socket != nil, let signInterval, now &- signed >= signInterval else { return }
        signed = now
        tell(["WATCHDOG=1", "STATUS=\(status())"])
    }

    /// What was captured is written out, and nothing more is captured.
    func isStopping() { tell(["STOPPING=1"]) }

    /// A manager that does not listen is not waited for: it misses the message.
    private func tell(_ lines: [String]) {
        guard let address = socket.flatMap({ UnixAddress($0) }) else { return }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let text = Array(lines.joined(separator: "\n").utf8)
        _ = address.lend { sendto(descriptor, text, text.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL), $0, $1) }
    }
}

import Console
import Glibc
import Shared
import Synchronization

/// How far the traffic has come, on standard error: a line that is written over on a terminal, elsewhere one now and then.
final class Progress: Sendable {
    private let total: Int
    private let done = Atomic(0)
    private let failed = Atomic(0)
    private let isTerminal = Terminal.isTerminal(STDERR_FILENO)
    private let started = Clock.elapsed
    private let nextLine: Mutex<Duration>

    private static let plainInterval = Duration.seconds(10)

    /// - Parameter total: 0 where there is no end.
    init(total: Int) {
        self.total = total
        nextLine = Mutex(started + (isTerminal ? .zero : Self.plainInterval))
    }

    func add(failed count: Int) {
        done.wrappingAdd(1, ordering: .relaxed)
        if count > 0 { failed.wrappingAdd(count, ordering: .relaxed) }
    }

    /// Called often; writes where it is time.
    func show() {
        let isDue = nextLine.withLock { next in
            guard Clock.elapsed >= next else { return false }
            next = Clock.elapsed + (isTerminal ? .milliseconds(100) : Self.plainInterval)
            return true
        }
        guard isDue else { return }
        if isTerminal {
            try? StandardOutput.write("\r\(line.prefix(Terminal.width(STDERR_FILENO) - 1))\u{1B}[K", to: STDERR_FILENO)
        } else {
            Terminal.complain(line)
        }
    }

    /// Takes the line off the terminal.
    func clear() { if isTerminal { try? StandardOutput.write("\r\u{1B}[K", to: STDERR_FILENO) } }

    private var line: String {
        let (done, failed) = (done.load(ordering: .relaxed), failed.load(ordering: .relaxed))
        let seconds = (Clock.elapsed - started) / .seconds(1)
        var text = Quantity.count(UInt64(done))
        if total > 0 { text += " of " + Quantity.count(UInt64(total)) }
        text += " requests, \(Int(Double(done) / max(seconds, 0.001)))/s"
        return failed > 0 ? text + ", \(Quantity.count(UInt64(failed))) failed" : text
    }
}

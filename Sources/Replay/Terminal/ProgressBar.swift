import Console
import Glibc
import Shared

/// A line on standard error that shows how far reading has come.
///
/// Only on a terminal, and only when it takes a while.
struct ProgressBar: ~Copyable {
    private let style: TextStyle
    private let started: Int64
    private var nextDraw: Int64
    private let totalBytes: UInt64?

    private static let firstDrawNanoseconds: Int64 = 500_000_000
    private static let drawNanoseconds: Int64 = 100_000_000

    /// - Parameter totalBytes: of all inputs; `nil` where one is a pipe.
    init?(totalBytes: UInt64?) {
        guard Terminal.isTerminal(STDERR_FILENO) else { return nil }
        style = Terminal.style(STDERR_FILENO)
        self.totalBytes = totalBytes
        started = Clock.monotonic
        nextDraw = started &+ Self.firstDrawNanoseconds
    }

    deinit { Terminal.eraseLine() }

    /// Draws the line anew, ten times a second at the most.
    ///
    /// - Parameter readBytes: of all inputs, compressed as they are.
    mutating func update(readBytes: UInt64, packets: UInt64) {
        let now = Clock.monotonic
        guard now >= nextDraw else { return }
        nextDraw = now &+ Self.drawNanoseconds
        let line = Self.line(
            readBytes: readBytes, totalBytes: totalBytes, packets: packets, seconds: Double(now &- started) / 1e9,
            style: style)
        Terminal.draw(line)
    }

    /// The line, no wider than the terminal.
    static func line(
        readBytes: UInt64, totalBytes: UInt64?, packets: UInt64, seconds: Double, style: TextStyle
    ) -> String {
        let rate = seconds > 0 ? UInt64(Double(readBytes) / seconds) : 0
        let facts = "\(Quantity.bytes(readBytes))  \(Quantity.bytes(rate))/s  \(Quantity.count(packets, "packet"))"
        guard let totalBytes, totalBytes > 0 else { return String("reading  \(facts)".prefix(style.width - 1)) }
        let share = min(Double(readBytes) / Double(totalBytes), 1)
        let percent = "\(Int(share * 100)) %".leftPadded(5)
        let columns = min(30, style.width - facts.count - percent.count - 6)
        guard columns >= 8 else { return String("\(percent)  \(facts)".prefix(style.width - 1)) }
        let filled = Int(share * Double(columns))
        let bar = String(repeating: style.symbol("━", "="), count: filled)
        let rest = String(repeating: style.symbol("─", "-"), count: columns - filled)
        return "\(style.tone(.accent, bar))\(style.tone(.faint, rest)) \(percent)  \(facts)"
    }
}

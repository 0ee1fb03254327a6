import Console
import Glibc
import Shared

/// What a capture says while it runs: on a terminal one line that is kept up to date, elsewhere one a minute, where there is
/// something new.
struct StatusLine {
    enum Place {
        case terminal, elsewhere
    }

    private let place: Place
    private var due: Int64
    /// What the last line elsewhere was about.
    private var told: News?

    private struct News: Equatable {
        var exchanges: UInt64 = 0
        var connections: UInt64 = 0
        var isComplete = true
    }

    /// Nanoseconds between two lines.
    private var interval: Int64 { place == .terminal ? 1_000_000_000 : 60_000_000_000 }

    /// - Parameter now: by the monotonic clock, nanoseconds.
    init(_ place: Place, now: Int64) {
        self.place = place
        due = now
        if place == .elsewhere {
            due = now &+ interval
            told = News()
        }
    }

    /// Where standard error goes.
    static var place: Place { Terminal.isTerminal(STDERR_FILENO) ? .terminal : .elsewhere }

    /// The next line, where one is due.
    mutating func next(now: Int64, _ style: TextStyle, _ status: () -> CaptureStatus) -> String? {
        guard now >= due else { return nil }
        due = now &+ interval
        let status = status()
        if place == .elsewhere {
            let news = News(
                exchanges: status.exchanges, connections: status.summary.connections.opened,
                isComplete: status.isComplete)
            guard news != told else { return nil }
            told = news
            return status.parts.joined(separator: ", ")
        }
        // What there is no room for is left out, from the end on.
        let separator = style.symbol(" · ", ", ")
        var line = ""
        for part in status.parts.map(style.safe) {
            let longer = line.isEmpty ? part : line + separator + part
            guard longer.count < style.width else { break }
            line = longer
        }
        return line
    }

    /// Shows the next line, where one is due.
    mutating func show(now: Int64, _ status: () -> CaptureStatus) {
        switch place {
        case .elsewhere:
            if let line = next(now: now, TextStyle(), status) { Terminal.complain(line) }
        case .terminal:
            // In the background it is somebody else's.
            guard tcgetpgrp(STDERR_FILENO) == getpgrp() else { return }
            if let line = next(now: now, Terminal.style(STDERR_FILENO), status) { Terminal.draw(line) }
        }
    }
}

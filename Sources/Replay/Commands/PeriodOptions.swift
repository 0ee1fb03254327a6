import ArgumentParser
import Console
import Shared

/// `--since` and `--until`.
struct PeriodOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tell only of what began then or later: 2026-11-23T10:15:00Z, seconds since 1970, or +90s after the tape began.",
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Tell only of what began before then.", valueName: "time"))
    var until: String?

    /// - Returns: `nil`: all of the tape.
    func read() throws(Failure) -> Period? {
        let since = try since.map { text throws(Failure) in try Self.bound(text, "--since") }
        let until = try until.map { text throws(Failure) in try Self.bound(text, "--until") }
        guard since != nil || until != nil else { return nil }
        let isNothing =
            switch (since, until) {
            case (.moment(let first), .moment(let last)): first >= last
            case (.after(let first), .after(let last)): first >= last
            default: false
            }
        guard !isNothing else {
            throw Failure("--until \(self.until ?? ""): is not after --since \(self.since ?? "")")
        }
        return Period(since: since, until: until)
    }

    static func bound(_ text: String, _ option: String) throws(Failure) -> Period.Bound {
        if text.hasPrefix("+") {
            if let nanoseconds = duration(text.dropFirst()) { return .after(nanoseconds) }
        } else if let moment = MomentText.moment(text) {
            return .moment(moment)
        }
        throw Failure(
            "\(option) \(text): is no time; write 2026-11-23T10:15:00Z, 2026-11-23 10:15 (UTC), seconds since 1970, or +90s, +5m, +2h"
        )
    }

    /// `90s`, `1.5m`, `2h`, `250ms`: from the tape's beginning.
    private static func duration(_ text: Substring) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let units: [Substring: Int64] = [
            "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
        ]
        guard let unit = units[text.dropFirst(digits.count)] else { return nil }
        return MomentText.nanoseconds(digits, unit)
    }
}

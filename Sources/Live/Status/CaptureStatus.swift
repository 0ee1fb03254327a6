import Command
import Console
import Glibc
import Shared

/// How a capture stands: what its status socket answers, and its terminal shows.
struct CaptureStatus {
    /// An output that goes to a file.
    struct File {
        var kind: Summary.OutputKind
        /// As the user named it.
        var path: String
        var bytes: UInt64
    }

    /// When everything was attached.
    var since: Timestamp
    var now: Timestamp
    /// Profiled processes that run.
    var processes: Int
    /// HTTP exchanges and operations that a second brought lately.
    var rate: Double
    var files: [File]
    var summary: Summary

    /// HTTP exchanges that were answered, and operations of databases, caches and message buses; each once, where both sides have
    /// told of it.
    var exchanges: UInt64 { Self.exchanges(summary) }

    static func exchanges(_ summary: Summary) -> UInt64 {
        summary.messages.distinct &+ summary.operations.distinct
    }

    var isComplete: Bool { !SummaryReport.isLossy(summary) }

    private var openConnections: UInt64 {
        let (opened, closed) = (summary.connections.opened, summary.connections.closed.total)
        return opened > closed ? opened &- closed : 0
    }

    // MARK: Texts

    /// What the socket answers: this, and the members of the summary.
    var json: String {
        SummaryJSON.text(summary) { json in
            json.string("status", "watching")
            json.string("version", ProgramVersion.number)
            json.number("pid", UInt64(getpid()))
            json.string("since", "\(since)")
            json.number("uptime_s", UInt64(Swift.max(now.since(since), 0) / 1_000_000_000))
            json.number("processes", UInt64(processes))
            json.number("open_connections", openConnections)
            json.number("exchanges", exchanges)
            json.number("exchanges_per_second", Self.tenths(rate))
            json.boolean("complete", isComplete)
            Self.write(files, to: &json)
        }
    }

    /// The files, by the output's name.
    static func write(_ files: [File], to json: inout IndentedJSON) {
        json.object("files") { json in
            for file in files {
                json.object(SummaryJSON.snakeCase("\(file.kind)")) { json in
                    json.string("path", file.path)
                    json.number("bytes", file.bytes)
                }
            }
        }
    }

    /// What there is to say in one line, the most important first.
    var parts: [String] { duration + facts }

    /// For how long, and whom.
    var duration: [String] {
        [
            "watching for \(Quantity.duration(nanoseconds: Swift.max(now.since(since), 0)))",
            Quantity.count(UInt64(processes), "process", "processes"),
        ]
    }

    /// What was seen, and what is written.
    var facts: [String] {
        let facts = [
            "\(Self.tenths(rate)) exchanges/s",
            "\(Quantity.count(openConnections)) open of \(Quantity.count(summary.connections.opened, "connection"))",
            isComplete ? "nothing lost" : "something was lost",
        ]
        return facts + files.map { "\(Self.name(of: $0.path)) \(Quantity.bytes($0.bytes))" }
    }

    private static func name(of path: String) -> Substring { path.split(separator: "/").last ?? path[...] }

    /// `12.4`.
    static func tenths(_ value: Double) -> String {
        let tenths = UInt64(Swift.min(Swift.max(value * 10, 0), 1e15).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// How many exchanges a second brings: of the last one that is over.
struct ExchangeRate {
    private(set) var perSecond = 0.0
    private var counted: UInt64 = 0
    private var moment: Int64

    private static let second: Int64 = 1_000_000_000

    init(now: Int64) { moment = now }

    /// Whether a count is due.
    func isDue(_ now: Int64) -> Bool { now &- moment >= Self.second }

    /// - Parameters:
    ///   - count: of exchanges since the beginning.
    ///   - now: by the monotonic clock, nanoseconds.
    mutating func note(_ count: UInt64, now: Int64) {
        guard now > moment else { return }
        perSecond = Double(count &- counted) / (Double(now &- moment) / Double(Self.second))
        (counted, moment) = (count, now)
    }
}

extension SummaryReport {
    /// Where the outputs are.
    mutating func add(_ files: [CaptureStatus.File], _ style: TextStyle) {
        for (place, file) in files.enumerated() {
            let name = SummaryJSON.snakeCase("\(file.kind)").replacing("_", with: " ")
            line(place == 0 ? "Files" : "", ["\(Quantity.bytes(file.bytes)) \(name) \(style.safe(file.path))"])
        }
    }
}

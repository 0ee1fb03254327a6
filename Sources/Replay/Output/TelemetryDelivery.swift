import Collector
import Console
import Glibc
import Shared

/// What became of requests that were sent to a collector, one after the other.
struct TelemetryDelivery {
    typealias Counts = Tally<Summary.TelemetryItem>

    private(set) var taken = Counts()
    /// The collector has said so, and will not take them.
    private(set) var rejected = Counts()
    /// It was away.
    private(set) var unsent = Counts()
    private(set) var requests: UInt64 = 0
    /// What there is to complain of, each kind once.
    private(set) var complaints: [String] = []
    /// What a collector has said that took all.
    private(set) var warnings: [String] = []
    private let endpoint: OTLPEndpoint

    /// Sends them.
    /// - Parameter patience: how long an endpoint that is away is tried again, in seconds.
    init(_ all: [OTLPFile.Request], to endpoint: OTLPEndpoint, patience: Int) {
        self.endpoint = endpoint
        for (place, request) in all.enumerated() where !sent(request, .seconds(patience)) {
            // Where the one does not come through the others would not, either.
            for other in all[place...] { unsent[other.signal.item] &+= UInt64(other.count) }
            break
        }
        Terminal.eraseLine()
    }

    /// - Returns: whether the endpoint is there.
    private mutating func sent(_ request: OTLPFile.Request, _ patience: Duration) -> Bool {
        let count = UInt64(request.count)
        let item = request.signal.item
        var pause = RetryPause()
        let end = Clock.elapsed + patience
        while true {
            switch OTLPPost.send(request, to: endpoint) {
            case .taken(let answer):
                let refused = min(answer.rejected, count)
                rejected[item] &+= refused
                taken[item] &+= count - refused
                requests &+= 1
                if refused > 0 {
                    complain(request, answer.text(request.signal))
                } else if !answer.message.isEmpty {
                    warn(request, answer.text(request.signal))
                }
                return true
            case .refused(let status):
                rejected[item] &+= count
                complain(request, "HTTP status \(status); what is refused is not sent again")
                return true
            case .away(let reason, let retryAfter):
                let left = end - Clock.elapsed
                guard left > .zero, !Interruption.isRequested else {
                    complain(request, reason)
                    return false
                }
                wait(min(.seconds(pause.seconds(retryAfter)), left), reason)
            }
        }
    }

    private mutating func complain(_ request: OTLPFile.Request, _ what: String) {
        let line = line(request, what)
        if !complaints.contains(line) { complaints.append(line) }
    }

    /// All was taken, and yet there is something to say.
    private mutating func warn(_ request: OTLPFile.Request, _ what: String) {
        let line = line(request, what)
        if !warnings.contains(line) { warnings.append(line) }
    }

    private func line(_ request: OTLPFile.Request, _ what: String) -> String {
        "--endpoint \(OTLPEndpoint.shown(endpoint.url(request.signal))): \(what)"
    }

    /// Until the time has come, or somebody has had enough.
    private func wait(_ pause: Duration, _ reason: String) {
        if Terminal.isTerminal(STDERR_FILENO) { Terminal.draw("\(reason); is tried again") }
        let end = Clock.elapsed + pause
        while Clock.elapsed < end, !Interruption.isRequested { usleep(Self.look) }
    }

    /// Between two looks whether somebody has, microseconds.
    private static let look: UInt32 = 50_000

    // MARK: Saying it

    /// What to do where nothing was taken.
    var remedy: String {
        rejected.total > 0 ? "its log may say why; or write a file" : "start a collector there, or write a file"
    }

    var isWhole: Bool { rejected.total == 0 && unsent.total == 0 }

    /// `2 spans, 7 data points`.
    static func text(_ counts: Counts) -> String {
        counts.total == 0 ? "nothing" : counts.nonZero.map { $0.key.text($0.count) }.joined(separator: ", ")
    }

    /// For people.
    var text: String {
        var text = "Sent to \(OTLPEndpoint.shown(base)): \(Self.text(taken))\n"
        if rejected.total > 0 { text += "Not taken: \(Self.text(rejected))\n" }
        if unsent.total > 0 { text += "Not sent: \(Self.text(unsent))\n" }
        return text
    }

    var json: String {
        IndentedJSON.text { json in
            json.string("endpoint", OTLPEndpoint.shown(base))
            json.number("requests", requests)
            for (name, counts) in [("taken", taken), ("rejected", rejected), ("unsent", unsent)] {
                json.object(name) { json in
                    for item in Summary.TelemetryItem.allCases {
                        json.number(SummaryJSON.snakeCase("\(item)"), counts[item])
                    }
                }
            }
        }
    }

    /// As the option has it.
    private var base: String { String(endpoint.metrics.dropLast(OTLPFile.Signal.metrics.path.utf8.count)) }
}

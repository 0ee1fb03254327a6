/// One thing that a client wanted from a database, a cache or a message bus, and what became of it.
///
/// What is text are ranges into the bytes that are lent with it; an empty range is what is not known, or is not there.
package struct ServiceOperation {
    /// What became of it.
    package enum Status: UInt8, Sendable, CaseIterable {
        case ok
        /// An error by the rule of its system; `code` says which.
        case error
        /// The server passed over it, because of an error before it.
        case skipped
        case cancelled
        /// No answer was seen.
        case unanswered
        /// It asks for no answer.
        case oneWay

        package var name: StaticString {
            switch self {
            case .ok: "ok"
            case .error: "error"
            case .skipped: "skipped"
            case .cancelled: "cancelled"
            case .unanswered: "unanswered"
            case .oneWay: "one_way"
            }
        }
    }

    /// By what its answer was known as its own.
    package enum Pairing: UInt8, Sendable {
        case order, id, stream, none

        var name: StaticString {
            switch self {
            case .order: "order"
            case .id: "id"
            case .stream: "stream"
            case .none: "none"
            }
        }
    }

    /// Of what a part was not captured, or is not known.
    package struct Incomplete: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        static let request = Incomplete(rawValue: 1)
        static let response = Incomplete(rawValue: 2)
        /// The text was told before the capture joined, or in what is missing.
        static let text = Incomplete(rawValue: 4)
    }

    package var status = Status.ok
    package var pairing = Pairing.order
    /// Who said it: the server says what answers nothing.
    package var side = Side.client
    /// Hello, authentication, settings of a session: counted, and not told of unless asked for.
    package var isHousekeeping = false
    /// How long it took says how long somebody listened: a blocking command, a poll.
    var isWaiting = false
    package var incomplete: Incomplete = []
    /// The product, as OpenTelemetry's db.system.name and messaging.system call it.
    var system: StaticString = ""
    /// The database, virtual host or index.
    package var namespace = ByteRange.empty
    /// Of low cardinality: `SELECT`, `HGET`, `publish`.
    package var name = ByteRange.empty
    /// What it acts on, each once, with a NUL between two.
    package var targets = ByteRange.empty
    package var statement = ByteRange.empty
    package var summary = ByteRange.empty
    /// The server's own, as text.
    package var code = ByteRange.empty
    /// Rows that were returned; `nil` where it is not known.
    package var rows: UInt64?
    /// Rows that were changed.
    package var affected: UInt64?
    /// Keys that were there, and those that were not; `nil` where the answer does not say.
    package var hits: UInt64?
    package var misses: UInt64?
    /// What a server of names has answered, with a NUL between two.
    var answers = ByteRange.empty
    /// For how many seconds that holds.
    var timeToLive: UInt32?
    /// The trace that it says it belongs to, where that is wanted.
    var context: TraceContext?
    /// What the messages look like that it carries, where that is wanted.
    var payloads = Payloads()
    /// Operations in the one message, where they are several.
    package var batch: UInt32 = 0
    package var requestBytes: UInt64 = 0
    package var responseBytes: UInt64 = 0
    package var requestFirst = Timestamp(nanoseconds: 0)
    package var requestLast = Timestamp(nanoseconds: 0)
    /// `nil` where there was no answer.
    package var responseFirst: Timestamp?
    /// Of the answer's last byte, or of when it became clear that there is none.
    package var ended = Timestamp(nanoseconds: 0)

    init() {}

    /// No answer is known to be its own.
    mutating func endUnanswered(_ moment: Timestamp) {
        pairing = .none
        incomplete.insert(.response)
        responseFirst = nil
        responseBytes = 0
        code = .empty
        hits = nil
        misses = nil
        ended = moment
    }

    /// No answer is to be expected.
    mutating func endOneWay() {
        pairing = .none
        ended = requestLast
    }

    /// From the request's first byte to the answer's last, in nanoseconds; `nil` where there is no answer.
    package var duration: Int64? { responseFirst == nil ? nil : ended.since(requestFirst) }
}

/// What of the text of statements and keys is kept.
package enum StatementText: String, Sendable, CaseIterable {
    /// With `?` in the place of each literal.
    case normalized
    /// As it is.
    case full
    /// Nothing.
    case off
}

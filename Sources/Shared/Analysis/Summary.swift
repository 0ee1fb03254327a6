/// What a run saw, and what became of every byte of it.
package struct Summary: Equatable, Sendable {
    package init(_ registry: Registry) {
        connections = Connections(verdicts: Verdicts(registry))
        notUnderstood = NotUnderstood(registry)
    }

    /// The first moment on the tape, whatever came first.
    package private(set) var firstEvent: Timestamp?
    /// The last moment.
    package private(set) var lastEvent: Timestamp?

    package var connections: Connections
    /// The part of them that was not understood.
    var notUnderstood: NotUnderstood
    package var messages = Messages()
    package var operations = Operations()
    /// The wire's.
    package var bytes = ByteLedger()
    /// Of the layers within it: plaintext that a tape has beside the wire, and what analyzers make of their bytes.
    var innerBytes = ByteLedger()
    var anomalies = Tally<Anomaly>()
    /// What the source could not deliver.
    package var losses = Tally<Loss.Reason>()
    /// Connections of which events came while they were not open, because the `open` is missing or the `close` came
    /// first: the trace is damaged, or was edited.
    var strayConnections: UInt64 = 0
    package var tls = TLS()
    /// What is on the tape and nothing reads yet; no loss.
    var unread = Unread()
    /// Values that look like credentials and were hidden, where that was asked for.
    var hidden = Tally<Credential>()
    /// Bytes that an output had no room for; its program says so, the pipeline knows no files.
    package var unwritten = Tally<OutputKind>()
    /// Telemetry that a collector has taken note of and not taken, as it says itself.
    package var rejected = Tally<TelemetryItem>()
    /// How often a bound of `Limits` was reached.
    package var limits = Tally<Limit>()

    /// Takes note of an event's time.
    @inline(__always)
    mutating func saw(_ now: Timestamp) {
        if let last = lastEvent, now <= last { return sawEarlier(now) }
        lastEvent = now
        if firstEvent == nil { firstEvent = now }
    }

    private mutating func sawEarlier(_ now: Timestamp) {
        if let first = firstEvent, now < first { firstEvent = now }
    }

    /// Takes note of a message that is whole, or as whole as it will ever be.
    @inline(__always)
    mutating func count(_ message: borrowing Message) {
        if message.head.side == .client { messages.requests &+= 1 } else { messages.responses &+= 1 }
        if !message.anomalies.isEmpty { count(message.anomalies) }
    }

    /// Takes note of a message within a conversation that a request has opened.
    @inline(__always)
    mutating func count(said message: borrowing Message) {
        if let kind = message.details?.kind { messages.said[kind] &+= 1 }
        if !message.anomalies.isEmpty { count(message.anomalies) }
    }

    /// Takes note of an exchange that has ended.
    @inline(__always)
    mutating func count(_ exchange: Exchange) {
        if exchange.isHousekeeping { messages.housekeeping &+= 1 }
        if exchange.isAnswered { messages.exchanges &+= 1 } else { messages.unansweredRequests &+= 1 }
    }

    private mutating func count(_ anomalies: AnomalySet) {
        for anomaly in Anomaly.allCases where anomalies.contains(anomaly) { self.anomalies[anomaly] &+= 1 }
    }

    /// An output of a run.
    package enum OutputKind: UInt8, Sendable, CaseIterable {
        case eventLog
        case environmentFile
        case serviceMap
        case trace
        /// What is sent to an endpoint.
        case telemetry
        /// What is sent to a stream.
        case shipment
    }

    /// What telemetry consists of, by OpenTelemetry's words.
    package enum TelemetryItem: UInt8, Sendable, CaseIterable {
        case spans
        case dataPoints
        case logRecords

        /// `1 span`, `2 spans`.
        package func text(_ count: UInt64) -> String {
            switch self {
            case .spans: Quantity.count(count, "span")
            case .dataPoints: Quantity.count(count, "data point")
            case .logRecords: Quantity.count(count, "log record")
            }
        }
    }

    package struct Connections: Equatable, Sendable {
        package var opened: UInt64 = 0
        package var joinedLate: UInt64 = 0
        /// Connections that a capture met again elsewhere, most often behind address translation: no part of `opened`.
        var copies: UInt64 = 0
        package var closed = Tally<ConnectionClosed.How>()
        package var verdicts: Verdicts
    }

    /// What the connections that ended had talked.
    package struct Verdicts: Equatable, Sendable {
        fileprivate let names: [String]
        fileprivate var byProtocol: [UInt64]
        /// Only the port speaks for it.
        var byPortOnly: UInt64 = 0
        var noPayload: UInt64 = 0
        var unrecognised: UInt64 = 0

        init(_ registry: Registry) {
            names = registry.rows.map { "\($0.name)" }
            byProtocol = Array(repeating: 0, count: names.count)
        }

        package subscript(id: ProtocolID) -> UInt64 {
            get { byProtocol[id.index] }
            set { byProtocol[id.index] = newValue }
        }

        /// What was counted at least once, by name, in the registry's order.
        var nonZero: [(name: String, count: UInt64)] {
            let others = [("by_port_only", byPortOnly), ("no_payload", noPayload), ("unrecognised", unrecognised)]
            return (Array(zip(names, byProtocol)) + others).filter { $0.1 > 0 }.map { (name: $0.0, count: $0.1) }
        }
    }

    /// Connections with a payload of which no more is known than that it was there: encrypted, or of a protocol that is
    /// known by name at the most.
    struct NotUnderstood: Equatable, Sendable {
        fileprivate let names: [String]
        fileprivate var byProtocol: [UInt64]
        /// Of no protocol that is known.
        fileprivate(set) var unknown: UInt64 = 0
        /// By the server's port; there are no more than 65,536.
        fileprivate var unknownPorts: [UInt16: UInt64] = [:]
        /// Of all these connections' streams.
        fileprivate(set) var bytes: UInt64 = 0

        init(_ registry: Registry) {
            names = registry.rows.map { "\($0.name)" }
            byProtocol = Array(repeating: 0, count: names.count)
        }

        var connections: UInt64 { byProtocol.reduce(unknown, &+) }

        /// Those that are known by name, in the registry's order.
        var nonZero: [(name: String, count: UInt64)] {
            zip(names, byProtocol).filter { $0.1 > 0 }.map { (name: $0, count: $1) }
        }

        /// The ports with most unknown connections; of equals the lower.
        func ports(_ most: Int) -> [(port: UInt16, count: UInt64)] {
            let sorted = unknownPorts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            return sorted.prefix(most).map { (port: $0.key, count: $0.value) }
        }

        mutating func count(_ row: ProtocolID?, port: UInt16, bytes: UInt64) {
            self.bytes &+= bytes
            if let row {
                byProtocol[row.index] &+= 1
            } else {
                unknown &+= 1
                unknownPorts[port, default: 0] &+= 1
            }
        }
    }

    package struct Messages: Equatable, Sendable {
        package var requests: UInt64 = 0
        var responses: UInt64 = 0
        /// Requests with their final response.
        package var exchanges: UInt64 = 0
        var unansweredRequests: UInt64 = 0
        /// Exchanges and unanswered requests that both sides of a connection have told of, each once.
        package var distinct: UInt64 = 0
        var distinctUnanswered: UInt64 = 0
        /// Exchanges that are another one, as its other side saw it.
        var again: UInt64 { exchanges > distinct ? exchanges &- distinct : 0 }
        /// Requests of both kinds, each once.
        package var distinctRequests: UInt64 { distinct &+ distinctUnanswered }

        /// Takes note of an exchange of which no other view is counted.
        @inline(__always)
        mutating func countOnce(_ exchange: Exchange) {
            if exchange.isAnswered { distinct &+= 1 } else { distinctUnanswered &+= 1 }
            if exchange.isAnswered, !exchange.isWhole { partial &+= 1 }
        }
        /// Of the distinct exchanges, those of which a part was not captured.
        package var partial: UInt64 = 0
        /// Of the exchanges, such as only ask whether a service is there, or what it can.
        var housekeeping: UInt64 = 0
        /// Within conversations that a request has opened.
        var said = Tally<MessageDetails.Kind>()
    }

    /// What was asked of databases, caches and message buses.
    package struct Operations: Equatable, Sendable {
        /// All of them, by what became of them.
        package var byStatus = Tally<ServiceOperation.Status>()
        /// Of these, such as the other side of theirs has told of, too, and that counts.
        var again = Tally<ServiceOperation.Status>()
        /// All of them, each once.
        package var distinct: UInt64 { total &- again.total }
        /// Of these, such that only keep a session going.
        package var housekeeping: UInt64 = 0
        var housekeepingAgain: UInt64 = 0
        /// Of the distinct ones that were answered or need no answer, those whose text is not known, and of the others those of which
        /// a part was not captured.
        var withoutText: UInt64 = 0
        var partial: UInt64 = 0
        /// Of these, such whose text is not known.
        package var textUnknown: UInt64 = 0

        var total: UInt64 { byStatus.total }

        @inline(__always)
        mutating func count(_ operation: borrowing ServiceOperation, isAgain: Bool) {
            byStatus[operation.status] &+= 1
            if isAgain { again[operation.status] &+= 1 }
            if operation.isHousekeeping { housekeeping &+= 1 }
            if operation.isHousekeeping, isAgain { housekeepingAgain &+= 1 }
            if operation.incomplete.isEmpty { return }
            if operation.incomplete.contains(.text) { textUnknown &+= 1 }
            guard !isAgain, operation.status != .unanswered, operation.status != .oneWay else { return }
            if operation.incomplete.contains(.text) { withoutText &+= 1 } else { partial &+= 1 }
        }
    }

    /// What became of TLS connections, and of the secrets that open them.
    package struct TLS: Equatable, Sendable {
        /// Secrets on the tape, each once.
        package var secrets: UInt64 = 0
        /// Of so many sessions.
        package var sessions: UInt64 = 0
        /// Secrets that can't be used: what they open is not records, or nobody knows whose they are.
        package var unusedSecrets: UInt64 = 0
        /// Connections that ended and of which records were opened.
        package var decrypted: UInt64 = 0
        /// The others, by the reason.
        package var closed = Tally<TLSClosed>()
        /// Of these, connections whose secrets nobody took, by the names of their programs.
        package fileprivate(set) var closedPrograms: [String: UInt64] = [:]
        /// Records that were opened, and proved to be what was sent.
        package var records: UInt64 = 0
        /// Records that no key opened, though there was one.
        package var failed: UInt64 = 0
        /// Records that were cut, of which the beginning was shown and nothing proves it.
        package var unverified: UInt64 = 0
        /// Records that were not captured, by the numbers of those behind them.
        package var lost: UInt64 = 0
        /// Records that had to wait for a secret, or for the other side.
        package var waited: UInt64 = 0

        package var isEmpty: Bool { self == TLS() }

        /// Those of most connections first.
        package var closedProgramsByCount: [(name: String, count: UInt64)] {
            closedPrograms.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
        }

        /// A secret was taken that is news.
        mutating func count(isNewSession: Bool) {
            secrets &+= 1
            if isNewSession { sessions &+= 1 }
        }

        /// More programs than a machine has are names that somebody makes up.
        private static let programLimit = 256

        /// A connection of a program stayed closed.
        mutating func count(closedOf program: String) {
            guard closedPrograms[program] != nil || closedPrograms.count < Self.programLimit else { return }
            closedPrograms[program, default: 0] &+= 1
        }
    }

    struct Unread: Equatable, Sendable {
        var datagrams: UInt64 = 0
        /// The length of all datagrams: what was captured and what is known to be missing.
        var datagramBytes: UInt64 = 0
        /// Of these, bytes that were not captured.
        var datagramGaps = Tally<GapReason>()

        var isEmpty: Bool { datagrams == 0 }

        /// - Parameter bytes: that were captured of it.
        mutating func count(_ datagram: CapturedDatagram, bytes: Int) {
            datagrams &+= 1
            datagramBytes &+= UInt64(bytes)
            guard let cut = datagram.cut else { return }
            datagramBytes &+= UInt64(cut.length)
            datagramGaps[cut.reason] &+= UInt64(cut.length)
        }
    }

    /// Every byte of every connection is in exactly one of parsed, recognised, gaps and unparsed; `isBalanced` says that
    /// the sum is `total`.
    package struct ByteLedger: Equatable, Sendable {
        /// The length of all streams: what was captured and what is known to be missing.
        package var total: UInt64 = 0
        /// Bytes of HTTP messages.
        var parsed: UInt64 = 0
        /// Bytes of connections whose protocol was recognised and whose messages are not taken apart (databases, TLS).
        var recognised: UInt64 = 0
        var gaps = Tally<GapReason>()
        /// Of the gaps that are left out, those that a message needed: behind them nobody knew where the next one begins.
        package var neededGaps = Tally<GapReason>()
        package var unparsed = Tally<UnparsedReason>()
        /// Bytes that came more than once; not part of `total`.
        var retransmitted: UInt64 = 0
        /// Of these, bytes that differ from the copy that came first.
        package var retransmittedDifferent: UInt64 = 0

        var isBalanced: Bool { total == parsed &+ recognised &+ gaps.total &+ unparsed.total }
    }
}

package enum UnparsedReason: UInt8, Sendable, CaseIterable {
    /// The connection talks nothing that Tapedeck knows.
    case unknownProtocol
    /// Bytes of an HTTP connection that belong to no message: after a gap, or garbage between messages.
    case betweenMessages
    /// The stream ended before its protocol was recognised.
    case undecided
    /// Their connection is not open; `Summary.strayConnections` counts such connections.
    case noConnection
    /// They lie farther ahead of their stream than a window reaches.
    case streamDistance
    /// The connection was refused, because as many as `Limits` allows were open.
    case connectionLimit
}

// MARK: - Counters

extension Summary {
    /// Shows each counter with its name, which a state knows it by.
    mutating func forEachCounter(_ body: (String, inout UInt64) -> Void) {
        body("connections.opened", &connections.opened)
        body("connections.joinedLate", &connections.joinedLate)
        body("connections.copies", &connections.copies)
        Self.visit("connections.closed", &connections.closed, body)
        for (place, name) in connections.verdicts.names.enumerated() {
            body("verdicts.\(name)", &connections.verdicts.byProtocol[place])
        }
        body("verdicts.byPortOnly", &connections.verdicts.byPortOnly)
        body("verdicts.noPayload", &connections.verdicts.noPayload)
        body("verdicts.unrecognised", &connections.verdicts.unrecognised)
        for (place, name) in notUnderstood.names.enumerated() {
            body("notUnderstood.\(name)", &notUnderstood.byProtocol[place])
        }
        body("notUnderstood.unknown", &notUnderstood.unknown)
        body("notUnderstood.bytes", &notUnderstood.bytes)
        body("messages.requests", &messages.requests)
        body("messages.responses", &messages.responses)
        body("messages.exchanges", &messages.exchanges)
        body("messages.unansweredRequests", &messages.unansweredRequests)
        body("messages.housekeeping", &messages.housekeeping)
        body("messages.distinct", &messages.distinct)
        body("messages.distinctUnanswered", &messages.distinctUnanswered)
        body("messages.partial", &messages.partial)
        Self.visit("messages.said", &messages.said, body)
        Self.visit("operations.byStatus", &operations.byStatus, body)
        Self.visit("operations.again", &operations.again, body)
        body("operations.housekeeping", &operations.housekeeping)
        body("operations.housekeepingAgain", &operations.housekeepingAgain)
        body("operations.textUnknown", &operations.textUnknown)
        body("operations.withoutText", &operations.withoutText)
        body("operations.partial", &operations.partial)
        bytes.forEachCounter("bytes", body)
        innerBytes.forEachCounter("innerBytes", body)
        Self.visit("anomalies", &anomalies, body)
        Self.visit("losses", &losses, body)
        body("strayConnections", &strayConnections)
        body("tls.secrets", &tls.secrets)
        body("tls.sessions", &tls.sessions)
        body("tls.unusedSecrets", &tls.unusedSecrets)
        body("tls.decrypted", &tls.decrypted)
        Self.visit("tls.closed", &tls.closed, body)
        body("tls.records", &tls.records)
        body("tls.failed", &tls.failed)
        body("tls.unverified", &tls.unverified)
        body("tls.lost", &tls.lost)
        body("tls.waited", &tls.waited)
        body("unread.datagrams", &unread.datagrams)
        body("unread.datagramBytes", &unread.datagramBytes)
        Self.visit("unread.datagramGaps", &unread.datagramGaps, body)
        Self.visit("hidden", &hidden, body)
        Self.visit("unwritten", &unwritten, body)
        Self.visit("rejected", &rejected, body)
        Self.visit("limits", &limits, body)
        // In whatever order: who writes them down sorts them.
        for port in notUnderstood.unknownPorts.keys {
            body("\(Self.ports)\(port)", &notUnderstood.unknownPorts[port, default: 0])
        }
        for program in tls.closedPrograms.keys {
            body("\(Self.closedPrograms)\(program)", &tls.closedPrograms[program, default: 0])
        }
    }

    fileprivate static func visit<Key>(
        _ name: String, _ tally: inout Tally<Key>, _ body: (String, inout UInt64) -> Void
    ) {
        for key in Key.allCases { body("\(name).\(key)", &tally[key]) }
    }

    private static let ports = "notUnderstood.ports."
    private static let closedPrograms = "tls.closedPrograms."

    /// Adds counters by their names, and gives those back that are none of this version's.
    mutating func add(_ counters: [String: UInt64]) -> [String] {
        var rest = counters
        for (name, count) in counters {
            if name.hasPrefix(Self.ports), let port = UInt16(name.dropFirst(Self.ports.count)) {
                notUnderstood.unknownPorts[port, default: 0] &+= count
            } else if name.hasPrefix(Self.closedPrograms) {
                tls.closedPrograms[String(name.dropFirst(Self.closedPrograms.count)), default: 0] &+= count
            } else {
                continue
            }
            rest[name] = nil
        }
        let others = rest
        forEachCounter { name, count in
            guard let more = others[name] else { return }
            count &+= more
            rest[name] = nil
        }
        return rest.keys.sorted()
    }
}

extension Summary.ByteLedger {
    fileprivate mutating func forEachCounter(_ name: String, _ body: (String, inout UInt64) -> Void) {
        body("\(name).total", &total)
        body("\(name).parsed", &parsed)
        body("\(name).recognised", &recognised)
        Summary.visit("\(name).gaps", &gaps, body)
        Summary.visit("\(name).neededGaps", &neededGaps, body)
        Summary.visit("\(name).unparsed", &unparsed, body)
        body("\(name).retransmitted", &retransmitted)
        body("\(name).retransmittedDifferent", &retransmittedDifferent)
    }
}

/// Exchanges, operations and connections one by one, as traces and logs tell of them: each that the map counts once, and an exchange that the
/// server's own process was seen to serve, too.
///
/// Without values: what was asked is known by the map's own keys, and named when it is written.
final class SpanWitness: CountedSink {
    let needs: Needs = [.messages, .traces]
    private(set) var spans: [Span] = []
    private(set) var connections: [ConnectionRecord] = []
    /// What found no room.
    private(set) var refused: UInt64 = 0
    private let most: Int
    /// What requests said of the trace that they belong to, by the numbers of their exchanges.
    private var contexts: [UInt64: TraceContext] = [:]
    /// Spans of servers whose exchanges may still be those that count, by the exchanges' numbers: places in `spans`.
    private var served: [UInt64: Int] = [:]
    /// How many operations each open connection has had.
    private var operations: [UInt64: UInt64] = [:]

    /// One exchange or operation, as one side of it saw it.
    struct Span: Equatable, Sendable {
        var side: Side
        /// `nil`: the server's view of what another span is of.
        var subject: Subject?
        var identity: SpanIdentity
        var context: TraceContext?
        var start: Timestamp
        var end: Timestamp
        var outcome: Outcome
        var requestBytes: UInt64
        var responseBytes: UInt64
        /// Of the server.
        var peer: Endpoint

        /// The node of its path, where it is an exchange that counts.
        var path: UInt32? {
            if case .endpoint(let key)? = subject { key.path } else { nil }
        }
    }

    enum Subject: Equatable, Sendable {
        case endpoint(ServiceMap.EndpointKey)
        /// - Parameter isPush: the server said it unasked.
        case operation(OperationKey, isPush: Bool)
    }

    enum Outcome: Equatable, Sendable {
        /// Of an exchange.
        case answered(UInt16)
        case unanswered
        /// Of an operation, with the server's own code, where it has one.
        case ended(ServiceOperation.Status, code: String, rows: UInt64?)
    }

    struct ConnectionRecord: Sendable {
        var key: ServiceMap.ConnectionKey
        var moment: Timestamp
        var confidence: Int
        var reason: String
        var isEncrypted: Bool
        /// Why the connect failed, where it did.
        var failure: String?
    }

    private let registry: Registry

    /// - Parameter most: spans and connections that are kept.
    init(_ registry: Registry, most: Int) {
        self.registry = registry
        self.most = most
    }

    private var hasRoom: Bool { spans.count + connections.count < most }

    // MARK: Exchanges

    /// Requests of which nothing more is heard leave their contexts behind.
    private static let mostWaiting = 65_536

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        guard let exchange, !exchange.isHousekeeping, message.isExchange else { return }
        if message.head.side == .client {
            guard let context = TraceContext(message) else { return }
            if contexts.count >= Self.mostWaiting { contexts.removeAll(keepingCapacity: true) }
            contexts[exchange.number] = context
            return
        }
        // A server's own view of what its client is seen to ask.
        guard message.head.status >= 200, connection.opened.process != nil, !connection.localIsClient,
            connection.hasOtherView
        else { return }
        guard hasRoom else {
            refused &+= 1
            return
        }
        if served.count >= Self.mostWaiting { served.removeAll(keepingCapacity: true) }
        served[exchange.number] = spans.count
        spans.append(
            Span(
                side: .server, identity: SpanIdentity(connection, at: exchange.position),
                context: contexts.removeValue(forKey: exchange.number), start: exchange.requestFirstByte,
                end: message.lastByte, outcome: .answered(message.head.status), requestBytes: exchange.requestBytes,
                responseBytes: message.wireBytes, peer: connection.server))
    }

    func counted(
        _ exchange: Exchange, as endpoint: ServiceMap.EndpointKey?, of connection: Connection, _ origin: Origin
    ) {
        // What is said within an answer is no exchange here.
        guard !exchange.isOneWay, "\(registry[origin.row].wireName)" != "websocket" else { return }
        let context = contexts.removeValue(forKey: exchange.number)
        guard let endpoint, hasRoom else {
            refused &+= 1
            return
        }
        if let place = served.removeValue(forKey: exchange.number) {
            spans[place].subject = .endpoint(endpoint)
            return
        }
        let isServers = connection.opened.process != nil && !connection.localIsClient
        spans.append(
            Span(
                side: isServers ? .server : .client, subject: .endpoint(endpoint),
                identity: SpanIdentity(connection, at: exchange.position), context: context,
                start: exchange.requestFirstByte,
                end: exchange.isAnswered ? exchange.answerLastByte : exchange.requestLastByte,
                outcome: exchange.isAnswered ? .answered(exchange.status) : .unanswered,
                requestBytes: exchange.requestBytes, responseBytes: exchange.answerBytes, peer: connection.server))
    }

    // MARK: Operations

    func counted(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, as key: OperationKey?, of connection: Connection
    ) {
        let number = operations[connection.number, default: 0]
        operations[connection.number] = number &+ 1
        guard let key, hasRoom else {
            refused &+= 1
            return
        }
        let code = String(decoding: [UInt8](text.extracting(operation.code)), as: UTF8.self)
        spans.append(
            Span(
                side: .client, subject: .operation(key, isPush: operation.side == .server),
                identity: SpanIdentity(connection, operation: number), context: operation.context,
                start: operation.requestFirst, end: operation.ended,
                outcome: .ended(operation.status, code: code, rows: operation.rows),
                requestBytes: operation.requestBytes, responseBytes: operation.responseBytes, peer: connection.server))
    }

    // MARK: Connections

    func counted(_ event: ConnectionEvent, as key: ServiceMap.ConnectionKey, of connection: Connection) {
        guard hasRoom else {
            refused &+= 1
            return
        }
        connections.append(
            ConnectionRecord(
                key: key, moment: event.timestamp, confidence: event.confidence, reason: event.reason,
                isEncrypted: event.isEncrypted, failure: event.failure.map { "\($0.text)" }))
    }

    /// What was told of is not kept; its room is, for as much again.
    func forget() {
        spans.removeAll(keepingCapacity: true)
        connections.removeAll(keepingCapacity: true)
        served.removeAll(keepingCapacity: true)
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) { operations[connection.number] = nil }
}

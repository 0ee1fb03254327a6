/// Who a request or a connection is for, as the service map names it.
package struct Destination: Equatable, Sendable {
    package var name: NameID
    package var type: DestinationType
}

/// What the pipeline has found so far: the counters, the service map, the event log.
///
/// Connections write into it.
///
/// One thread runs the pipeline and no access to a property is open while another begins; the runtime's checks of that
/// would cost a tenth of the time.
package final class Findings {
    @exclusivity(unchecked) package var summary = Summary()
    @exclusivity(unchecked) package var shapes: ShapeTable
    @exclusivity(unchecked) package var bodies = BodyShapes()
    @exclusivity(unchecked) package var log: EventLog
    package let limits: Limits
    package let writesEvents: Bool
    @exclusivity(unchecked) private var map: ServiceMap
    private let names: AddressNames
    @exclusivity(unchecked) private var processes: [ProcessKey: ProcessIdentity] = [:]
    @exclusivity(unchecked) private var conversations: [HTTPConversation] = []
    @exclusivity(unchecked) private var decoders: [ContentDecoder] = []
    /// The name of the last client: most exchanges come from the same host as the one before.
    @exclusivity(unchecked) private var lastSource: (address: IPAddress, name: NameID)?

    package init(_ options: Profiler.Options) {
        limits = options.limits
        writesEvents = options.eventLog
        names = options.names
        shapes = ShapeTable(limits: options.limits)
        map = ServiceMap(limits: options.limits)
        log = EventLog(bodyLimit: options.limits.bodyBytes)
    }

    package func add(_ process: ProcessIdentity) { processes[process.key] = process }

    // MARK: Names

    /// The destination's name: the user's, else the host that the traffic names, else the address.
    package func destination(_ server: Endpoint, host: RawSpan) -> Destination {
        if let name = names.name(of: server) { return Destination(name: map.name(name), type: .external) }
        // A host that is an address says no more than the address; ports tell services on one address apart.
        if host.byteCount > 0, !HostText.isAddress(host) { return Destination(name: map.name(host), type: .external) }
        return Destination(
            name: map.name(server.port == 80 ? server.address.description : server.description), type: .external)
    }

    private func source(_ client: Endpoint) -> NameID {
        if let lastSource, lastSource.address == client.address { return lastSource.name }
        let name = map.name(names.name(of: client) ?? client.address.description)
        if !names.namesPorts { lastSource = (client.address, name) }
        return name
    }

    // MARK: HTTP

    package func count(_ anomalies: AnomalySet) {
        guard !anomalies.isEmpty else { return }
        for anomaly in Anomaly.allCases where anomalies.contains(anomaly) { summary.anomalies[anomaly] &+= 1 }
    }

    package func write(
        _ stream: HTTPStream, _ connection: Connection, isSend: Bool, _ request: Exchange?,
        _ exchanges: borrowing ExchangeQueue
    ) {
        log.write(
            stream.message, connection, isSend: isSend, process: process(of: connection), request: request,
            requestText: exchanges.text.span.bytes)
    }

    /// Adds an exchange to the map: answered, or given up.
    package func record(_ exchange: Exchange, _ exchanges: borrowing ExchangeQueue, client: Endpoint) {
        if exchange.isAnswered { summary.messages.exchanges &+= 1 } else { summary.messages.unansweredRequests &+= 1 }
        let text = exchanges.text.span.bytes
        map.record(
            exchange: source(client), to: exchange.destination.name, type: exchange.destination.type,
            method: text.extracting(exchange.method.range), path: text.extracting(exchange.path.range),
            request: exchange.requestShape, response: exchange.responseShape,
            firstSeen: exchange.requestFirstByte, lastSeen: exchange.requestFirstByte, shapes: shapes)
    }

    // MARK: Connections

    /// Reports a connection that is not HTTP.
    /// - Parameter serverName: the host that the traffic names.
    package func record(
        _ connection: Connection, _ service: ServiceProtocol, confidence: Int, reason: String, serverName: String?,
        _ timestamp: Timestamp
    ) {
        let server = connection.server
        let destination = names.name(of: server) ?? serverName ?? server.address.description
        map.record(
            connection: source(connection.client), to: map.name(destination), type: .external, protocol: service,
            port: server.port, confidence: confidence, reason: reason, at: timestamp, opened: true)
        guard writesEvents else { return }
        log.write(
            service, confidence: confidence, reason: reason, connection, process: process(of: connection), timestamp)
    }

    /// Counts a connection that has ended.
    package func count(_ connection: Connection, _ how: ConnectionClosed.How, hasPayload: Bool) {
        summary.connections.closed[how] &+= 1
        summary.bytes.retransmitted &+= connection.sent.retransmitted &+ connection.received.retransmitted
        summary.bytes.retransmittedDifferent &+=
            connection.sent.retransmittedDifferent &+ connection.received.retransmittedDifferent
        summary.connections.verdicts[ConnectionVerdict(connection, hasPayload: hasPayload)] &+= 1
    }

    private func process(of connection: Connection) -> ProcessIdentity? {
        connection.opened.process.flatMap { processes[$0] }
    }

    // MARK: Outputs

    package func document(generatedAt: Timestamp) -> ServiceMapDocument {
        map.document(generatedAt: generatedAt, shapes: shapes)
    }

    /// What found no room in the map.
    package var refusedEntries: UInt64 { map.refused &+ shapes.refused }

    // MARK: Things that are used again

    package func takeConversation() -> HTTPConversation { conversations.popLast() ?? HTTPConversation(self) }

    package func giveBack(_ conversation: HTTPConversation) {
        if conversations.count < Self.spares { conversations.append(conversation) }
    }

    package func takeDecoder() -> ContentDecoder { decoders.popLast() ?? ContentDecoder() }

    package func giveBack(_ decoder: ContentDecoder) {
        if decoders.count < Self.spares { decoders.append(decoder) }
    }

    /// More than this many are not kept for later.
    private static let spares = 64
}

extension ConnectionVerdict {
    init(_ connection: Connection, hasPayload: Bool) {
        switch connection.verdict {
        case .http: self = .http
        case .tls: self = .tls
        case .service(let service):
            switch service {
            case .postgres: self = .postgres
            case .mysql: self = .mysql
            case .mongodb: self = .mongodb
            case .mssql: self = .mssql
            case .redis: self = .redis
            case .memcached: self = .memcached
            case .kafka: self = .kafka
            case .amqp: self = .amqp
            case .nats: self = .nats
            }
        case nil: self = hasPayload ? .unrecognised : connection.confidence > 0 ? .byPortOnly : .noPayload
        }
    }
}

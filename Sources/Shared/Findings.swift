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
    /// `nil` where nobody wants them.
    @exclusivity(unchecked) package var environments: EnvironmentFile?
    package let limits: Limits
    package let writesEvents: Bool
    /// Messages are kept with their bytes, for the event log or for the observer.
    package let keepsBytes: Bool
    /// `nil` in all runs but those that are judged.
    package let observer: (any Observer)?
    @exclusivity(unchecked) private var map: ServiceMap
    private let names: AddressNames
    @exclusivity(unchecked) package var participants: Participants
    @exclusivity(unchecked) private var decoders: [ContentDecoder] = []
    /// The name of the last client: most exchanges come from the same host as the one before.
    @exclusivity(unchecked) private var lastSource: (address: IPAddress, name: NameID)?

    package init(_ options: Profiler.Options, observer: (any Observer)? = nil) {
        self.observer = observer
        limits = options.limits
        writesEvents = options.eventLog
        keepsBytes = options.eventLog || observer != nil
        names = options.names
        shapes = ShapeTable(limits: options.limits)
        participants = Participants(limits: options.limits)
        for fact in options.containers { participants.add(fact) }
        map = ServiceMap(limits: options.limits)
        log = EventLog(bodyLimit: options.limits.bodyBytes, redacts: options.redact)
        if options.environments {
            environments = EnvironmentFile(
                prefixes: options.environmentPrefixes, redacts: options.redact, limits: options.limits)
        }
    }

    package func add(_ process: ProcessIdentity) {
        participants.add(process)
        environments?.write(process)
    }

    package func end(_ process: ProcessKey) {
        participants.end(process)
        environments?.end(process)
    }

    // MARK: Names

    /// Where the connection goes: the name that the user gave, else the container's service, else the profiled process
    /// that listens there, else the host that the traffic names, else the address.
    package func destination(of connection: Connection, host: RawSpan) -> Destination {
        named(connection) ?? destination(connection.server, host: host)
    }

    private func named(_ connection: Connection) -> Destination? {
        let server = connection.server
        if let name = names.name(of: server) { return Destination(name: map.name(name), type: .external) }
        lookAtEnds(connection)
        let container = connection.localIsClient ? connection.ends.remote : connection.ends.local
        if let container { return Destination(name: name(container), type: .container) }
        guard let process = connection.opened.process else { return nil }
        let listener = connection.localIsClient ? participants.listener(at: server, from: process) : process
        return participants.serviceName(listener).map { Destination(name: map.name($0), type: .process) }
    }

    /// Finds the containers at a connection's ends, where the tape has told of more since it was done last.
    @inline(__always)
    package func lookAtEnds(_ connection: Connection) {
        if connection.ends.update(connection, participants) { connection.sourceName = nil }
    }

    private func name(_ container: KnownContainer) -> NameID {
        let name = map.name(container.identity.service)
        map.setImage(container.identity.image, of: name)
        return name
    }

    /// The destination's name: the user's, else the host that the traffic names, else the address.
    package func destination(_ server: Endpoint, host: RawSpan) -> Destination {
        if let name = names.name(of: server) { return Destination(name: map.name(name), type: .external) }
        // A host that is an address says no more than the address; ports tell services on one address apart.
        if host.byteCount > 0, !HostText.isAddress(host) { return Destination(name: map.name(host), type: .external) }
        return Destination(
            name: map.name(server.port == 80 ? server.address.description : server.description), type: .external)
    }

    package func operation(method: RawSpan, path: RawSpan) -> OperationID { map.operation(method: method, path: path) }

    private func source(_ connection: Connection) -> NameID {
        lookAtEnds(connection)
        if let known = connection.sourceName { return known }
        let found = findSource(connection)
        connection.sourceName = found
        return found
    }

    private func findSource(_ connection: Connection) -> NameID {
        let client = connection.client
        let process = connection.localIsClient ? connection.opened.process : nil
        if process == nil, let name = names.name(of: client) { return map.name(name) }
        if let container = connection.localIsClient ? connection.ends.local : connection.ends.remote {
            return name(container)
        }
        return participants.serviceName(process).map { map.name($0) } ?? source(client)
    }

    private func source(_ client: Endpoint) -> NameID {
        if let lastSource, lastSource.address == client.address { return lastSource.name }
        let name = map.name(names.name(of: client) ?? client.address.description)
        if !names.namesPorts { lastSource = (client.address, name) }
        return name
    }

    // MARK: HTTP

    private func count(_ anomalies: AnomalySet) {
        guard !anomalies.isEmpty else { return }
        for anomaly in Anomaly.allCases where anomalies.contains(anomaly) { summary.anomalies[anomaly] &+= 1 }
    }

    /// Takes note of a message that is whole, or as whole as it will ever be.
    /// - Parameter request: the request itself, or the one that a response answers.
    package func record(
        _ stream: HTTPStream, _ request: Exchange?, _ exchanges: borrowing ExchangeQueue, of connection: Connection
    ) {
        count(stream.message.anomalies)
        let text = exchanges.text.bytes
        observer?.message(stream.message, stream.kind, request, text, of: connection)
        guard writesEvents else { return }
        lookAtEnds(connection)
        let isSend = (stream.kind == .request) == connection.localIsClient
        log.write(stream.message, connection, isSend: isSend, participants, request: request, requestText: text)
    }

    /// Adds the oldest of the exchanges to the map: answered, or given up.
    package func record(_ exchanges: borrowing ExchangeQueue, of connection: Connection) {
        guard let exchange = exchanges.head else { return }
        if exchange.isAnswered { summary.messages.exchanges &+= 1 } else { summary.messages.unansweredRequests &+= 1 }
        guard !connection.isCountedElsewhere else { return }
        map.record(
            exchange: source(connection), to: exchange.destination.name, type: exchange.destination.type,
            operation: exchange.operation, request: exchange.requestShape, response: exchange.responseShape,
            firstSeen: exchange.requestFirstByte, lastSeen: exchange.requestFirstByte, shapes: shapes)
    }

    // MARK: Connections

    /// Reports a connection that is not HTTP.
    /// - Parameter serverName: the host that the traffic names.
    package func record(
        _ connection: Connection, _ service: ServiceProtocol, confidence: Int, reason: String, serverName: String?,
        _ timestamp: Timestamp
    ) {
        add(connection, service, confidence, reason, serverName, timestamp, failed: false)
        guard writesEvents else { return }
        log.write(service, confidence: confidence, reason: reason, connection, participants, timestamp)
    }

    /// Reports a connect that failed: a dependency that is down is a dependency.
    package func recordFailure(_ connection: Connection, _ error: Int32, _ timestamp: Timestamp) {
        let service = ServiceProtocol.atHome(on: connection.server.port)
        let confidence = service == nil ? 0 : 60
        let why = ConnectFailure.text(error)
        let reason = "port \(connection.server.port), connect failed: \(why)"
        add(connection, service, confidence, reason, nil, timestamp, failed: true)
        guard writesEvents else { return }
        log.write(
            service, confidence: confidence, reason: reason, connection, participants, timestamp, error: why)
    }

    private func add(
        _ connection: Connection, _ service: ServiceProtocol?, _ confidence: Int, _ reason: String,
        _ serverName: String?, _ timestamp: Timestamp, failed: Bool
    ) {
        lookAtEnds(connection)
        guard !connection.isCountedElsewhere else { return }
        let server = connection.server
        let destination =
            named(connection)
            ?? Destination(name: map.name(serverName ?? server.address.description), type: .external)
        map.record(
            connection: source(connection), to: destination.name, type: destination.type, protocol: service,
            port: server.port, confidence: confidence, reason: reason, at: timestamp, opened: !failed, failed: failed)
    }

    /// Counts a connection that has ended.
    package func count(_ connection: Connection, _ how: ConnectionClosed.How, hasPayload: Bool) {
        observer?.ended(connection, how)
        summary.connections.closed[how] &+= 1
        summary.bytes.retransmitted &+= connection.streams.retransmitted
        summary.bytes.retransmittedDifferent &+= connection.streams.retransmittedDifferent
        summary.connections.verdicts[ConnectionVerdict(connection, hasPayload: hasPayload)] &+= 1
    }

    // MARK: Outputs

    /// The service map as it is now.
    /// - Parameter generatedAt: of the tape's time, so that the same tape gives the same bytes.
    package func document(generatedAt: Timestamp) -> ServiceMapDocument {
        map.document(generatedAt: generatedAt, shapes: shapes)
    }

    /// What found no room in the map.
    package var refusedEntries: UInt64 { map.refused &+ shapes.refused &+ participants.refused }

    // MARK: Things that are used again

    /// One that an ended body has given back, or a new one.
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

/// The service map's sink: looks up what requests ask for, and counts exchanges and connections.
final class MapState: Sink {
    private let run: Run
    private let naming: Naming
    private var map: ServiceMap
    /// What a report shows beyond the map, where one is wanted.
    private let journal: Journal?
    /// What heads say of interfaces, where that is asked for.
    private let interfaces: InterfaceWitness?
    /// What messages of message buses look like, where that is asked for.
    private let payloads: PayloadWitness?
    /// Exchanges one by one, where they are asked for.
    private let spans: SpanWitness?
    /// Who wants to know which exchanges count.
    private let counted: [any CountedSink]
    /// Of `PathTrie.joins`, when its timelines were joined last.
    private var joinedTimelines: UInt64 = 0
    /// What open connections are recorded as, at their slots.
    private var edges: [Edge] = []

    private struct Edge {
        /// The connection's place on the tape.
        var number: UInt64 = 0
        var key: ServiceMap.ConnectionKey
        /// Of the entry; `nil` where there was no room.
        var entry: Int?
        /// The payload does not say it.
        var isGuess = false
    }

    init(
        _ run: Run, _ naming: Naming, _ templates: PathTemplates, isExact: Bool, journal: Journal?,
        interfaces: InterfaceWitness?, payloads: PayloadWitness?, spans: SpanWitness?, counted: [any CountedSink]
    ) {
        self.payloads = payloads
        self.spans = spans
        self.counted = counted
        self.journal = journal
        self.interfaces = interfaces
        self.run = run
        self.naming = naming
        map = ServiceMap(limits: run.limits, registry: run.registry, templates: templates, isExact: isExact)
    }

    func began(_ ask: Ask, _ text: RawSpan, of connection: Connection, _ origin: Origin) -> Token {
        let destination = naming.destination(
            of: connection.named, host: text.extracting(ask.host),
            as: ask.isOnward ? .onward : origin.isDecrypted ? .https : .http)
        return Token(operation: operation(ask, text, of: destination), destination: destination)
    }

    private func operation(_ ask: Ask, _ text: RawSpan, of destination: PartyID) -> OperationID {
        let (verb, path) = (text.extracting(ask.verb), text.extracting(ask.target))
        let host = text.extracting(ask.host)
        guard let redactor = run.redactor else {
            return map.operation(method: verb, path: path, host: host, of: destination)
        }
        // Where there is an event log, that has counted it.
        let shown = redactor.shown([UInt8](path), counts: !run.needs.contains(.messages))
        return map.operation(method: verb, path: shown.span.bytes, host: host, of: destination)
    }

    func exchange(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {
        // What was thought of it does not hold: TLS could be read after all, or the port had spoken too soon.
        if connection.isReported, let edge = edge(of: connection), origin.isDecrypted || edge.isGuess {
            takeBack(connection)
        }
        let key = map.record(
            exchange: naming.source(of: connection.named), to: exchange.token.destination,
            operation: exchange.token.operation, kind: text.extracting(exchange.kind), protocol: origin.row,
            request: exchange.requestShape,
            response: exchange.responseShape, at: exchange.requestFirstByte, ExchangeMeasures(exchange),
            shapes: run.shapes)
        if let journal, let key {
            if !journal.hasRoom { joinTimelines() }
            journal.add(exchange, text, to: key, of: connection)
        }
        for sink in counted { sink.counted(exchange, as: key, of: connection, origin) }
    }

    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        // What only keeps a session going says nothing of what a service does.
        let isHousekeeping = operation.isHousekeeping
        guard !isHousekeeping, !connection.isCountedElsewhere, let edge = edge(of: connection) else { return }
        let key = map.record(operation, text, on: edge.key)
        if let journal, let key { journal.add(operation, text, as: key, of: connection) }
        for sink in counted { sink.counted(operation, text, as: key, of: connection) }
    }

    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        if connection.views == nil, connection.isCountedElsewhere { return }
        let named = connection.named
        var host = event.serverName ?? ""
        let destination = host.withUTF8 {
            naming.destination(
                of: named, host: RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0)), as: .connection)
        }
        let key = ServiceMap.ConnectionKey(
            source: naming.source(of: named).raw, destination: destination.raw, port: named.destinationPort,
            row: event.row)
        journal?.add(connection, from: key.source, to: key.destination)
        let known = edge(of: connection)
        // A connection is one edge: what is known better takes the place of what was thought of it.
        if let known, known.key != key { takeBack(connection) }
        let entry = map.record(
            ServiceMap.ConnectionRecord(
                key: key, confidence: event.confidence, reason: event.reason, isEncrypted: event.isEncrypted,
                tls: event.failure == nil ? connection.tls : nil,
                failure: event.failure, isNew: event.failure == nil && known?.key != key), at: event.timestamp)
        for sink in counted { sink.counted(event, as: key, of: connection) }
        if event.failure == nil {
            let isGuess = event.confidence < 90
            remember(Edge(number: connection.number, key: key, entry: entry, isGuess: isGuess), connection)
        }
    }

    func ended(_ connection: Connection, _ end: ConnectionEnd) {
        // The client's view came later, or was known as that later, and has it.
        if connection.views == nil, connection.isCountedElsewhere { takeBack(connection) }
    }

    func resolved(
        _ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp, by connection: Connection
    ) { naming.resolved(name, address, seconds: seconds, at, by: connection) }

    func withdraw(_ connection: Connection) { takeBack(connection) }

    // MARK: Edges

    private func edge(of connection: Connection) -> Edge? {
        guard connection.slot < edges.count, edges[connection.slot].number == connection.number else { return nil }
        return edges[connection.slot]
    }

    private func remember(_ edge: Edge, _ connection: Connection) {
        while edges.count <= connection.slot { edges.append(Edge(number: 0, key: edge.key)) }
        edges[connection.slot] = edge
    }

    private func takeBack(_ connection: Connection) {
        guard let edge = edge(of: connection) else { return }
        if let entry = edge.entry { map.takeBack(connection: entry) }
        edges[connection.slot].number = 0
    }

    // MARK: Outputs

    /// The service map as it is now.
    /// - Parameter generatedAt: of the tape's time, so that the same tape gives the same bytes.
    func document(generatedAt: Timestamp?, withBodies: Bool) -> ServiceMapDocument {
        map.document(
            generatedAt: generatedAt, shapes: run.shapes, withBodies: withBodies, journal, interfaces, payloads, spans
        ) { naming.name(of: $0) }
    }

    // MARK: State

    private func joinTimelines() {
        guard let journal, map.paths.trie.joins != joinedTimelines else { return }
        joinedTimelines = map.paths.trie.joins
        journal.join { map.paths.trie.current($0) }
    }

    /// Paths are as they were seen.
    var isRaw: Bool { map.paths.isRaw }

    /// Writes what is known, by identity.
    func write(_ state: inout StateWriter) {
        map.settle(run.shapes)
        let numbers = naming.write(&state, map.parties)
        joinTimelines()
        map.write(&state, numbers, run.shapes, journal)
    }

    /// Adds a part of another state.
    func add(
        _ kind: StateSection, _ content: inout StateReader, _ reading: inout ServiceMapReading
    ) throws(StateFault) {
        switch kind {
        case .participants: try naming.participants.add(&content)
        case .names: try naming.addNames(&content)
        case .parties: reading.take(try naming.addParties(&content))
        case .timelines:
            // Who asks for no report has no use for them.
            guard let journal else { return }
            joinTimelines()
            try reading.read(timelines: &content, into: &map, journal)
        default: try reading.read(kind, &content, into: &map, &run.shapes)
        }
    }

    /// What found no room in the map.
    var refused: UInt64 { map.refused &+ (journal?.refused ?? 0) }

    /// Requests whose paths found no room of their own.
    var refusedPaths: UInt64 { map.cutPaths }
}

extension Token {
    /// What the map keeps of a request.
    init(operation: OperationID, destination: PartyID) {
        self.init(what: UInt64(operation.method) << 32 | UInt64(operation.path), whom: UInt64(destination.raw))
    }

    var operation: OperationID {
        OperationID(method: UInt32(truncatingIfNeeded: what >> 32), path: UInt32(truncatingIfNeeded: what))
    }

    /// Whom the request is for.
    package var destination: PartyID { PartyID(raw: UInt32(truncatingIfNeeded: whom)) }
}

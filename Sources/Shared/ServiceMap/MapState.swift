/// The service map's sink: looks up what requests ask for, and counts exchanges and connections.
final class MapState: Sink {
    private let run: Run
    private let naming: Naming
    private var map: ServiceMap

    init(_ run: Run, _ naming: Naming) {
        self.run = run
        self.naming = naming
        map = ServiceMap(limits: run.limits, registry: run.registry)
    }

    func began(_ ask: Ask, _ text: RawSpan, of connection: Connection, _ origin: Origin) -> Token {
let operation = operation(ask, text)
        let destination = naming.destination(
            of: connection, host: text.extracting(ask.host.range),
            as: ask.isOnward ? .onward : origin.isDecrypted ? .https : .http)
        return Token(operation: operation, destination: destination)
    }

    private func operation(_ ask: Ask, _ text: RawSpan) -> OperationID {
        let (verb, path) = (text.extracting(ask.verb.range), text.extracting(ask.target.range))
        guard let redactor = run.redactor else { return map.operation(method: verb, path: path) }
        // Where there is an event log, that has counted it.
        let shown = redactor.shown([UInt8](path), counts: !run.needs.contains(.messages))
        return map.operation(method: verb, path: shown.span.bytes)
    }

    func exchange(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {
        guard !connection.isCountedElsewhere else { return }
        map.record(
            exchange: naming.source(of: connection), to: exchange.token.destination,
            operation: exchange.token.operation, protocol: origin.row, request: exchange.requestShape,
            response: exchange.responseShape, firstSeen: exchange.requestFirstByte,
            lastSeen: exchange.requestFirstByte, shapes: run.shapes)
    }

    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        guard !connection.isCountedElsewhere else { return }
        var host = event.serverName ?? ""
        let destination = host.withUTF8 {
            naming.destination(
                of: connection, host: RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0)), as: .connection)
        }
        map.record(
            connection: naming.source(of: connection), to: destination, protocol: event.row,
            port: connection.server.port, confidence: event.confidence, reason: event.reason, at: event.timestamp,
            opened: event.isFirst, failed: event.error != nil, isEncrypted: event.isEncrypted)
    }

    // MARK: Outputs

    /// The service map as it is now.
    /// - Parameter generatedAt: of the tape's time, so that the same tape gives the same bytes.
    func document(generatedAt: Timestamp) -> ServiceMapDocument {
        map.document(generatedAt: generatedAt, shapes: run.shapes) { naming.name(of: $0) }
    }

    /// What found no room in the map.
    var refused: UInt64 { map.refused }
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

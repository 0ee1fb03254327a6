/// What lets through to a sink only what is selected by who asks whom for what; by its outcome `OutcomeLog` does.
///
/// The rest of the pipeline knows nothing of it: numbers, templates, ledger and summary are those of the whole tape. A name counts
/// as it is known when something is told of.
final class SelectionSink: Sink {
    let needs: Needs
    private let sink: any Sink
    private let selection: Selection
    private let naming: Naming
    private let registry: Registry

    init(_ sink: any Sink, _ selection: Selection, _ naming: Naming, _ registry: Registry) {
        self.sink = sink
        self.selection = selection
        self.naming = naming
        self.registry = registry
        needs = sink.needs
    }

    private func isOf(
        _ connection: Connection, _ destination: @autoclosure () -> PartyID, _ name: @autoclosure () -> String
    )
        -> Bool
    {
        selection.contains(
            service: naming.name(of: naming.source(of: connection.named)).text,
            destination: naming.name(of: destination()).text, protocol: name())
    }

    // MARK: What is chosen

    func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        let known = exchange?.token.destination
        let destination = {
            known
                ?? self.naming.destination(
                    of: connection.named, host: RawSpan(), as: origin.isDecrypted ? .https : .http)
        }
        guard isOf(connection, destination(), "\(registry[origin.row].wireName)") else { return }
        if selection.path != nil {
            guard let exchange else { return }
            let target = String(decoding: [UInt8](text.extracting(exchange.target)), as: UTF8.self)
            guard selection.contains(path: target) else { return }
        }
        sink.message(message, exchange, text, of: connection, origin)
    }

    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        guard selection.path == nil, isOf(connection, destination(of: connection, ""), "\(registry[origin.row].name)")
        else {
            return
        }
        sink.operation(operation, text, of: connection, origin)
    }

    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        let name = event.row.map { "\(registry[$0].edgeName)" } ?? "unknown"
        guard selection.path == nil,
            isOf(connection, destination(of: connection, event.serverName ?? ""), name)
        else { return }
        sink.connection(event, of: connection, origin)
    }

    private func destination(of connection: Connection, _ host: String) -> PartyID {
        var host = host
        return host.withUTF8 {
            naming.destination(
                of: connection.named, host: RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0)), as: .connection)
        }
    }

    func over(_ exchange: Exchange) { sink.over(exchange) }
}

extension Exchange {
    /// The status of its answer; `nil` where none was seen.
    var outcome: UInt16? { isAnswered ? status : nil }
}

/// The service map's sink: looks up what requests ask for, and counts exchanges and connections.
package final class MapState: Sink {
    private let run: Run
    private let naming: Naming
    private var map: ServiceMap
    /// What is known of open connections, at their slots.
    private var entries: [Entry] = []

    private struct Entry {
        var id = ConnectionID(.max)
        /// What is called so holds for this many known ends (`Naming.revision`).
        var revision: UInt32 = 0
        var source: NameID?
        /// The host that the last request named, and the destination found for it.
        var host: UInt32 = 0
        var destination: Destination?
    }

    private struct Destination {
        var name: NameID
        var type: DestinationType
    }

    package init(_ run: Run, _ naming: Naming) {
        self.run = run
        self.naming = naming
        map = ServiceMap(limits: run.limits, registry: run.registry)
    }

    // MARK: Exchanges

    package func began(_ ask: Ask, _ text: RawSpan, of connection: Connection, _ origin: Origin) -> Token {
        let operation = map.operation(
            method: text.extracting(ask.verb.range), path: text.extracting(ask.target.range))
        let destination = destination(of: connection, host: text.extracting(ask.host.range))
        return Token(
            what: UInt64(operation.method) << 32 | UInt64(operation.path),
            whom: UInt64(destination.name.raw) << 8 | UInt64(destination.type.rawValue))
    }

    package func exchange(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {
        guard !connection.isCountedElsewhere else { return }
        let token = exchange.token
        map.record(
            exchange: source(of: connection), to: NameID(raw: UInt32(truncatingIfNeeded: token.whom >> 8)),
            type: DestinationType(rawValue: UInt8(truncatingIfNeeded: token.whom)) ?? .external,
            operation: OperationID(
                method: UInt32(truncatingIfNeeded: token.what >> 32), path: UInt32(truncatingIfNeeded: token.what)),
            request: exchange.requestShape, response: exchange.responseShape, firstSeen: exchange.requestFirstByte,
            lastSeen: exchange.requestFirstByte, shapes: run.shapes)
    }

    // MARK: Connections

    package func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        _ = naming.revision(of: connection)
        guard !connection.isCountedElsewhere else { return }
        let server = connection.server
        let destination =
            named(connection)
            ?? Destination(name: map.name(event.serverName ?? server.address.description), type: .external)
        map.record(
            connection: source(of: connection), to: destination.name, type: destination.type, protocol: event.row,
            port: server.port, confidence: event.confidence, reason: event.reason, at: event.timestamp,
            opened: event.isFirst, failed: event.error != nil)
    }

    // MARK: Names

    @inline(__always)
    private func entry(_ connection: Connection) -> Int {
        let slot = connection.slot
        if slot >= entries.count || entries[slot].id != connection.opened.id { begin(connection) }
        return slot
    }

    @inline(never)
    private func begin(_ connection: Connection) {
        while entries.count <= connection.slot { entries.append(Entry()) }
        entries[connection.slot] = Entry(id: connection.opened.id)
    }

    private func source(of connection: Connection) -> NameID {
        let slot = entry(connection)
        let revision = naming.revision(of: connection)
        if let known = entries[slot].source, entries[slot].revision == revision { return known }
        let found =
            naming.source(of: connection).map { number($0) } ?? map.name(connection.client.address.description)
        entries[slot].source = found
        entries[slot].revision = revision
        return found
    }

    /// The destination's name: what is known of its end, else the host that the traffic names, else the address.
    private func destination(of connection: Connection, host: RawSpan) -> Destination {
        let slot = entry(connection)
        let number = map.name(host)
        if let known = entries[slot].destination, entries[slot].host == number.raw { return known }
        let found = named(connection) ?? Destination(name: address(connection.server, host, number), type: .external)
        entries[slot].host = number.raw
        entries[slot].destination = found
        return found
    }

    private func named(_ connection: Connection) -> Destination? {
        naming.destination(of: connection).map { Destination(name: number($0), type: $0.type) }
    }

    private func number(_ name: Naming.Name) -> NameID {
        let number = map.name(name.text)
        if let image = name.image { map.setImage(image, of: number) }
        return number
    }

    /// A host that is an address says no more than the address; ports tell services on one address apart.
    private func address(_ server: Endpoint, _ host: RawSpan, _ number: NameID) -> NameID {
        if host.byteCount > 0, !HostText.isAddress(host) { return number }
        return map.name(server.port == 80 ? server.address.description : server.description)
    }

    // MARK: Outputs

    /// The service map as it is now.
    /// - Parameter generatedAt: of the tape's time, so that the same tape gives the same bytes.
    package func document(generatedAt: Timestamp) -> ServiceMapDocument {
        map.document(generatedAt: generatedAt, shapes: run.shapes)
    }

    /// What found no room in the map.
    package var refused: UInt64 { map.refused }
}

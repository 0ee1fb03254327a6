extension ServiceMap {
    /// The map as a value, in the order in which it is written: services by name, their endpoints by destination,
    /// method, path, shapes and type, their connections by destination, protocol and port.
    ///
    /// Parties that go by one name are one service, and what is alike of theirs one entry.
    /// - Parameter name: what a party is called by now.
    borrowing func document(
        generatedAt: Timestamp?, shapes: borrowing ShapeTable, name: (PartyID) -> PartyName
    ) -> ServiceMapDocument {
        var names = ChosenNames()
        let endpoints = named(&names, name)
        let connections = namedConnections(&names, name)
        let order = Order(names: names.ranks(), texts: ranks())
        var known: [UInt32: Shape] = [:]
        var services: [UInt32: ServiceMapDocument.Service] = [:]
        var texts: [UInt32: String] = [:]

        for number in ordered(endpoints, order, shapes, &known) {
            let key = endpoints.entries[number].key
            let value = endpoints.entries[number].value
            let sightings = value.sightings
            see(sightings, by: key.source, &services, names)
            services[key.source]?.endpoints.append(
                ServiceMapDocument.Endpoint(
                    destination: names[key.destination], destinationType: key.type,
                    method: text(key.method, &texts), path: text(key.path),
                    requestSchema: shapes.shape(key.request, known: &known),
                    responseSchema: shapes.shape(key.response, known: &known),
                    requestIsIncomplete: key.request.isIncomplete, responseIsIncomplete: key.response.isIncomplete,
                    firstSeen: sightings.first, lastSeen: sightings.last, count: sightings.count,
                    protocolName: "\(registry[key.row].wireName)", numbers: value.numbers))
        }
        for number in ordered(connections, order) {
            let key = connections.entries[number].key
            let value = connections.entries[number].value
            see(value.connection.sightings, by: key.source, &services, names)
            services[key.source]?.connections.append(
                ServiceMapDocument.Connection(
                    destination: names[key.destination], destinationType: value.type,
                    protocolName: self.name(of: key.row),
                    category: key.row.map { "\(registry[$0].category.name)" } ?? "unknown",
                    isService: key.row.map { registry[$0].isService } ?? false, port: key.port,
                    confidence: value.connection.confidence, reason: value.connection.reason,
                    firstSeen: value.connection.sightings.first, lastSeen: value.connection.sightings.last,
                    count: value.connection.sightings.count,
                    failures: (value.connection.failures?.nonZero ?? []).map {
                        ServiceMapDocument.Failure(reason: "\($0.key.text)", count: $0.count)
                    },
                    isEncrypted: value.connection.isEncrypted))
        }
        return ServiceMapDocument(
            generatedAt: generatedAt,
            services: services.sorted { order.names[Int($0.key)] < order.names[Int($1.key)] }.map(\.value))
    }

    // MARK: Names

    /// The places of names and of texts in the order of their bytes.
    private struct Order {
        var names: [UInt32]
        var texts: [UInt32]
    }

    private struct NamedConnection {
        var type: DestinationType
        var connection: ConnectionValue

        mutating func merge(_ other: NamedConnection) {
            connection.merge(other.connection)
            if other.type.rawValue < type.rawValue { type = other.type }
        }
    }

    private borrowing func named(
        _ names: inout ChosenNames, _ name: (PartyID) -> PartyName
    ) -> EntryTable<EndpointKey, EndpointValue> {
        var table = EntryTable<EndpointKey, EndpointValue>()
        for entry in endpoints.entries {
            var key = entry.key
            (key.source, _) = names.number(of: key.source, name)
            (key.destination, key.type) = names.number(of: key.destination, name)
            table.merge(key, entry.value) { $0.merge($1) }
        }
        return table
    }

    private borrowing func namedConnections(
        _ names: inout ChosenNames, _ name: (PartyID) -> PartyName
    ) -> EntryTable<ConnectionKey, NamedConnection> {
        var table = EntryTable<ConnectionKey, NamedConnection>()
        for entry in connections.entries where !entry.value.isVacant {
            var key = entry.key
            (key.source, _) = names.number(of: key.source, name)
            let (destination, type) = names.number(of: key.destination, name)
            key.destination = destination
            table.merge(key, NamedConnection(type: type, connection: entry.value)) { $0.merge($1) }
        }
        return table
    }

    private borrowing func text(_ number: UInt32, _ known: inout [UInt32: String]) -> String {
        if let text = known[number] { return text }
        let text = text(number)
        known[number] = text
        return text
    }

    private borrowing func name(of row: ProtocolID?) -> String { row.map { "\(registry[$0].edgeName)" } ?? "unknown" }

    private borrowing func see(
        _ sightings: Sightings, by source: UInt32, _ services: inout [UInt32: ServiceMapDocument.Service],
        _ names: ChosenNames
    ) {
        guard let (first, last) = services[source].map({ ($0.firstSeen, $0.lastSeen) }) else {
            services[source] = ServiceMapDocument.Service(
                name: names[source], image: names.images[source], endpoints: [], connections: [],
                firstSeen: sightings.first, lastSeen: sightings.last)
            return
        }
        services[source]?.firstSeen = min(first, sightings.first)
        services[source]?.lastSeen = max(last, sightings.last)
    }

    // MARK: Order

    private borrowing func ordered(
        _ table: borrowing EntryTable<EndpointKey, EndpointValue>, _ order: Order, _ shapes: borrowing ShapeTable,
        _ known: inout [UInt32: Shape]
    ) -> [Int] {
        let entries = table.entries
        var numbers = Array(entries.indices)
        numbers.sort { left, right in
            let (a, b) = (entries[left].key, entries[right].key)
            if a.destination != b.destination {
                return order.names[Int(a.destination)] < order.names[Int(b.destination)]
            }
            if a.method != b.method { return order.texts[Int(a.method)] < order.texts[Int(b.method)] }
            if a.path != b.path { return order.texts[Int(a.path)] < order.texts[Int(b.path)] }
            for (own, other) in [(a.request, b.request), (a.response, b.response)] where own != other {
                // Complete ones come first.
                if own.index == other.index { return other.isIncomplete }
                return shapes.shape(own, known: &known).precedes(shapes.shape(other, known: &known))
            }
            if a.type != b.type { return a.type.rawValue < b.type.rawValue }
            return a.row.raw < b.row.raw
        }
        return numbers
    }

    private borrowing func ordered(_ table: borrowing EntryTable<ConnectionKey, NamedConnection>, _ order: Order)
        -> [Int]
    {
        let entries = table.entries
        var numbers = Array(entries.indices)
        numbers.sort { left, right in
            let (a, b) = (entries[left].key, entries[right].key)
            if a.destination != b.destination {
                return order.names[Int(a.destination)] < order.names[Int(b.destination)]
            }
            if a.row != b.row { return name(of: a.row).utf8.lexicographicallyPrecedes(name(of: b.row).utf8) }
            return a.port < b.port
        }
        return numbers
    }
}

extension ServiceMap {
    /// The map as a value, in the order in which it is written: services by name, their endpoints by destination,
    /// method, path, shapes and type, their connections by destination, protocol and port.
    package borrowing func document(generatedAt: Timestamp, shapes: borrowing ShapeTable) -> ServiceMapDocument {
        let ranks = ranks()
        var known: [UInt32: Shape] = [:]
        var names: [UInt32: String] = [:]
        var services: [UInt32: ServiceMapDocument.Service] = [:]

        for number in orderedEndpoints(ranks, shapes, &known) {
            let key = endpoints.entries[number].key
            let sightings = endpoints.entries[number].value
            see(sightings, by: key.source, &services)
            services[key.source]?.endpoints.append(
                ServiceMapDocument.Endpoint(
                    destination: name(key.destination, &names), destinationType: key.type,
                    method: name(key.method, &names), path: text(key.path),
                    requestSchema: shapes.shape(key.request, known: &known),
                    responseSchema: shapes.shape(key.response, known: &known),
                    firstSeen: sightings.first, lastSeen: sightings.last, count: sightings.count))
        }
        for number in orderedConnections(ranks) {
            let key = connections.entries[number].key
            let value = connections.entries[number].value
            see(value.sightings, by: key.source, &services)
            services[key.source]?.connections.append(
                ServiceMapDocument.Connection(
                    destination: name(key.destination, &names), destinationType: value.type,
                    protocolName: name(of: key.row),
                    category: key.row.map { "\(registry[$0].category.name)" } ?? "unknown", port: key.port,
                    confidence: value.confidence, reason: value.reason, firstSeen: value.sightings.first,
                    lastSeen: value.sightings.last, count: value.sightings.count, failures: value.failures))
        }
        return ServiceMapDocument(
            generatedAt: generatedAt,
            services: services.sorted { ranks[Int($0.key)] < ranks[Int($1.key)] }.map(\.value))
    }

    private borrowing func name(_ number: UInt32, _ names: inout [UInt32: String]) -> String {
        if let name = names[number] { return name }
        let name = text(number)
        names[number] = name
        return name
    }

    private borrowing func see(
        _ sightings: Sightings, by source: UInt32, _ services: inout [UInt32: ServiceMapDocument.Service]
    ) {
        guard let (first, last) = services[source].map({ ($0.firstSeen, $0.lastSeen) }) else {
            services[source] = ServiceMapDocument.Service(
                name: text(source), image: images[source], endpoints: [], connections: [], firstSeen: sightings.first,
                lastSeen: sightings.last)
            return
        }
        services[source]?.firstSeen = min(first, sightings.first)
        services[source]?.lastSeen = max(last, sightings.last)
    }

    private borrowing func orderedEndpoints(
        _ ranks: [UInt32], _ shapes: borrowing ShapeTable, _ known: inout [UInt32: Shape]
    ) -> [Int] {
        let entries = endpoints.entries
        var order = Array(entries.indices)
        order.sort { left, right in
            let (a, b) = (entries[left].key, entries[right].key)
            if a.destination != b.destination { return ranks[Int(a.destination)] < ranks[Int(b.destination)] }
            if a.method != b.method { return ranks[Int(a.method)] < ranks[Int(b.method)] }
            if a.path != b.path { return ranks[Int(a.path)] < ranks[Int(b.path)] }
            for (own, other) in [(a.request, b.request), (a.response, b.response)] where own != other {
                return shapes.shape(own, known: &known).precedes(shapes.shape(other, known: &known))
            }
            return a.type.rawValue < b.type.rawValue
        }
        return order
    }

    private borrowing func name(of row: ProtocolID?) -> String { row.map { "\(registry[$0].name)" } ?? "unknown" }

    private borrowing func orderedConnections(_ ranks: [UInt32]) -> [Int] {
        let entries = connections.entries
        var order = Array(entries.indices)
        order.sort { left, right in
            let (a, b) = (entries[left].key, entries[right].key)
            if a.destination != b.destination { return ranks[Int(a.destination)] < ranks[Int(b.destination)] }
            if a.row != b.row {
                return name(of: a.row).utf8.lexicographicallyPrecedes(name(of: b.row).utf8)
            }
            return a.port < b.port
        }
        return order
    }
}

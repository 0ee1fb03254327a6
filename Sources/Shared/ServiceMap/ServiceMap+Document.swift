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
        var paths = NamedPaths(self.paths, limits: limits)
        var distinct: [PathKey: DistinctPaths] = [:]
        var written = WrittenShapes(isExact: isExact)
        let endpoints = variants(named(&names, &paths, &distinct, shapes, name), &written, shapes)
        let connections = namedConnections(&names, name)
        let operations = namedOperations(&names, name)
        let order = Order(names: names.ranks(), texts: ranks(), paths: paths.ranks())
        var services: [UInt32: ServiceMapDocument.Service] = [:]
        var texts: [UInt32: String] = [:]

        for number in ordered(endpoints, order, written) {
            let key = endpoints.entries[number].key
            let value = endpoints.entries[number].value
            let sightings = value.sightings
            let path = paths[key.path]
            see(sightings, by: key.source, &services, names)
            services[key.source]?.endpoints.append(
                ServiceMapDocument.Endpoint(
                    destination: names[key.destination], destinationType: key.type,
                    method: text(key.method, &texts), path: path.template.text,
                    operation: key.kind == EndpointKey.noKind ? nil : text(key.kind, &texts),
                    requestSchema: written[key.request],
                    responseSchema: written[key.response],
                    requestIsIncomplete: key.request.isIncomplete, responseIsIncomplete: key.response.isIncomplete,
                    firstSeen: sightings.first, lastSeen: sightings.last, count: sightings.count,
                    protocolName: "\(registry[key.row].wireName)", numbers: value.numbers,
                    paths: distinct[PathKey(destination: key.destination, path: key.path)] ?? path.paths,
                    template: path.template))
        }
        let asked = byConnection(operations, connections, order)
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
                    isEncrypted: value.connection.isEncrypted,
                    operations: (asked[number] ?? []).map { operation(operations.entries[$0]) }))
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
        var paths: [UInt32]
    }

    /// A template of one destination.
    private struct PathKey: Hashable {
        var destination: UInt32
        var path: UInt32
    }

    private struct NamedConnection {
        var type: DestinationType
        var connection: ConnectionValue

        mutating func merge(_ other: NamedConnection) {
            connection.merge(other.connection)
            if other.type.rawValue < type.rawValue { type = other.type }
        }
    }

    /// The endpoints by names and templates, and what each template stands for.
    private borrowing func named(
        _ names: inout ChosenNames, _ paths: inout NamedPaths, _ distinct: inout [PathKey: DistinctPaths],
        _ shapes: borrowing ShapeTable, _ name: (PartyID) -> PartyName
    ) -> EntryTable<EndpointKey, EndpointValue> {
        for entry in endpoints.entries {
            _ = names.number(of: entry.key.source, name)
            let (number, _) = names.number(of: entry.key.destination, name)
            paths.add(self.paths, of: entry.key.destination, name: number)
        }
        var known = EntryTable<EndpointKey, EndpointValue>()
        for entry in endpoints.entries {
            var key = entry.key
            (key.source, _) = names.number(of: key.source, name)
            (key.destination, key.type) = names.number(of: key.destination, name)
            key.path = paths.place(self.paths.trie.current(key.path))
            known.merge(key, entry.value) { $0.merge($1) }
        }
        let isCode = (0..<UInt32(texts.count)).map { texts.withBytes(of: $0) { SiblingPaths.isCode($0) } }
        paths.fold(signatures(known, shapes), isCode: isCode)
        let written = paths.write(known.entries.map(\.key.path), texts)
        var table = EntryTable<EndpointKey, EndpointValue>()
        var counted: Set<UInt32> = []
        for entry in known.entries {
            var key = entry.key
            let node = paths.current(key.path)
            key.path = written[node] ?? 0
            if counted.insert(node).inserted {
                distinct[PathKey(destination: key.destination, path: key.path), default: DistinctPaths()]
                    .merge(paths.distinct(node))
            }
            table.merge(key, entry.value) { $0.merge($1) }
        }
        return table
    }

    /// The endpoints with their shapes as they are written: variants to a number, and beyond it one general shape for all bodies
    /// that are JSON.
    private borrowing func variants(
        _ endpoints: consuming EntryTable<EndpointKey, EndpointValue>, _ written: inout WrittenShapes,
        _ shapes: borrowing ShapeTable
    ) -> EntryTable<EndpointKey, EndpointValue> {
        var table = EntryTable<EndpointKey, EndpointValue>()
        for entry in endpoints.entries {
            var key = entry.key
            key.request = written.number(key.request, shapes)
            key.response = written.number(key.response, shapes)
            table.merge(key, entry.value) { $0.merge($1) }
        }
        guard !isExact else { return table }
        var variants = EntryTable<EndpointKey, [EndpointKey]>()
        for entry in table.entries {
            var key = entry.key
            (key.request, key.response) = (.empty, .empty)
            variants.merge(key, [entry.key]) { $0 += $1 }
        }
        guard variants.entries.contains(where: { $0.value.count > limits.schemaVariants }) else { return table }
        var general = EntryTable<EndpointKey, (request: [UInt32: ShapeID], response: [UInt32: ShapeID])>()
        for entry in variants.entries where entry.value.count > limits.schemaVariants {
            general.append(
                entry.key,
                (written.general(entry.value.map(\.request)), written.general(entry.value.map(\.response))))
        }
        var result = EntryTable<EndpointKey, EndpointValue>()
        for entry in table.entries {
            var key = entry.key
            (key.request, key.response) = (.empty, .empty)
            let joined = general.find(key).map { general.entries[$0].value }
            key = entry.key
            key.request = joined?.request[key.request.raw] ?? key.request
            key.response = joined?.response[key.response.raw] ?? key.response
            result.merge(key, entry.value) { $0.merge($1) }
        }
        return result
    }

    /// What was asked at each place of the paths, and what came: of answers those that succeeded, where one did.
    private borrowing func signatures(
        _ endpoints: borrowing EntryTable<EndpointKey, EndpointValue>, _ shapes: borrowing ShapeTable
    ) -> [UInt32: SiblingPaths.Signature] {
        struct Asked: Hashable {
            var node: UInt32
            var method: UInt32
        }
        var succeeded: Set<Asked> = []
        for entry in endpoints.entries where entry.value.numbers.succeeded {
            succeeded.insert(Asked(node: entry.key.path, method: entry.key.method))
        }
        var signatures: [UInt32: SiblingPaths.Signature] = [:]
        for entry in endpoints.entries {
            let key = entry.key
            let hasSuccess = succeeded.contains(Asked(node: key.path, method: key.method))
            guard entry.value.numbers.succeeded || !hasSuccess else { continue }
            let bodies: UInt64 =
                (key.response.index == ShapeID.empty.index ? 0 : 1) | (key.request.index == ShapeID.empty.index ? 0 : 2)
            var signature = signatures[key.path] ?? SiblingPaths.Signature()
            signature.profile.insert(UInt64(key.method) << 2 | bodies)
            let way = UInt64(key.method) << 34 | (hasSuccess ? 1 << 33 : 0)
            shapes.forEachTopKey(key.request) { signature.asked.insert(way | ($1 ? 1 << 32 : 0) | UInt64($0)) }
            shapes.forEachTopKey(key.response) { signature.answered.insert(way | ($1 ? 1 << 32 : 0) | UInt64($0)) }
            signatures[key.path] = signature
        }
        return signatures
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

    // MARK: Operations

    private borrowing func namedOperations(
        _ names: inout ChosenNames, _ name: (PartyID) -> PartyName
    ) -> EntryTable<OperationKey, OperationValue> {
        var table = EntryTable<OperationKey, OperationValue>()
        for entry in operations.entries {
            var key = entry.key
            (key.connection.source, _) = names.number(of: key.connection.source, name)
            (key.connection.destination, _) = names.number(of: key.connection.destination, name)
            table.merge(key, entry.value) { $0.merge($1) }
        }
        return table
    }

    /// The operations of each connection, in the order of their texts.
    private borrowing func byConnection(
        _ operations: borrowing EntryTable<OperationKey, OperationValue>,
        _ connections: borrowing EntryTable<ConnectionKey, NamedConnection>, _ order: Order
    ) -> [Int: [Int]] {
        var lists: [Int: [Int]] = [:]
        let entries = operations.entries
        for number in entries.indices {
            guard let connection = connections.find(entries[number].key.connection) else { continue }
            lists[connection, default: []].append(number)
        }
        return lists.mapValues { list in
            list.sorted { left, right in
                let (a, b) = (entries[left].key, entries[right].key)
                for (own, other) in [(a.name, b.name), (a.targets, b.targets), (a.summary, b.summary)]
                where own != other {
                    return order.texts[Int(own)] < order.texts[Int(other)]
                }
                return false
            }
        }
    }

    private borrowing func operation(
        _ entry: EntryTable<OperationKey, OperationValue>.Entry
    ) -> ServiceMapDocument.Operation {
        ServiceMapDocument.Operation(
            name: text(entry.key.name),
            targets: text(entry.key.targets).split(separator: "\0").map(String.init), summary: text(entry.key.summary),
            count: entry.value.sightings.count, errors: entry.value.errors, rows: entry.value.rows,
            latency: entry.value.latency, waiting: entry.value.waiting,
            firstSeen: entry.value.sightings.first, lastSeen: entry.value.sightings.last)
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
        _ table: borrowing EntryTable<EndpointKey, EndpointValue>, _ order: Order, _ shapes: WrittenShapes
    ) -> [Int] {
        let entries = table.entries
        var numbers = Array(entries.indices)
        numbers.sort { left, right in
            let (a, b) = (entries[left].key, entries[right].key)
            if a.destination != b.destination {
                return order.names[Int(a.destination)] < order.names[Int(b.destination)]
            }
            if a.method != b.method { return order.texts[Int(a.method)] < order.texts[Int(b.method)] }
            if a.path != b.path { return order.paths[Int(a.path)] < order.paths[Int(b.path)] }
            if a.kind != b.kind {
                // What says nothing of its kind comes first.
                guard a.kind != EndpointKey.noKind, b.kind != EndpointKey.noKind else {
                    return a.kind == EndpointKey.noKind
                }
                return order.texts[Int(a.kind)] < order.texts[Int(b.kind)]
            }
            for (own, other) in [(a.request, b.request), (a.response, b.response)] where own != other {
                // Complete ones come first.
                if own.index == other.index { return other.isIncomplete }
                return shapes[own].precedes(shapes[other])
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

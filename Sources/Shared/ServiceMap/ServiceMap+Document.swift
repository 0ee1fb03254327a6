extension ServiceMap {
    /// The map as a value, in the order in which it is written: services by name, their endpoints by destination,
    /// method, path, shapes and type, their connections by destination, protocol and port.
    ///
    /// Parties that go by one name are one service, and what is alike of theirs one entry.
    /// - Parameters:
    ///   - withBodies: say what the bodies of endpoints have in common, too.
    ///   - journal: of the same exchanges, to be told by names and templates, too.
    ///   - interfaces: of the same exchanges, likewise.
    ///   - payloads: of the same operations, likewise.
    ///   - spans: of the same exchanges, likewise.
    ///   - name: what a party is called by now.
    borrowing func document(
        generatedAt: Timestamp?, shapes: borrowing ShapeTable, withBodies: Bool = false, _ journal: Journal? = nil,
        _ interfaces: InterfaceWitness? = nil, _ payloads: PayloadWitness? = nil, _ spans: SpanWitness? = nil,
        name: (PartyID) -> PartyName
    ) -> ServiceMapDocument {
        var names = ChosenNames()
        var paths = NamedPaths(self.paths, limits: limits)
        var distinct: [PathKey: DistinctPaths] = [:]
        var written = WrittenShapes(isExact: isExact)
        let known = named(&names, &paths, &distinct, shapes, name)
        let endpoints = variants(known, &written, shapes)
        let connections = namedConnections(&names, name)
        let operations = named(self.operations.entries, &names, name) { $0.merge($1) }
        let contents = named(payloads?.operations.entries ?? [], &names, name) { $0.merge($1) }
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
                    isEncrypted: value.connection.isEncrypted, tls: value.connection.tls,
                    operations: (asked[number] ?? []).map {
                        let entry = operations.entries[$0]
                        var told = operation(entry)
                        told.contents = contents.find(entry.key).map { contents.entries[$0].value.contents(shapes) }
                        return told
                    }))
        }
        var document = ServiceMapDocument(
            generatedAt: generatedAt,
            services: services.sorted { order.names[Int($0.key)] < order.names[Int($1.key)] }.map(\.value))
        if withBodies { document.bodies = bodies(known, names, paths, order, shapes) }
        if let journal {
            var templates: [UInt32: String] = [:]
            for entry in journal.endpoints.entries where templates[entry.key.path] == nil {
                let node = paths.current(paths.place(self.paths.trie.current(entry.key.path)))
                templates[entry.key.path] = known.written[node].map { paths[$0].template.text }
            }
            document.story = story(journal, &names, templates: templates, name: name)
        }
        for entry in interfaces?.endpoints.entries ?? [] {
            let node = paths.current(paths.place(self.paths.trie.current(entry.key.path)))
            guard let path = known.written[node] else { continue }
            document.interfaces.append(
                ServiceMapDocument.Interface(
                    service: names[names.number(of: entry.key.source, name).number],
                    destination: names[names.number(of: entry.key.destination, name).number],
                    method: text(entry.key.method), path: paths[path].template.text, facts: entry.value))
        }
        if let spans {
            var templates: [UInt32: String] = [:]
            for path in Set(spans.spans.compactMap(\.path)) {
                let node = paths.current(paths.place(self.paths.trie.current(path)))
                templates[path] = known.written[node].map { paths[$0].template.text }
            }
            document.traces = self.spans(spans, &names, templates: templates, name: name)
        }
        // Who wants paths as they are wants each.
        return self.paths.isRaw ? document : document.limited(to: limits.series)
    }

    /// What the bodies of each endpoint have in common, where there are any.
    private borrowing func bodies(
        _ named: borrowing NamedEndpoints, _ names: ChosenNames, _ paths: borrowing NamedPaths, _ order: Order,
        _ shapes: borrowing ShapeTable
    ) -> [ServiceMapDocument.Bodies] {
        var groups = EntryTable<EndpointKey, [Int]>()
        for (number, entry) in named.entries.entries.enumerated() {
            // A destination of one name is one, whatever it is.
            var key = entry.key.withoutShapes
            key.type = .external
            groups.merge(key, [number]) { $0 += $1 }
        }
        let sorted = groups.entries.sorted { left, right in
            let (a, b) = (left.key, right.key)
            if a.source != b.source { return order.names[Int(a.source)] < order.names[Int(b.source)] }
            if let isBefore = order.isBefore(a, b) { return isBefore }
            return a.row.raw < b.row.raw
        }
        var bodies: [ServiceMapDocument.Bodies] = []
        for group in sorted {
            var schemas = EndpointSchemas()
            var endpoints: [EndpointKey: [Int]] = [:]
            for number in group.value {
                endpoints[named.entries.entries[number].key.withoutShapes, default: []].append(number)
            }
            for (endpoint, numbers) in endpoints { schemas.merge(common(of: endpoint, numbers, named, shapes)) }
            guard !schemas.isEmpty else { continue }
            bodies.append(
                ServiceMapDocument.Bodies(
                    service: names[group.key.source], destination: names[group.key.destination],
                    method: text(group.key.method), path: paths[group.key.path].template.text,
                    operation: group.key.kind == EndpointKey.noKind ? nil : text(group.key.kind),
                    protocolName: "\(registry[group.key.row].wireName)",
                    count: group.value.reduce(0) { $0 &+ named.entries.entries[$1].value.sightings.count },
                    schemas: schemas))
        }
        return bodies
    }

    // MARK: Names

    /// The places of names and of texts in the order of their bytes.
    private struct Order {
        var names: [UInt32]
        var texts: [UInt32]
        var paths: [UInt32]

        /// Of two endpoints of one service, by what is asked of whom; `nil` where that is the same.
        func isBefore(_ a: EndpointKey, _ b: EndpointKey) -> Bool? {
            if a.destination != b.destination { return names[Int(a.destination)] < names[Int(b.destination)] }
            if a.method != b.method { return texts[Int(a.method)] < texts[Int(b.method)] }
            if a.path != b.path { return paths[Int(a.path)] < paths[Int(b.path)] }
            guard a.kind != b.kind else { return nil }
            // What says nothing of its kind comes first.
            guard a.kind != EndpointKey.noKind, b.kind != EndpointKey.noKind else {
                return a.kind == EndpointKey.noKind
            }
            return texts[Int(a.kind)] < texts[Int(b.kind)]
        }
    }

    /// A template of one destination.
    private struct PathKey: Hashable {
        var destination: UInt32
        var path: UInt32
    }

    /// The endpoints by names and templates, with the shapes of the table.
    private struct NamedEndpoints: ~Copyable {
        var entries: EntryTable<EndpointKey, EndpointValue>
        var common: EntryTable<EndpointKey, EndpointSchemas>
        /// The text of its template, for each node of the named paths.
        var written: [UInt32: UInt32]
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
    ) -> NamedEndpoints {
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
        var common = EntryTable<EndpointKey, EndpointSchemas>()
        for entry in schemas.entries {
            var key = entry.key
            (key.source, _) = names.number(of: key.source, name)
            (key.destination, key.type) = names.number(of: key.destination, name)
            key.path = paths.place(self.paths.trie.current(key.path))
            common.merge(key, entry.value) { $0.merge($1) }
        }
        let isCode = (0..<UInt32(texts.count)).map { texts.withBytes(of: $0) { SiblingPaths.isCode($0) } }
        paths.fold(signatures(known, common, shapes), isCode: isCode)
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
        var joined = EntryTable<EndpointKey, EndpointSchemas>()
        for entry in common.entries {
            var key = entry.key
            key.path = written[paths.current(key.path)] ?? 0
            joined.merge(key, entry.value) { $0.merge($1) }
        }
        return NamedEndpoints(entries: table, common: joined, written: written)
    }

    /// The endpoints with their shapes as they are written: variants to a number, and beyond it one general shape for all bodies
    /// that are JSON.
    private borrowing func variants(
        _ named: borrowing NamedEndpoints, _ written: inout WrittenShapes, _ shapes: borrowing ShapeTable
    ) -> EntryTable<EndpointKey, EndpointValue> {
        var groups = EntryTable<EndpointKey, [Int]>()
        let endpoints = named.entries.entries
        var keys = endpoints.map(\.key)
        for (number, key) in keys.enumerated() {
            groups.merge(key.withoutShapes, [number]) { $0 += $1 }
            keys[number].request = self.written(key.request, &written, shapes)
            keys[number].response = self.written(key.response, &written, shapes)
        }
        if !isExact {
            for group in groups.entries {
                let isGeneral = group.value.contains { keys[$0].request.isGeneral || keys[$0].response.isGeneral }
                let variants = EntryTable<EndpointKey, Void>.distinct(group.value.map { keys[$0] })
                guard isGeneral || variants > limits.schemaVariants else { continue }
                let joined = common(of: group.key, group.value, named, shapes)
                let request = ShapeID(raw: written.add(joined.request.shape))
                let response = ShapeID(raw: written.add(joined.response.shape))
                for number in group.value {
                    let own = endpoints[number].key
                    if own.request.isWholeJSON || Self.isHeld(own.request) { keys[number].request = request }
                    if own.response.isWholeJSON || Self.isHeld(own.response) { keys[number].response = response }
                }
            }
        }
        var table = EntryTable<EndpointKey, EndpointValue>()
        for (number, entry) in endpoints.enumerated() {
            table.merge(keys[number], entry.value) { $0.merge($1) }
        }
        return table
    }

    private borrowing func written(
        _ shape: ShapeID, _ written: inout WrittenShapes, _ shapes: borrowing ShapeTable
    ) -> ShapeID {
        if shape.isGeneral { return shape }
        if let number = shape.kept { return ShapeID(raw: written.add(kept[ShapeID(raw: number)])) }
        return written.number(shape, shapes)
    }

    /// What the bodies of an endpoint have in common.
    private borrowing func common(
        of endpoint: EndpointKey, _ numbers: [Int], _ named: borrowing NamedEndpoints, _ shapes: borrowing ShapeTable
    ) -> EndpointSchemas {
        var joined = named.common.find(endpoint).map { named.common.entries[$0].value } ?? EndpointSchemas()
        for number in numbers {
            let entry = named.entries.entries[number]
            joined.add(
                entry.key.request, entry.key.response, entry.value.numbers, times: entry.value.sightings.count, shapes)
        }
        joined.fit()
        return joined
    }

    /// What was asked at each place of the paths, and what came: of answers those that succeeded, where one did.
    private borrowing func signatures(
        _ endpoints: borrowing EntryTable<EndpointKey, EndpointValue>,
        _ common: borrowing EntryTable<EndpointKey, EndpointSchemas>, _ shapes: borrowing ShapeTable
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
                (key.response == .empty || key.response == .empty.incomplete ? 0 : 1)
                | (key.request == .empty || key.request == .empty.incomplete ? 0 : 2)
            var signature = signatures[key.path] ?? SiblingPaths.Signature()
            signature.profile.insert(UInt64(key.method) << 2 | bodies)
            let way = UInt64(key.method) << 34 | (hasSuccess ? 1 << 33 : 0)
            let schemas = common.find(key.withoutShapes).map { common.entries[$0].value }
            forEachTopKey(key.request, schemas.map { [$0.request] } ?? [], shapes) {
                signature.asked.insert(way | ($1 ? 1 << 32 : 0) | UInt64($0))
            }
            let responses = schemas?.responses.filter { !hasSuccess || AnswerStatus.isSuccess($0.key) }.map(\.value)
            forEachTopKey(key.response, responses ?? [], shapes) {
                signature.answered.insert(way | ($1 ? 1 << 32 : 0) | UInt64($0))
            }
            signatures[key.path] = signature
        }
        return signatures
    }

    /// The keys of bodies that are objects, or lists of objects; those that are data are one.
    private borrowing func forEachTopKey(
        _ shape: ShapeID, _ common: [GeneralSchema], _ shapes: borrowing ShapeTable,
        _ body: (_ key: UInt32, _ isInArray: Bool) -> Void
    ) {
        guard Self.isHeld(shape) else {
            return shapes.forEachTopKey(shape) { key, isInArray in
                let isData = shapes.keys.withBytes(of: key) { IdentifierClass.of($0) } != nil
                body(isData ? ByteInterner.full : key, isInArray)
            }
        }
        func visit(_ facts: SchemaFacts, isInArray: Bool) {
            if !facts.table.isEmpty { body(ByteInterner.full, isInArray) }
            for key in facts.members.keys {
                var text = key
                let number = text.withUTF8 { bytes in
                    IdentifierClass.of(UnsafeRawBufferPointer(bytes)) == nil
                        ? shapes.keys.find(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes))) : ByteInterner.full
                }
                body(number, isInArray)
            }
        }
        for schema in common {
            visit(schema.facts, isInArray: false)
            for element in schema.facts.elements { visit(element, isInArray: true) }
        }
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

    /// What is known of operations, by names.
    private borrowing func named<Value>(
        _ entries: [EntryTable<OperationKey, Value>.Entry], _ names: inout ChosenNames, _ name: (PartyID) -> PartyName,
        _ join: (inout Value, Value) -> Void
    ) -> EntryTable<OperationKey, Value> {
        var table = EntryTable<OperationKey, Value>()
        for entry in entries {
            var key = entry.key
            (key.connection.source, _) = names.number(of: key.connection.source, name)
            (key.connection.destination, _) = names.number(of: key.connection.destination, name)
            table.merge(key, entry.value, join)
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

    borrowing func name(of row: ProtocolID?) -> String { row.map { "\(registry[$0].edgeName)" } ?? "unknown" }

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
            if let isBefore = order.isBefore(a, b) { return isBefore }
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

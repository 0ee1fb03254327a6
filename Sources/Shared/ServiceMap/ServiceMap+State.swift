/// The map as a state has it, by identity: in an order that does not depend on how it was recorded, so that equal maps give
/// equal bytes.
extension ServiceMap {
    /// Who is a part of any entry.
    var parties: [PartyID] {
        var wanted: Set<UInt32> = []
        for entry in endpoints.entries { wanted.formUnion([entry.key.source, entry.key.destination]) }
        for entry in connections.entries where !entry.value.isVacant {
            wanted.formUnion([entry.key.source, entry.key.destination])
        }
        for entry in operations.entries {
            wanted.formUnion([entry.key.connection.source, entry.key.connection.destination])
        }
        return wanted.sorted().map { PartyID(raw: $0) }
    }

    /// What things are called in the state that is written.
    private struct Numbers {
        var parties: [UInt32: UInt64]
        var paths: [UInt32: UInt64] = [:]
        var shapes: StateShapes
        /// Of shapes that the map keeps.
        var kept: [UInt32: UInt64] = [:]

        func shape(_ shape: ShapeID) -> UInt64 {
            let number: UInt64
            if shape.isGeneral {
                number = 0
            } else if let kept = shape.kept {
                number = 2 + 2 * (self.kept[kept] ?? 0)
            } else {
                number = 1 + 2 * shapes.number(shape)
            }
            return number << 1 | (shape.isIncomplete ? 1 : 0)
        }
    }

    /// To be called when the map is settled (`settle`), and the journal's timelines are joined.
    /// - Parameter parties: the numbers that they have in the state.
    func write(
        _ state: inout StateWriter, _ parties: [UInt32: UInt64], _ shapes: borrowing ShapeTable, _ journal: Journal?
    ) {
        var used: Set<UInt32> = []
        var held: Set<UInt32> = []
        for shape in endpoints.entries.flatMap({ [$0.key.request, $0.key.response] }) {
            if let kept = shape.kept {
                held.insert(kept)
            } else if !Self.isHeld(shape) {
                used.insert(UInt32(shape.index))
            }
        }
        var numbers = Numbers(parties: parties, shapes: StateShapes(used, shapes))
        let keptOrder = held.sorted { kept[ShapeID(raw: $0)].precedes(kept[ShapeID(raw: $1)]) }
        for (number, shape) in keptOrder.enumerated() { numbers.kept[shape] = UInt64(number) }
        state.section(.shapes) { state in
            numbers.shapes.write(&state, shapes)
            state.list(keptOrder) { kept[ShapeID(raw: $1)].write(&$0) }
        }
        state.section(.paths) { numbers.paths = paths.write(&$0, parties, texts) }
        state.section(.endpoints) { state in
            state.sorted(endpoints.entries.map { $0 }) { state, entry in
                write(entry.key, numbers, &state)
                entry.value.sightings.write(&state)
                entry.value.numbers.write(&state)
            }
        }
        state.section(.schemas) { state in
            state.sorted(schemas.entries.map { $0 }) { state, entry in
                write(entry.key, numbers, &state)
                entry.value.write(&state)
            }
        }
        state.section(.connections) { state in
            state.sorted(connections.entries.filter { !$0.value.isVacant }) { state, entry in
                write(entry.key, numbers, &state)
                write(entry.value, &state)
            }
        }
        state.section(.operations) { state in
            state.sorted(operations.entries.map { $0 }) { state, entry in
                write(entry.key, numbers, &state)
                entry.value.write(&state)
            }
        }
        guard let journal, journal.axis.first != nil else { return }
        state.section(.timelines) { state in
            journal.axis.write(&state)
            state.sorted(journal.endpoints.entries.map { $0 }) { state, entry in
                write(entry.key, numbers, &state)
                entry.value.write(&state, journal.axis)
            }
            state.sorted(journal.operations.entries.map { $0 }) { state, entry in
                write(entry.key, numbers, &state)
                entry.value.write(&state, journal.axis)
            }
        }
    }

    private func write(_ key: OperationKey, _ numbers: Numbers, _ state: inout StateWriter) {
        write(key.connection, numbers, &state)
        for part in [key.name, key.targets, key.summary] { state.text(text(part)) }
    }

    private func write(_ key: EndpointKey, _ numbers: Numbers, _ state: inout StateWriter) {
        state.number(numbers.parties[key.source] ?? 0)
        state.number(numbers.parties[key.destination] ?? 0)
        state.text(text(key.method))
        state.number(numbers.paths[paths.trie.current(key.path)] ?? 0)
        state.optional(key.kind == EndpointKey.noKind ? nil : key.kind) { $0.text(text($1)) }
        state.text("\(registry[key.row].name)")
        state.number(numbers.shape(key.request))
        state.number(numbers.shape(key.response))
    }

    private func write(_ key: ConnectionKey, _ numbers: Numbers, _ state: inout StateWriter) {
        state.number(numbers.parties[key.source] ?? 0)
        state.number(numbers.parties[key.destination] ?? 0)
        state.number(key.port)
        state.optional(key.row) { $0.text("\(registry[$1].name)") }
    }

    private func write(_ value: ConnectionValue, _ state: inout StateWriter) {
        value.sightings.write(&state)
        state.number(max(value.confidence, 0))
        state.text(value.reason)
        state.moment(value.reasonSeen)
        state.list(value.failures?.nonZero ?? []) { state, failure in
            state.text("\(failure.key)")
            state.number(failure.count)
        }
        state.flag(value.isEncrypted)
        state.optional(value.tls) { state, facts in
            state.optional(facts.serverName) { $0.text($1) }
            state.list(facts.applicationProtocols) { $0.text($1) }
            state.optional(facts.chosenProtocol) { $0.text($1) }
            state.number(facts.version ?? 0)
            state.optional(facts.suite) { $0.text($1) }
            state.optional(facts.subject) { $0.text($1) }
            state.optional(facts.notAfter) { $0.moment($1) }
            state.moment(facts.at)
        }
    }
}

/// Reads the sections of a state into a map.
struct ServiceMapReading {
    private var parties: [PartyID] = []
    private var shapes = StateShapes.Read()
    private var kept: [UInt32] = []
    private var places: [UInt32] = []
    /// Entries of protocols that only a later version knows.
    private(set) var skipped: UInt64 = 0

    init() {}

    mutating func take(_ parties: [PartyID]) { self.parties = parties }

    /// Takes a section; one that is none of a map's is passed over.
    mutating func read(
        _ kind: StateSection, _ state: inout StateReader, into map: inout ServiceMap, _ table: inout ShapeTable
    ) throws(StateFault) {
        switch kind {
        case .shapes:
            shapes = try StateShapes.read(&state, into: &table)
            for _ in 0..<(try state.count()) { kept.append(map.kept.add(try Shape(&state))) }
        case .paths: places = try map.paths.add(&state, parties, &map.texts)
        case .endpoints: for _ in 0..<(try state.count()) { try endpoint(&state, &map, table) }
        case .schemas: for _ in 0..<(try state.count()) { try schemas(&state, &map) }
        case .connections: for _ in 0..<(try state.count()) { try connection(&state, &map) }
        case .operations: for _ in 0..<(try state.count()) { try operation(&state, &map) }
        case .summary, .participants, .names, .parties, .timelines: break
        }
    }

    private mutating func endpoint(
        _ state: inout StateReader, _ map: inout ServiceMap, _ table: borrowing ShapeTable
    ) throws(StateFault) {
        let key = try endpointKey(&state, &map)
        let value = ServiceMap.EndpointValue(
            sightings: try Sightings(&state), numbers: try ExchangeNumbers(&state))
        guard let key else { return }
        if let known = map.endpoints.find(key) { return map.endpoints.update(known) { $0.merge(value) } }
        guard map.makeRoom(key.request, key.response, table) else { return }
        // To make room, entries may have become the one that is added.
        map.endpoints.merge(key, value) { $0.merge($1) }
    }

    private mutating func schemas(_ state: inout StateReader, _ map: inout ServiceMap) throws(StateFault) {
        let key = try endpointKey(&state, &map)
        let schemas = try EndpointSchemas(&state)
        guard let key else { return }
        let places = schemas.places
        guard map.schemaPlaces + places <= ServiceMap.mostSchemaPlaces else {
            map.refused &+= 1
            return
        }
        map.schemaPlaces += places
        map.schemas.merge(key, schemas) { $0.merge($1) }
    }

    private mutating func connection(_ state: inout StateReader, _ map: inout ServiceMap) throws(StateFault) {
        let key = try connectionKey(&state, &map)
        let value = try connectionValue(&state)
        guard let key else { return }
        if let known = map.connections.find(key) {
            return map.connections.update(known) { if $0.isVacant { $0 = value } else { $0.merge(value) } }
        }
        guard map.hasRoom else {
            map.refused &+= 1
            return
        }
        map.connections.append(key, value)
    }

    private mutating func operation(_ state: inout StateReader, _ map: inout ServiceMap) throws(StateFault) {
        let key = try operationKey(&state, &map)
        let value = try OperationValue(&state)
        guard let key else { return }
        if let known = map.operations.find(key) { return map.operations.update(known) { $0.merge(value) } }
        guard map.hasRoom else {
            map.refused &+= 1
            return
        }
        map.operations.append(key, value)
    }

    /// Takes the section that says when each endpoint and operation was asked for.
    mutating func read(
        timelines state: inout StateReader, into map: inout ServiceMap, _ journal: Journal
    ) throws(StateFault) {
        let axis = try TimeAxis(&state)
        journal.see(axis)
        for _ in 0..<(try state.count()) {
            let key = try endpointKey(&state, &map)
            let timeline = try Timeline(&state, axis)
            if let key { journal.merge(key.withoutShapes, timeline) }
        }
        for _ in 0..<(try state.count()) {
            let key = try operationKey(&state, &map)
            let timeline = try Timeline(&state, axis)
            if let key { journal.merge(key, timeline) }
        }
    }

    // MARK: Keys

    private mutating func operationKey(
        _ state: inout StateReader, _ map: inout ServiceMap
    ) throws(StateFault) -> OperationKey? {
        let connection = try connectionKey(&state, &map)
        var parts: [UInt32?] = []
        for _ in 0..<3 { parts.append(number(try state.text(), &map)) }
        guard let connection else { return nil }
        guard let name = parts[0], let targets = parts[1], let summary = parts[2] else {
            map.refused &+= 1
            return nil
        }
        return OperationKey(connection: connection, name: name, targets: targets, summary: summary)
    }

    /// - Returns: `nil` where there is no room for what it is made of, or nobody knows the protocol.
    private mutating func endpointKey(
        _ state: inout StateReader, _ map: inout ServiceMap
    ) throws(StateFault) -> ServiceMap.EndpointKey? {
        let (source, destination) = (try party(&state), try party(&state))
        let method = number(try state.text(), &map)
        guard let path = places.at(try state.number()) else { throw .damaged }
        let kind = try state.optional { state throws(StateFault) in
            number(try state.text(), &map) ?? ByteInterner.full
        }
        let row = try row(&state, map.registry)
        let (request, response) = (try shape(&state), try shape(&state))
        guard let row else { return nil }
        // A kind that found no room would be none.
        guard source != .none, destination != .none, let method, kind != ByteInterner.full else {
            map.refused &+= 1
            return nil
        }
        return ServiceMap.EndpointKey(
            source: source.raw, destination: destination.raw, method: method, path: map.paths.trie.current(path),
            kind: kind ?? ServiceMap.EndpointKey.noKind, request: request, response: response, row: row)
    }

    private mutating func connectionKey(
        _ state: inout StateReader, _ map: inout ServiceMap
    ) throws(StateFault) -> ServiceMap.ConnectionKey? {
        let (source, destination) = (try party(&state), try party(&state))
        let port = try state.number(UInt16.self)
        var row: ProtocolID?
        if try state.flag() {
            row = try self.row(&state, map.registry)
            guard row != nil else { return nil }
        }
        guard source != .none, destination != .none else {
            map.refused &+= 1
            return nil
        }
        return ServiceMap.ConnectionKey(source: source.raw, destination: destination.raw, port: port, row: row)
    }

    private func number(_ text: [UInt8], _ map: inout ServiceMap) -> UInt32? { map.number(of: text.span.bytes) }

    private func party(_ state: inout StateReader) throws(StateFault) -> PartyID {
        guard let party = parties.at(try state.number()) else { throw .damaged }
        return party
    }

    private mutating func row(_ state: inout StateReader, _ registry: Registry) throws(StateFault) -> ProtocolID? {
        let row = registry.id(named: try state.string())
        if row == nil { skipped &+= 1 }
        return row
    }

    private func shape(_ state: inout StateReader) throws(StateFault) -> ShapeID {
        let number = try state.number()
        let isIncomplete = number & 1 != 0
        let what = number >> 1
        var shape: ShapeID
        if what == 0 {
            shape = .general
        } else if what & 1 == 0 {
            guard let kept = kept.at((what - 2) / 2) else { throw .damaged }
            shape = ShapeID(kept: kept)
        } else {
            shape = try shapes.shape((what - 1) / 2)
        }
        if isIncomplete { shape = shape.incomplete }
        return shape
    }

    private func connectionValue(_ state: inout StateReader) throws(StateFault) -> ServiceMap.ConnectionValue {
        let sightings = try Sightings(&state)
        let confidence = Int(try state.number(UInt8.self))
        let (reason, reasonSeen) = (try state.string(), try state.moment())
        var failures: Tally<ConnectFailure>?
        for _ in 0..<(try state.count()) {
            let (name, count) = (try state.string(), try state.number())
            let failure = ConnectFailure.allCases.first { "\($0)" == name } ?? .other
            failures = failures ?? Tally()
            failures?[failure] &+= count
        }
        return ServiceMap.ConnectionValue(
            confidence: confidence, reason: reason, reasonSeen: reasonSeen, sightings: sightings, failures: failures,
            isEncrypted: try state.flag(),
            tls: try state.optional { state throws(StateFault) in try tls(&state) })
    }

    private func tls(_ state: inout StateReader) throws(StateFault) -> TLSFacts {
        func text(_ state: inout StateReader) throws(StateFault) -> String? {
            try state.optional { state throws(StateFault) in try state.string() }
        }
        var facts = TLSFacts()
        facts.serverName = try text(&state)
        facts.applicationProtocols = try state.list { state throws(StateFault) in try state.string() }
        facts.chosenProtocol = try text(&state)
        let version = try state.number(UInt16.self)
        facts.version = version == 0 ? nil : version
        facts.suite = try text(&state)
        facts.subject = try text(&state)
        facts.notAfter = try state.optional { state throws(StateFault) in try state.moment() }
        facts.at = try state.moment()
        return facts
    }
}

/// What a request asks for in one `ServiceMap`: a method, and a place among the paths of its destination.
struct OperationID: Equatable, Sendable {
    let method: UInt32
    let path: UInt32
}

/// Who talked to whom, by which protocol, with which shapes: accumulates what the pipeline saw and gives the document
/// of docs/contract.md, section 5.
///
/// What is held is kept by identity (`PartyID`); the document's names are chosen when it is made.
///
/// The document does not depend on the order in which it was recorded.
///
/// Recording what is already in the map allocates nothing. The map is bounded by `Limits.serviceMapEntries`; what finds
/// no room is counted in `refused`.
struct ServiceMap: ~Copyable {
    /// Records that found no room.
    var refused: UInt64 = 0

    var texts: ByteInterner
    var paths: DestinationPaths
    var endpoints = EntryTable<EndpointKey, EndpointValue>()
    var connections = EntryTable<ConnectionKey, ConnectionValue>()
    var operations = EntryTable<OperationKey, OperationValue>()
    private let maximumEntries: Int
    /// Lines of all schemas, were the map written out.
    ///
    /// An entry costs little memory, since shapes are shared, but its text may be long.
    private var schemaLines = 0
    /// What the bodies of endpoints have in common whose shapes were too many to be held each.
    var schemas = EntryTable<EndpointKey, EndpointSchemas>()
    /// Shapes that entries have instead of those that they stand for.
    var kept = WrittenShapes(isExact: false)
    /// Endpoints that came since shapes were made fewer, and how many may come until then.
    private var added = 0
    private var mayAdd = Self.leastAdded
    private static let leastAdded = 1024
    /// Places in all of `schemas`.
    var schemaPlaces = 0
    static let mostSchemaPlaces = 1 << 17
    private let maximumSchemaLines: Int
    /// Of `PathTrie.joins`, when entries were joined last.
    private var joinedEntries: UInt64 = 0
    /// After so many, entries are made fewer: most of them are one by then.
    private static let manyJoins: UInt64 = 4096

    /// An endpoint of a source: each pair of shapes is an entry of its own.
    ///
    /// Source and destination are parties; in the document they are names (`ChosenNames`).
    struct EndpointKey: EntryKey, Hashable {
        var source: UInt32
        var destination: UInt32
        var method: UInt32
        /// A node of `paths`; in the document the number of a template's text.
        var path: UInt32
        /// What the content calls itself: a text.
        var kind = Self.noKind
        var request: ShapeID
        var response: ShapeID
        var row: ProtocolID
        /// What the destination is, once it has its name.
        var type = DestinationType.external

        /// The content says nothing of its kind.
        static var noKind: UInt32 { UInt32.max }

        @inline(__always)
        func mixed(_ seed: UInt64) -> UInt64 {
            let who = UInt64(source) << 32 | UInt64(destination)
            let what = UInt64(method) << 32 | UInt64(path ^ kind)
            let shapes = UInt64(request.raw) << 32 | UInt64(response.raw)
            let state = fold(seed ^ who, 0xA076_1D64_78BD_642F ^ what)
            return fold(state ^ shapes, 0xE703_7ED1_A0B4_28DB ^ UInt64(type.rawValue) << 8 ^ UInt64(row.raw))
        }

        /// The endpoint, whatever its bodies look like.
        var withoutShapes: EndpointKey {
            var key = self
            (key.request, key.response) = (.empty, .empty)
            return key
        }
    }

    struct EndpointValue: Equatable, Sendable {
        var sightings: Sightings
        var numbers = ExchangeNumbers()

        mutating func merge(_ other: EndpointValue) {
            sightings.merge(other.sightings)
            numbers.merge(other.numbers)
        }
    }

    struct ConnectionKey: EntryKey {
        var source: UInt32
        var destination: UInt32
        var port: UInt16
        /// `nil`: nothing says what is talked there.
        var row: ProtocolID?

        @inline(__always)
        func mixed(_ seed: UInt64) -> UInt64 {
            let who = UInt64(source) << 32 | UInt64(destination)
            return fold(seed ^ who, 0xA076_1D64_78BD_642F ^ (UInt64(port) << 8 | UInt64(row?.raw ?? 0xFF)))
        }
    }

    struct ConnectionValue: Equatable, Sendable {
        var confidence: Int
        var reason: String
        /// When the reason was given: of equally confident ones the earliest stays.
        var reasonSeen: Timestamp
        var sightings: Sightings
        /// How often the connect failed, and why; `nil` where it never did.
        var failures: Tally<ConnectFailure>?
        /// TLS hides what is talked.
        var isEncrypted: Bool
        /// Of its last handshake that told something.
        @Rare var tls: TLSFacts?

        /// What was told of was taken back: there is no such connection.
        var isVacant = false

        mutating func merge(_ other: ConnectionValue) {
            sightings.merge(other.sightings)
            if let others = other.failures { failures = failures?.joined(with: others) ?? others }
            isEncrypted = isEncrypted || other.isEncrypted
            tls = TLSFacts.later(tls, other.tls)
            if other.confidence < confidence { return }
            if other.confidence == confidence {
                if reasonSeen < other.reasonSeen { return }
                if reasonSeen == other.reasonSeen, reason <= other.reason { return }
            }
            (confidence, reason, reasonSeen) = (other.confidence, other.reason, other.reasonSeen)
        }
    }

    let registry: Registry
    let limits: Limits
    /// Shapes are written as they were seen, however many there are.
    let isExact: Bool

    /// - Parameter templates: how paths become templates.
    init(
        limits: Limits = Limits(), registry: Registry, templates: PathTemplates = .inferred(PathRules()),
        isExact: Bool = false
    ) {
        self.isExact = isExact
        self.registry = registry
        self.limits = limits
        maximumEntries = limits.serviceMapEntries
        maximumSchemaLines = limits.serviceMapEntries.multipliedReportingOverflow(by: 50).partialValue
        // Methods and paths: an entry has one new of each at most, and both may be repaired.
        texts = ByteInterner(
            maximumCount: limits.serviceMapEntries.multipliedReportingOverflow(by: 4).partialValue,
            maximumBytes: 64 << 20)
        paths = DestinationPaths(limits: limits, templates)
    }

    /// How many entries are held.
    var count: Int { endpoints.count + connections.count + operations.count }

    /// The number of an operation, whose method and path may be any bytes.
    ///
    /// Where there is no room for another, what is recorded with it is refused.
    /// - Parameter host: that the request names.
    mutating func operation(
        method: RawSpan, path: RawSpan, host: RawSpan = RawSpan(), of destination: PartyID
    ) -> OperationID {
        OperationID(
            method: hasRoom ? texts.number(of: method) : texts.find(method),
            path: paths.place(path, method: method, host: host, of: destination, &texts, mayGrow: hasRoom))
    }

    var hasRoom: Bool { count < maximumEntries }

    /// Counts one exchange: a request with its response, or (`response` is `.empty`) one that was never answered.
    /// - Returns: the key of its entry; `nil` where there was no room.
    @discardableResult
    mutating func record(
        exchange source: PartyID, to destination: PartyID, operation: OperationID, kind: RawSpan = RawSpan(),
        protocol row: ProtocolID, request: ShapeID, response: ShapeID, at moment: Timestamp,
        _ measures: ExchangeMeasures, shapes: borrowing ShapeTable
    ) -> EndpointKey? {
        let full = ByteInterner.full
        guard source.raw != full, destination.raw != full, operation.method != full, operation.path != full else {
            refused &+= 1
            return nil
        }
        let kind = kind.byteCount == 0 ? EndpointKey.noKind : number(of: kind)
        guard let kind else {
            refused &+= 1
            return nil
        }
        let key = EndpointKey(
            source: source.raw, destination: destination.raw, method: operation.method,
            path: paths.trie.current(operation.path), kind: kind, request: request, response: response, row: row)
        if let known = endpoints.find(key) {
            endpoints.update(known) {
                $0.sightings.see(moment)
                $0.numbers.record(measures)
            }
            return key
        }
        guard makeRoom(request, response, shapes) else { return nil }
        var value = EndpointValue(sightings: Sightings(first: moment, last: moment, count: 1))
        value.numbers.record(measures)
        endpoints.append(key, value)
        return key
    }

    /// Makes the entries those that any order of recording would have given.
    mutating func settle(_ shapes: borrowing ShapeTable) {
        joinEntries(shapes)
        foldShapes(shapes)
    }

    /// Makes room for another entry, where there may be.
    /// - Returns: whether there is some now.
    mutating func makeRoom(_ request: ShapeID, _ response: ShapeID, _ shapes: borrowing ShapeTable) -> Bool {
        if !hasRoom || paths.trie.joins &- joinedEntries > Self.manyJoins { joinEntries(shapes) }
        if added >= mayAdd || !hasRoom && added >= Self.leastAdded { foldShapes(shapes) }
        let lines = [request, response].reduce(0) { $0 + (Self.isHeld($1) ? 0 : shapes.lines($1)) }
        guard hasRoom, lines <= maximumSchemaLines - schemaLines else {
            refused &+= 1
            return false
        }
        schemaLines += lines
        added &+= 1
        return true
    }

    /// Requests whose paths are told of as the rest of a path, because there were too many.
    var cutPaths: UInt64 {
        endpoints.entries.reduce(paths.refused) { sum, entry in
            let node = paths.trie.current(entry.key.path)
            return paths.isCut(node, of: entry.key.destination) ? sum &+ entry.value.sightings.count : sum
        }
    }

    /// Makes one entry of those whose paths were joined since they came.
    private mutating func joinEntries(_ shapes: borrowing ShapeTable) {
        guard paths.trie.joins != joinedEntries else { return }
        joinedEntries = paths.trie.joins
        var table = EntryTable<EndpointKey, EndpointValue>()
        for entry in endpoints.entries {
            var key = entry.key
            key.path = paths.trie.current(key.path)
            table.merge(key, entry.value) { $0.merge($1) }
        }
        endpoints = table
        var joined = EntryTable<EndpointKey, EndpointSchemas>()
        for entry in schemas.entries {
            var key = entry.key
            key.path = paths.trie.current(key.path)
            joined.merge(key, entry.value) { $0.merge($1) }
        }
        schemas = joined
        countLines(shapes)
    }

    private mutating func countLines(_ shapes: borrowing ShapeTable) {
        schemaLines = endpoints.entries.reduce(0) { sum, entry in
            [entry.key.request, entry.key.response].reduce(sum) { $0 + (Self.isHeld($1) ? 0 : shapes.lines($1)) }
        }
    }

    /// It is no shape of the table.
    static func isHeld(_ shape: ShapeID) -> Bool { shape.isGeneral || shape.kept != nil }

    /// Makes few entries of those of endpoints that have many shapes: a number of them in which keys that are data are one, or
    /// one that holds for all.
    ///
    /// What is left out of them is added to `schemas`.
    private mutating func foldShapes(_ shapes: borrowing ShapeTable) {
        guard !isExact else { return }
        var groups = EntryTable<EndpointKey, [Int]>()
        var keys = endpoints.entries.map(\.key)
        for (number, key) in keys.enumerated() { groups.merge(key.withoutShapes, [number]) { $0 += $1 } }
        for group in groups.entries {
            // Where some are held, there were too many.
            let isHeld = group.value.contains { Self.isHeld(keys[$0].request) || Self.isHeld(keys[$0].response) }
            if isHeld || group.value.count > limits.heldShapes { hold(group.key, group.value, &keys, shapes) }
        }
        var table = EntryTable<EndpointKey, EndpointValue>()
        for (number, entry) in endpoints.entries.enumerated() {
            table.merge(keys[number], entry.value) { $0.merge($1) }
        }
        endpoints = table
        countLines(shapes)
        added = 0
        mayAdd = max(Self.leastAdded, endpoints.count)
    }

    private mutating func hold(
        _ endpoint: EndpointKey, _ numbers: [Int], _ keys: inout [EndpointKey], _ shapes: borrowing ShapeTable
    ) {
        struct Pair: Hashable {
            var request: ShapeID
            var response: ShapeID
        }
        var common = EndpointSchemas()
        var pairs: Set<Pair> = []
        for number in numbers {
            let (key, value) = (keys[number], endpoints.entries[number].value)
            common.add(key.request, key.response, value.numbers, times: value.sightings.count, shapes)
            keys[number].request = held(key.request, shapes)
            keys[number].response = held(key.response, shapes)
            pairs.insert(Pair(request: keys[number].request, response: keys[number].response))
        }
        common.fit()
        let places = common.places
        if schemaPlaces + places > Self.mostSchemaPlaces {
            refused &+= 1
        } else {
            schemaPlaces += places
            schemas.merge(endpoint, common) { $0.merge($1) }
        }
        guard
            pairs.count > limits.schemaVariants
                || pairs.contains(where: { $0.request.isGeneral || $0.response.isGeneral })
        else { return }
        for number in numbers {
            if keys[number].request.kept != nil { keys[number].request = .general }
            if keys[number].response.kept != nil { keys[number].response = .general }
        }
    }

    private mutating func held(_ shape: ShapeID, _ shapes: borrowing ShapeTable) -> ShapeID {
        if Self.isHeld(shape) { return shape }
        guard shape.isWholeJSON else { return shapes.coarse(shape) }
        return ShapeID(kept: kept.number(shape, shapes).raw)
    }

    /// What is told of a connection.
    struct ConnectionRecord {
        var key: ConnectionKey
        var confidence: Int
        var reason: String
        var isEncrypted: Bool
        var tls: TLSFacts?
        var failure: ConnectFailure?
        /// It is told of as this for the first time.
        var isNew: Bool
    }

    /// Notes what is known of one connection that gave no exchange, or of one that could not be made.
    /// - Returns: the number of its entry; `nil` where there was no room.
    @discardableResult
    mutating func record(_ record: ConnectionRecord, at moment: Timestamp) -> Int? {
        let key = record.key
        guard key.source != ByteInterner.full, key.destination != ByteInterner.full else {
            refused &+= 1
            return nil
        }
        var failures: Tally<ConnectFailure>?
        if let failure = record.failure {
            failures = Tally()
            failures?[failure] = 1
        }
        let value = ConnectionValue(
            confidence: record.confidence, reason: record.reason, reasonSeen: moment,
            sightings: Sightings(first: moment, last: moment, count: record.isNew ? 1 : 0), failures: failures,
            isEncrypted: record.isEncrypted, tls: record.tls)
        if let known = connections.find(key) {
            connections.update(known) { if $0.isVacant { $0 = value } else { $0.merge(value) } }
            return known
        }
        guard count < maximumEntries else {
            refused &+= 1
            return nil
        }
        connections.append(key, value)
        return connections.count - 1
    }

    /// Counts one operation on a connection that is an edge.
    /// - Returns: the key of its entry; `nil` where there was no room.
    @discardableResult
    mutating func record(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, on connection: ConnectionKey
    ) -> OperationKey? {
        guard let name = number(of: text.extracting(operation.name)),
            let targets = number(of: text.extracting(operation.targets)),
            let summary = number(of: text.extracting(operation.summary))
        else {
            refused &+= 1
            return nil
        }
        let key = OperationKey(connection: connection, name: name, targets: targets, summary: summary)
        let value = OperationValue(operation)
        if let known = operations.find(key) {
            operations.update(known) { $0.merge(value) }
            return key
        }
        guard hasRoom else {
            refused &+= 1
            return nil
        }
        operations.append(key, value)
        return key
    }

    /// The number of a text; `nil` where there is no room for it.
    mutating func number(of text: RawSpan) -> UInt32? {
        let number = hasRoom ? texts.number(of: text) : texts.find(text)
        return number == ByteInterner.full ? nil : number
    }

    /// Takes back that a connection was what it was taken for.
    mutating func takeBack(connection number: Int) {
        connections.update(number) {
            if $0.sightings.count > 0 { $0.sightings.count &-= 1 }
            $0.isVacant = $0.sightings.count == 0 && $0.failures == nil
        }
    }

    borrowing func text(_ number: UInt32) -> String { texts.text(of: number) }

    /// The place of each text in the order of their bytes.
    borrowing func ranks() -> [UInt32] {
        let order = (0..<UInt32(texts.count)).sorted { texts.precedes($0, $1) }
        var ranks = [UInt32](repeating: 0, count: order.count)
        for (rank, number) in order.enumerated() { ranks[Int(number)] = UInt32(rank) }
        return ranks
    }
}

/// What holds for any number of JSON bodies: which kinds of values there are at each place, which keys all objects have, and how
/// often each came.
///
/// No value is in it.
///
/// Bodies are added, and schemas merged, in any order with the same result: sums of counts, unions of keys, kinds and formats.
/// The bounds are part of that: an object with more than `mostKeys` keys is a table, and a schema with more than `mostNodes`
/// places is cut above the depth at which there are too many (only where a cut schema has keys that later turn out to be a
/// table's can the depth differ).
struct GeneralSchema: Equatable, Sendable {
    private(set) var facts = SchemaFacts()
    /// How deep it goes; there anything may stand.
    private(set) var depth = SchemaFacts.deepest

    /// Places in one schema.
    static let mostNodes = 4096

    init(_ facts: SchemaFacts = SchemaFacts(), depth: Int = SchemaFacts.deepest) {
        self.facts = facts
        self.depth = depth
    }

    var isEmpty: Bool { facts.total == 0 }

    /// Takes bodies that have a shape.
    mutating func add(_ shape: ShapeID, times: UInt64, _ table: borrowing ShapeTable) {
        guard times > 0 else { return }
        facts.add(UInt32(shape.index), times: times, table, depth: depth)
        // A shape is shared in parts, and may be large where it is told.
        if table.lines(shape) > Self.mostNodes / 8 { fit() }
    }

    /// Places in it.
    var places: Int {
        var levels: [Int] = []
        facts.count(&levels, at: 0)
        return levels.reduce(0, +)
    }

    mutating func merge(_ other: GeneralSchema) {
        facts.merge(other.facts)
        depth = min(depth, other.depth)
        fit()
    }

    /// Cuts what has too many places.
    ///
    /// To be called when shapes were added: until then a schema may be larger.
    mutating func fit() {
        var levels: [Int] = []
        facts.count(&levels, at: 0)
        var sum = 0
        for (level, count) in levels.enumerated() {
            sum += count
            guard sum > Self.mostNodes else { continue }
            depth = min(depth, level - 1)
            break
        }
        if depth < SchemaFacts.deepest { facts.cut(to: depth) }
    }

    /// As a map writes it; formats are left out.
    var shape: Shape { facts.shape }
}

/// What is known of one place in a `GeneralSchema`.
struct SchemaFacts: Equatable, Sendable {
    var nulls: UInt64 = 0
    var booleans: UInt64 = 0
    /// Without fraction and exponent.
    var integers: UInt64 = 0
    var fractions: UInt64 = 0
    var texts: UInt64 = 0
    /// The formats of all texts.
    var formats = StringFormats()
    var arrays: UInt64 = 0
    /// Of all arrays together; none where all were empty.
    ///
    /// Elements of one array that are alike count once.
    var elements: [SchemaFacts] = []
    var objects: UInt64 = 0
    var members: [String: Member] = [:]
    /// Of all values whose keys are data; none where no keys are.
    var table: [SchemaFacts] = []
    /// What the keys look like that are data.
    var keys = SchemaKeys()
    /// There were so many keys that all are data.
    var isTable = false
    /// Values whose contents are not told: the schema would be too large.
    var others: UInt64 = 0

    struct Member: Equatable, Sendable {
        /// Objects that have it.
        var times: UInt64 = 0
        var facts = SchemaFacts()
    }

    /// Levels of one schema.
    static let deepest = 32
    /// Keys of one object that are an interface's; what has more is a table.
    static let mostKeys = 128

    /// Values that were seen here.
    var total: UInt64 { nulls &+ booleans &+ integers &+ fractions &+ texts &+ arrays &+ objects &+ others }

    // MARK: Adding

    mutating func add(_ shape: UInt32, times: UInt64, _ table: borrowing ShapeTable, depth: Int) {
        guard depth > 0 else {
            others &+= times
            return
        }
        switch table.contents(shape) {
        case .nothing: break
        case .null: nulls &+= times
        case .boolean: booleans &+= times
        case .integer: integers &+= times
        case .number: fractions &+= times
        case .text(let format):
            texts &+= times
            formats.insert(format)
        case .array(let parts):
            arrays &+= times
            for part in parts {
                if elements.isEmpty { elements.append(SchemaFacts()) }
                elements[0].add(part.shape, times: times, table, depth: depth - 1)
            }
        case .object(let parts):
            objects &+= times
            let isData =
                parts.count > 1
                && parts.allSatisfy { table.keys.withBytes(of: $0.key) { IdentifierClass.of($0) } != nil }
            for part in parts {
                if isData || isTable {
                    keys.insert(table.keys.withBytes(of: part.key) { IdentifierClass.of($0) })
                    if self.table.isEmpty { self.table.append(SchemaFacts()) }
                    self.table[0].add(part.shape, times: times, table, depth: depth - 1)
                } else {
                    let key = table.keys.text(of: part.key)
                    members[key, default: Member()].times &+= times
                    members[key, default: Member()].facts.add(part.shape, times: times, table, depth: depth - 1)
                }
            }
            settle()
        }
    }

    mutating func merge(_ other: SchemaFacts) {
        nulls &+= other.nulls
        booleans &+= other.booleans
        integers &+= other.integers
        fractions &+= other.fractions
        texts &+= other.texts
        formats.formUnion(other.formats)
        arrays &+= other.arrays
        Self.merge(&elements, other.elements)
        objects &+= other.objects
        others &+= other.others
        for (key, member) in other.members {
            members[key, default: Member()].times &+= member.times
            members[key, default: Member()].facts.merge(member.facts)
        }
        Self.merge(&table, other.table)
        keys.formUnion(other.keys)
        isTable = isTable || other.isTable
        settle()
    }

    private static func merge(_ own: inout [SchemaFacts], _ others: [SchemaFacts]) {
        guard let other = others.first else { return }
        if own.isEmpty { own = [other] } else { own[0].merge(other) }
    }

    /// Makes the table's what are its keys.
    private mutating func settle() {
        if members.count > Self.mostKeys { isTable = true }
        guard isTable || !table.isEmpty, !members.isEmpty else { return }
        for (key, member) in members {
            var text = key
            let identifier = text.withUTF8 { IdentifierClass.of(UnsafeRawBufferPointer($0)) }
            guard isTable || identifier != nil else { continue }
            keys.insert(identifier)
            members.removeValue(forKey: key)
            Self.merge(&table, [member.facts])
        }
    }

    // MARK: Bounds

    /// How many places there are on each level.
    func count(_ levels: inout [Int], at level: Int) {
        if levels.count == level { levels.append(0) }
        levels[level] += 1
        for element in elements { element.count(&levels, at: level + 1) }
        for member in members.values { member.facts.count(&levels, at: level + 1) }
        for value in table { value.count(&levels, at: level + 1) }
    }

    /// Forgets what lies there and deeper.
    mutating func cut(to depth: Int) {
        guard depth > 0 else {
            let total = total
            self = SchemaFacts()
            others = total
            return
        }
        for place in elements.indices { elements[place].cut(to: depth - 1) }
        for key in members.keys { members[key]?.facts.cut(to: depth - 1) }
        for place in table.indices { table[place].cut(to: depth - 1) }
    }

    // MARK: As a map writes it

    var shape: Shape {
        var kinds: [Shape] = []
        if others > 0 { kinds.append(.nonJSON) }
        if nulls > 0 { kinds.append(.null) }
        if booleans > 0 { kinds.append(.boolean) }
        if integers &+ fractions > 0 { kinds.append(.number) }
        if texts > 0 { kinds.append(.string) }
        if arrays > 0 { kinds.append(.array(elements.flatMap { $0.alternatives })) }
        if objects > 0 {
            let (members, table, _) = shownMembers
            var own = members.map {
                Shape.Member(key: $0.key, shape: $0.value.facts.shape, isOptional: $0.value.times < objects)
            }
            if let value = table {
                own.append(Shape.Member(key: Shape.keyPattern, shape: value.shape, isPattern: true))
            }
            kinds.append(.object(own.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }))
        }
        return kinds.count == 1 ? kinds[0] : kinds.isEmpty ? .empty : .union(kinds)
    }

    /// The members, and what stands for keys that are data: where all members look like identifiers, they are.
    var shownMembers: (members: [String: Member], table: SchemaFacts?, keys: SchemaKeys) {
        guard members.count > 1 else { return (members, table.first, keys) }
        var (table, keys) = (table, keys)
        for (key, member) in members {
            var text = key
            guard let identifier = text.withUTF8({ IdentifierClass.of(UnsafeRawBufferPointer($0)) }) else {
                return (members, self.table.first, self.keys)
            }
            keys.insert(identifier)
            Self.merge(&table, [member.facts])
        }
        return ([:], table.first, keys)
    }

    private var alternatives: [Shape] {
        if case .union(let kinds) = shape { return kinds }
        return [shape]
    }
}

/// The formats that texts have; one that has none is among them as such.
struct StringFormats: Equatable, Sendable {
    private(set) var bits: UInt16 = 0

    init(bits: UInt16 = 0) { self.bits = bits }

    mutating func insert(_ format: StringFormat?) { bits |= 1 << (format.map { UInt16($0.rawValue) } ?? 15) }
    mutating func formUnion(_ other: StringFormats) { bits |= other.bits }

    /// The one that all have; `nil` where there is none.
    var common: StringFormat? {
        guard bits.nonzeroBitCount == 1 else { return nil }
        return StringFormat(rawValue: UInt8(bits.trailingZeroBitCount))
    }
}

/// What keys look like that are data; a word is among them as such.
struct SchemaKeys: Equatable, Sendable {
    private(set) var bits: UInt16 = 0

    init(bits: UInt16 = 0) { self.bits = bits }

    mutating func insert(_ identifier: IdentifierClass?) {
        bits |= 1 << (identifier.map { UInt16($0.rawValue) } ?? 15)
    }
    mutating func formUnion(_ other: SchemaKeys) { bits |= other.bits }

    /// The class that all have; `nil` where there is none.
    var common: IdentifierClass? {
        guard bits.nonzeroBitCount == 1 else { return nil }
        return IdentifierClass(rawValue: UInt8(bits.trailingZeroBitCount))
    }
}

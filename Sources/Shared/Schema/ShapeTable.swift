/// Every distinct shape once ("hash-consing"): a shape is a number, equal shapes are the same number, and a schema that
/// was seen before costs no memory.
///
/// Scanners on any number of connections share one table. It is bounded: a shape that finds no room is refused and
/// counted, and the body that has it becomes `.nonJSON`. So is a schema that would be longer than `maximumLines`, which
/// is a table keyed by identifiers rather than a structure that somebody reads.
///
/// A shape says of a number whether it is an integer, and of a string whether it has a format. `coarse` is the shape without
/// that: what the map shows as a variant. Where there are too many, only coarse shapes are added.
struct ShapeTable: ~Copyable {
    /// Bodies whose shape or keys found no room in the table.
    var refused: UInt64 = 0
    /// Lines that one schema may take when written out.
    let maximumLines: Int

    /// Distinct shapes.
    ///
    /// A map has as many variants at most, each of a few nested containers.
    private static let maximumShapes = 1 << 20
    /// Beyond it no shapes are added that differ from others in formats alone.
    private static let maximumFineShapes = 1 << 18
    /// Members of all shapes together: 32 MB.
    private static let maximumParts = 4 << 20
    /// Distinct object keys and their bytes; services have thousands, identifiers as keys have no end.
    private static let maximumKeys = 1 << 20
    private static let maximumKeyBytes = 32 << 20

    private struct Node {
        var kind: Kind
        var start: UInt32 = 0
        var count: UInt32 = 0
        var lines: UInt32 = 1
        /// The shape without formats and integers: its own number where it has none.
        var coarse: UInt32 = 0
        /// The shape of an array all of whose elements have this shape, once one was seen; 0 until then.
        var arrayOfThis: UInt32 = 0
    }

    private enum Kind: UInt8 {
        case empty, nonJSON, null, boolean, number, string, array, object, integer, text
    }

    var keys: ByteInterner
    var outlines = OutlineCache()

    private var nodes: [Node]
    private var parts: [ShapePart] = []
    private var index = HashIndex()
    /// Where the parts of a shape are put in order.
    private var sorted: [ShapePart] = []

    init(limits: Limits = Limits()) {
        maximumLines = limits.jsonKeys.multipliedReportingOverflow(by: 10).partialValue
        keys = ByteInterner(maximumCount: Self.maximumKeys, maximumBytes: Self.maximumKeyBytes)
        nodes = [
            Node(kind: .empty), Node(kind: .nonJSON), Node(kind: .null), Node(kind: .boolean), Node(kind: .number),
            Node(kind: .string), Node(kind: .array), Node(kind: .object), Node(kind: .integer),
        ]
        nodes += StringFormat.allCases.map { _ in Node(kind: .text) }
        for place in nodes.indices {
            nodes[place].coarse =
                switch nodes[place].kind {
                case .integer: ShapeID.number.raw
                case .text: ShapeID.string.raw
                default: UInt32(place)
                }
        }
        assert(nodes[Int(ShapeID.emptyObject.raw)].kind == .object)
    }

    /// How many shapes are held.
    var count: Int { nodes.count }

    /// The shape without what formats and integers tell.
    @inline(__always)
    borrowing func coarse(_ id: ShapeID) -> ShapeID {
        let coarse = ShapeID(raw: nodes[id.index].coarse)
        return id.isIncomplete ? coarse.incomplete : coarse
    }

    /// It is an object or an array.
    borrowing func isContainer(_ shape: UInt32) -> Bool {
        let kind = nodes[Int(shape)].kind
        return kind == .object || kind == .array
    }

    /// How many lines a shape takes when it is written out.
    borrowing func lines(_ id: ShapeID) -> Int { Int(nodes[id.index].lines) }

    /// How many bytes at `start` are the key that is expected after `outline`, with its closing quote and the colon; 0
    /// where something else stands there.
    ///
    /// Mutating in name only: the compiler copies a table that it borrows for a call.
    @inline(__always)
    mutating func expected(
        _ outline: UnsafeMutablePointer<OutlineCache.Outline>, in bytes: RawSpan, at start: Int
    ) -> Int {
        let left = bytes.byteCount &- start
        guard left >= 8, bytes.word(start) & outline.pointee.nextMask == outline.pointee.nextHead else { return 0 }
        let length = Int(outline.pointee.nextLength)
        if length <= 8 { return length }
        guard left >= length, bytes.word(start &+ length &- 8) == outline.pointee.nextTail else { return 0 }
        return length <= 16 || isKey(outline.pointee.nextKey, in: bytes, at: start) ? length : 0
    }

    @inline(never)
    private mutating func isKey(_ key: UInt32, in bytes: RawSpan, at start: Int) -> Bool {
        keys.withBytes(of: key) { known in
            bytes.extracting(start..<start &+ known.count).isEqual(to: known.baseAddress!)
        }
    }

    /// Why a shape is not in the table.
    enum Refusal: Error {
        case tableFull
        case tooLong
    }

    /// The shape of an object with these members, in the order of their arrival.
    ///
    /// Of a key that came twice the last value counts, as most implementations have it (RFC 8259, section 4).
    mutating func object(_ members: UnsafeBufferPointer<ShapePart>) throws(Refusal) -> UInt32 {
        if members.isEmpty { return ShapeID.emptyObject.raw }
        sorted.removeAll(keepingCapacity: true)
        if members.count <= 32 {
            for member in members {
                var place = sorted.count
                while place > 0, sorted[place - 1].key > member.key { place -= 1 }
                if place > 0, sorted[place - 1].key == member.key {
                    sorted[place - 1] = member
                } else {
                    sorted.insert(member, at: place)
                }
            }
        } else {
            // The place of arrival stands for the shape while keys are put in order.
            for (place, member) in members.enumerated() {
                sorted.append(ShapePart(key: member.key, shape: UInt32(place)))
            }
            sorted.sort()
            var kept = 0
            for (place, part) in sorted.enumerated() {
                if place + 1 < sorted.count, sorted[place + 1].key == part.key { continue }
                sorted[kept] = members[Int(part.shape)]
                kept += 1
            }
            sorted.removeSubrange(kept...)
        }
        return try node(.object)
    }

    /// The shape of an array whose elements have these distinct shapes.
    mutating func array(_ elements: UnsafeBufferPointer<ShapePart>) throws(Refusal) -> UInt32 {
        if elements.isEmpty { return ShapeID.emptyArray.raw }
        sorted.removeAll(keepingCapacity: true)
        sorted.append(contentsOf: elements)
        if sorted.count > 1 { sorted.sort() }
        return try node(.array)
    }

    /// The shape of an array whose elements have these shapes.
    mutating func array(of elements: [ShapePart]) throws(Refusal) -> UInt32 {
        try elements.isEmpty ? ShapeID.emptyArray.raw : node(.array, elements)
    }

    /// The shape of an object with these members, each key once.
    mutating func object(of members: [ShapePart]) throws(Refusal) -> UInt32 {
        try members.isEmpty ? ShapeID.emptyObject.raw : node(.object, members)
    }

    private mutating func node(_ kind: Kind, _ parts: [ShapePart]) throws(Refusal) -> UInt32 {
        sorted = parts.sorted()
        return try node(kind)
    }

    /// The shape of an array whose elements all have one shape.
    @inline(__always)
    mutating func array(of element: UInt32) throws(Refusal) -> UInt32 {
        let known = nodes[Int(element)].arrayOfThis
        if known != 0 { return known }
        return try firstArray(of: element)
    }

    @inline(never)
    private mutating func firstArray(of element: UInt32) throws(Refusal) -> UInt32 {
        sorted.removeAll(keepingCapacity: true)
        sorted.append(ShapePart(key: ShapePart.noKey, shape: element))
        let array = try node(.array)
        nodes[Int(element)].arrayOfThis = array
        return array
    }

    /// The node whose parts are `sorted`.
    private mutating func node(_ kind: Kind) throws(Refusal) -> UInt32 {
        var state = index.seed ^ UInt64(kind.rawValue)
        for part in sorted { state = fold(state ^ part.packed, 0xA076_1D64_78BD_642F) }
        let hash = UInt32(truncatingIfNeeded: state)
        let found = index.find(hash) { number in
            let node = nodes[number]
            return node.kind == kind && node.count == sorted.count
                && parts[Int(node.start)..<Int(node.start) + Int(node.count)].elementsEqual(sorted)
        }
        if let found { return UInt32(found) }
        if sorted.contains(where: { nodes[Int($0.shape)].coarse != $0.shape }) { return try fineNode(kind, hash) }
        var lines = 1
        for part in sorted {
            let nested = nodes[Int(part.shape)]
            lines += Int(nested.lines) + (kind == .object && nested.count > 0 ? 1 : 0)
        }
        guard lines <= maximumLines else { throw .tooLong }
        guard nodes.count < Self.maximumShapes, parts.count + sorted.count <= Self.maximumParts else {
            throw .tableFull
        }
        return append(kind, hash, lines: UInt32(min(lines, Int(UInt32.max))), coarse: UInt32(nodes.count))
    }

    private mutating func append(_ kind: Kind, _ hash: UInt32, lines: UInt32, coarse: UInt32) -> UInt32 {
        let number = UInt32(nodes.count)
        nodes.append(
            Node(
                kind: kind, start: UInt32(parts.count), count: UInt32(sorted.count), lines: lines, coarse: coarse))
        parts.append(contentsOf: sorted)
        index.insert(Int(number), hash)
        return number
    }

    /// The node whose parts are `sorted`, where some of them have formats: it has the bounds of the one that says nothing of them.
    private mutating func fineNode(_ kind: Kind, _ hash: UInt32) throws(Refusal) -> UInt32 {
        let own = sorted
        for place in sorted.indices {
            sorted[place] = ShapePart(key: sorted[place].key, shape: nodes[Int(sorted[place].shape)].coarse)
        }
        if kind == .array {
            sorted.sort()
            var kept = 0
            for place in sorted.indices where place == 0 || sorted[place].packed != sorted[kept - 1].packed {
                sorted[kept] = sorted[place]
                kept += 1
            }
            sorted.removeSubrange(kept...)
        }
        let coarse = try node(kind)
        guard nodes.count < Self.maximumFineShapes, parts.count + own.count <= Self.maximumParts / 2 else {
            return coarse
        }
        sorted = own
        return append(kind, hash, lines: nodes[Int(coarse)].lines, coarse: coarse)
    }

    /// What a shape is made of.
    enum Contents {
        case nothing, null, boolean, number, integer
        case text(StringFormat?)
        case array(ArraySlice<ShapePart>)
        case object(ArraySlice<ShapePart>)
    }

    borrowing func contents(_ number: UInt32) -> Contents {
        let node = nodes[Int(number)]
        switch node.kind {
        case .empty, .nonJSON: return .nothing
        case .null: return .null
        case .boolean: return .boolean
        case .number: return .number
        case .integer: return .integer
        case .string: return .text(nil)
        case .text: return .text(StringFormat(rawValue: UInt8(truncatingIfNeeded: number &- ShapeID.firstText)))
        case .array: return .array(parts[Int(node.start)..<Int(node.start) + Int(node.count)])
        case .object: return .object(parts[Int(node.start)..<Int(node.start) + Int(node.count)])
        }
    }

    /// The keys of an object, or of the objects in an array.
    borrowing func forEachTopKey(_ id: ShapeID, _ body: (_ key: UInt32, _ isInArray: Bool) -> Void) {
        let node = nodes[id.index]
        for part in parts[Int(node.start)..<Int(node.start) + Int(node.count)] {
            guard node.kind == .array else {
                body(part.key, false)
                continue
            }
            let element = nodes[Int(part.shape)]
            guard element.kind == .object else { continue }
            for part in parts[Int(element.start)..<Int(element.start) + Int(element.count)] { body(part.key, true) }
        }
    }

    /// A shape as a value, in canonical order: keys by their bytes, elements as `Shape.precedes` has them.
    borrowing func shape(_ id: ShapeID) -> Shape {
        var known: [UInt32: Shape] = [:]
        return shape(id, known: &known)
    }

    /// The same with a memory of the shapes that were already made, which then share their storage.
    borrowing func shape(_ id: ShapeID, known: inout [UInt32: Shape]) -> Shape {
        let id = coarse(id)
        let node = nodes[id.index]
        switch node.kind {
        case .empty: return .empty
        case .nonJSON: return .nonJSON
        case .null: return .null
        case .boolean: return .boolean
        case .number: return .number
        case .string: return .string
        case .integer, .text: preconditionFailure("a coarse shape has none")
        case .array, .object: break
        }
        let number = UInt32(id.index)
        if let shape = known[number] { return shape }
        var own = Array(parts[Int(node.start)..<Int(node.start) + Int(node.count)])
        let shape: Shape
        if node.kind == .object {
            own.sort { keys.precedes($0.key, $1.key) }
            var members: [Shape.Member] = []
            members.reserveCapacity(own.count)
            for part in own {
                members.append(
                    Shape.Member(
                        key: keys.text(of: part.key), shape: self.shape(ShapeID(raw: part.shape), known: &known)))
            }
            shape = .object(members)
        } else {
            var elements: [Shape] = []
            for part in own { elements.append(self.shape(ShapeID(raw: part.shape), known: &known)) }
            elements.sort { $0.precedes($1) }
            shape = .array(elements)
        }
        known[number] = shape
        return shape
    }
}

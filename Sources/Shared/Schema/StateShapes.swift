/// The shapes of a table that a state needs, each once, in an order that does not depend on that of their arrival: parts before
/// what they are parts of.
struct StateShapes {
    /// The container at each place: a number of the table.
    private var order: [UInt32] = []
    private var places: [UInt32: Int] = [:]
    private var prints: [UInt32: UInt64] = [:]

    /// Numbers below it are the shapes that every table has, by their number there; the containers come behind.
    private static var firstContainer: UInt64 { 64 }

    init(_ wanted: Set<UInt32>, _ table: borrowing ShapeTable) {
        let wanted = wanted.filter { !Self.isFixed($0) }
        for shape in wanted { _ = print(shape, table) }
        for shape in wanted.sorted(by: { prints[$0]! < prints[$1]! }) { add(shape, table) }
    }

    private static func isFixed(_ shape: UInt32) -> Bool {
        shape < ShapeID.firstText + UInt32(StringFormat.allCases.count)
    }

    /// A hash of what the shape is.
    private mutating func print(_ shape: UInt32, _ table: borrowing ShapeTable) -> UInt64 {
        if Self.isFixed(shape) { return fold(UInt64(shape) ^ 0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB) }
        if let known = prints[shape] { return known }
        var sum: UInt64 = 0
        switch table.contents(shape) {
        case .array(let parts): for part in parts { sum &+= fold(print(part.shape, table), 0xA076_1D64_78BD_642F) }
        case .object(let parts):
            for part in parts {
                let key = table.keys.withBytes(of: part.key) { bytes in
                    bytes.reduce(UInt64(bytes.count)) { fold($0 ^ UInt64($1), 0x9E37_79B9_7F4A_7C15) }
                }
                sum &+= fold(print(part.shape, table) ^ key, 0xE703_7ED1_A0B4_28DB)
            }
            sum = fold(sum, 0x9E37_79B9_7F4A_7C15)
        case .nothing, .null, .boolean, .number, .integer, .text: break
        }
        prints[shape] = sum
        return sum
    }

    private mutating func add(_ shape: UInt32, _ table: borrowing ShapeTable) {
        guard !Self.isFixed(shape), places[shape] == nil else { return }
        for part in parts(shape, table) { add(part.shape, table) }
        places[shape] = order.count
        order.append(shape)
    }

    /// In the order of keys, and of what the elements are.
    private func parts(_ shape: UInt32, _ table: borrowing ShapeTable) -> [ShapePart] {
        switch table.contents(shape) {
        case .array(let parts):
            return parts.sorted { left, right in
                let (a, b) = (prints[left.shape] ?? UInt64(left.shape), prints[right.shape] ?? UInt64(right.shape))
                return a < b
            }
        case .object(let parts):
            var own = Array(parts)
            own.sort { table.keys.precedes($0.key, $1.key) }
            return own
        case .nothing, .null, .boolean, .number, .integer, .text: return []
        }
    }

    /// What a shape is called in the state.
    func number(_ shape: ShapeID) -> UInt64 {
        Self.isFixed(UInt32(shape.index))
            ? UInt64(shape.index) : Self.firstContainer + UInt64(places[UInt32(shape.index)] ?? 0)
    }

    func write(_ state: inout StateWriter, _ table: borrowing ShapeTable) {
        state.number(order.count)
        for shape in order {
            let parts = parts(shape, table)
            let isObject = if case .object = table.contents(shape) { true } else { false }
            state.flag(isObject)
            state.number(parts.count)
            for part in parts {
                if isObject { state.text(table.keys.text(of: part.key)) }
                state.number(number(ShapeID(raw: part.shape)))
            }
        }
    }

    // MARK: Reading

    /// The shapes of a state as they are in a table here.
    struct Read {
        fileprivate var shapes: [UInt32] = []

        func shape(_ number: UInt64) throws(StateFault) -> ShapeID {
            if number < StateShapes.firstContainer {
                guard StateShapes.isFixed(UInt32(number)) else { throw .damaged }
                return ShapeID(raw: UInt32(number))
            }
            let place = number - StateShapes.firstContainer
            guard place < UInt64(shapes.count) else { throw .damaged }
            return ShapeID(raw: shapes[Int(place)])
        }
    }

    /// Adds the shapes of a state to a table; what finds no room there is no JSON.
    static func read(_ state: inout StateReader, into table: inout ShapeTable) throws(StateFault) -> Read {
        var read = Read()
        for _ in 0..<(try state.count()) {
            let isObject = try state.flag()
            var parts: [ShapePart] = []
            for _ in 0..<(try state.count()) {
                var key = ShapePart.noKey
                if isObject {
                    let text = try state.text()
                    key = table.keys.number(of: text.span.bytes)
                }
                parts.append(ShapePart(key: key, shape: try read.shape(try state.number()).raw))
            }
            guard let shape = add(parts, isObject: isObject, to: &table) else { throw .damaged }
            read.shapes.append(shape)
        }
        return read
    }

    /// - Returns: `nil` where something is there twice.
    private static func add(_ parts: [ShapePart], isObject: Bool, to table: inout ShapeTable) -> UInt32? {
        let hasRoom = !isObject || !parts.contains { $0.key == ByteInterner.full }
        if hasRoom {
            let distinct = Set(parts.map { isObject ? $0.key : $0.shape }).count
            guard distinct == parts.count else { return nil }
            if let shape = try? isObject ? table.object(of: parts) : table.array(of: parts) { return shape }
        }
        table.refused &+= 1
        return ShapeID.nonJSON.raw
    }
}

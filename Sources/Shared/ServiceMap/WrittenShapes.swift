/// The shapes of a map as they are written, each known by a number: keys that are data are one pattern in them.
struct WrittenShapes {
    private var shapes: [Shape] = []
    private var numbers: [Shape: UInt32] = [:]
    /// What a shape of the table is here.
    private var known: [UInt32: UInt32] = [:]
    private var parts: [UInt32: Shape] = [:]
    /// Shapes stay as they were seen.
    private let isExact: Bool

    init(isExact: Bool) { self.isExact = isExact }

    subscript(id: ShapeID) -> Shape { shapes[id.index] }

    /// The number of a shape of the table, which says whether a part is missing as that does.
    mutating func number(_ id: ShapeID, _ table: borrowing ShapeTable) -> ShapeID {
        let index = UInt32(table.coarse(id).index)
        let number: UInt32
        if let known = known[index] {
            number = known
        } else {
            let shape = table.shape(ShapeID(raw: index), known: &parts)
            number = add(isExact ? shape : shape.withKeyPatterns)
            known[index] = number
        }
        return id.isIncomplete ? ShapeID(raw: number).incomplete : ShapeID(raw: number)
    }

    /// The number of a shape.
    mutating func add(_ shape: Shape) -> UInt32 {
        if let known = numbers[shape] { return known }
        let number = UInt32(shapes.count)
        shapes.append(shape)
        numbers[shape] = number
        return number
    }
}

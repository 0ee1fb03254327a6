/// The shape of a body that is a set of named fields and no JSON: `{form}`, `{multipart}` or `{xml}` with what is below it.
struct FieldShapes {
    private var fields: [ShapePart] = []

    mutating func removeAll() { fields.removeAll(keepingCapacity: true) }

    var count: Int { fields.count }

    /// Notes a field.
    /// - Returns: `false` where the table has no room for its name.
    mutating func add(_ name: RawSpan, _ shape: UInt32, _ table: inout ShapeTable) -> Bool {
        let key = table.keys.number(of: name)
        guard key != ByteInterner.full else { return false }
        fields.append(ShapePart(key: key, shape: shape))
        return true
    }

    /// An object with these fields; of those that come again a list.
    static func object(_ fields: ArraySlice<ShapePart>, _ table: inout ShapeTable) throws(ShapeTable.Refusal) -> UInt32
    {
        let sorted = fields.sorted()
        var members: [ShapePart] = []
        var at = 0
        while at < sorted.count {
            var end = at + 1
            while end < sorted.count, sorted[end].key == sorted[at].key { end += 1 }
            if end == at + 1 {
                members.append(sorted[at])
            } else {
                var shapes: [ShapePart] = []
                for part in sorted[at..<end] {
                    let element = ShapePart(key: ShapePart.noKey, shape: part.shape)
                    if shapes.last?.packed != element.packed { shapes.append(element) }
                }
                members.append(ShapePart(key: sorted[at].key, shape: try table.array(of: shapes)))
            }
            at = end
        }
        return try table.object(of: members)
    }

    /// The shape of the body.
    /// - Parameter mark: says of what kind it is, in the place of a key.
    func shape(_ mark: StaticString, _ table: inout ShapeTable) throws(ShapeTable.Refusal) -> ShapeID {
        try Self.marked(mark, Self.object(fields[...], &table), &table)
    }

    static func marked(
        _ mark: StaticString, _ contents: UInt32, _ table: inout ShapeTable
    ) throws(ShapeTable.Refusal) -> ShapeID {
        let name = UnsafeRawBufferPointer(start: mark.utf8Start, count: mark.utf8CodeUnitCount)
        let key = table.keys.number(of: RawSpan(_unsafeBytes: name))
        guard key != ByteInterner.full else { throw .tableFull }
        return ShapeID(raw: try table.object(of: [ShapePart(key: key, shape: contents)]))
    }
}

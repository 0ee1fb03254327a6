/// The shape of a message in Protocol Buffers' encoding: with a schema by names, without by the fields' numbers.
///
/// Without a schema a number is any of the wire's numeric types; what has a length is text where it is printable UTF-8, else a
/// message where its fields reach exactly to its end, else `non-json`, as bytes are (and numbers that are packed).
struct ProtobufShape {
    private let run: Run
    private let schema: ProtoSchema?
    /// Fields that are still looked at, of all messages within this one.
    private var left = 4096

    /// Messages nest no deeper.
    private static let depth = 16

    init(_ run: Run, _ schema: ProtoSchema?) {
        self.run = run
        self.schema = schema
    }

    /// - Parameter message: its place in the schema, where that is known.
    mutating func shape(of bytes: RawSpan, _ message: Int?) -> ShapeID {
        left = 4096
        return ShapeID(raw: shape(bytes, 0..<bytes.byteCount, message, 0) ?? ShapeID.nonJSON.raw)
    }

    /// - Returns: `nil` where it is no message.
    private mutating func shape(_ bytes: RawSpan, _ range: Range<Int>, _ message: Int?, _ depth: Int) -> UInt32? {
        guard depth < Self.depth else { return nil }
        var members: [(number: UInt32, shapes: [UInt32], isRepeated: Bool)] = []
        var fields = ProtobufFields(range)
        while !fields.isAtEnd {
            left &-= 1
            guard left > 0, let field = fields.next(bytes) else { return nil }
            let known = message.flatMap { schema?.messages[$0].fields[field.number] }
            guard let value = value(bytes, field, known, depth) else { return nil }
            if let place = members.firstIndex(where: { $0.number == field.number }) {
                members[place].isRepeated = true
                if !members[place].shapes.contains(value) { members[place].shapes.append(value) }
            } else {
                members.append((field.number, [value], known?.isRepeated ?? false))
            }
        }
        return object(members, message)
    }

    private mutating func value(
        _ bytes: RawSpan, _ field: ProtobufFields.Field, _ known: ProtoSchema.Field?, _ depth: Int
    ) -> UInt32? {
        guard field.wire == ProtobufFields.Wire.length else {
            return known?.kind == .boolean ? ShapeID.boolean.raw : ShapeID.number.raw
        }
        switch known?.kind {
        case .string: return ShapeID.string.raw
        // Packed.
        case .number: return ShapeID.number.raw
        case .boolean: return ShapeID.boolean.raw
        case .message(let place):
            return shape(bytes, field.content, place, depth + 1) ?? ShapeID.nonJSON.raw
        case nil:
            let content = bytes.extracting(field.content)
            if Self.isPrintable(content) { return ShapeID.string.raw }
            return shape(bytes, field.content, nil, depth + 1) ?? ShapeID.nonJSON.raw
        }
    }

    static func isPrintable(_ text: RawSpan) -> Bool {
        var at = 0
        while at < text.byteCount {
            let length = UTF8Sequence.length(text, at: at)
            guard length > 0, ASCII.isProse(text.byte(at)) else { return false }
            at &+= length
        }
        return true
    }

    private func object(_ members: [(number: UInt32, shapes: [UInt32], isRepeated: Bool)], _ message: Int?) -> UInt32 {
        var parts: [ShapePart] = []
        for member in members {
            let known = message.flatMap { schema?.messages[$0].fields[member.number] }
            let name = known?.name ?? Array("#\(member.number)".utf8)
            let key = run.shapes.keys.number(of: name.span.bytes)
            guard key != ByteInterner.full else { return ShapeID.nonJSON.raw }
            let shape = member.isRepeated ? array(of: member.shapes) : member.shapes[0]
            parts.append(ShapePart(key: key, shape: shape))
        }
        let made = try? parts.withUnsafeBufferPointer { try run.shapes.object($0) }
        return made ?? ShapeID.nonJSON.raw
    }

    /// A list of what has one of these shapes.
    func array(of shapes: [UInt32]) -> UInt32 {
        let parts = shapes.map { ShapePart(key: ShapePart.noKey, shape: $0) }
        let made = try? parts.withUnsafeBufferPointer { try run.shapes.array($0) }
        return made ?? ShapeID.nonJSON.raw
    }
}

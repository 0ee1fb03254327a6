/// The fields of a message in Protocol Buffers' encoding, one after the other (protobuf.dev: Encoding).
struct ProtobufFields {
    struct Field {
        var number: UInt32
        var wire: UInt8
        /// Of a varint, and of what has a fixed size.
        var value: UInt64
        /// Of what has a length: where it lies.
        var content: Range<Int>
    }

    /// Wire types.
    enum Wire {
        static let varint: UInt8 = 0
        static let fixed64: UInt8 = 1
        static let length: UInt8 = 2
        static let fixed32: UInt8 = 5
    }

    private(set) var offset: Int
    private let end: Int

    init(_ range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset >= end }

    /// The next field; `nil` where what follows is none, or is cut.
    mutating func next(_ bytes: RawSpan) -> Field? {
        guard let tag = varint(bytes), tag >> 3 > 0, tag >> 3 <= 0x1FFF_FFFF else { return nil }
        var field = Field(number: UInt32(tag >> 3), wire: UInt8(tag & 7), value: 0, content: 0..<0)
        switch field.wire {
        case Wire.varint:
            guard let value = varint(bytes) else { return nil }
            field.value = value
        case Wire.fixed64: guard move(8) else { return nil }
        case Wire.fixed32: guard move(4) else { return nil }
        case Wire.length:
            guard let length = varint(bytes), length <= UInt64(end &- offset) else { return nil }
            field.content = offset..<offset &+ Int(length)
            offset &+= Int(length)
        default: return nil
        }
        return field
    }

    private mutating func move(_ count: Int) -> Bool {
        guard end &- offset >= count else { return false }
        offset &+= count
        return true
    }

    private mutating func varint(_ bytes: RawSpan) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end, let byte = bytes.u8(at: offset) {
            offset &+= 1
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift &+= 7
            guard shift < 70 else { return nil }
        }
        return nil
    }
}

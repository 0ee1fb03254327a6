/// What stands behind the size in a message's header (AMQP 0-9-1, 2.3.5.2; class basic, 1.8): flags of the properties, and those that
/// are there in a fixed order: the type of the content, its coding, the table of headers, and others.
enum AMQPProperties {
    /// The trace that the table of headers names.
    static func context(_ bytes: RawSpan) -> TraceContext? {
        guard let flags = bytes.big(UInt16.self, at: 0), flags & 0x2000 != 0 else { return nil }
        var arguments = AMQPArguments(2)
        for flag in [0x8000, 0x4000] as [UInt16] where flags & flag != 0 {
            guard arguments.shortText(bytes) != nil else { return nil }
        }
        guard let size = bytes.big(UInt32.self, at: arguments.at) else { return nil }
        var at = arguments.at &+ 4
        let end = Swift.min(bytes.byteCount, at &+ Int(size))
        while at < end {
            var entry = AMQPArguments(at)
            guard let name = entry.shortText(bytes), let type = entry.octet(bytes),
                let value = value(type, bytes, entry.at), value.upperBound <= end
            else { return nil }
            if type == UInt8(ascii: "S"), bytes.isWordIgnoringCase(TraceContext.name, at: name) {
                return TraceContext(bytes.extracting(value))
            }
            at = value.upperBound
        }
        return nil
    }

    /// Where a value of a table lies (4.2.1, as RabbitMQ reads it: "AMQP 0-9-1 Errata", section 3).
    /// - Returns: `nil` for a type that nobody knows, and where its length is missing.
    private static func value(_ type: UInt8, _ bytes: RawSpan, _ at: Int) -> Range<Int>? {
        switch type {
        case UInt8(ascii: "V"): at..<at
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): at..<at &+ 1
        case UInt8(ascii: "s"), UInt8(ascii: "u"): at..<at &+ 2
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): at..<at &+ 4
        case UInt8(ascii: "D"): at..<at &+ 5
        case UInt8(ascii: "l"), UInt8(ascii: "d"), UInt8(ascii: "T"): at..<at &+ 8
        case UInt8(ascii: "S"), UInt8(ascii: "x"), UInt8(ascii: "A"), UInt8(ascii: "F"):
            bytes.big(UInt32.self, at: at).map { at &+ 4..<at &+ 4 &+ Int($0) }
        default: nil
        }
    }
}

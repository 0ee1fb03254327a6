extension JSONWriter {
    /// A moment, as RFC 3339 has it, with nanoseconds.
    @inline(__always)
    package mutating func timestamp(_ timestamp: Timestamp, _ time: inout TimestampText) {
        string(upTo: TimestampText.length) { time.write(timestamp, to: $0) }
    }

    /// An address as text; it needs no escapes.
    package mutating func address(_ address: IPAddress) {
        var text: [UInt8] = []
        address.append(to: &text)
        byte(0x22)
        raw(text.span.bytes)
        byte(0x22)
    }
}

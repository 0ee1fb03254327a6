extension JSONWriter {
    /// A moment, as RFC 3339 has it, with nanoseconds.
    @inline(__always)
    package mutating func timestamp(_ timestamp: Timestamp, _ time: inout TimestampText) {
        string(upTo: TimestampText.length) { time.write(timestamp, to: $0) }
    }

    /// How long something took, in milliseconds; nothing where it ended before it began: an answer that came before its
    /// request was over, a clock that was set back.
    mutating func duration(_ name: StaticString, from start: Timestamp, to end: Timestamp) {
        guard end >= start else { return }
        key(name)
        milliseconds(nanoseconds: end.since(start))
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

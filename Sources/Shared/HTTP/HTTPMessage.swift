/// One request or response while it passes by, and what the event log will say of it.
///
/// What is only counted is not kept: the wire bytes are copied only where an event shows them, and then up to a limit.
package struct HTTPMessage: ~Copyable {
    package var head = HTTPHead()
    package var anomalies = AnomalySet()
    /// When the first and the last byte came.
    package var firstByte = Timestamp(nanoseconds: 0)
    package var lastByte = Timestamp(nanoseconds: 0)
    /// The message's length on the wire, with its framing, and with the bytes that are missing.
    package var wireBytes: UInt64 = 0
    /// Of these, the bytes that were captured.
    package var capturedBytes: UInt64 = 0
    /// Bytes of the body before content decoding.
    package var contentBytes: UInt64 = 0
    package var shape = ShapeID.empty
    /// The wire bytes, as far as the event shows them, but always the whole head.
    package var wire = UniqueBytes()
    /// The decoded body, as far as the event shows it, where it is not a part of `wire`.
    package var decoded = UniqueBytes()
    package var decodedBytes: UInt64 = 0
    /// The body does not lie in `wire` as it is: it was chunked, coded, or has holes.
    package var bodyIsSeparate = false
    package var hasGap = false

    package init() {}

    /// The body stands in `decoded`; else it is what follows the head in `wire`.
    package var bodyIsDecoded: Bool {
        bodyIsSeparate && !anomalies.contains(.contentCodingFailed) && !anomalies.contains(.contentCodingUnknown)
    }

    /// The same message with other wire bytes and the head that was read of them.
    package borrowing func with(_ head: consuming HTTPHead, _ wire: RawSpan) -> HTTPMessage {
        var message = HTTPMessage()
        message.head = head
        message.anomalies = anomalies
        message.firstByte = firstByte
        message.lastByte = lastByte
        message.wireBytes = wireBytes
        message.capturedBytes = capturedBytes &+ UInt64(wire.byteCount) &- UInt64(self.wire.count)
        message.contentBytes = contentBytes
        message.shape = shape
        message.wire.append(wire)
        message.decoded.append(decoded.bytes)
        message.decodedBytes = decodedBytes
        message.bodyIsSeparate = bodyIsSeparate
        message.hasGap = hasGap
        return message
    }

    /// Begins a message, keeping the buffers.
    package mutating func reset() {
        anomalies = AnomalySet()
        wireBytes = 0
        capturedBytes = 0
        contentBytes = 0
        shape = .empty
        wire.removeAll(keepingAtMost: Self.keptCapacity)
        decoded.removeAll(keepingAtMost: Self.keptCapacity)
        decodedBytes = 0
        bodyIsSeparate = false
        hasGap = false
    }

    private static let keptCapacity = 16 << 10
}

/// One message while it passes by, and what an event will say of it.
///
/// What is only counted is not kept: bytes are copied only where an event shows them, and then up to a limit.
package struct Message: ~Copyable {
    package var head = MessageHead()
    var anomalies = AnomalySet()
    /// When the first and the last byte came.
    var firstByte = Timestamp(nanoseconds: 0)
    var lastByte = Timestamp(nanoseconds: 0)
    /// The message's length on the wire, with its framing, and with the bytes that are missing.
    package var wireBytes: UInt64 = 0
    /// Of these, the bytes that were captured.
    var capturedBytes: UInt64 = 0
    /// Bytes of the body before content decoding.
    var contentBytes: UInt64 = 0
    var shape = ShapeID.empty
    /// The wire bytes, as far as the event shows them, but always the whole head.
    package var wire = UniqueBytes()
    /// The decoded body, as far as the event shows it, where it is not a part of `wire`.
    package var decoded = UniqueBytes()
    package var decodedBytes: UInt64 = 0
    /// The body does not lie in `wire` as it is: it was chunked, coded, or has holes.
    var bodyIsSeparate = false
    package var hasGap = false
    /// It has no end of its own: an event stream, or what the connection serves from here on.
    var isWaiting = false
    /// What only some protocols say of a message; `nil` for those whose bytes are text.
    var details: MessageDetails?

    package init() {}

    /// It is a request or its answer, and not a piece of a conversation within one.
    package var isExchange: Bool { details.map { $0.kind == .exchange } ?? true }

    /// It is made of fields, and its bytes were never on the wire as they are.
    package var isMadeOfFields: Bool { details != nil }

    /// Of a WebSocket's message: what it is, as events call it.
    package var opcode: String? {
        guard details?.kind == .websocket, case .name(let name) = details?[.opcode] else { return nil }
        return "\(name)"
    }

    /// Of one side of a gRPC call: how many messages it has said; `nil` where that is not known, and for all else.
    package var callMessages: UInt64? { if case .number(let count) = details?[.messages] { count } else { nil } }

    /// Of a gRPC call's answer: how the call ended, by name; `nil` where it does not say.
    package var callStatus: String? { if case .name(let name) = details?[.status] { "\(name)" } else { nil } }

    /// The body stands in `decoded`; else it is what follows the head in `wire`.
    package var bodyIsDecoded: Bool {
        bodyIsSeparate && !anomalies.contains(.contentCodingFailed) && !anomalies.contains(.contentCodingUnknown)
    }

    /// All its bytes were captured.
    @inline(__always)
    var isWhole: Bool { !hasGap && (anomalies.isEmpty || anomalies.isDisjoint(with: .incomplete)) }

    /// Its end was seen, whatever is missing before it.
    @inline(__always)
    var isFinished: Bool {
        anomalies.isEmpty || !anomalies.contains(.bodyIncomplete) && !anomalies.contains(.headIncomplete)
    }

    /// The same message with other wire bytes, the head that was read of them, and another decoded body.
    /// - Parameter dropped: bytes of the body that were captured and are not in `wire`.
    package borrowing func replacing(_ head: MessageHead, _ wire: RawSpan, dropped: Int, decoded: RawSpan) -> Message {
        var message = Message()
        message.head = head
        message.anomalies = anomalies
        message.firstByte = firstByte
        message.lastByte = lastByte
        message.wireBytes = wireBytes
        message.capturedBytes =
            capturedBytes &+ UInt64(wire.byteCount) &+ UInt64(dropped) &- UInt64(self.wire.count)
        message.contentBytes = contentBytes
        message.shape = shape
        message.wire.append(wire)
        message.decoded.append(decoded)
        message.decodedBytes = decodedBytes &+ UInt64(decoded.byteCount) &- UInt64(self.decoded.count)
        message.bodyIsSeparate = bodyIsSeparate
        message.hasGap = hasGap
        message.isWaiting = isWaiting
        message.details = details
        return message
    }

    /// The same message, to be kept.
    borrowing func copy() -> Message { replacing(head, wire.bytes, dropped: 0, decoded: decoded.bytes) }

    /// Begins a message, keeping the buffers and the head, which may be read already.
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
        isWaiting = false
    }

    /// Bytes of traffic that it keeps.
    var held: Int { wire.count &+ decoded.count }

    private static let keptCapacity = 16 << 10
}

/// What stands before a message's body, as ranges into the message's bytes.
package struct MessageHead {
    /// Who says it: a request is the client's, a response the server's.
    package var side = Side.client
    /// Of a request: what is asked for, and of what, as they stand.
    package var verb = ByteRange.empty
    package var target = ByteRange.empty
    /// Of a response.
    package var status: UInt16 = 0
    package var reason = ByteRange.empty
    /// Only where `Needs` has messages.
    package var fields: [FieldLine] = []
    /// Bytes of the head, with what ends it.
    package var length = 0

    init() {}

    /// Begins another, keeping the room for fields.
    @inline(__always)
    package mutating func reset(_ side: Side) {
        self.side = side
        verb = .empty
        target = .empty
        status = 0
        reason = .empty
        fields.removeAll(keepingCapacity: true)
        length = 0
    }

    /// A field of the head, without the white space around its value.
    package struct FieldLine: Equatable, Sendable {
        package var name: ByteRange
        package var value: ByteRange
        /// The value goes over several lines (obs-fold: RFC 9112, section 5.2).
        var isFolded: Bool
    }
}

/// AMQP: AMQP 0-9-1 specification, 4.2.2 (protocol header) and 4.2.3 (frames); OASIS AMQP 1.0, part 2, sections 2.2
/// (version negotiation) and 2.3 (frames), part 5, section 5.3.2 (SASL).
///
/// Strict enough: the header is 8 bytes, "AMQP" and a protocol number with its version. From the middle a whole frame
/// of 0-9-1 is asked for: a type, a length, 0xCE exactly behind it, and of a method frame a class that exists; or of
/// 1.0 a frame with the descriptor of a performative, 6 bytes of which a few bits are free.
enum AMQPDetector: Detector {
    static var strictness: Strictness { .signature }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let start = protocolHeader(client).finding("AMQP protocol header")
            .atTheEnd(context, client.byteCount == 0 ? serverAlone(server) : .no)
        if context.isStreamStart { return start }
        return start.otherwise(frames(client, server).finding("AMQP frames"))
    }

    /// Frames of the client's, which the server's do not show to be a server's.
    private static func frames(_ client: RawSpan, _ server: RawSpan) -> Fit {
        frame091(client).and(isOf(.client, client)).and(frame091(server) == .yes ? isOf(.server, server) : .yes)
            .or(frame10(client))
    }

    /// Whether a frame may be of a side, by its method.
    private static func isOf(_ side: Side, _ bytes: RawSpan) -> Fit {
        guard bytes.u8(at: 0) == method else { return .yes }
        return bytes.fit(big: UInt32.self, at: 7) { AMQPMethod.isOf(side, $0) }
    }

    /// Frames one behind the other: deliveries that nobody acknowledges, or publications.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? {
        for offset in 0..<bytes.byteCount {
            guard let type = bytes.u8(at: offset), type <= 3 else { continue }
            if chain(bytes, from: offset, side) { return Evidence("AMQP frames") }
        }
        return nil
    }

    /// Three frames of 0-9-1, with a method that this side says.
    private static func chain(_ bytes: RawSpan, from start: Int, _ side: Side) -> Bool {
        var offset = start
        var isOfSide = false
        for _ in 0..<3 {
            guard let type = bytes.u8(at: offset), 1...3 ~= type || type == heartbeat,
                let size = bytes.big(UInt32.self, at: offset &+ 3), size <= maximumFrame,
                bytes.u8(at: offset &+ 7 &+ Int(size)) == 0xCE
            else { return false }
            if type == method {
                guard let kind = bytes.big(UInt32.self, at: offset &+ 7) else { return false }
                isOfSide = isOfSide || kind == (side == .client ? AMQPMethod.publish : AMQPMethod.deliver)
                if !isClass(UInt16(kind >> 16)) || !AMQPMethod.isOf(side, kind) { return false }
            }
            offset &+= 8 &+ Int(size)
        }
        return isOfSide
    }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness {
        if protocolHeader(bytes) != .no { return .open }
        guard side == .server || !isStreamStart else { return .no }
        if frame10(bytes) != .no, bytes.u8(at: 4) == 2 { return Likeness(frame10(bytes)) }
        return Likeness(of: bytes) { offset in
            guard let type = bytes.u8(at: offset), let size = bytes.big(UInt32.self, at: offset &+ 3) else {
                return (bytes.fit(byteAt: offset) { 1...3 ~= $0 || $0 == heartbeat }.and(.open), nil)
            }
            let fit = Fit(1...3 ~= type || type == heartbeat).and(Fit(size <= maximumFrame))
                .and(bytes.fit(byteAt: offset &+ 7 &+ Int(size)) { $0 == 0xCE })
                .and(type == method ? bytes.fit(big: UInt16.self, at: offset &+ 7, isClass) : .yes)
                .and(
                    type == method
                        ? bytes.fit(big: UInt32.self, at: offset &+ 7) { AMQPMethod.isOf(side, $0) } : .yes)
            return (fit, 8 &+ Int(size))
        }
    }

    private static func serverAlone(_ server: RawSpan) -> Finding {
        protocolHeader(server).finding("AMQP protocol header").otherwise(
            frame091(server).and(isOf(.server, server)).or(frame10(server)).finding("AMQP frames"))
    }

    /// A protocol's number and version: 0-8 and 0-9 wrote theirs as 1-1-major-minor; 1.0 has plain, TLS and SASL.
    private static func protocolHeader(_ bytes: RawSpan) -> Fit {
        bytes.fit("AMQP", at: 0).and(
            bytes.fit(0x0000_0901 as UInt32, at: 4)
                .or(bytes.fit(0x0101_0009 as UInt32, at: 4))
                .or(bytes.fit(0x0101_0901 as UInt32, at: 4))
                .or(bytes.fit(0x0101_0800 as UInt32, at: 4))
                .or(bytes.fit(0x0101_000A as UInt32, at: 4))
                .or(bytes.fit(0x0001_0000 as UInt32, at: 4))
                .or(bytes.fit(0x0201_0000 as UInt32, at: 4))
                .or(bytes.fit(0x0301_0000 as UInt32, at: 4)))
    }

    // MARK: 0-9-1

    /// One method frame or heartbeat; a side that is in the midst of a message's contents begins with no turn.
    private static func frame091(_ bytes: RawSpan) -> Fit {
        bytes.fit(byteAt: 0) { $0 == method || $0 == heartbeat }
            .and(bytes.fit(big: UInt32.self, at: 3) { $0 <= maximumFrame })
            .and(payload091(bytes))
    }

    private static func payload091(_ bytes: RawSpan) -> Fit {
        guard let type = bytes.u8(at: 0), let size = bytes.big(UInt32.self, at: 3) else { return .open }
        let end = bytes.fit(byteAt: 7 &+ Int(size)) { $0 == 0xCE }
        if type == heartbeat { return bytes.fit(0 as UInt16, at: 1).and(Fit(size == 0)).and(end) }
        return Fit(size >= 4)
            .and(bytes.fit(big: UInt16.self, at: 7, isClass))
            .and(bytes.fit(big: UInt16.self, at: 9) { 10...120 ~= $0 })
            .and(end)
    }

    /// connection, channel, access, exchange, queue, basic, confirm, tx.
    private static func isClass(_ value: UInt16) -> Bool {
        switch value {
        case 10, 20, 30, 40, 50, 60, 85, 90: true
        default: false
        }
    }

    private static let method: UInt8 = 1
    private static let heartbeat: UInt8 = 8
    /// RabbitMQ's default frame-max is 128 KiB; methods are small.
    private static let maximumFrame: UInt32 = 1 << 20

    // MARK: 1.0

    /// Size, data offset (in words of 4 bytes), type (0 AMQP, 1 SASL), channel; then 0x00, 0x53 (a described type whose
    /// descriptor is a small ulong), the performative, and a list.
    private static func frame10(_ bytes: RawSpan) -> Fit {
        bytes.fit(big: UInt32.self, at: 0) { 12...maximumFrame ~= $0 }
            .and(bytes.fit(byteAt: 4) { $0 == 2 })
            .and(bytes.fit(byteAt: 5) { $0 <= 1 })
            .and(bytes.fit(0x0053 as UInt16, at: 8))
            .and(bytes.fit(byteAt: 10) { 0x10...0x18 ~= $0 || 0x40...0x44 ~= $0 })
            .and(bytes.fit(byteAt: 11) { $0 == 0x45 || $0 == 0xC0 || $0 == 0xD0 })
    }
}

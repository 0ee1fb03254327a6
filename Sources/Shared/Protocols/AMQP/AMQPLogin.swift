/// Responses of SASL in AMQP: start-ok, secure-ok and update-secret of 0-9-1 (amqp0-9-1.extended.xml), sasl-init and
/// sasl-response of 1.0 (AMQP 1.0, part 5, section 5.3.3).
enum AMQPLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for at in 0..<bytes.byteCount {
            if bytes.byte(at) == 1 { found += method(bytes, at) }
            if bytes.byte(at) == 0x53 { found += performative(bytes, at) }
        }
        return found
    }

    /// A frame of channel 0 with a method of the class connection.
    private static func method(_ bytes: RawSpan, _ start: Int) -> [Range<Int>] {
        guard bytes.big(UInt16.self, at: start &+ 1) == 0, let size = bytes.big(UInt32.self, at: start &+ 3),
            8...UInt32(LoginValue.longest) ~= size, let method = bytes.big(UInt32.self, at: start &+ 7),
            bytes.u8(at: start &+ 7 &+ Int(size)) == 0xCE
        else { return [] }
        let body = bytes.extracting(..<(start &+ 7 &+ Int(size)))
        var at = start &+ 11
        switch method {
        case 0x000A_000B:
            // Properties, mechanism, response, locale.
            at &+= 4 &+ Int(clamping: body.big(UInt32.self, at: at) ?? 0)
            at &+= 1 &+ Int(body.u8(at: at) ?? 0)
        case 0x000A_0015, 0x000A_0046: break
        default: return []
        }
        guard let length = body.big(UInt32.self, at: at), Int(length) <= body.byteCount &- at &- 4 else { return [] }
        return LoginValue.token(at &+ 4..<at &+ 4 &+ Int(length), in: bytes)
    }

    /// The binary values of a list that is described as one of SASL's, in a frame of that type.
    private static func performative(_ bytes: RawSpan, _ at: Int) -> [Range<Int>] {
        // Size, 2 words of header, type 1, no channel, and the sign of a description.
        guard let code = bytes.u8(at: at &+ 1), code == 0x41 || code == 0x43,
            bytes.big(UInt32.self, at: at &- 5) == 0x0201_0000, bytes.u8(at: at &- 1) == 0,
            let size = bytes.big(UInt32.self, at: at &- 9), Int(size) <= LoginValue.longest,
            at &- 9 &+ Int(size) <= bytes.byteCount
        else { return [] }
        let body = bytes.extracting(..<(at &- 9 &+ Int(size)))
        var found: [Range<Int>] = []
        var next = at &+ 2
        switch body.u8(at: next) {
        case 0xC0: next &+= 3
        case 0xD0: next &+= 9
        default: return []
        }
        while let type = body.u8(at: next) {
            // Null; binary, text and symbol with a length of one byte, or of four.
            let wide = type & 0x10 != 0
            switch type {
            case 0x40: next &+= 1
            case 0xA0, 0xA1, 0xA3, 0xB0, 0xB1, 0xB3:
                let length =
                    wide ? Int(clamping: body.big(UInt32.self, at: next &+ 1) ?? 0) : Int(body.u8(at: next &+ 1) ?? 0)
                let value = next &+ (wide ? 5 : 2)
                guard length <= body.byteCount &- value else { return found }
                if type & 0x0F == 0 { found += LoginValue.token(value..<value &+ length, in: bytes) }
                next = value &+ length
            default: return found
            }
        }
        return found
    }
}

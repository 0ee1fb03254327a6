/// Tokens of SASL that Kafka's clients send: SaslAuthenticate (36), and behind SaslHandshake (17) of version 0 without a header
/// (Apache Kafka documentation, "SASL Authentication Sequence").
enum KafkaLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = 0
        while let zero = bytes.firstIndex(of: 0, from: at) {
            at = zero &+ 1
            guard let size = bytes.big(UInt32.self, at: zero), Int(size) <= LoginValue.longest,
                let header = KafkaHeader(bytes, at: zero &+ 4, size: Int(size)),
                zero &+ 4 &+ Int(size) <= bytes.byteCount
            else { continue }
            let body = zero &+ 4 &+ KafkaHeader.fixedBytes &+ header.nameLength
            let end = zero &+ 4 &+ Int(size)
            switch (header.key, header.version) {
            case (36, 0...1): found += token(bytes, body, end)
            case (36, 2): found += compactToken(bytes, body, end)
            case (17, 0) where text(bytes, body) == end: found += tokens(bytes, behind: end)
            default: break
            }
        }
        return found
    }

    private static func token(_ bytes: RawSpan, _ at: Int, _ end: Int) -> [Range<Int>] {
        guard let length = bytes.big(UInt32.self, at: at), at &+ 4 &+ Int(length) == end else { return [] }
        return LoginValue.token(at &+ 4..<end, in: bytes)
    }

    /// Behind no tagged fields, with its length and one, and with no tagged fields behind it.
    private static func compactToken(_ bytes: RawSpan, _ at: Int, _ end: Int) -> [Range<Int>] {
        guard bytes.u8(at: at) == 0, end > at, bytes.byte(end &- 1) == 0 else { return [] }
        var length = 0
        var next = at &+ 1
        for shift in [0, 7, 14] {
            guard let byte = bytes.u8(at: next) else { return [] }
            length |= Int(byte & 0x7F) << shift
            next &+= 1
            guard byte & 0x80 != 0 else { break }
        }
        guard length > 0, next &+ length &- 1 == end &- 1 else { return [] }
        return LoginValue.token(next..<end &- 1, in: bytes)
    }

    private static func text(_ bytes: RawSpan, _ at: Int) -> Int? {
        bytes.big(UInt16.self, at: at).map { at &+ 2 &+ Int($0) }
    }

    /// Until a request has a header again.
    private static func tokens(_ bytes: RawSpan, behind start: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = start
        while let size = bytes.big(UInt32.self, at: at), 0 < size, Int(size) <= LoginValue.longest,
            at &+ 4 &+ Int(size) <= bytes.byteCount, KafkaHeader(bytes, at: at &+ 4, size: Int(size)) == nil
        {
            found += LoginValue.token(at &+ 4..<at &+ 4 &+ Int(size), in: bytes)
            at &+= 4 &+ Int(size)
        }
        return found
    }
}

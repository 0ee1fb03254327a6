/// What proves who a client of PostgreSQL is, and of SASL the server's answers: PostgreSQL documentation, "Message Formats",
/// PasswordMessage, SASLInitialResponse and SASLResponse, AuthenticationSASLContinue and AuthenticationSASLFinal.
enum PostgresLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found = passwords(bytes, behind: 0)
        var at = 0
        while let zero = bytes.firstIndex(of: 0, from: at) {
            at = zero &+ 1
            if let next = startup(bytes, zero) { found += passwords(bytes, behind: next) }
            if let challenge = challenge(bytes, zero) { found.append(challenge) }
        }
        return found
    }

    /// StartupMessage of protocol 3: pairs of texts up to its end, one of them the user.
    /// - Returns: what is behind it.
    private static func startup(_ bytes: RawSpan, _ start: Int) -> Int? {
        guard let length = bytes.big(UInt32.self, at: start), 16...10_000 ~= length,
            bytes.big(UInt16.self, at: start &+ 4) == 3, let minor = bytes.big(UInt16.self, at: start &+ 6), minor < 256
        else { return nil }
        let end = start &+ Int(length)
        guard end <= bytes.byteCount, bytes.byte(end &- 1) == 0 else { return nil }
        var at = start &+ 8
        var names = 0
        while at < end &- 1 {
            guard let name = PostgresAnalyzer.text(bytes, &at), !name.isEmpty, PostgresAnalyzer.text(bytes, &at) != nil
            else { return nil }
            names &+= 1
        }
        return at == end &- 1 && names > 0 ? end : nil
    }

    /// Messages of type `p` one behind the other: a client says nothing else until it is let in.
    private static func passwords(_ bytes: RawSpan, behind start: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = start
        while bytes.u8(at: at) == UInt8(ascii: "p"), let length = bytes.big(UInt32.self, at: at &+ 1),
            5...UInt32(LoginValue.longest) ~= length, at &+ 1 &+ Int(length) <= bytes.byteCount
        {
            let next = at &+ 1 &+ Int(length)
            found += value(bytes, at &+ PostgresFraming.headerBytes..<next)
            at = next
        }
        // Where nothing has begun a conversation, what follows has to be of it.
        guard start > 0 || at == bytes.byteCount || PostgresFraming.length(bytes, at: at, .client) != nil else {
            return []
        }
        return found
    }

    private static func value(_ bytes: RawSpan, _ body: Range<Int>) -> [Range<Int>] {
        // A mechanism's name, and a response with its length.
        if let end = bytes.firstIndex(of: 0, in: body), let length = bytes.big(UInt32.self, at: end &+ 1),
            end &+ 5 &+ Int(length) == body.upperBound
        {
            return LoginValue.token(end &+ 5..<body.upperBound, in: bytes)
        }
        let end = bytes.byte(body.upperBound &- 1) == 0 ? body.upperBound &- 1 : body.upperBound
        return LoginValue.token(body.lowerBound..<end, in: bytes)
    }

    /// With the server's proof a password can be tried at leisure, as with the client's (RFC 5802, section 9).
    /// - Parameter zero: the first byte of its length.
    private static func challenge(_ bytes: RawSpan, _ zero: Int) -> Range<Int>? {
        guard zero > 0, bytes.byte(zero &- 1) == UInt8(ascii: "R"), let length = bytes.big(UInt32.self, at: zero),
            9...UInt32(LoginValue.longest) ~= length, let code = bytes.big(UInt32.self, at: zero &+ 4), 11...12 ~= code,
            zero &+ Int(length) <= bytes.byteCount
        else { return nil }
        return zero &+ 8..<zero &+ Int(length)
    }
}

/// Tokens of SASL in memcached's binary protocol ("SASL authentication for memcached"): Authenticate (0x21) and Step (0x22), whose
/// key is a mechanism.
enum MemcachedLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = 0
        while let start = bytes.firstIndex(of: 0x80, from: at) {
            at = start &+ 1
            guard let code = bytes.u8(at: start &+ 1), code == 0x21 || code == 0x22,
                let name = bytes.big(UInt16.self, at: start &+ 2), 1...20 ~= name,
                bytes.big(UInt32.self, at: start &+ 4) == 0, let length = bytes.big(UInt32.self, at: start &+ 8),
                UInt32(name)...UInt32(LoginValue.longest) ~= length,
                bytes.fit(
                    allOf: Int(name), at: start &+ 24,
                    { ASCII.isUpper($0) || ASCII.isDigit($0) || $0 == 0x2D || $0 == 0x5F })
                    == .yes
            else { continue }
            let end = start &+ 24 &+ Int(length)
            guard end <= bytes.byteCount else { continue }
            found += LoginValue.token(start &+ 24 &+ Int(name)..<end, in: bytes)
        }
        return found
    }
}

/// The record layer of TLS: RFC 8446, section 5.1.
enum TLSRecord {
    static let changeCipherSpec: UInt8 = 20
    static let alert: UInt8 = 21
    static let handshake: UInt8 = 22
    static let application: UInt8 = 23
    static let header = 5
    /// 2^14 bytes, and what encryption up to TLS 1.2 may add (RFC 5246, section 6.2.3).
    private static let limit: UInt16 = 16384 + 2048

    /// How long the record is, with its header, that begins here; `nil` where none does, or too little of it is there.
    static func length(_ bytes: RawSpan) -> Int? {
        guard headers(1, bytes) == .yes, let length = bytes.big(UInt16.self, at: 3) else { return nil }
        return header &+ Int(length)
    }

    /// Headers of `count` records, one behind the other: types 20 to 24, version 3.x, and lengths within the limit.
    static func headers(_ count: Int, _ bytes: RawSpan) -> Fit {
        var offset = 0
        var fit = Fit.yes
        for _ in 0..<count {
            fit = fit.and(bytes.fit(byteAt: offset) { 20...24 ~= $0 })
                .and(bytes.fit(byteAt: offset &+ 1) { $0 == 3 })
                .and(bytes.fit(byteAt: offset &+ 2) { $0 <= 4 })
                .and(bytes.fit(big: UInt16.self, at: offset &+ 3) { 1...limit ~= $0 })
            guard fit == .yes, let length = bytes.big(UInt16.self, at: offset &+ 3) else { return fit }
            offset &+= header &+ Int(length)
        }
        return fit
    }
}

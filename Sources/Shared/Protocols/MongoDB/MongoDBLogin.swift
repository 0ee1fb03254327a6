/// Payloads of SASL in documents of MongoDB, from either side, and passwords that a user is given (MongoDB Manual, "saslStart",
/// "createUser"; BSON specification 1.1).
enum MongoDBLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = 0
        while let name = bytes.firstIndex(of: UInt8(ascii: "p"), from: at) {
            at = name &+ 1
            if bytes.has("payload\0", at: name), isLogin(bytes, name) {
                found += value(bytes, name &- 1, name &+ 8)
            } else if bytes.has("pwd\0", at: name) {
                found += value(bytes, name &- 1, name &+ 4)
            }
        }
        return found
    }

    /// A command's name, or the number of a conversation, stands before the payload with little between.
    private static func isLogin(_ bytes: RawSpan, _ end: Int) -> Bool {
        for start in Swift.max(0, end &- reach)..<end
        where bytes.has("saslStart\0", at: start) || bytes.has("saslContinue\0", at: start)
            || bytes.has("conversationId\0", at: start)
        {
            return true
        }
        return false
    }

    private static let reach = 192

    /// - Parameter type: where its type stands: text (2) or binary (5).
    private static func value(_ bytes: RawSpan, _ type: Int, _ at: Int) -> [Range<Int>] {
        guard let length = bytes.little(UInt32.self, at: at), 1...UInt32(LoginValue.longest) ~= length else {
            return []
        }
        switch bytes.u8(at: type) {
        case 2 where at &+ 4 &+ Int(length) <= bytes.byteCount:
            return LoginValue.token(at &+ 4..<at &+ 3 &+ Int(length), in: bytes)
        case 5 where at &+ 5 &+ Int(length) <= bytes.byteCount:
            return LoginValue.token(at &+ 5..<at &+ 5 &+ Int(length), in: bytes)
        default: return []
        }
    }
}

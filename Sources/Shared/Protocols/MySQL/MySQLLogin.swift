/// What proves who a client of MySQL is: MySQL Source Code Documentation, "Connection Phase", and COM_CHANGE_USER.
enum MySQLLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = 0
        while at &+ MySQLPacket.headerBytes < bytes.byteCount {
            if let login = login(bytes, at) {
                found += login.values
                at = login.next
            } else {
                found += changeOfUser(bytes, at)
                at &+= 1
            }
        }
        return found
    }

    /// What stands between the user and the database of a login: where it lies, and what is behind it.
    /// - Parameter body: of a packet, from its capabilities on.
    static func proof(_ body: RawSpan, _ mine: MySQLCapabilities) -> (range: Range<Int>, next: Int)? {
        guard let user = body.firstIndex(of: 0, from: 32) else { return nil }
        var at = user &+ 1
        if mine.contains(.lengthOfAuthentication) { return body.lengthEncodedString(&at).map { ($0, at) } }
        if mine.contains(.secureConnection) {
            let start = at &+ 1
            let end = start &+ Int(body.u8(at: at) ?? 0)
            return end <= body.byteCount ? (start..<end, end) : nil
        }
        return body.firstIndex(of: 0, from: at).map { (at..<$0, $0 &+ 1) }
    }

    /// A login, and the packets of the same client that answer what else the server asks for: until its first command, which
    /// counts from 0 again.
    private static func login(_ bytes: RawSpan, _ start: Int) -> (values: [Range<Int>], next: Int)? {
        let first = start &+ MySQLPacket.headerBytes
        guard let length = MySQLPacket.length(bytes, at: start), 33...LoginValue.longest ~= length,
            let sequence = bytes.u8(at: start &+ 3), 1...3 ~= sequence, first &+ length <= bytes.byteCount
        else { return nil }
        let body = bytes.extracting(first..<first &+ length)
        guard let low = body.little(UInt32.self, at: 0), body.fit(allOf: 19, at: 9, { $0 == 0 }) == .yes else {
            return nil
        }
        let mine = MySQLCapabilities(rawValue: UInt64(low))
        guard mine.contains(.protocol41), let proof = proof(body, mine) else { return nil }
        var values = [first &+ proof.range.lowerBound..<first &+ proof.range.upperBound]
        var next = first &+ length
        while let length = MySQLPacket.length(bytes, at: next), let sequence = bytes.u8(at: next &+ 3), sequence > 1,
            length <= LoginValue.longest, next &+ MySQLPacket.headerBytes &+ length <= bytes.byteCount
        {
            let answer = next &+ MySQLPacket.headerBytes
            next = answer &+ length
            // A byte alone asks for something. A password in the clear ends with a NUL.
            if length > 1 { values.append(answer..<(bytes.byte(next &- 1) == 0 ? next &- 1 : next)) }
        }
        return (values, next)
    }

    /// User, length and proof, database, and a plugin whose name proves the place.
    private static func changeOfUser(_ bytes: RawSpan, _ start: Int) -> [Range<Int>] {
        guard bytes.u8(at: start &+ 3) == 0, bytes.u8(at: start &+ MySQLPacket.headerBytes) == 0x11,
            let length = MySQLPacket.length(bytes, at: start), length <= LoginValue.longest,
            start &+ MySQLPacket.headerBytes &+ length <= bytes.byteCount
        else { return [] }
        let body = bytes.extracting(..<(start &+ MySQLPacket.headerBytes &+ length))
        guard let user = body.firstIndex(of: 0, from: start &+ MySQLPacket.headerBytes &+ 1),
            let size = body.u8(at: user &+ 1), size > 0
        else { return [] }
        let proof = user &+ 2..<user &+ 2 &+ Int(size)
        guard let database = body.firstIndex(of: 0, from: proof.upperBound) else { return [] }
        // Behind the character set.
        let plugin = database &+ 3
        return body.has("mysql_", at: plugin) || body.has("caching_sha2", at: plugin) || body.has("sha256_", at: plugin)
            ? [proof] : []
    }
}

/// The password of a SOCKS 5 client (RFC 1929, section 2), behind the methods that it offers (RFC 1928, section 3).
enum SOCKSLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = 0
        while let start = bytes.firstIndex(of: 5, from: at) {
            at = start &+ 1
            guard let methods = bytes.u8(at: start &+ 1), 1...9 ~= methods,
                offersPasswords(bytes, start &+ 2..<start &+ 2 &+ Int(methods))
            else { continue }
            let login = start &+ 2 &+ Int(methods)
            guard bytes.u8(at: login) == 1, let length = SOCKSAnalyzer.passwordLength(bytes, at: login) else {
                continue
            }
            let user = Int(bytes.u8(at: login &+ 1) ?? 0)
            let password = login &+ 3 &+ user..<login &+ length
            // What follows is what is asked for.
            guard user > 0, !password.isEmpty, bytes.u8(at: password.upperBound) ?? 5 == 5 else { continue }
            found.append(password)
        }
        return found
    }

    /// Methods that IANA has numbers for, 2 of them: user and password.
    private static func offersPasswords(_ bytes: RawSpan, _ methods: Range<Int>) -> Bool {
        guard methods.upperBound <= bytes.byteCount else { return false }
        var offers = false
        for place in methods {
            guard bytes.byte(place) <= 9 || bytes.byte(place) >= 0x80 else { return false }
            offers = offers || bytes.byte(place) == 2
        }
        return offers
    }
}

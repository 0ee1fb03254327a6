/// What proves who a client of SQL Server is: MS-TDS 2.2.6.4 (LOGIN7), 2.2.6.3 (federated token), 2.2.6.8 (SSPI), and the login
/// record before them.
///
/// What LOGIN7 does to a password hides it from nobody.
enum MSSQLLogin: LoginSearch {
    static func find(in bytes: RawSpan) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var at = 0
        while at &+ MSSQLDetector.payload < bytes.byteCount {
            let rest = bytes.extracting(at...)
            if rest.byte(0) == 0x10, MSSQLDetector.login7(rest) == .yes {
                let size = Int(rest.big(UInt16.self, at: 2) ?? 8)
                // Of a login in several packets those are in the first that come first.
                found += login7(rest).filter { $0.upperBound <= size }.map {
                    at &+ $0.lowerBound..<at &+ $0.upperBound
                }
                at = tokens(bytes, behind: at &+ size, &found)
            } else if rest.byte(0) == 0x02, MSSQLDetector.loginRecord(rest) == .yes {
                let password = at &+ MSSQLDetector.payload &+ 2 &* 31
                found.append(password..<password &+ Int(bytes.u8(at: password &+ 30) ?? 0))
                at &+= 512
            } else {
                at &+= 1
            }
        }
        return found.filter { !$0.isEmpty && $0.upperBound <= bytes.byteCount }
    }

    /// The password, a new one, what SSPI says, and the token of a federation.
    private static func login7(_ bytes: RawSpan) -> [Range<Int>] {
        func field(_ at: Int, unit: Int) -> Range<Int> {
            let start = MSSQLDetector.payload &+ Int(bytes.little(UInt16.self, at: MSSQLDetector.payload &+ at) ?? 0)
            let length = Int(bytes.little(UInt16.self, at: MSSQLDetector.payload &+ at &+ 2) ?? 0) &* unit
            return start..<start &+ length
        }
        var values = [field(44, unit: 2), field(86, unit: 2), field(78, unit: 1)]
        // fExtension of OptionFlags3: the field of the extension leads to a list of features, each with its length.
        guard let flags = bytes.u8(at: MSSQLDetector.payload &+ 27), flags & 0x10 != 0,
            let list = bytes.little(UInt32.self, at: field(56, unit: 1).lowerBound)
        else { return values }
        var at = MSSQLDetector.payload &+ Int(list)
        while let feature = bytes.u8(at: at), feature != 0xFF, let length = bytes.little(UInt32.self, at: at &+ 1),
            Int(length) <= LoginValue.longest
        {
            if feature == 2 { values.append(at &+ 5..<at &+ 5 &+ Int(length)) }
            at &+= 5 &+ Int(length)
        }
        return values
    }

    /// Packets with tokens, which follow a login at once.
    private static func tokens(_ bytes: RawSpan, behind start: Int, _ found: inout [Range<Int>]) -> Int {
        var at = start
        while let type = bytes.u8(at: at), type == 0x08 || type == 0x11, let size = bytes.big(UInt16.self, at: at &+ 2),
            Int(size) > MSSQLDetector.payload
        {
            found.append(at &+ MSSQLDetector.payload..<at &+ Int(size))
            at &+= Int(size)
        }
        return at
    }
}

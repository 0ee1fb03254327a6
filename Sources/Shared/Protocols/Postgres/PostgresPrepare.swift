/// What SQL's own PREPARE and DEALLOCATE name (PostgreSQL documentation, "PREPARE"): such statements are the protocol's, too.
struct PostgresPrepare {
    var name: [UInt8]
    /// Where the statement stands that is prepared.
    var statement: Range<Int>

    /// - Returns: `nil` where it is not `PREPARE name [(types)] AS statement`, without comments between.
    init?(_ bytes: RawSpan) {
        var at = 0
        guard let verb = Self.word(bytes, &at), bytes.isWordIgnoringCase("PREPARE", at: verb),
            let name = Self.name(bytes, &at)
        else { return nil }
        Self.skipBlanks(bytes, &at)
        if bytes.u8(at: at) == UInt8(ascii: "(") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: ")"), from: at) else { return nil }
            at = close &+ 1
        }
        guard let word = Self.word(bytes, &at), bytes.isWordIgnoringCase("AS", at: word) else { return nil }
        self.name = name
        statement = at..<bytes.byteCount
    }

    /// The name behind `DEALLOCATE [PREPARE]`; `nil` for all of them, and where it can't be read.
    static func deallocated(_ bytes: RawSpan) -> [UInt8]? {
        var at = 0
        guard word(bytes, &at) != nil else { return nil }
        var behind = at
        if let next = word(bytes, &behind) {
            if bytes.isWordIgnoringCase("ALL", at: next) { return nil }
            if bytes.isWordIgnoringCase("PREPARE", at: next) { at = behind }
        }
        return name(bytes, &at)
    }

    private static func skipBlanks(_ bytes: RawSpan, _ at: inout Int) {
        while let byte = bytes.u8(at: at), byte <= 0x20 { at &+= 1 }
    }

    private static func word(_ bytes: RawSpan, _ at: inout Int) -> Range<Int>? {
        skipBlanks(bytes, &at)
        let start = at
        while let byte = bytes.u8(at: at), SQLDialect.postgreSQL.isInWord(byte) { at &+= 1 }
        return at > start ? start..<at : nil
    }

    /// A name as the server has it: in small letters, unless it is quoted.
    private static func name(_ bytes: RawSpan, _ at: inout Int) -> [UInt8]? {
        skipBlanks(bytes, &at)
        guard bytes.u8(at: at) == UInt8(ascii: "\"") else {
            return word(bytes, &at).map { range in
                [UInt8](bytes.extracting(range)).map { ASCII.isUpper($0) ? $0 | 0x20 : $0 }
            }
        }
        let (end, isClosed) = bytes.quotedEnd(at &+ 1, UInt8(ascii: "\""), hasBackslashes: false)
        guard isClosed else { return nil }
        var name: [UInt8] = []
        var place = at &+ 1
        while place < end &- 1 {
            let byte = bytes.byte(place)
            name.append(byte)
            place &+= byte == UInt8(ascii: "\"") ? 2 : 1
        }
        at = end
        return name
    }
}

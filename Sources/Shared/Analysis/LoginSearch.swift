/// Finds what proves who somebody is in a protocol's messages, where it has no name that says so: a password of a login, a
/// token of SASL (RFC 4422).
///
/// It is asked of any part of any stream, whatever was recognised in it: what follows a loss, or lies behind a proxy's
/// greeting, is found as well. So it takes a message only for what fits in all of its parts. The bytes come from outside and
/// may be anything.
protocol LoginSearch: SendableMetatype {
    /// - Returns: where the values lie, in any order.
    static func find(in bytes: RawSpan) -> [Range<Int>]
}

/// Values of logins, of which some have parts.
enum LoginValue {
    /// An initial response of SASL: all of it, and of PLAIN the password by itself, which may be said elsewhere (RFC 4616,
    /// section 2: identity, NUL, user, NUL, password).
    static func token(_ range: Range<Int>, in bytes: RawSpan) -> [Range<Int>] {
        guard !range.isEmpty else { return [] }
        var last: Int?
        for place in range where bytes.byte(place) == 0 { last = place }
        guard let last, last &+ 1 < range.upperBound else { return [range] }
        return [range, last &+ 1..<range.upperBound]
    }

    /// The longest that is believed of one value, in bytes: tickets of Kerberos and tokens of federations are some kilobytes long.
    static let longest = 32 << 10
}

/// What a request target and a Host field say about whom the request is for (RFC 9112, section 3.2).
struct RequestTarget: Equatable {
    /// The path without the query; for CONNECT the host and its port, for OPTIONS maybe `*`.
    var path: Range<Int>
    /// The host, and its port, that the target itself names (absolute-form and authority-form): the request is for it,
    /// whoever is asked.
    var host: Range<Int>?

    init(_ bytes: RawSpan, _ target: Range<Int>, _ method: RequestMethod) {
        path = target
        host = nil
        // An extended CONNECT is for a path, as others are (RFC 8441, section 4).
        if method == .connect, bytes.u8(at: target.lowerBound) != 0x2F {
            path = Self.host(bytes, target)
            host = path
            return
        }
        if bytes.u8(at: target.lowerBound) != 0x2F, let authority = Self.authority(bytes, target) {
            host = Self.host(bytes, authority)
            path = authority.upperBound..<target.upperBound
        }
        for at in path {
            guard let byte = bytes.u8(at: at) else { break }
            if byte == 0x3F || byte == 0x23 {
                path = path.lowerBound..<at
                break
            }
        }
    }

    /// The authority of `scheme://authority/path`.
    private static func authority(_ bytes: RawSpan, _ target: Range<Int>) -> Range<Int>? {
        guard let colon = bytes.firstIndex(of: 0x3A, in: target), bytes.has("://", at: colon)
        else { return nil }
        let start = colon &+ 3
        var end = start
        while end < target.upperBound, let byte = bytes.u8(at: end), byte != 0x2F, byte != 0x3F, byte != 0x23 {
            end &+= 1
        }
        guard end <= target.upperBound, start <= end else { return nil }
        return start..<end
    }

    /// The destination of CONNECT, whose target is a host and a port (RFC 9112, section 3.2.3).
    static func destination(_ bytes: RawSpan, _ authority: Range<Int>) -> NamedDestination? {
        var host = host(bytes, authority)
        var colon = host.upperBound &- 1
        while colon >= host.lowerBound, bytes.u8(at: colon) != 0x3A { colon &-= 1 }
        guard colon >= host.lowerBound,
            let port = bytes.decimal(colon &+ 1..<host.upperBound).flatMap(UInt16.init(exactly:))
        else { return nil }
        host = host.lowerBound..<colon
        // An IPv6 literal has brackets.
        if host.count > 2, bytes.u8(at: host.lowerBound) == 0x5B, bytes.u8(at: colon &- 1) == 0x5D {
            host = host.lowerBound &+ 1..<colon &- 1
        }
        return NamedDestination(bytes, host, port: port)
    }

    /// `host[:port]` of `[userinfo@]host[:port]` (RFC 3986, section 3.2).
    static func host(_ bytes: RawSpan, _ authority: Range<Int>) -> Range<Int> {
        var start = authority.lowerBound
        for at in authority where bytes.u8(at: at) == 0x40 { start = at &+ 1 }
        return start..<authority.upperBound
    }
}

/// HTTP/1.x by its requests: RFC 9112, section 3 (`request-line = method SP request-target SP HTTP-version`).
///
/// Strict enough: a line of text whose first word is a token and whose last is `HTTP/1.x` is written by nothing else.
/// What is bent is taken as RFC 9112 takes it: blank lines before the request (section 2.2), any run of SP, HTAB, VT,
/// FF or bare CR between the parts and around them (section 3). Requests whose version is missing (HTTP/0.9) or bent
/// are believed only of the methods that everyone knows, with a target that begins with "/".
///
/// The answer depends on the client alone, so that it is there with the request line, and so that a client that says
/// something else does not wait for the server: that is what `HTTP1ResponseDetector` is for, at the list's end.
enum HTTP1Detector: Detector {
    static var strictness: Strictness { .requestLine }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        requestLine(client, isFinal: context.isFinal, isStrict: context.followsOthers).finding("HTTP/1 request line")
    }

    /// A longer line is refused, unless it began as only HTTP begins.
    static let lineLimit = 16 * 1024
    private static let methodLimit = 64

    private static func requestLine(_ bytes: RawSpan, isFinal: Bool, isStrict: Bool) -> Fit {
        var start = 0
        while let byte = bytes.u8(at: start), start < lineLimit, isBlank(byte) || byte == ASCII.lineFeed { start &+= 1 }
        guard start < bytes.byteCount else { return .open }
        var end = start
        while let byte = bytes.u8(at: end), end &- start <= methodLimit, HTTPGrammar.isToken(byte) { end &+= 1 }
        guard let behind = bytes.u8(at: end) else { return .open }
        guard end > start, end &- start <= methodLimit, isBlank(behind) else { return .no }
        let method = start..<end
        let known = bytes.printableEnd(end, limit: end &+ lineLimit)
        switch bytes.line(from: end, knownUntil: known, limit: lineLimit, isAllowed) {
        case .no: return .no
        case .tooLong: return Fit(!isStrict && isWellKnown(method, end, bytes))
        case .open: return isFinal && isWellKnown(method, end, bytes) ? .yes : .open
        case .line(let line): return judge(line.text, method, bytes, isStrict: isStrict)
        }
    }

    /// A request line behind its method.
    private static func judge(
        _ text: Range<Int>, _ method: Range<Int>, _ bytes: RawSpan, isStrict: Bool
    ) -> Fit {
        var rest = text
        var last: Range<Int>?
        while let word = bytes.word(of: &rest, isBlank) { last = word }
        guard let last else { return .no }
        if HTTP1Version.isOne(last, bytes) { return .yes }
        let isOtherProtocol = HTTP1Version.isOfAnotherProtocol(last, bytes)
        return Fit(!isStrict && !isOtherProtocol && isWellKnown(method, text.lowerBound, bytes))
    }

    /// Whether the first word is a whole method and not the rest of one, as far as the methods say that are known.
    static func beginsWithRegistered(_ bytes: RawSpan, at start: Int = 0) -> Bool {
        var end = start
        while let byte = bytes.u8(at: end), end &- start <= methodLimit, HTTPGrammar.isToken(byte) { end &+= 1 }
        guard let behind = bytes.u8(at: end), isBlank(behind) else { return false }
        while let byte = bytes.u8(at: end), isBlank(byte) { end &+= 1 }
        guard let target = bytes.u8(at: end), target > 0x20 else { return false }
        // What begins as one does is none that has lost its beginning, whatever follows: `GET%00`.
        return registeredMethods.contains { bytes.has($0, at: start) }
    }

    /// IANA's registry of HTTP methods, and what UPnP and caches have beside it.
    private static let registeredMethods: [StaticString] =
        wellKnownMethods + [
            "CONNECT", "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK",
            "MERGE",
            "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PROPPATCH",
            "QUERY",
            "REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF",
            "VERSION-CONTROL", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE",
        ]

    /// A method that is registered and common, blanks, and a target that begins with "/".
    static func isWellKnown(_ method: Range<Int>, _ end: Int, _ bytes: RawSpan) -> Bool {
        var target = end
        while let byte = bytes.u8(at: target), isBlank(byte) { target &+= 1 }
        return bytes.u8(at: target) == UInt8(ascii: "/") && wellKnownMethods.contains { bytes.isWord($0, at: method) }
    }

    private static let wellKnownMethods: [StaticString] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND",
    ]

    /// What a lenient reader of a start line takes for a blank: RFC 9112, section 3.
    static func isBlank(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.space, ASCII.tab, 0x0B, 0x0C, ASCII.carriageReturn: true
        default: false
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool { ASCII.isText(byte) || isBlank(byte) }
}

/// `HTTP-version = "HTTP/" DIGIT "." DIGIT` (RFC 9112, section 2.3), of which this tool reads 0.x and 1.x: the "2.0"
/// of `PRI * HTTP/2.0` opens another protocol.
enum HTTP1Version {
    static let length = 8

    static func isOne(_ word: Range<Int>, _ bytes: RawSpan) -> Bool {
        word.count == length && fit(at: word.lowerBound, bytes) == .yes
    }

    static func fit(at offset: Int, _ bytes: RawSpan) -> Fit {
        bytes.fit("HTTP/", at: offset)
            .and(bytes.fit(byteAt: offset &+ 5) { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "1") })
            .and(bytes.fit(".", at: offset &+ 6))
            .and(bytes.fit(byteAt: offset &+ 7, ASCII.isDigit))
    }

    /// A word like RTSP/1.0 or SIP/2.0.
    static func isOfAnotherProtocol(_ word: Range<Int>, _ bytes: RawSpan) -> Bool {
        var end = word.lowerBound
        while end < word.upperBound, let byte = bytes.u8(at: end), HTTPGrammar.isToken(byte) { end &+= 1 }
        guard end > word.lowerBound, bytes.u8(at: end) == UInt8(ascii: "/") else { return false }
        guard end &+ 1 < word.upperBound, bytes.fit(byteAt: end &+ 1, ASCII.isDigit) == .yes else { return false }
        return !bytes.isWordIgnoringCase("HTTP", at: word.lowerBound..<end)
    }
}

/// method SP request-target SP HTTP-version (RFC 9112, section 3).
struct RequestLine {
    var method: ByteRange
    var target: ByteRange
    var minorVersion: UInt8
    var isMalformed: Bool
    var isVersionUnknown: Bool

    /// - Returns: `nil` where the line is none. Several blanks between the parts, and blanks inside the target, are
    ///   accepted and said to be malformed; a line without a version is one only if its method is registered (HTTP/0.9).
    static func parse(_ bytes: RawSpan, _ line: Range<Int>) -> RequestLine? {
        var at = line.lowerBound
        while at < line.upperBound, HTTPGrammar.isToken(bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)) {
            at &+= 1
        }
        let method = line.lowerBound..<at
        guard !method.isEmpty, at < line.upperBound, let separator = bytes.u8(at: at), isSeparator(separator) else {
            return nil
        }
        var malformed = separator != 0x20
        var targetStart = at &+ 1
        while targetStart < line.upperBound, let byte = bytes.u8(at: targetStart), isSeparator(byte) {
            malformed = true
            targetStart &+= 1
        }
        let end = HTTPGrammar.trimmed(bytes, targetStart..<line.upperBound).upperBound
        if end != line.upperBound { malformed = true }
        guard let version = HTTPVersion.parseLast(bytes, targetStart..<end) else {
            return simple(bytes, method, targetStart..<end)
        }
        let target = HTTPGrammar.trimmed(bytes, targetStart..<version.start)
        if target.isEmpty || target.upperBound &+ 1 != version.start { malformed = true }
        if !malformed, bytes.extracting(target).firstIndex(of: 0x20) != nil { malformed = true }
        return RequestLine(
            method: ByteRange(method.lowerBound, method.upperBound),
            target: ByteRange(target.lowerBound, target.upperBound),
            minorVersion: version.minor, isMalformed: malformed, isVersionUnknown: version.isUnknown)
    }

    /// A request without a version, as HTTP/0.9 has it (RFC 1945, section 4.1: Simple-Request); clients of 1.x that
    /// send one by mistake are answered by most servers.
    private static func simple(_ bytes: RawSpan, _ method: Range<Int>, _ target: Range<Int>) -> RequestLine? {
        guard !target.isEmpty, HTTP1Detector.isWellKnown(method, method.upperBound, bytes) else { return nil }
        return RequestLine(
            method: ByteRange(method.lowerBound, method.upperBound),
            target: ByteRange(target.lowerBound, target.upperBound),
            minorVersion: 0, isMalformed: true, isVersionUnknown: true)
    }

    /// The beginning of a request line of which the rest was not captured, as snaplen cuts it.
    /// - Returns: `nil` where it shows no path, or not that it is one. Its version is not looked at.
    static func cut(_ bytes: RawSpan) -> RequestLine? {
        var at = 0
        while let byte = bytes.u8(at: at), HTTPGrammar.isToken(byte) { at &+= 1 }
        guard HTTP1Detector.isWellKnown(0..<at, at, bytes), bytes.u8(at: at) == 0x20, bytes.u8(at: at &+ 1) == 0x2F
        else { return nil }
        let rest = at &+ 1..<bytes.byteCount
        var end = rest.lowerBound
        while let byte = bytes.u8(at: end), byte > 0x20, byte != 0x7F { end &+= 1 }
        if end < rest.upperBound, bytes.u8(at: end) != 0x20 { return nil }
        return RequestLine(
            method: ByteRange(0, at), target: ByteRange(rest.lowerBound, end), minorVersion: 0, isMalformed: false,
            isVersionUnknown: false)
    }

    @inline(__always)
    private static func isSeparator(_ byte: UInt8) -> Bool {
        (0x09...0x0D).contains(byte) && byte != 0x0A || byte == 0x20
    }
}

/// HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112, section 4).
struct StatusLine {
    var status: UInt16
    var reason: ByteRange
    var minorVersion: UInt8
    var isMalformed: Bool
    var isVersionUnknown: Bool

    /// Whether bytes begin as no body does but an answer.
    static func begins(_ bytes: RawSpan) -> Fit {
        bytes.fit("HTTP/1.", at: 0).and(bytes.fit(byteAt: 7) { $0 == 0x30 || $0 == 0x31 }).and(bytes.fit(" ", at: 8))
            .and(bytes.fit(allOf: 3, at: 9, ASCII.isDigit))
    }

    static func parse(_ bytes: RawSpan, _ line: Range<Int>) -> StatusLine? {
        let start = line.lowerBound
        guard bytes.has("HTTP/", at: start) else { return nil }
        var at = start &+ 5
        while at < line.upperBound, let byte = bytes.u8(at: at), HTTPGrammar.isDigit(byte) || byte == 0x2E { at &+= 1 }
        let version = HTTPVersion(bytes, start..<at)
        var blanks = 0
        while at < line.upperBound, let byte = bytes.u8(at: at), byte == 0x20 || byte == 0x09 {
            at &+= 1
            blanks &+= 1
        }
        guard blanks > 0, at > start &+ 5 else { return nil }
        let codeStart = at
        while at < line.upperBound, let byte = bytes.u8(at: at), HTTPGrammar.isDigit(byte) { at &+= 1 }
        let digits = at &- codeStart
        guard digits > 0, digits <= 4, let code = HTTPGrammar.decimal(bytes, codeStart..<at) else { return nil }
        let separator = at < line.upperBound ? bytes.u8(at: at) : nil
        let reason = HTTPGrammar.trimmed(bytes, at..<line.upperBound)
        return StatusLine(
            status: UInt16(clamping: code), reason: ByteRange(reason.lowerBound, reason.upperBound),
            minorVersion: version?.minor ?? 0,
            isMalformed: blanks != 1 || digits != 3 || (separator != nil && separator != 0x20),
            isVersionUnknown: version?.isUnknown ?? true)
    }
}

/// HTTP-version (RFC 9112, section 2.3): `HTTP/` DIGIT `.` DIGIT.
struct HTTPVersion {
    var start: Int
    var minor: UInt8
    /// Neither 1.0 nor 1.1.
    var isUnknown: Bool

    /// Reads a version that fills the range.
    init?(_ bytes: RawSpan, _ range: Range<Int>) {
        guard range.count == 8, bytes.has("HTTP/", at: range.lowerBound), bytes.u8(at: range.lowerBound &+ 6) == 0x2E,
            let major = bytes.u8(at: range.lowerBound &+ 5), let minor = bytes.u8(at: range.lowerBound &+ 7),
            HTTPGrammar.isDigit(major), HTTPGrammar.isDigit(minor)
        else { return nil }
        start = range.lowerBound
        self.minor = major == 0x31 ? (minor == 0x30 ? 0 : 1) : 0
        isUnknown = major != 0x31 || minor > 0x31
    }

    /// Reads the version at the end of a request line, a blank before it.
    static func parseLast(_ bytes: RawSpan, _ range: Range<Int>) -> HTTPVersion? {
        guard range.count >= 8 else { return nil }
        let start = range.upperBound &- 8
        guard start == range.lowerBound || bytes.u8(at: start &- 1).map(HTTPGrammar.isBlank) == true else { return nil }
        return HTTPVersion(bytes, start..<range.upperBound)
    }
}

extension Side {
    /// Whether the first line of the bytes, which ends with the line feed at `feed`, can begin a head of this side.
    func isStartLine(_ bytes: RawSpan, feed: Int) -> Bool {
        let end = bytes.u8(at: feed &- 1) == 0x0D ? feed &- 1 : feed
        let line = 0..<Swift.max(0, end)
        return self == .client ? RequestLine.parse(bytes, line) != nil : StatusLine.parse(bytes, line) != nil
    }
}

/// HTTP/1.x by its responses: RFC 9112, section 4 (`status-line = HTTP-version SP status-code SP [reason-phrase]`).
///
/// For the captures that hold the server's direction only, that joined late, or whose client said something that
/// nothing recognises: an HTTP server answers that with 400. A separate detector, last in the list: it can't refuse
/// before the server has spoken, and would hold back all others if it came first.
///
/// Strict enough: twelve bytes are fixed but for three digits.
package enum HTTP1ResponseDetector: Detector {
    package static var verdict: Verdict { .http }

    package static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        statusLine(server, isFinal: context.isFinal).finding("HTTP/1 status line")
    }

    private static func statusLine(_ bytes: RawSpan, isFinal: Bool) -> Fit {
        var start = 0
        while let byte = bytes.u8(at: start), start < HTTP1Detector.lineLimit, isBlankOrLineEnd(byte) { start &+= 1 }
        var code = start &+ HTTP1Version.length
        let version = HTTP1Version.fit(at: start, bytes).and(bytes.fit(byteAt: code, HTTP1Detector.isBlank))
        while let byte = bytes.u8(at: code), code < HTTP1Detector.lineLimit, HTTP1Detector.isBlank(byte) { code &+= 1 }
        guard version == .yes else { return version }
        let digits = bytes.fit(byteAt: code) { $0 != UInt8(ascii: "0") }
            .and(bytes.fit(allOf: 3, at: code, ASCII.isDigit))
        let end = bytes.fit(byteAt: code &+ 3, isBlankOrLineEnd)
        return digits.and(end == .open && isFinal ? .yes : end)
    }

    private static func isBlankOrLineEnd(_ byte: UInt8) -> Bool {
        HTTP1Detector.isBlank(byte) || byte == ASCII.lineFeed
    }
}

/// HTTP/1.x by its responses: RFC 9112, section 4 (`status-line = HTTP-version SP status-code SP [reason-phrase]`).
///
/// For the captures that hold the server's direction only, that joined late, or whose client said something that
/// nothing recognises: an HTTP server answers that with 400. A separate detector, last in the list: it can't refuse
/// before the server has spoken, and would hold back all others if it came first.
///
/// Strict enough: twelve bytes are fixed but for three digits. A client that opens with HTTP/2's preface (RFC 9113,
/// section 3.4) talks HTTP/2, and the server's 101 that may precede it doesn't change that.
enum HTTP1ResponseDetector: Detector {
    static var strictness: Strictness { .answers }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        let status = statusLine(server, isFinal: context.isFinal)
        return status.and(isNotHTTP2(client)).finding(reason)
            .atTheEnd(context, client.byteCount == 0 ? status.finding(reason) : .no)
    }

    private static let reason: StaticString = "HTTP/1 status line"

    private static func isNotHTTP2(_ client: RawSpan) -> Fit {
        switch client.fit("PRI * HTTP/2.0\r\n", at: 0) {
        case .no: .yes
        case .open: .open
        case .yes: .no
        }
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

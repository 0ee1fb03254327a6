/// HTTP/2 by its client's preface: RFC 9113, section 3.4.
///
/// Strict enough: 24 fixed bytes, made so that no server of HTTP/1 takes them for a request.
enum HTTP2Detector: Detector {
    static var strictness: Strictness { .signature }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        client.fit("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", at: 0).finding("HTTP/2 client preface")
    }
}

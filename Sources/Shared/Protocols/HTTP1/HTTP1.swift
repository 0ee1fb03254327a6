extension ProtocolRow {
    /// HTTP/1.0 and 1.1, and 0.9 where it is met.
    static let http1 = ProtocolRow(
        name: "http", wireName: "http/1.1", category: .http, ports: [], role: .exchanges,
        document: "RFC 9110; RFC 9112",
        detectors: [HTTP1Detector.self, HTTP1ResponseDetector.self], alpn: ["http/1.1", "http/1.0", "http/0.9"],
        make: HTTP1Analyzer.init)
}

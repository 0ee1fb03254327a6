extension ProtocolRow {
    /// HTTP/2 (RFC 9113), by its preface, its frames, or an Upgrade.
    static let http2 = ProtocolRow(
        name: "http/2", category: .http, ports: [], role: .exchanges, document: "RFC 9113",
        detectors: [HTTP2Detector.self, HTTP2FrameDetector.self], alpn: ["h2"], upgrade: ["H2C"],
        make: HTTP2Analyzer.init)
}

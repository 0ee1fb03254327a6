extension ProtocolRow {
    /// HTTP/2 in the clear, which is named and not taken apart.
    static let http2 = ProtocolRow(
        name: "http/2", category: .http, ports: [], role: .service, document: "RFC 9113",
        detectors: [HTTP2Detector.self, HTTP2FrameDetector.self], alpn: ["h2"], make: Recognised.init)
}

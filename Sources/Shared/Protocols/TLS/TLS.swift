extension ProtocolRow {
    /// TLS, which hides what it carries.
    static let tls = ProtocolRow(
        name: "tls", category: .tls, ports: [], role: .envelope, document: "RFC 8446; RFC 5246",
        detectors: [TLSDetector.self], make: TLSAnalyzer.init)
}

extension ProtocolRow {
    /// The Domain Name System, over UDP and TCP; 853 is DNS over TLS (RFC 7858).
    static let dns = ProtocolRow(
        name: "dns", category: .nameService, ports: [53, 853], role: .service,
        document: "RFC 1035 (messages), RFC 7766 (TCP), RFC 6891 (EDNS)",
        detectors: [DNSDetector.self], datagrams: DNSDetector.self, alpn: ["dot"], make: DNSAnalyzer.init)
}

extension ProtocolRow {
    /// The Domain Name System, over UDP and TCP; 853 is DNS over TLS (RFC 7858).
    ///
    /// On 5355 neighbours ask each other for names, in the same form with flags of other meanings (Link-Local Multicast Name
    /// Resolution: RFC 4795, sections 2.1.1 and 2.5).
    static let dns = ProtocolRow(
        name: "dns", category: .nameService, ports: [53, 853], foreignPorts: [5355], role: .service,
        document: "RFC 1035 (messages), RFC 7766 (TCP), RFC 6891 (EDNS)",
        detectors: [DNSDetector.self], datagrams: DNSDetector.self, alpn: ["dot"], make: DNSAnalyzer.init)
}

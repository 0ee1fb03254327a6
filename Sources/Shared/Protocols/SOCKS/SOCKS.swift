extension ProtocolRow {
    /// SOCKS 4, 4a and 5, behind which the connection's own protocol begins.
    static let socks = ProtocolRow(
        name: "socks", category: .prefix, ports: [], role: .prefix,
        document: "RFC 1928; RFC 1929; SOCKS: A protocol for TCP proxy across firewalls; SOCKS 4A",
        detectors: [SOCKSDetector.self], logins: SOCKSLogin.self, make: SOCKSAnalyzer.init)
}

extension ProtocolRow {
    /// The PROXY protocol's header, behind which the connection's own protocol begins.
    static let proxyProtocol = ProtocolRow(
        name: "proxy_protocol", category: .prefix, ports: [], role: .prefix,
        document: "HAProxy, The PROXY protocol, versions 1 & 2", detectors: [ProxyProtocolDetector.self],
        make: ProxyProtocolAnalyzer.init)
}

extension ProtocolRow {
    /// memcached.
    static let memcached = ProtocolRow(
        name: "memcached", category: .cache, ports: [11211], role: .service,
        document: "memcached, doc/protocol.txt and Memcached Binary Protocol",
        detectors: [MemcachedDetector.self], logins: MemcachedLogin.self, make: MemcachedAnalyzer.init)
}

extension ProtocolRow {
    /// Redis, Valkey, and Sentinel on its own port.
    static let redis = ProtocolRow(
        name: "redis", category: .cache, ports: [6379, 26379], role: .service,
        document: "Redis serialization protocol specification",
        detectors: [RedisDetector.self], logins: RedisLogin.self, make: RedisAnalyzer.init)
}

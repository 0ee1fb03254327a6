extension ProtocolRow {
    /// MQTT, as far as TLS names it; in the clear it is none of those that are recognised.
    static let mqtt = ProtocolRow(
        name: "mqtt", category: .messageBus, ports: [], role: .service, document: "OASIS MQTT 5.0; OASIS MQTT 3.1.1",
        detectors: [], alpn: ["mqtt"], make: Recognised.init)
}

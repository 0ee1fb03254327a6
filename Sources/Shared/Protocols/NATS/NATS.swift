extension ProtocolRow {
    /// NATS, and its clusters on their own port.
    static let nats = ProtocolRow(
        name: "nats", category: .messageBus, ports: [4222, 6222], role: .service,
        document: "NATS documentation, Client Protocol",
        detectors: [NATSDetector.self], make: NATSAnalyzer.init)
}

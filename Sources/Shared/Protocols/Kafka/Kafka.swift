extension ProtocolRow {
    /// Kafka.
    static let kafka = ProtocolRow(
        name: "kafka", category: .messageBus, ports: [9092, 19092, 29092, 9093], role: .service,
        document: "Apache Kafka documentation, Protocol Guide",
        detectors: [KafkaDetector.self], logins: KafkaLogin.self, make: KafkaAnalyzer.init)
}

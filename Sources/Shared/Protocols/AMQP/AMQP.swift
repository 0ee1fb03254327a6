extension ProtocolRow {
    /// RabbitMQ, and other brokers of AMQP.
    static let amqp = ProtocolRow(
        name: "amqp", category: .messageBus, ports: [5672, 5671], role: .service,
        document: "AMQP 0-9-1 specification; OASIS AMQP 1.0",
        detectors: [AMQPDetector.self], logins: AMQPLogin.self, make: AMQPAnalyzer.init)
}

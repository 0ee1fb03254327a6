extension ProtocolRow {
    /// PostgreSQL.
    static let postgres = ProtocolRow(
        name: "postgres", category: .database, ports: [5432], role: .service,
        document: "PostgreSQL documentation, part VII, chapter Frontend/Backend Protocol",
        detectors: [PostgresDetector.self], alpn: ["postgresql"], logins: PostgresLogin.self,
        make: PostgresAnalyzer.init)
}

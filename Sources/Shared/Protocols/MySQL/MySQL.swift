extension ProtocolRow {
    /// MySQL and MariaDB.
    static let mysql = ProtocolRow(
        name: "mysql", category: .database, ports: [3306], role: .service,
        document: "MySQL Source Code Documentation, Client/Server Protocol; MariaDB Knowledge Base, the same title",
        detectors: [MySQLDetector.self], logins: MySQLLogin.self, make: MySQLAnalyzer.init)
}

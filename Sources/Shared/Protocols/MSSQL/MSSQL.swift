extension ProtocolRow {
    /// SQL Server and what else talks TDS.
    static let mssql = ProtocolRow(
        name: "mssql", category: .database, ports: [1433], role: .service,
        document: "[MS-TDS] Tabular Data Stream Protocol",
        detectors: [MSSQLDetector.self], alpn: ["tds/8.0"], logins: MSSQLLogin.self, make: MSSQLAnalyzer.init)
}

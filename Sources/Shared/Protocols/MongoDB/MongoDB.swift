extension ProtocolRow {
    /// MongoDB.
    static let mongodb = ProtocolRow(
        name: "mongodb", category: .database, ports: [27017], role: .service,
        document: "MongoDB Manual, MongoDB Wire Protocol",
        detectors: [MongoDBDetector.self], logins: MongoDBLogin.self, make: MongoDBAnalyzer.init)
}

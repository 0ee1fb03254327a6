/// What is told of a connection itself.
extension EventLog {
    func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        let row = event.row.map { registry[$0] }
        // The first versions told of databases, caches and message buses, and of connects that failed.
        if fields == .compat, event.failure == nil, row?.isService != true || event.isRepeated { return }
        begin(event.timestamp)
        json.key("event_type")
        json.string("connection")
        writeParties(connection, origin, isSend: connection.localIsClient)
        if row != nil || fields == .all {
            json.key("protocol")
            json.string(row?.edgeName ?? "unknown")
            json.key("category")
            json.string(row?.category.name ?? "unknown")
        }
        json.key("confidence")
        json.number(UInt64(event.confidence))
        json.key("detection_reason")
        json.string(event.reason)
        if let failure = event.failure {
            json.key("error")
            json.string(failure.text)
        }
        if fields == .all { writeRelations(event, connection) }
        writeContainers(connection, isSend: connection.localIsClient)
        json.endObject()
        json.newline()
    }

    private func writeRelations(_ event: ConnectionEvent, _ connection: Connection) {
        var host = event.serverName ?? ""
        let peer = host.withUTF8 {
            naming.destination(
                of: connection, host: RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0)), as: .connection)
        }
        writeParties(connection, peer)
        if event.isEncrypted {
            json.key("tls")
            json.boolean(true)
        }
        if let facts = connection.tls, event.failure == nil { writeFacts(facts) }
    }

    /// What the TLS handshake said in the clear.
    private func writeFacts(_ facts: TLSFacts) {
        if let name = facts.serverName {
            json.key("server_name")
            json.string(name)
        }
        if !facts.applicationProtocols.isEmpty {
            json.key("alpn")
            json.beginArray()
            for name in facts.applicationProtocols {
                json.element()
                json.string(name)
            }
            json.endArray()
        }
        if let version = facts.versionText {
            json.key("tls_version")
            json.string(version)
        }
        if let suite = facts.suite {
            json.key("tls_cipher")
            json.string(suite)
        }
        if let subject = facts.subject {
            json.key("tls_subject")
            json.string(subject)
        }
        if let end = facts.notAfter {
            json.key("tls_not_after")
            json.string("\(end)")
        }
    }
}

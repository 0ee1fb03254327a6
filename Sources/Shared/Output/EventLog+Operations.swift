/// Operations of databases, caches and message buses in the event log (docs/fields.md, "Operations of the log").
extension EventLog {
    func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        let isHousekeeping = operation.isHousekeeping
        guard fields == .all, housekeeping || !isHousekeeping else { return }
        begin(operation.ended)
        json.key("event_type")
        json.string("operation")
        let isSend = connection.direction(operation.side) == .send
        writeParties(connection, origin, isSend: isSend)
        writeParties(connection, naming.destination(of: connection, host: RawSpan(), as: .connection))
        json.key("protocol")
        json.string(registry[origin.row].name)
        json.key("category")
        json.string(registry[origin.row].category.name)
        writeText("namespace", operation.namespace, text)
        if operation.system.utf8CodeUnitCount > 0 {
            json.key("system")
            json.string(operation.system)
        }
        writeText("operation", operation.name, text)
        writeList("targets", text.extracting(operation.targets))
        writeStatement(text.extracting(operation.statement))
        writeText("summary", operation.summary, text)
        json.key("status")
        json.string(operation.status.name)
        writeText("code", operation.code, text)
        writeCounts(operation)
        writeList("answers", text.extracting(operation.answers))
        if let seconds = operation.timeToLive { writeNumber("ttl", UInt64(seconds)) }
        json.key("paired")
        json.string(operation.pairing.name)
        writeIncomplete(operation)
        if origin.isDecrypted {
            json.key("tls")
            json.boolean(true)
        }
        writeContainers(connection, isSend: isSend)
        json.endObject()
        json.newline()
    }

    private func writeText(_ name: StaticString, _ range: ByteRange, _ text: RawSpan) {
        guard !range.isEmpty else { return }
        json.key(name)
        json.headerText(text.extracting(range))
    }

    /// Texts with a NUL between two.
    private func writeList(_ name: StaticString, _ list: RawSpan) {
        guard list.byteCount > 0 else { return }
        json.key(name)
        json.beginArray()
        var at = 0
        while at <= list.byteCount {
            let end = list.firstIndex(of: 0, from: at) ?? list.byteCount
            json.element()
            json.headerText(list.extracting(at..<end))
            at = end &+ 1
        }
        json.endArray()
    }

    private func writeStatement(_ statement: RawSpan) {
        guard statement.byteCount > 0 else { return }
        json.key("statement")
        guard let redactor else { return json.headerText(statement) }
        let shown = redactor.shown([UInt8](statement), counts: true)
        json.headerText(shown.span.bytes)
    }

    private func writeCounts(_ operation: borrowing ServiceOperation) {
        if operation.batch > 1 { writeNumber("batch", UInt64(operation.batch)) }
        if let rows = operation.rows { writeNumber("rows", rows) }
        if let affected = operation.affected { writeNumber("affected", affected) }
        if let hits = operation.hits { writeNumber("hits", hits) }
        if let misses = operation.misses { writeNumber("misses", misses) }
        writeNumber("request_bytes", operation.requestBytes)
        guard let first = operation.responseFirst else { return }
        writeNumber("response_bytes", operation.responseBytes)
        guard operation.side == .client else { return }
        json.duration("duration_ms", from: operation.requestLast, to: first)
        json.duration("total_ms", from: operation.requestFirst, to: operation.ended)
    }

    private func writeNumber(_ name: StaticString, _ value: UInt64) {
        json.key(name)
        json.number(value)
    }

    /// The parts of which something was not captured, or is not known.
    private func writeIncomplete(_ operation: borrowing ServiceOperation) {
        guard !operation.incomplete.isEmpty else { return }
        json.key("incomplete")
        json.beginArray()
        let parts: [(ServiceOperation.Incomplete, StaticString)] = [
            (.request, "request"), (.response, "response"), (.text, "text"),
        ]
        let incomplete = operation.incomplete
        for (part, name) in parts where incomplete.contains(part) {
            json.element()
            json.string(name)
        }
        json.endArray()
    }
}

/// Messages within conversations that a request has opened, in the event log (docs/fields.md, "Messages within a conversation").
extension EventLog {
    func writeSaid(
        _ message: borrowing Message, _ details: MessageDetails, _ exchange: Exchange?, _ text: RawSpan,
        _ connection: Connection, _ origin: Origin
    ) {
        guard fields == .all else { return }
        begin(message.lastByte)
        json.key("event_type")
        json.string(details.kind.name)
        let isSend = connection.direction(message.head.side) == .send
        writeParties(connection, origin, isSend: isSend)
        json.key("bytes")
        json.number(message.wireBytes)
        if let exchange, !exchange.target.isEmpty {
            json.key("url")
            writeTarget(text.extracting(exchange.target))
        }
        let isAnswer = exchange.map { $0.isAnswered || message.firstByte > $0.requestLastByte } ?? false
        if isAnswer, let exchange, !exchange.isOneWay {
            json.duration("duration_ms", from: exchange.requestLastByte, to: message.firstByte)
        }
        writeFacets(details, upTo: .id)
        let wire = message.wire.bytes
        if writeBody(message, wire, false) {
            json.key("truncated")
            json.boolean(true)
        }
        writeAnomalies(message.anomalies)
        writeBelonging(exchange, isNumbered: exchange.map { !$0.isOneWay } ?? false, connection, origin)
        if details.stream != 0 {
            json.key("stream")
            json.number(UInt64(details.stream))
        }
        if isAnswer, let exchange, !exchange.isOneWay {
            json.duration("total_ms", from: exchange.requestFirstByte, to: message.lastByte)
        }
        writeIncomplete(message)
        writeFacets(details, behind: .id)
        writeContainers(connection, isSend: isSend)
        json.endObject()
        json.newline()
    }

    /// What the message is stands before its content, how it was sent behind it.
    private func writeFacets(_ details: MessageDetails, upTo last: Facet.Key) {
        for facet in details.facets where facet.key.rawValue <= last.rawValue { write(facet, details) }
    }

    private func writeFacets(_ details: MessageDetails, behind last: Facet.Key) {
        for facet in details.facets where facet.key.rawValue > last.rawValue { write(facet, details) }
    }
}

/// What became of the bytes of one connection, in the order in which it was found out.
package final class ConnectionHistory: Sink {
    package struct Entry: Equatable, Sendable {
        /// `nil`: at the end.
        package var at: Timestamp?
        /// Who said it, and when it was complete; `nil`: both, or nobody.
        package var said: Said?
        /// `request`, `response`, `message`, `operation`, `verdict`, `end`.
        package var kind: String
        package var title: String
        /// Of a request and its answer the exchange, of those of this connection, from 1 on.
        package var exchange: UInt64?
        package var bytes: UInt64 = 0
        /// Of these, those that were captured.
        package var captured: UInt64 = 0
        /// What is odd about it, by the names that the event log has for it.
        package var anomalies: [String] = []
    }

    /// When the bytes of each side came, from the first to the last.
    package struct Said: Equatable, Sendable {
        package var client: ClosedRange<Timestamp>?
        package var server: ClosedRange<Timestamp>?

        fileprivate static func span(_ first: Timestamp, _ last: Timestamp) -> ClosedRange<Timestamp> {
            // Bytes that were out of order may have been the first to come.
            min(first, last)...max(first, last)
        }
    }

    package private(set) var entries: [Entry] = []
    /// Entries beyond these are only counted.
    package static let most = 100_000
    package private(set) var more: UInt64 = 0
    private let registry: Registry

    package init(_ registry: Registry) { self.registry = registry }

    package var needs: Needs { [.messages, .operations] }

    private func add(_ entry: Entry) {
        guard entries.count < Self.most else {
            more &+= 1
            return
        }
        entries.append(entry)
    }

    package func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        let isRequest = message.head.side == .client
        var title = exchange.map { exchange in
            let target = Journal.shown(target: text.extracting(exchange.target))
            return "\(Self.text(text.extracting(exchange.verb))) \(Self.text(target.span.bytes))"
        }
        if !isRequest, message.isExchange {
            title = AnswerStatus.name(message.head.status) + (title.map { " to \($0)" } ?? "")
        }
        var entry = Entry(
            at: message.firstByte, kind: !message.isExchange ? "message" : isRequest ? "request" : "response",
            title: title ?? message.opcode ?? "of a conversation", exchange: exchange?.number,
            bytes: message.wireBytes, captured: message.capturedBytes)
        let span = Said.span(message.firstByte, message.lastByte)
        entry.said = Said(client: isRequest ? span : nil, server: isRequest ? nil : span)
        for anomaly in Anomaly.allCases where message.anomalies.contains(anomaly) {
            entry.anomalies.append("\(anomaly.name)")
        }
        add(entry)
    }

    package func operation(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, of connection: Connection, _ origin: Origin
    ) {
        let title = ServiceMapDocument.Operation.title(
            Self.text(text.extracting(operation.name)),
            Self.text(text.extracting(operation.targets)).split(separator: "\0").map(String.init),
            Self.text(text.extracting(operation.summary)))
        let status = "\(operation.status.name)".replacing("_", with: " ")
        let code = Self.text(text.extracting(operation.code))
        var entry = Entry(
            at: operation.requestFirst, kind: "operation",
            title: "\(title): \(status)" + (code.isEmpty ? "" : " \(code)"),
            bytes: operation.requestBytes &+ operation.responseBytes)
        entry.captured = entry.bytes
        var ended: ClosedRange<Timestamp>?
        if let first = operation.responseFirst { ended = Said.span(first, operation.ended) }
        // A push is said by who sent it, as a request is.
        entry.said = Said(
            client: Said.span(operation.requestFirst, operation.requestLast),
            server: ended)
        if operation.side == .server { entry.said = Said(client: nil, server: entry.said?.client) }
        let incomplete = operation.incomplete
        for (part, name) in [
            (ServiceOperation.Incomplete.request, "request"), (.response, "response"), (.text, "text"),
        ] where incomplete.contains(part) {
            entry.anomalies.append("\(name)_incomplete")
        }
        add(entry)
    }

    package func connection(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        let name = event.row.map { "\(registry[$0].name)" } ?? "unknown"
        let failure = event.failure.map { ", \($0.text)" } ?? ""
        let server = event.serverName.map { ", to \($0)" } ?? ""
        add(
            Entry(
                at: event.timestamp, kind: "verdict",
                title: "\(name), \(event.confidence): \(event.reason)\(server)\(failure)"))
    }

    package func ended(_ connection: Connection, _ end: ConnectionEnd) {
        let name = connection.verdict.map { "\(registry[$0].name)" } ?? "unknown"
        add(
            Entry(
                kind: "end",
                title: "taken for \(name), ended: \(SummaryJSON.snakeCase("\(end.how)").replacing("_", with: " "))"))
    }

    private static func text(_ bytes: RawSpan) -> String { String(decoding: [UInt8](bytes), as: UTF8.self) }
}

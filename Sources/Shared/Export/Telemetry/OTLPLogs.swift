/// What was found out about connections, and what was lost, as log records.
enum OTLPLogs {
    /// opentelemetry.proto.logs.v1.SeverityNumber.
    private enum Severity: UInt64 {
        case info = 9
        case warning = 13

        var name: StaticString { self == .info ? "INFO" : "WARN" }
    }

    /// What was lost, by its reason.
    struct Loss {
        var reason: String
        var count: UInt64
        /// What is counted.
        var unit: String
    }

    /// - Parameter moment: of the losses.
    static func elements(
        _ traces: ServiceMapDocument.Traces, _ losses: [Loss], at moment: Timestamp?
    ) -> [OTLPFile.Element] {
        let order = traces.connections.indices.sorted {
            (traces.connections[$0].moment, $0) < (traces.connections[$1].moment, $1)
        }
        let lost = moment.map { moment in losses.map { element($0, moment) } } ?? []
        return order.map { element(traces.connections[$0]) } + lost
    }

    private static func element(_ connection: ServiceMapDocument.Traces.Connection) -> OTLPFile.Element {
        var attributes = TelemetryNames.peer(connection.destination, port: connection.port)
        attributes += [
            Metric.Attribute("network.protocol.name", connection.protocolName),
            Metric.Attribute("tapedeck.confidence", UInt64(max(connection.confidence, 0))),
            Metric.Attribute("tapedeck.detection.reason", connection.reason),
            Metric.Attribute("tapedeck.tls", connection.isEncrypted ? "true" : ""),
            Metric.Attribute("error.type", connection.failure ?? ""),
        ]
        let said =
            connection.failure.map { "connect to \(connection.destination) failed: \($0)" }
            ?? "\(connection.protocolName) to \(connection.destination): \(connection.reason)"
        return OTLPFile.Element(
            service: connection.service,
            text: text(
                connection.moment, connection.failure == nil ? .info : .warning, "tapedeck.connection", said,
                attributes))
    }

    /// What was lost of the tape until now, each kind once.
    static func losses(_ summary: Summary) -> [Loss] {
        summary.bytes.gaps.nonZero.map {
            Loss(reason: SummaryJSON.snakeCase("\($0.key)"), count: $0.count, unit: "bytes")
        }
            + summary.losses.nonZero.map {
                Loss(reason: SummaryJSON.snakeCase("\($0.key)"), count: $0.count, unit: "events")
            }
    }

    private static func element(_ loss: Loss, _ moment: Timestamp) -> OTLPFile.Element {
        OTLPFile.Element(
            text: text(
                moment, .warning, "tapedeck.loss", "\(loss.count) \(loss.unit) lost: \(loss.reason)",
                [
                    Metric.Attribute("reason", loss.reason), Metric.Attribute("tapedeck.lost.count", loss.count),
                    Metric.Attribute("tapedeck.lost.unit", loss.unit),
                ]))
    }

    private static func text(
        _ moment: Timestamp, _ severity: Severity, _ event: String, _ body: String, _ attributes: [Metric.Attribute]
    ) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.time("timeUnixNano", moment)
        json.time("observedTimeUnixNano", moment)
        json.key("severityNumber")
        json.number(severity.rawValue)
        json.key("severityText")
        json.string(severity.name)
        json.key("eventName")
        json.string(event)
        json.key("body")
        json.beginObject()
        json.key("stringValue")
        json.string(body)
        json.endObject()
        json.attributes(TelemetryNames.sorted(attributes))
        json.endObject()
        return [UInt8](json.bytes)
    }
}

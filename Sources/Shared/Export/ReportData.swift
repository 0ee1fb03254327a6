/// What the report's script shows when it is asked, as JSON in the page.
enum ReportData {
    static func json(_ report: HTMLReport) -> String {
        var json = JSONWriter(capacity: 1 << 16)
        json.beginObject()
        json.key("operations")
        json.beginArray()
        for operation in report.operations {
            json.element()
            write(operation, &json)
        }
        json.endArray()
        json.key("exchanges")
        json.beginArray()
        let start = report.summary.firstEvent ?? Timestamp(nanoseconds: 0)
        for exchange in report.story.exchanges {
            guard let place = report.place(of: exchange.subject) else { continue }
            json.element()
            write(exchange, place, from: start, &json)
        }
        json.endArray()
        json.endObject()
        return withoutMarkup(json.bytes)
    }

    private static func write(_ operation: ReportOperation, _ json: inout JSONWriter) {
        json.beginObject()
        let names: [(StaticString, String)] = [
            ("service", operation.subject.service), ("peer", operation.subject.destination),
            ("method", operation.subject.method), ("name", operation.subject.name),
        ]
        for (key, value) in names {
            json.key(key)
            json.string(MarkupText.visible(value))
        }
        json.key("facts")
        write(operation.facts.map { ($0.name, MarkupText.visible($0.value)) }, &json)
        json.key("schemas")
        // Their lines stay lines.
        let schemas = operation.schemas.map { title, text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return (title, lines.map { MarkupText.visible(String($0)) }.joined(separator: "\n"))
        }
        write(schemas, &json)
        json.endObject()
    }

    private static func write(_ pairs: [(String, String)], _ json: inout JSONWriter) {
        json.beginArray()
        for (name, value) in pairs {
            json.element()
            json.beginArray()
            json.element()
            json.string(name)
            json.element()
            json.string(value)
            json.endArray()
        }
        json.endArray()
    }

    /// Microseconds since the tape began, operation, status, nanoseconds, bytes of both, target, whether it failed, connection.
    private static func write(
        _ exchange: ServiceMapDocument.Story.Exchange, _ place: Int, from start: Timestamp, _ json: inout JSONWriter
    ) {
        json.beginArray()
        json.element()
        json.number(exchange.moment.since(start) / 1000)
        json.element()
        json.number(UInt64(place))
        json.element()
        json.string(MarkupText.visible(exchange.status))
        json.element()
        if let total = exchange.total { json.number(max(total, 0)) } else { json.raw("null") }
        json.element()
        json.number(exchange.requestBytes)
        json.element()
        json.number(exchange.responseBytes)
        json.element()
        json.string(MarkupText.visible(exchange.target))
        json.element()
        json.raw(exchange.isError ? "1" : "0")
        json.element()
        json.number(exchange.connection)
        json.endArray()
    }

    /// `<`, `>` and `&` stand in strings alone, and there they can be escapes: nothing ends the element, or begins a comment in it.
    private static func withoutMarkup(_ bytes: RawSpan) -> String {
        let text = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return text.replacing("<", with: "\\u003c").replacing(">", with: "\\u003e").replacing("&", with: "\\u0026")
    }
}

/// Telemetry as OpenTelemetry's protocol has it in JSON (opentelemetry-proto 1.11, encoding "JSON Protobuf"): one request an object, and one object
/// a line, as the Collector's file exporter writes it.
///
/// Trace and span ids are hexadecimal, numbers of 64 bits are text, enumerations are numbers.
package enum OTLPFile {
    /// What one request is for.
    package enum Signal: String, CaseIterable, Sendable {
        case metrics, traces, logs

        /// Of the endpoint that takes it.
        package var path: String { "/v1/\(rawValue)" }

        /// What its requests hold.
        package var item: Summary.TelemetryItem {
            switch self {
            case .metrics: .dataPoints
            case .traces: .spans
            case .logs: .logRecords
            }
        }

        fileprivate var resources: StaticString {
            switch self {
            case .metrics: "resourceMetrics"
            case .traces: "resourceSpans"
            case .logs: "resourceLogs"
            }
        }

        fileprivate var scopes: StaticString {
            switch self {
            case .metrics: "scopeMetrics"
            case .traces: "scopeSpans"
            case .logs: "scopeLogs"
            }
        }

        fileprivate var elements: StaticString {
            switch self {
            case .metrics: "metrics"
            case .traces: "spans"
            case .logs: "logRecords"
            }
        }
    }

    /// One request.
    package struct Request: Sendable {
        package var signal: Signal
        /// A JSON object.
        package var body: [UInt8]
        /// Spans, records or data points in it.
        package var count: Int
    }

    /// An element, and whose it is: `nil` is Tapedeck's own.
    struct Element {
        var service: String?
        /// A JSON object.
        var text: [UInt8]
        var count = 1
    }

    /// Receivers have a limit of 4 MiB and more (the Collector: 20 MiB) of a request's body.
    private static let mostBytes = 2 << 20

    /// All of a run.
    /// - Parameters:
    ///   - version: Tapedeck's.
    package static func requests(
        _ document: ServiceMapDocument, _ summary: Summary, from: String?, resource: Resource, version: String
    ) -> [Request] {
        let metrics = ObservedMetrics.all(document, summary, .intervals, from: from)
        var progress = OTLPProgress()
        return requests(.metrics, OTLPMetrics.elements(metrics), resource, version)
            + requests(.traces, progress.spans(document.traces), resource, version)
            + requests(.logs, progress.records(document.traces, summary), resource, version)
    }

    /// What is new of a capture that goes on, request by request: none of them is made before the one before it was given away, so
    /// that there is never room needed for all of them.
    /// - Parameters:
    ///   - document: with the spans that have come since the last time.
    ///   - progress: what was told of before.
    ///   - give: may wait.
    package static func requests(
        _ document: ServiceMapDocument, _ summary: Summary, _ progress: inout OTLPProgress, resource: Resource,
        version: String, _ give: (Request) -> Void
    ) {
        func make(_ signal: Signal, _ elements: [Element]) {
            requests(signal, elements, resource, version, mostBytes: usualBytes).forEach(give)
        }
        make(.metrics, OTLPMetrics.elements(ObservedMetrics.all(document, summary, .total), since: summary.firstEvent))
        progress.spans(document.traces, inPartsOf: usualSpans) { make(.traces, $0) }
        make(.logs, progress.records(document.traces, summary))
    }

    /// Bytes of a request of a capture that goes on, unless one element is larger.
    private static let usualBytes = 1 << 20
    /// Spans of one (OpenTelemetry's batch span processor: `maxExportBatchSize`).
    private static let usualSpans = 512

    /// What is said of all resources.
    package struct Resource: Sendable {
        /// Beside the service's name.
        package var attributes: [(String, String)] = []
        /// What is called the service of what is Tapedeck's own.
        package var ownService = "tapedeck"

        package init() {}
    }

    /// Elements in as few requests as they fit into; within one they are by their services.
    static func requests(
        _ signal: Signal, _ elements: [Element], _ resource: Resource, _ version: String,
        mostBytes: Int = OTLPFile.mostBytes
    ) -> [Request] {
        var requests: [Request] = []
        var rest = elements[...]
        while !rest.isEmpty {
            var bytes = 0
            let part = rest.prefix { element in
                bytes += element.text.count
                return bytes <= mostBytes
            }
            let taken = rest.prefix(max(part.count, 1))
            requests.append(
                Request(
                    signal: signal, body: body(signal, taken, resource, version),
                    count: taken.reduce(0) { $0 + $1.count }))
            rest = rest.dropFirst(taken.count)
        }
        return requests
    }

    private static func body(
        _ signal: Signal, _ elements: ArraySlice<Element>, _ resource: Resource, _ version: String
    ) -> [UInt8] {
        var groups: [String: [Element]] = [:]
        for element in elements { groups[element.service ?? resource.ownService, default: []].append(element) }
        var json = JSONWriter(capacity: elements.reduce(1024) { $0 + $1.text.count })
        json.beginObject()
        json.key(signal.resources)
        json.beginArray()
        for (service, elements) in groups.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            json.element()
            json.beginObject()
            json.key("resource")
            json.beginObject()
            json.attributes(
                [Metric.Attribute("service.name", service)] + resource.attributes.map { Metric.Attribute($0, $1) })
            json.endObject()
            json.key(signal.scopes)
            json.beginArray()
            json.element()
            json.beginObject()
            json.key("scope")
            json.beginObject()
            json.key("name")
            json.string("tapedeck" as StaticString)
            json.key("version")
            json.string(version)
            json.endObject()
            json.key(signal.elements)
            json.beginArray()
            for element in elements {
                json.element()
                json.raw(element.text.span.bytes)
            }
            json.endArray()
            json.endObject()
            json.endArray()
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return [UInt8](json.bytes)
    }
}

extension JSONWriter {
    /// The member `attributes`, where there are any.
    mutating func attributes(_ attributes: [Metric.Attribute]) {
        guard !attributes.isEmpty else { return }
        key("attributes")
        beginArray()
        for attribute in attributes {
            element()
            beginObject()
            key("key")
            string(attribute.name)
            key("value")
            beginObject()
            switch attribute.value {
            case .text(let text):
                key("stringValue")
                string(text)
            case .number(let number):
                key("intValue")
                string("\(number)")
            }
            endObject()
            endObject()
        }
        endArray()
    }

    /// Nanoseconds since 1970, none of them before.
    mutating func time(_ name: StaticString, _ time: Timestamp) {
        key(name)
        string("\(max(time.nanoseconds, 0))")
    }
}

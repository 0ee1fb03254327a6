/// Exchanges and operations as spans: one of kind CLIENT of who asks, and one of kind SERVER of who answers, where that process was seen to do so.
///
/// A request whose `traceparent` is in the traffic belongs to that trace, and is a child of the span that sent it; others begin a trace of
/// their own, whose ids are a hash of connection and position.
enum OTLPTraces {
    /// What spans are called that nobody has asked for in a way that is known.
    private enum Kind: UInt64 {
        case server = 2
        case client = 3
        case producer = 4
        case consumer = 5
    }

    /// In the order of their beginnings, in parts of so many.
    /// - Parameter clients: by which views of servers are named.
    static func elements(
        _ spans: [ServiceMapDocument.Span], _ clients: [SpanIdentity: ServiceMapDocument.Span], inPartsOf count: Int,
        _ give: ([OTLPFile.Element]) -> Void
    ) {
        var rest = spans.indices.sorted { (spans[$0].seen.start, $0) < (spans[$1].seen.start, $1) }[...]
        while !rest.isEmpty {
            give(
                rest.prefix(count).map { place in
                    let span = spans[place]
                    let isServers = span.seen.side == .server
                    return OTLPFile.Element(
                        service: isServers ? span.destination : span.service,
                        text: text(span, parent: isServers ? clients[span.seen.identity] : nil))
                })
            rest = rest.dropFirst(count)
        }
    }

    private static func text(_ span: ServiceMapDocument.Span, parent: ServiceMapDocument.Span?) -> [UInt8] {
        let seen = span.seen
        let context = seen.context ?? parent?.seen.context
        let (names, name, kind) = described(span)
        var json = JSONWriter(capacity: 1024)
        json.beginObject()
        json.key("traceId")
        json.string(context?.trace ?? seen.identity.trace)
        json.key("spanId")
        json.string(seen.identity.span(seen.side))
        if let parent = parent?.seen.identity.span(.client) ?? context?.parent {
            json.key("parentSpanId")
            json.string(parent)
        }
        json.key("name")
        json.string(name)
        json.key("kind")
        json.number(kind.rawValue)
        json.time("startTimeUnixNano", seen.start)
        json.time("endTimeUnixNano", max(seen.end, seen.start))
        json.key("flags")
        // Whether the parent is another process's is known, and bit 9 says so (opentelemetry.proto.trace.v1.SpanFlags).
        let isRemote = context != nil || parent != nil
        json.number(UInt64(context?.flags ?? 1) | 0x100 | (isRemote ? 0x200 : 0))
        let (outcome, isError) = outcome(span)
        json.attributes(TelemetryNames.sorted(names.attributes + outcome + sizes(seen) + peer(seen)))
        if isError {
            json.key("status")
            json.beginObject()
            json.key("code")
            json.number(UInt64(2))
            json.endObject()
        }
        json.endObject()
        return [UInt8](json.bytes)
    }

    /// Attributes, name and kind.
    private static func described(_ span: ServiceMapDocument.Span) -> (TelemetryNames, String, Kind) {
        let side = span.seen.side
        switch span.asked {
        case .endpoint(let endpoint):
            let names = TelemetryNames(
                destination: span.destination, protocolName: endpoint.protocolName, method: endpoint.method,
                path: endpoint.path, operation: endpoint.operation)
            let method = TelemetryNames.method(endpoint.method)
            let name =
                names.convention == .rpc
                ? TelemetryNames.rpcMethod(endpoint.path)
                : "\(method == "_OTHER" ? "HTTP" : method) \(endpoint.path)"
            return (names, name, side == .server ? .server : .client)
        case .operation(let operation, let protocolName, let category, let port):
            let names = TelemetryNames(
                operation, destination: span.destination, protocolName: protocolName, category: category, port: port)
            guard names.convention == .messaging else { return (names, operation.title, .client) }
            if case .operation(_, isPush: true)? = span.seen.subject { return (names, operation.title, .consumer) }
            let isSend = operation.name == "send" || operation.name == "publish"
            return (names, operation.title, isSend ? .producer : .client)
        }
    }

    private static func outcome(_ span: ServiceMapDocument.Span) -> (attributes: [Metric.Attribute], isError: Bool) {
        switch span.seen.outcome {
        case .unanswered: return ([Metric.Attribute("error.type", "no_response")], true)
        case .answered(let status):
            let name = AnswerStatus.name(status)
            // What the client did wrong is no error of the server's span.
            let isError =
                AnswerStatus.isError(status) && (span.seen.side == .client || !isClientsFault(status))
            var attributes: [Metric.Attribute] = []
            if status > AnswerStatus.highestOfHTTP {
                attributes.append(Metric.Attribute("rpc.status_code", name))
            } else if status != AnswerStatus.unknown {
                attributes.append(Metric.Attribute("http.response.status_code", UInt64(status)))
            }
            if isError { attributes.append(Metric.Attribute("error.type", name)) }
            return (attributes, isError)
        case .ended(let status, let code, let rows):
            var attributes: [Metric.Attribute] = []
            if case .operation(_, _, let category, _) = span.asked, category == "database" || category == "cache" {
                attributes.append(Metric.Attribute("db.response.status_code", code))
                if let rows { attributes.append(Metric.Attribute("db.response.returned_rows", rows)) }
            }
            attributes.append(Metric.Attribute("tapedeck.status", "\(status.name)"))
            guard status == .error || status == .unanswered else { return (attributes, false) }
            let type = status == .unanswered ? "no_response" : code.isEmpty ? "_OTHER" : code
            return (attributes + [Metric.Attribute("error.type", type)], true)
        }
    }

    /// Of a call the codes that are no error of its server (conventions for gRPC), of HTTP 4xx.
    private static func isClientsFault(_ status: UInt16) -> Bool {
        guard let code = AnswerStatus.codeName(status) else { return 400...499 ~= status }
        return !["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"].contains(
            "\(code)")
    }

    private static func sizes(_ seen: SpanWitness.Span) -> [Metric.Attribute] {
        [
            Metric.Attribute("tapedeck.request.size", seen.requestBytes),
            Metric.Attribute("tapedeck.response.size", seen.responseBytes),
        ]
    }

    private static func peer(_ seen: SpanWitness.Span) -> [Metric.Attribute] {
        guard seen.side == .client, seen.peer.kind == .internet else { return [] }
        return [
            Metric.Attribute("network.peer.address", seen.peer.address.description),
            Metric.Attribute("network.peer.port", UInt64(seen.peer.port)),
        ]
    }
}

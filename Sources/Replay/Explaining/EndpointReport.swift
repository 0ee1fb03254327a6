import Shared

/// Where endpoints and operations of the map come from, for people and for programs.
struct EndpointReport {
    private let endpoints: [ExplainedEndpoint]
    private let map: ServiceMapDocument

    init(_ endpoints: [ExplainedEndpoint], _ map: ServiceMapDocument) {
        self.endpoints = endpoints
        self.map = map
    }

    func text(_ style: TextStyle, top: Int?) -> String {
        var lines: [String] = []
        func line(_ text: String) { lines.append("    " + style.fitted(style.safe(text), style.width - 4)) }
        for endpoint in endpoints {
            let arrow = style.symbol("→", "->")
            lines += [
                "",
                "  "
                    + style.tone(
                        .strong, style.safe("\(endpoint.service) \(arrow) \(endpoint.destination): \(endpoint.title)")),
            ]
            line(
                "\(endpoint.protocolName), \(Quantity.count(endpoint.count, "request")), of \(Quantity.count(UInt64(endpoint.shapes), "pair of shapes", "pairs of shapes"))"
            )
            line("from \(endpoint.firstSeen) to \(endpoint.lastSeen)")
            for name in [endpoint.service, endpoint.destination] {
                line("\(name): \(map.rule(of: name)?.text ?? "not known")")
            }
            if let path = endpoint.path { line("path: \(path)") }
            let shown = endpoint.connections.prefix(top ?? 24)
            for source in shown {
                line(
                    "connection \(source.connection): \(Quantity.count(source.count, "request")), from \(source.first) to \(source.last)"
                )
            }
            let rest = endpoint.connections.count - shown.count
            if rest > 0 { line("and \(Quantity.count(UInt64(rest), "more connection")) (--top)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    var json: String {
        IndentedJSON.text { json in
            json.array("endpoints", endpoints) { json, endpoint in
                json.string("service", endpoint.service)
                json.string("destination", endpoint.destination)
                for (key, name) in [
                    ("service_named_by", endpoint.service), ("destination_named_by", endpoint.destination),
                ] {
                    if let rule = map.rule(of: name) { json.string(key, "\(rule)") }
                }
                json.string("protocol", endpoint.protocolName)
                json.string("title", endpoint.title)
                if let path = endpoint.path { json.string("path_rule", path) }
                json.number("count", endpoint.count)
                json.number("shapes", UInt64(endpoint.shapes))
                json.string("first_seen", "\(endpoint.firstSeen)")
                json.string("last_seen", "\(endpoint.lastSeen)")
                json.array("connections", endpoint.connections) { json, source in
                    json.number("connection", source.connection)
                    json.number("count", source.count)
                    json.string("first", "\(source.first)")
                    json.string("last", "\(source.last)")
                }
            }
        }
    }
}

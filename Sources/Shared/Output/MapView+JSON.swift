extension MapView {
    /// What the tree shows, for programs: the last members of the summary.
    /// - Parameter top: how many of each list are told; `nil`: all.
    package func write(_ json: inout IndentedJSON, top: Int?) {
        json.array("services", services) { json, service in
            json.string("name", service.name)
            write(service.totals, &json)
            json.array("peers", Array(service.peers.prefix(top ?? .max))) { json, peer in
                json.string("name", peer.name)
                write(peer.totals, &json)
                write(peer, &json, top: top)
            }
            more(service.peers.map(\.totals), &json, top: top)
        }
    }

    private func write(_ peer: Peer, _ json: inout IndentedJSON, top: Int?) {
        if !peer.operations.isEmpty {
            json.array("operations", Array(peer.operations.prefix(top ?? .max))) { json, operation in
                if !operation.method.isEmpty { json.string("method", operation.method) }
                json.string("operation", operation.name)
                json.string("protocol", operation.protocolName)
                write(operation.totals, &json)
                if operation.variants > 0 { json.number("shapes", UInt64(operation.variants)) }
            }
            more(peer.operations.map(\.totals), &json, top: top)
        }
        guard !peer.connections.isEmpty else { return }
        json.array("connections", peer.connections) { json, connection in
            json.string("protocol", connection.protocolName)
            json.number("port", UInt64(connection.port))
            json.number("confidence", UInt64(max(connection.confidence, 0)))
            json.number("count", connection.count)
            if connection.isEncrypted { json.boolean("tls", true) }
            let failures = connection.failures.reduce(UInt64(0)) { $0 &+ $1.count }
            if failures > 0 { json.number("failures", failures) }
        }
    }

    private func more(_ totals: [Totals], _ json: inout IndentedJSON, top: Int?) {
        guard let top, totals.count > top else { return }
        json.object("more") { json in
            json.number("entries", UInt64(totals.count - top))
            json.number("count", totals.dropFirst(top).reduce(UInt64(0)) { $0 &+ $1.count })
        }
    }

    private func write(_ totals: Totals, _ json: inout IndentedJSON) {
        guard totals.count > 0 else { return }
        json.number("count", totals.count)
        if span > 0 {
            let perSecond = totals.rate(in: span)
            // Thousandths, as an integer, so that no machine's way of writing decides.
            let thousandths = UInt64(min((perSecond * 1000).rounded(), 1e18))
            let fraction = String(thousandths % 1000)
            json.number(
                "per_second",
                "\(thousandths / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)")
        }
        json.number("errors", totals.errors)
        if let p50 = totals.p50, let p99 = totals.p99 {
            json.number("p50_ms", MillisecondsText.text(nanoseconds: p50))
            json.number("p99_ms", MillisecondsText.text(nanoseconds: p99))
        }
        if totals.bytes > 0 { json.number("bytes", totals.bytes) }
    }
}

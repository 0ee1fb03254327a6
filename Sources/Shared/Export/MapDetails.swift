/// What there is to say of one place of the map, for who watches it: numbers, when it was, what bodies look like, and the last
/// exchanges.
package struct MapDetails {
    private let place: MapPlace
    private let isInbound: Bool
    private let document: ServiceMapDocument
    private let view: MapView
    private let style: TextStyle
    private var lines: [String] = []

    /// Exchanges that are shown.
    private static let mostExchanges = 20

    /// - Parameter document: with bodies and story.
    package static func lines(
        of place: MapPlace, in document: ServiceMapDocument, isInbound: Bool, _ style: TextStyle
    ) -> [String] {
        var details = MapDetails(of: place, in: document, isInbound: isInbound, style)
        details.write()
        return details.lines
    }

    private init(of place: MapPlace, in document: ServiceMapDocument, isInbound: Bool, _ style: TextStyle) {
        self.place = place
        self.isInbound = isInbound
        self.style = style
        var choice = MapView.Choice()
        choice.isInbound = isInbound
        (choice.selection.service, choice.selection.destination) =
            isInbound ? (place.peer, place.service) : (place.service, place.peer)
        self.document = document.filtered(choice.selection)
        view = MapView(self.document, choice)
    }

    private mutating func write() {
        let arrow = isInbound ? style.symbol("←", "<-") : style.symbol("→", "->")
        var title = [place.service, place.peer].compactMap { $0 }.joined(separator: " \(arrow) ")
        if case .operation(_, _, _, let method, let name) = place {
            title += ": " + [method, name].filter { !$0.isEmpty }.joined(separator: " ")
        }
        lines.append("  " + style.tone(.strong, fitted(title, style.width - 4)))
        let service = view.services.first { $0.name == place.service }
        let peers = service?.peers.filter { place.peer == nil || $0.name == place.peer } ?? []
        guard let service, !peers.isEmpty else { return lines.append("  it is not there any more") }
        switch place {
        case .service: add(service.totals)
        case .peer: add(peers[0].totals)
        case .operation: add(peers[0].operations.first { isMeant($0) }?.totals)
        }
        addTimeline()
        var asked: ReportOperation?
        if case .operation = place {
            // A report's operations are those of who asks.
            var choice = MapView.Choice()
            (choice.selection.service, choice.selection.destination) =
                isInbound ? (place.peer, place.service) : (place.service, place.peer)
            let outbound = isInbound ? MapView(document, choice) : view
            asked = ReportOperation.all(of: outbound, document, most: .max).first { isMeant($0.subject) }
            for fact in asked?.facts ?? [] { self.fact(fact.name, fact.value) }
        } else {
            for peer in peers { add(peer.connections) }
        }
        addExchanges()
        for schema in asked?.schemas ?? [] {
            lines += ["", "  " + style.tone(.strong, fitted(schema.title, style.width - 4))]
            lines += schema.text.split(separator: "\n").map { "    " + fitted(String($0), style.width - 6) }
        }
    }

    private func isMeant(_ operation: MapView.Operation) -> Bool {
        guard case .operation(_, _, let protocolName, let method, let name) = place else { return false }
        return operation.protocolName == protocolName && operation.method == method && operation.name == name
    }

    private func isMeant(_ subject: ServiceMapDocument.Story.Subject) -> Bool {
        let (service, peer) =
            isInbound ? (subject.destination, subject.service) : (subject.service, subject.destination)
        guard service == place.service, place.peer == nil || peer == place.peer else { return false }
        guard case .operation(_, _, let protocolName, let method, let name) = place else { return true }
        return subject.protocolName == protocolName && subject.method == method && subject.name == name
    }

    private func fitted(_ text: String, _ columns: Int) -> String { style.fitted(style.safe(text), columns) }

    // MARK: Facts

    private mutating func fact(_ name: String, _ value: String) {
        let label = name.padded(20)
        lines.append("  " + style.tone(.faint, label) + fitted(value, style.width - label.count - 4))
    }

    private mutating func add(_ totals: MapView.Totals?) {
        guard let totals, totals.count > 0 else { return }
        fact("requests", Quantity.count(totals.count) + ", " + Quantity.rate(perSecond: totals.rate(in: view.span)))
        if totals.errors > 0 {
            fact("errors", "\(Quantity.count(totals.errors)), \(Quantity.share(totals.errors, of: totals.count))")
        }
        let ranks = [("p50", totals.p50), ("p90", totals.p90), ("p99", totals.p99)]
        let times = ranks.compactMap { name, time in time.map { "\(name) \(Quantity.latency(nanoseconds: $0))" } }
        if !times.isEmpty { fact("answered after", times.joined(separator: ", ")) }
    }

    private mutating func add(_ connections: [ServiceMapDocument.Connection]) {
        for connection in connections {
            var parts = [connection.place]
            parts.append(Quantity.count(connection.count, "connection"))
            parts += connection.failures.map { "\(Quantity.count($0.count)) failed: \($0.reason)" }
            parts.append(connection.reason)
            fact("connections", parts.joined(separator: ", "))
        }
    }

    // MARK: Time

    private mutating func addTimeline() {
        guard let story = document.story else { return }
        var bins = [UInt64](repeating: 0, count: story.axis.count)
        for (subject, timeline) in story.timelines where isMeant(subject) {
            for (place, bin) in timeline.bins(of: story.axis).enumerated() { bins[place] &+= bin.count }
        }
        guard let most = bins.max(), most > 0, bins.count > 1 else { return }
        let steps = Array(style.hasUnicode ? " ▁▂▃▄▅▆▇█" : " .:-=+*#@")
        let line = bins.map { count in
            // What was there at all is seen.
            steps[count == 0 ? 0 : Swift.max(1, Int(Double(count) * Double(steps.count - 1) / Double(most)))]
        }
        fact("when", String(line))
    }

    private mutating func addExchanges() {
        guard let story = document.story else { return }
        let last = story.exchanges.reversed().filter { isMeant($0.subject) }.prefix(Self.mostExchanges)
        guard !last.isEmpty else { return }
        lines += ["", "  " + style.tone(.strong, "The last exchanges")]
        for exchange in last {
            let time = "\(exchange.moment)".dropFirst(11).prefix(12)
            let total = exchange.total.map { Quantity.latency(nanoseconds: UInt64(clamping: $0)) } ?? ""
            let subject = exchange.subject
            var what = exchange.target.isEmpty ? subject.name : exchange.target
            if !subject.method.isEmpty { what = "\(subject.method) \(what)" }
            // Where there is little room, the target is worth more than the connection's number.
            let isNarrow = style.width < 76
            let columns = isNarrow ? 10 : 16
            let start = isNarrow ? "  \(time.prefix(8)) " : "    \(time)  "
            let status = fitted(exchange.status, columns - 1).padded(columns)
            let middle = total.leftPadded(8) + (isNarrow ? " " : "  connection \(exchange.connection)  ")
            let room = style.width - start.count - columns - middle.count
            lines.append(
                start + style.tone(exchange.isError ? .bad : .good, status) + middle + fitted(what, max(room, 4)))
        }
    }
}

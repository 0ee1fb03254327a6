package import Shared

/// The service map as a tree for people: a service, and below it what it talks to, with numbers in columns.
///
///     web                               15      1.2/s             2.4 ms   12 ms
///     ├──▶ orders                       15      1.2/s             2.4 ms   12 ms
///     │    GET  /orders/{orderId}       12      1.0/s        2    2.4 ms   12 ms
///     │    POST /orders                  3      0.2/s             3.1 ms  3.3 ms
///     └──▶ orders-db  postgres :5432  1 connection
package struct ServiceMapTree {
    private let style: TextStyle
    private let columns: Columns
    private let view: MapView
    private let isInbound: Bool
    private let top: Int?
    private var lines: [Line] = []

    /// A line, and what of the map it shows, where that is one place.
    package struct Line {
        package var text: String
        package var place: MapPlace?
    }

    /// Operations of one destination that are shown; the map has them all.
    private static let shownOperations = 12
    /// Destinations of one service, and connections of one destination: a scan has thousands.
    private static let shownDestinations = 100
    private static let shownConnections = 12

    private init(_ view: MapView, _ style: TextStyle, isInbound: Bool, top: Int?) {
        self.view = view
        self.style = style
        self.isInbound = isInbound
        self.top = top
        columns = Columns(style, most: view.services.map(\.totals.count).max() ?? 0, span: view.span)
    }

    /// - Parameter top: how many of each list are shown; `nil`: what fits.
    package static func text(
        _ view: MapView, _ style: TextStyle, isInbound: Bool = false, top: Int? = nil
    ) -> String {
        lines(view, style, isInbound: isInbound, top: top).map { $0.text + "\n" }.joined()
    }

    package static func lines(
        _ view: MapView, _ style: TextStyle, isInbound: Bool = false, top: Int? = nil
    ) -> [Line] {
        var tree = ServiceMapTree(view, style, isInbound: isInbound, top: top)
        for service in view.services { tree.add(service) }
        return tree.lines
    }

    private mutating func show(_ text: String, _ place: MapPlace? = nil) {
        lines.append(Line(text: text, place: place))
    }

    private mutating func add(_ service: MapView.Service) {
        if lines.isEmpty {
            if service.totals.count > 0 { show(columns.titles) }
        } else {
            show("")
        }
        let name = fitted(service.name, service.totals.count > 0 ? columns.text - 2 : style.width - 4)
        show(
            "  " + style.tone(.strong, name) + columns.numbers(service.totals, behind: name.count + 2),
            .service(service.name))
        let shown = service.peers.prefix(top ?? Self.shownDestinations)
        let rest = service.peers.dropFirst(shown.count)
        for (place, peer) in shown.enumerated() {
            add(peer, of: service.name, isLast: place == service.peers.count - 1)
        }
        guard !rest.isEmpty else { return }
        let count = rest.reduce(UInt64(0)) { $0 &+ $1.totals.count }
        let noun = isInbound ? "more caller" : "more destination"
        let more = "and \(Quantity.count(UInt64(rest.count), noun))\(share(count, of: service.totals.count))"
        show("  " + style.tone(.faint, arrow(isLast: true) + style.fitted(more, style.width - 7)))
    }

    private func share(_ part: UInt64, of whole: UInt64) -> String {
        guard whole > 0, part > 0 else { return "" }
        let percent = Int((Double(part) / Double(whole) * 100).rounded())
        return ", \(percent == 0 ? "under 1" : "\(percent)") % of the traffic"
    }

    private func arrow(isLast: Bool) -> String {
        switch (isInbound, isLast) {
        case (false, true): style.symbol("└──▶ ", "`--> ")
        case (false, false): style.symbol("├──▶ ", "|--> ")
        case (true, true): style.symbol("└◀── ", "`<-- ")
        case (true, false): style.symbol("├◀── ", "|<-- ")
        }
    }

    private mutating func add(_ peer: MapView.Peer, of service: String, isLast: Bool) {
        let place = MapPlace.peer(service, peer.name)
        let trunk = isLast ? "     " : style.symbol("│    ", "|    ")
        let start = "  " + style.tone(.faint, arrow(isLast: isLast))
        let margin = 2 + trunk.count
        // What is only a connection stands behind the name, where there is room.
        if peer.operations.isEmpty, peer.connections.count == 1 {
            let only = facts(peer.connections[0], columns: .max)
            let name = fitted(peer.name, style.width / 2)
            if margin + name.count + 2 + only.columns <= style.width {
                show(start + style.tone(.accent, name) + "  " + only.text, place)
                return
            }
        }
        let hasNumbers = peer.totals.count > 0
        let name = fitted(peer.name, (hasNumbers ? columns.text : style.width) - margin)
        show(start + style.tone(.accent, name) + columns.numbers(peer.totals, behind: margin + name.count), place)
        let shown = peer.connections.prefix(top ?? Self.shownConnections)
        for connection in shown {
            show("  " + style.tone(.faint, trunk) + facts(connection, columns: style.width - margin).text)
        }
        let rest = peer.connections.count - shown.count
        if rest > 0 {
            let more = "and \(Quantity.count(UInt64(rest), "more port or protocol", "more ports and protocols"))"
            show("  " + style.tone(.faint, trunk + more))
        }
        add(peer.operations, of: peer.totals, at: (service, peer.name), trunk: trunk, margin: margin)
    }

    /// What is known of a connection, and how many columns it takes.
    private func facts(
        _ connection: ServiceMapDocument.Connection, columns: Int
    ) -> (text: String, columns: Int) {
        var parts: [String] = []
        if connection.count > 0 { parts.append(Quantity.count(connection.count, "connection")) }
        if connection.isEncrypted, connection.category != "tls" { parts.append("TLS") }
        if connection.confidence == 60 { parts.append("by its port only") }
        for failure in connection.failures {
            parts.append("\(Quantity.count(failure.count)) failed: \(failure.reason)")
        }
        let name = style.safe(connection.protocolName)
        // A Unix socket has none.
        let port = connection.port == 0 ? "" : " :\(connection.port)"
        let rest = "\(port)  \(parts.joined(separator: ", "))"
        let shown = style.fitted(rest, max(columns - name.count, 8))
        return (style.tone(.good, name) + shown, name.count + shown.count)
    }

    private mutating func add(
        _ operations: [MapView.Operation], of totals: MapView.Totals, at edge: (service: String, peer: String),
        trunk: String, margin: Int
    ) {
        let shown = operations.prefix(top ?? Self.shownOperations)
        // Of what is asked by two protocols each line says by which.
        var lines: [[String]: Int] = [:]
        for operation in operations { lines[[operation.method, operation.name], default: 0] += 1 }
        let methodColumns = min(shown.map { style.safe($0.method).count }.max() ?? 0, style.width < 60 ? 8 : 16)
        for operation in shown {
            let room = columns.text - margin - (methodColumns > 0 ? methodColumns + 1 : 0)
            var method = fitted(operation.method, methodColumns).padded(methodColumns)
            if methodColumns > 0 { method += " " }
            // Its request could not be read.
            let isUnknown = operation.name.isEmpty && operation.method.isEmpty
            var name = fitted(isUnknown ? "(not known)" : operation.name, max(room, 8))
            var columnsOfName = name.count
            var facts: [String] = []
            if lines[[operation.method, operation.name], default: 0] > 1 {
                facts.append(style.safe(operation.protocolName))
            }
            if operation.variants > 1 { facts.append("\(operation.variants) shapes") }
            for fact in facts where columnsOfName + fact.count + 2 < room {
                name += style.tone(.faint, "  " + fact)
                columnsOfName += fact.count + 2
            }
            show(
                "  " + style.tone(.faint, trunk) + style.tone(.strong, method) + name
                    + columns.numbers(operation.totals, behind: margin + method.count + columnsOfName),
                .operation(
                    edge.service, edge.peer, protocolName: operation.protocolName, method: operation.method,
                    name: operation.name))
        }
        let rest = operations.dropFirst(shown.count)
        guard !rest.isEmpty else { return }
        let count = rest.reduce(UInt64(0)) { $0 &+ $1.totals.count }
        let more = "and \(Quantity.count(UInt64(rest.count))) more\(share(count, of: totals.count))"
        show("  " + style.tone(.faint, trunk + style.fitted(more, style.width - margin)))
    }

    private func fitted(_ text: String, _ columns: Int) -> String { style.fitted(style.safe(text), columns) }

    /// Where the numbers stand: as many of them as there is room for.
    private struct Columns {
        /// Columns of what stands before them.
        let text: Int
        private let style: TextStyle
        private let most: UInt64
        private let span: Int64
        private let hasRate: Bool
        private let hasTimes: Bool
        private let bar: Int

        private static let count = 10
        private static let rate = 9
        private static let errors = 8
        private static let time = 9

        init(_ style: TextStyle, most: UInt64, span: Int64) {
            self.style = style
            self.most = most
            self.span = span
            hasTimes = style.width >= 60
            hasRate = style.width >= 76 && span > 0
            bar = style.width >= 100 ? 12 : 0
            let numbers =
                Self.count + (hasTimes ? Self.errors + 2 * Self.time : 0) + (hasRate ? Self.rate : 0)
                + (bar > 0 ? bar + 2 : 0)
            text = style.width - numbers
        }

        var titles: String {
            var line = String(repeating: " ", count: text) + "count".leftPadded(Self.count)
            if hasRate { line += "rate".leftPadded(Self.rate) }
            if hasTimes {
                line += "errors".leftPadded(Self.errors) + "p50".leftPadded(Self.time) + "p99".leftPadded(Self.time)
            }
            return style.tone(.faint, line)
        }

        /// - Parameter used: columns of the line so far.
        func numbers(_ totals: MapView.Totals, behind used: Int) -> String {
            guard totals.count > 0 else { return "" }
            let hasErrors = totals.errors > 0
            let times = [totals.p50, totals.p99].compactMap { $0 }
            var line =
                String(repeating: " ", count: max(text - used, 0))
                + Quantity.count(totals.count).leftPadded(Self.count)
            if hasRate { line += Quantity.rate(perSecond: totals.rate(in: span)).leftPadded(Self.rate) }
            // No blanks at the end of a line.
            if hasTimes, hasErrors || !times.isEmpty || bar > 0 {
                let errors = (hasErrors ? Quantity.count(totals.errors) : "").leftPadded(Self.errors)
                line += style.tone(.bad, errors)
                if times.isEmpty, bar > 0 { line += String(repeating: " ", count: 2 * Self.time) }
                for time in times { line += Quantity.latency(nanoseconds: time).leftPadded(Self.time) }
            }
            if bar > 0 {
                let filled = max(Int((Double(totals.count) / Double(max(most, 1)) * Double(bar)).rounded()), 1)
                line += "  " + style.tone(.accent, String(repeating: style.symbol("▇", "#"), count: min(filled, bar)))
            }
            return line
        }
    }
}

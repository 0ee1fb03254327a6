import Shared

/// All that there is to say of one connection: what brought it, what it was taken for and why, what became of its bytes.
struct Explanation {
    var number: UInt64
    var exchange: UInt64?
    /// What of the streams was asked for, if not all.
    var range: StreamBytes?
    var client: Endpoint
    var server: Endpoint
    var service: (name: String, rule: NameRule?)?
    var destination: (name: String, rule: NameRule?)?
    var events: [ConnectionWitness.Event]
    /// They are packets; else calls, as a trace has them.
    var arePackets: Bool
    var signs: UInt64
    /// What of both streams the tape has not.
    var holes: [ConnectionWitness.Hole]
    var opinions: [Registry.Opinion]
    var heard: (client: Int, server: Int)
    var home: String?
    var history: [ConnectionHistory.Entry]
    var more: UInt64
    var summary: Summary

    /// Of an exchange its own entries.
    private var shownHistory: [ConnectionHistory.Entry] {
        guard let exchange else { return history }
        return history.filter { $0.exchange == exchange }
    }

    // MARK: Text

    /// - Parameter top: how many of each list are shown; `nil`: what fits.
    func text(_ style: TextStyle, top: Int?) -> String {
        var lines: [String] = []
        func head(_ title: String) { lines += ["", "  " + style.tone(.strong, title)] }
        func line(_ text: String) { lines.append("    " + style.fitted(style.safe(text), style.width - 4)) }
        let names = [service, destination].map { $0?.name ?? "?" }
        head(
            "Connection \(number)" + (exchange.map { ", exchange \($0)" } ?? "") + (range.map { ", \($0.text)" } ?? ""))
        line("\(names[0]) \(style.symbol("→", "->")) \(names[1])")
        line("\(client) \(style.symbol("→", "->")) \(server)")
        head("Names")
        for end in [service, destination].compactMap({ $0 }) { line("\(end.name): \(end.rule?.text ?? "not known")") }
        let kind = arePackets ? "packet" : "call"
        head(
            "What brought it: \(Quantity.count(UInt64(events.count), "event"))"
                + (signs > 0 ? ", and \(Quantity.count(signs)) that only confirm" : ""))
        let shown = Self.shown(events, top ?? 24)
        for event in shown.first { line("\(Self.time(event.at))  \(kind) \(event.number): \(event.what)") }
        if shown.left > 0 { line("and \(Quantity.count(UInt64(shown.left), "more event")) between (--top)") }
        for event in shown.last { line("\(Self.time(event.at))  \(kind) \(event.number): \(event.what)") }
        if !holes.isEmpty {
            head("What is missing")
            let shown = Self.shown(holes, top ?? 24)
            func line(_ hole: ConnectionWitness.Hole) -> String {
                "\(hole.side): \(Quantity.bytes(hole.end &- hole.start)), \(hole.start) to \(hole.end), \(hole.reason); "
                    + "\(kind) \(hole.shownBy) lies behind"
            }
            for hole in shown.first { lines.append("    " + style.tone(.warning, line(hole))) }
            if shown.left > 0 {
                lines.append("    and \(Quantity.count(UInt64(shown.left), "more hole")) between (--top)")
            }
            for hole in shown.last { lines.append("    " + style.tone(.warning, line(hole))) }
        }
        head("What detectors say of the client's first \(heard.client) bytes and the server's first \(heard.server)")
        line("port \(server.port): " + (home.map { "\($0) is at home there" } ?? "nobody is at home there"))
        for opinion in opinions where opinion.finding != .no {
            line(
                "\(opinion.protocolName): "
                    + (opinion.finding == .yes ? "yes, \(opinion.reason)" : "may be, what was said does not prove it"))
        }
        var others: Set<String> = Set(opinions.filter { $0.finding != .no }.map(\.protocolName))
        let refused = opinions.map(\.protocolName).filter { others.insert($0).inserted }
        if !refused.isEmpty {
            lines += Self.wrapped("no: " + refused.joined(separator: ", "), style.width - 4).map {
                "    " + style.tone(.faint, $0)
            }
        }
        head(range == nil ? "What became of it" : "What became of what came with them")
        let entries = Self.shown(shownHistory, top ?? 24)
        for entry in entries.first { line(Self.text(entry)) }
        if entries.left > 0 || more > 0 {
            line("and \(Quantity.count(UInt64(entries.left) &+ more)) more (--top)")
        }
        for entry in entries.last { line(Self.text(entry)) }
        head("Its account")
        var report = SummaryReport(style)
        report.add(summary)
        return lines.joined(separator: "\n") + "\n" + report.text
    }

    private static func text(_ entry: ConnectionHistory.Entry) -> String {
        var text =
            "\(entry.at.map { time($0) + "  " } ?? "")\(entry.kind)\(entry.exchange.map { " \($0)" } ?? ""): \(entry.title)"
        if entry.bytes > 0 { text += ", \(Quantity.bytes(entry.bytes))" }
        if entry.captured < entry.bytes { text += ", \(Quantity.bytes(entry.captured)) of them captured" }
        if !entry.anomalies.isEmpty { text += " (\(entry.anomalies.joined(separator: ", ")))" }
        return text
    }

    /// The time of day, in UTC.
    private static func time(_ moment: Timestamp) -> String { String("\(moment)".dropFirst(11).prefix(15)) }

    /// The beginning and the end of a list that is too long.
    private static func shown<Element>(_ list: [Element], _ most: Int) -> (first: [Element], left: Int, last: [Element])
    {
        guard list.count > most else { return (list, 0, []) }
        let last = most / 4
        return (Array(list.prefix(most - last)), list.count - most, Array(list.suffix(last)))
    }

    private static func wrapped(_ text: String, _ columns: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= columns {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    // MARK: JSON

    /// The explanation's members, and then the summary of the connection alone.
    var json: String {
        SummaryJSON.text(summary, capture: { write(&$0) })
    }

    private func write(_ json: inout IndentedJSON) {
        json.number("connection", number)
        if let exchange { json.number("exchange", exchange) }
        if let range {
            json.object("bytes_asked_for") { json in
                json.string("side", range.side.rawValue)
                json.number("from", range.range.lowerBound)
                json.number("to", range.range.upperBound)
            }
        }
        json.string("client", "\(client)")
        json.string("server", "\(server)")
        for (key, end) in [("service", service), ("peer", destination)] {
            guard let end else { continue }
            json.object(key) { json in
                json.string("name", end.name)
                if let rule = end.rule { json.string("named_by", "\(rule)") }
            }
        }
        json.array("brought_by", events) { json, event in
            json.number(arePackets ? "packet" : "call", event.number)
            json.string("at", "\(event.at)")
            json.string("what", event.what)
        }
        json.number("confirming_events", signs)
        json.array("missing", holes) { json, hole in
            json.string("side", hole.side)
            json.number("from", hole.start)
            json.number("to", hole.end)
            json.string("reason", hole.reason)
            json.number(arePackets ? "shown_by_packet" : "shown_by_call", hole.shownBy)
            json.string("at", "\(hole.at)")
        }
        json.object("asked_of") { json in
            json.number("client_bytes", UInt64(heard.client))
            json.number("server_bytes", UInt64(heard.server))
        }
        if let home { json.string("at_home_on_port", home) }
        json.array("detectors", opinions) { json, opinion in
            json.string("protocol", opinion.protocolName)
            json.string("says", opinion.finding.rawValue)
            if !opinion.reason.isEmpty { json.string("reason", opinion.reason) }
        }
        json.array("became", shownHistory) { json, entry in
            if let at = entry.at { json.string("at", "\(at)") }
            json.string("kind", entry.kind)
            json.string("what", entry.title)
            if let exchange = entry.exchange { json.number("exchange", exchange) }
            if entry.bytes > 0 { json.number("bytes", entry.bytes) }
            if entry.captured < entry.bytes { json.number("captured", entry.captured) }
            if !entry.anomalies.isEmpty { json.strings("anomalies", entry.anomalies) }
        }
        if more > 0 { json.number("became_more", more) }
    }
}

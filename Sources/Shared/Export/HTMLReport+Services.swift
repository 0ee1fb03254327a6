/// Services with what they ask of whom, and the exchanges one by one.
extension HTMLReport {
    mutating func services() {
        html += "<section id=\"services\">\n<h2>Services</h2>\n"
        if view.services.isEmpty { html += "<p>Nobody talked to anybody.</p>\n" }
        var next = 0
        for (place, service) in view.services.enumerated() {
            html += "<section class=\"service\" id=\"s\(place)\">\n<h3>\(escaped(service.name))</h3>\n"
            html += "<p class=\"faint\">\(escaped(totals(service.totals)))</p>\n"
            for (number, peer) in service.peers.enumerated() { add(peer, id: "p\(place)-\(number)", &next) }
            html += "</section>\n"
        }
        let all = view.services.reduce(0) { $0 + $1.peers.reduce(0) { $0 + $1.operations.count } }
        if all > operations.count {
            let rest = Quantity.count(UInt64(all - operations.count), "more operation")
            html += "<p class=\"faint\">There are \(rest), for which this page has no room: "
            html += "<code>--service</code>, <code>--destination</code> and <code>--path</code> choose.</p>\n"
        }
        html += "</section>\n"
    }

    private func totals(_ totals: MapView.Totals) -> String {
        guard totals.count > 0 else { return "connections only" }
        var parts = ["asked \(Quantity.count(totals.count, "time"))"]
        if view.span > 0 { parts.append(Quantity.rate(perSecond: totals.rate(in: view.span))) }
        parts.append(totals.errors > 0 ? Quantity.count(totals.errors, "error") : "no errors")
        if let p50 = totals.p50, let p99 = totals.p99 {
            parts.append("p50 \(Quantity.latency(nanoseconds: p50))")
            parts.append("p99 \(Quantity.latency(nanoseconds: p99))")
        }
        return parts.joined(separator: " · ")
    }

    private mutating func add(_ peer: MapView.Peer, id: String, _ next: inout Int) {
        let link = links[peer.name].flatMap { $0.hasPrefix("#s") ? $0 : nil }
        let name = escaped(peer.name)
        html += "<div class=\"peer\" id=\"\(id)\"><h4>→ \(link.map { "<a href=\"\($0)\">\(name)</a>" } ?? name)"
        for connection in peer.connections.prefix(8) {
            html += "<span class=\"tag\">\(escaped(tag(connection)))</span>"
        }
        if peer.connections.count > 8 { html += "<span class=\"tag\">and \(peer.connections.count - 8) more</span>" }
        html += "</h4>\n"
        for connection in peer.connections.prefix(8) { html += facts(connection) }
        let shown = min(peer.operations.count, operations.count - next)
        if shown > 0 {
            html += "<div class=\"scroll\"><table class=\"operations\"><thead><tr>"
            let columns = [
                ("operation", ""), ("over time", " hides"), ("count", ""), ("rate", " hides"), ("errors", ""),
                ("p50", ""),
                ("p90", " hides"), ("p99", ""), ("bytes", " hides"),
            ]
            for (column, hides) in columns {
                let text = column == "over time" ? column : "<button type=\"button\">\(column)</button>"
                html += "<th scope=\"col\" class=\"\(hides.dropFirst())\">\(text)</th>"
            }
            html += "</tr></thead>\n<tbody>\n"
            for operation in peer.operations.prefix(shown) {
                row(operation, next)
                next += 1
            }
            html += "</tbody></table></div>"
        }
        html += "</div>\n"
    }

    private func tag(_ connection: ServiceMapDocument.Connection) -> String {
        connection.place + (connection.isEncrypted ? " TLS" : "")
    }

    private func facts(_ connection: ServiceMapDocument.Connection) -> String {
        var parts = [Quantity.count(connection.count, "connection")]
        if !connection.reason.isEmpty { parts.append(connection.reason) }
        if connection.confidence == 60 { parts.append("by its port only") }
        var text = "<p class=\"faint\">\(escaped(parts.joined(separator: " · ")))"
        for failure in connection.failures {
            text +=
                " · <span class=\"errors\">\(escaped("\(Quantity.count(failure.count)) failed: \(failure.reason)"))</span>"
        }
        return text + "</p>\n"
    }

    private mutating func row(_ operation: MapView.Operation, _ number: Int) {
        let totals = operation.totals
        html +=
            "<tr data-o=\"\(number)\"><th scope=\"row\"><button type=\"button\" class=\"open\" aria-expanded=\"false\">"
        if !operation.method.isEmpty { html += "<span class=\"method\">\(escaped(operation.method))</span>" }
        html += "<span class=\"path\">\(escaped(operation.name))</span></button>"
        if operation.protocolName != "http/1.1", !operation.method.isEmpty {
            html += "<span class=\"tag\">\(escaped(operation.protocolName))</span>"
        }
        if operation.variants > 1 { html += "<span class=\"tag\">\(operation.variants) shapes</span>" }
        html += "</th><td class=\"hides\">\(sparkline(operations[number].subject))</td>"
        cell(Quantity.count(totals.count), totals.count)
        let rate = view.span > 0 ? Quantity.rate(perSecond: totals.rate(in: view.span)) : ""
        cell(rate, totals.count, "hides")
        cell(totals.errors > 0 ? Quantity.count(totals.errors) : "", totals.errors, totals.errors > 0 ? "errors" : "")
        for (value, className) in [(totals.p50, ""), (totals.p90, "hides"), (totals.p99, "")] {
            cell(value.map { Quantity.latency(nanoseconds: $0) } ?? "", value, className)
        }
        cell(totals.bytes > 0 ? Quantity.bytes(totals.bytes) : "", totals.bytes, "hides")
        html += "</tr>\n"
    }

    private mutating func cell(_ text: String, _ value: UInt64?, _ className: String = "") {
        html += "<td" + (className.isEmpty ? "" : " class=\"\(className)\"")
        html += (value.map { " data-v=\"\($0)\"" } ?? "") + ">\(text)</td>"
    }

    /// When it was asked for, over the tape's time; what failed stands in front.
    private func sparkline(_ subject: ServiceMapDocument.Story.Subject) -> String {
        guard let timeline = story.timelines[subject] else { return "" }
        let bins = timeline.bins(of: story.axis)
        let most = Double(max(bins.map(\.count).max() ?? 1, 1))
        var (all, failed) = ("", "")
        for (place, bin) in bins.enumerated() where bin.count > 0 {
            all += Self.column(place, Double(bin.count) / most)
            if bin.errors > 0 { failed += Self.column(place, Double(bin.errors) / most) }
        }
        return
            "<svg class=\"spark\" viewBox=\"0 0 \(max(bins.count, 12)) 16\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
            + "<path d=\"\(all)\"/>" + (failed.isEmpty ? "" : "<path class=\"e\" d=\"\(failed)\"/>") + "</svg>"
    }

    private static func column(_ place: Int, _ part: Double) -> String {
        let height = max(Int((part * 16).rounded()), 2)
        return "M\(place) 16v-\(height)h1v\(height)z"
    }

    // MARK: Exchanges

    mutating func browser() {
        guard !story.exchanges.isEmpty else { return }
        let all = story.count
        let shown = UInt64(story.exchanges.count)
        html += "<section id=\"exchanges\">\n<h2>Exchanges</h2>\n"
        if shown < all {
            html +=
                "<p class=\"faint\">The first \(Quantity.count(shown)) of \(Quantity.count(all)) "
            html += "(<code>--exchanges</code> says how many).</p>\n"
        }
        html += """
            <noscript><p>Exchanges are shown by the page's script, which is off.</p></noscript>
            <div class="filters needs-script"><label><input type="checkbox" id="errors"> only what failed</label>
            <button type="button" id="only" hidden></button><span class="faint" id="shown" role="status"></span></div>
            <div class="exchanges needs-script"><table><thead><tr><th scope="col">at</th><th scope="col" class="left">who</th>\
            <th scope="col" class="left">what</th><th scope="col">status</th>\
            <th scope="col">took</th><th scope="col">asked</th><th scope="col">answered</th></tr></thead><tbody></tbody></table>
            <button type="button" id="more" class="more" hidden>Show 200 more</button></div>
            </section>

            """
    }
}

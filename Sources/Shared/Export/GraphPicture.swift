/// The graph as an SVG picture of its own layout, light and dark as who looks at it has it.
package enum GraphPicture {
    /// What such a picture has room for.
    package static let room = ServiceGraph.Room(nodes: 200, edges: 400)

    private static let margin = 20
    private static let nameSize = 13
    private static let detailSize = 11
    private static let widestName = 230
    private static let narrowestBox = 96

    /// A file of its own.
    /// - Parameters:
    ///   - from: what it was made from, for people.
    ///   - isLossy: it says that something is missing.
    package static func text(_ graph: ServiceGraph, from: String, isLossy: Bool) -> String {
        let shown = graph.fitted(room)
        let drawing = Drawing(shown, links: [:])
        let width = max(drawing.width, 420)
        var notes = GlyphWidths.lines(MarkupText.visible(from), width - 2 * margin, size: detailSize)
        if shown.folded > 0 {
            notes += GlyphWidths.lines(folding(shown, of: graph), width - 2 * margin, size: detailSize)
        }
        let height = drawing.height + notes.count * 16 + 12
        var svg = header(width: width, height: height, label: "Who talks to whom")
        svg += "<style>\n\(style)</style>\n"
        svg += "<rect class=\"page\" width=\"\(width)\" height=\"\(height)\" rx=\"10\"/>\n"
        svg += drawing.svg
        for (number, note) in notes.enumerated() {
            let y = drawing.height + number * 16 + 8
            svg += "<text class=\"\(isLossy ? "note lossy" : "note")\" x=\"\(margin)\" y=\"\(y)\">"
            svg += MarkupText.escaped(note) + "</text>\n"
        }
        return svg + "</svg>\n"
    }

    /// A part of a page that brings the styles of its classes.
    /// - Parameter links: where a node's box leads to.
    static func part(_ graph: ServiceGraph, links: [String: String]) -> String {
        let drawing = Drawing(graph.fitted(room), links: links)
        return header(width: drawing.width, height: drawing.height, label: "Who talks to whom") + drawing.svg + "</svg>"
    }

    /// That not all names stand by themselves.
    package static func folding(_ shown: ServiceGraph, of graph: ServiceGraph) -> String {
        let groups = shown.nodes.filter { !$0.members.isEmpty }.count
        return
            "\(Quantity.count(UInt64(shown.folded))) of \(Quantity.count(UInt64(graph.nodes.count))) names stand together"
            + " in \(Quantity.count(UInt64(groups), "group")), for want of room."
    }

    private static func header(width: Int, height: Int, label: String) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"\(label)\" width=\"\(width)\" height=\"\(height)\""
            + " viewBox=\"0 0 \(width) \(height)\">\n"
    }

    /// Boxes, lines and texts.
    private struct Drawing {
        var svg = ""
        var width = 0
        var height = 0

        init(_ graph: ServiceGraph, links: [String: String]) {
            guard !graph.nodes.isEmpty else {
                (width, height) = (420, 60)
                svg = "<text class=\"note\" x=\"\(margin)\" y=\"36\">Nobody talked to anybody.</text>\n"
                return
            }
            var own: [Int: ServiceGraph.Edge] = [:]
            for edge in graph.edges where edge.source == edge.target { own[edge.source] = edge }
            let texts = graph.nodes.enumerated().map { place, node in Self.texts(node, own[place]) }
            let sizes = texts.map { texts in
                let widest = texts.map { GlyphWidths.width($0.text, size: $0.size, isBold: $0.isBold) }.max() ?? 0
                return LayeredLayout.Size(width: max(widest + 30, narrowestBox), height: 18 + texts.count * 17)
            }
            let layout = LayeredLayout(
                sizes,
                graph.edges.map {
                    LayeredLayout.Link(
                        source: $0.source, target: $0.target,
                        labelWidth: GlyphWidths.width($0.label, size: detailSize) + 12)
                })
            for (edge, route) in zip(graph.edges, layout.routes) where edge.source != edge.target {
                add(edge, route, graph)
            }
            for (place, node) in graph.nodes.enumerated() {
                add(node, place, layout.frames[place], texts[place], links[node.name])
            }
            width = layout.width + 2 * margin
            height = layout.height + 2 * margin
        }

        private struct Text {
            var text: String
            var size: Int
            var className: String

            /// As the styles have it.
            var isBold: Bool { className == "name" }
        }

        /// The lines in a box.
        private static func texts(_ node: ServiceGraph.Node, _ own: ServiceGraph.Edge?) -> [Text] {
            func line(_ text: String, _ size: Int, _ className: String) -> Text {
                var line = Text(text: "", size: size, className: className)
                line.text = GlyphWidths.fitted(
                    MarkupText.visible(text), widestName, size: size, isBold: line.isBold)
                return line
            }
            var texts = [line(node.name, nameSize, "name")]
            if !node.detail.isEmpty { texts.append(line(node.detail, detailSize, "detail")) }
            if let own { texts.append(line("↻ \(own.label)", detailSize, own.hasTrouble ? "label trouble" : "label")) }
            return texts
        }

        private mutating func add(_ edge: ServiceGraph.Edge, _ route: LayeredLayout.Route, _ graph: ServiceGraph) {
            guard var at = route.points.first, let end = route.points.last else { return }
            var path = "M\(at.x + margin) \(at.y + margin)"
            for (number, point) in route.points.enumerated().dropFirst() {
                if number % 2 == 1, point.y != at.y {
                    let middle = (at.x + point.x) / 2 + margin
                    path +=
                        "C\(middle) \(at.y + margin) \(middle) \(point.y + margin) \(point.x + margin) \(point.y + margin)"
                } else {
                    path += "H\(point.x + margin)"
                }
                at = point
            }
            let trouble = edge.hasTrouble ? " trouble" : ""
            // A busier line is thicker, by the digits of its number.
            let digits = String(edge.totals.count &+ edge.connections).count
            let thickness = min(10 + 4 * digits, 34)
            let names = "\(graph.nodes[edge.source].name) → \(graph.nodes[edge.target].name)"
            svg += "<g class=\"edge\(trouble)\" data-s=\"\(edge.source)\" data-t=\"\(edge.target)\"><title>"
            svg += MarkupText.escaped("\(names): \(edge.protocols.joined(separator: ", ")), \(edge.label)")
            svg += "</title><path d=\"\(path)\" stroke-width=\"\(thickness / 10).\(thickness % 10)\"/>"
            let tip = route.isReversed ? route.points[0] : end
            let back = route.isReversed ? 9 : -9
            let (x, y) = (tip.x + margin, tip.y + margin)
            svg += "<path class=\"arrow\" d=\"M\(x) \(y)l\(back) -4.5v9z\"/>"
            svg += "<text class=\"label\(trouble)\" x=\"\(end.x + margin - 12)\" y=\"\(end.y + margin - 4)\">"
            svg += MarkupText.escaped(edge.label) + "</text></g>\n"
        }

        private mutating func add(
            _ node: ServiceGraph.Node, _ place: Int, _ frame: LayeredLayout.Frame, _ texts: [Text], _ link: String?
        ) {
            let (x, y) = (frame.x + margin, frame.y + margin)
            let title =
                node.members.isEmpty
                ? [node.name, node.detail].filter { !$0.isEmpty }.joined(separator: "\n")
                : node.members.prefix(40).joined(separator: "\n") + (node.members.count > 40 ? "\n…" : "")
            if let link { svg += "<a href=\"\(MarkupText.escaped(link))\">" }
            svg += "<g class=\"node \(node.kind.className)\" data-n=\"\(place)\"><title>"
            // Line's ends are written as they are; all else that does not print is not.
            svg += title.split(separator: "\n").map { MarkupText.escaped(String($0)) }.joined(separator: "\n")
            svg +=
                "</title><rect class=\"box\" x=\"\(x)\" y=\"\(y)\" width=\"\(frame.width)\" height=\"\(frame.height)\" rx=\"7\"/>"
            svg +=
                "<rect class=\"stripe\" x=\"\(x + 6)\" y=\"\(y + 7)\" width=\"4\" height=\"\(frame.height - 14)\" rx=\"2\"/>"
            let first = y + frame.height / 2 - texts.count * 17 / 2 + 13
            for (number, text) in texts.enumerated() {
                svg += "<text class=\"\(text.className)\" x=\"\(x + 18)\" y=\"\(first + number * 17)\">"
                svg += MarkupText.escaped(text.text) + "</text>"
            }
            svg += "</g>" + (link == nil ? "" : "</a>") + "\n"
        }
    }

    private static let style = """
        text { font: \(detailSize)px "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; fill: #475569 }
        .page { fill: #ffffff } .note { fill: #64748b } .lossy { fill: #b45309 }
        .name { font-size: \(nameSize)px; font-weight: 600; fill: #0f172a }
        .edge path { fill: none; stroke: #94a3b8 } .edge .arrow { fill: #64748b; stroke: none }
        .edge .label { text-anchor: end } .edge.trouble path { stroke: #dc2626 } .edge.trouble .arrow { fill: #dc2626; stroke: none }
        .label.trouble { fill: #b91c1c }
        .box { fill: #f8fafc; stroke: #cbd5e1 } .stripe { fill: #2563eb }
        .database .stripe { fill: #7c3aed } .cache .stripe { fill: #d97706 } .bus .stripe { fill: #059669 }
        .external .stripe, .encrypted .stripe, .unknown .stripe { fill: #94a3b8 }
        .external .box, .encrypted .box, .unknown .box { stroke-dasharray: 4 3 }
        @media (prefers-color-scheme: dark) {
        text { fill: #94a3b8 } .page { fill: #0d1117 } .note { fill: #8b949e } .lossy { fill: #f59e0b } .name { fill: #f1f5f9 }
        .edge path { stroke: #475569 } .edge .arrow { fill: #94a3b8 } .edge.trouble path { stroke: #ef4444 }
        .edge.trouble .arrow { fill: #ef4444 } .label.trouble { fill: #f87171 }
        .box { fill: #161b22; stroke: #30363d } .stripe { fill: #3b82f6 } .database .stripe { fill: #a78bfa }
        .cache .stripe { fill: #f59e0b } .bus .stripe { fill: #34d399 }
        }

        """
}

/// The graph for Graphviz, in its language DOT.
package enum DOTFile {
    /// - Parameter from: what it was made from, for people.
    package static func text(_ graph: ServiceGraph, from: String) -> String {
        var lines = [
            "// " + MarkupText.visible(from),
            "digraph services {",
            "    graph [rankdir=LR, nodesep=0.35, ranksep=1.2, fontname=\"Helvetica\"]",
            "    node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef2f7\", color=\"#64748b\", fontname=\"Helvetica\", fontsize=11]",
            "    edge [color=\"#64748b\", fontname=\"Helvetica\", fontsize=9]",
        ]
        for (number, node) in graph.nodes.enumerated() {
            let detail = node.detail.isEmpty ? "" : "\\n\(escaped(node.detail))"
            lines.append("    n\(number) [label=\"\(escaped(node.name))\(detail)\"\(attributes(node.kind))]")
        }
        for edge in graph.edges {
            let protocols = escaped(edge.protocols.joined(separator: ", "))
            let colour = edge.hasTrouble ? ", color=\"#b91c1c\", fontcolor=\"#b91c1c\"" : ""
            lines.append(
                "    n\(edge.source) -> n\(edge.target) [label=\"\(escaped(edge.label))\", tooltip=\"\(protocols)\"\(colour)]"
            )
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    private static func attributes(_ kind: ServiceGraph.Kind) -> String {
        switch kind {
        case .service: ""
        case .database: ", shape=cylinder, style=filled, fillcolor=\"#dbeafe\""
        case .cache: ", shape=box3d, style=filled, fillcolor=\"#fef3c7\""
        case .messageBus: ", shape=hexagon, style=filled, fillcolor=\"#dcfce7\""
        case .external, .encrypted, .unknown: ", style=\"rounded,dashed\""
        }
    }

    /// In quotes and in a label: a backslash would be an escape of either, and an ampersand begins an entity.
    static func escaped(_ text: String) -> String {
        MarkupText.visible(text).replacing("&", with: "&amp;").replacing("\\", with: "\\\\")
            .replacing("\"", with: "\\\"")
    }
}

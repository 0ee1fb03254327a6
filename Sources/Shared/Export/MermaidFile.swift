/// The graph as a flowchart of Mermaid, which GitHub, GitLab and many wikis draw in Markdown.
package enum MermaidFile {
    /// What such a picture has room for; Mermaid itself refuses more than 500 edges (`maxEdges`).
    package static let room = ServiceGraph.Room(nodes: 60, edges: 60)

    /// - Parameter from: what it was made from, for people.
    package static func text(_ graph: ServiceGraph, from: String) -> String {
        let shown = graph.fitted(room)
        // In a comment a line's end would end it, and braces have a meaning there.
        var lines = ["%% " + MarkupText.visible(from).replacing("{", with: "(").replacing("}", with: ")")]
        if shown.folded > 0 { lines.append("%% \(GraphPicture.folding(shown, of: graph))") }
        lines.append("flowchart LR")
        for (number, node) in shown.nodes.enumerated() {
            let (open, close) = shape(node.kind)
            let detail = node.detail.isEmpty ? "" : "<br/>\(escaped(node.detail))"
            lines.append("    n\(number)\(open)\"\(escaped(node.name))\(detail)\"\(close)")
        }
        for edge in shown.edges {
            lines.append("    n\(edge.source) -->|\"\(escaped(edge.label))\"| n\(edge.target)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func shape(_ kind: ServiceGraph.Kind) -> (String, String) {
        switch kind {
        case .service: ("[", "]")
        case .database: ("[(", ")]")
        case .cache: ("[[", "]]")
        case .messageBus: ("{{", "}}")
        case .external, .encrypted, .unknown: ("([", "])")
        }
    }

    /// Everything that Mermaid, or Markdown within its labels, could take for more than text is an entity.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in MarkupText.visible(text).unicodeScalars {
            switch scalar {
            case "\"": escaped += "#quot;"
            case "&", "<", ">", "#", ";", "`", "*", "_", "~", "[", "]", "(", ")", "{", "}", "|", "\\", "$", "%", "!":
                escaped += "#\(scalar.value);"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        // `:fa-` would be an icon, even as entities; the word joiner between is not seen.
        escaped = escaped.replacing(":fa-", with: ":\u{2060}fa-")
        // A number and a dot, or a sign, would begin a list; Mermaid draws a complaint in its place.
        if let first = escaped.first, "-+".contains(first) {
            return "#\(first.unicodeScalars.first?.value ?? 0);" + escaped.dropFirst()
        }
        if let dot = escaped.firstIndex(of: "."), dot > escaped.startIndex,
            escaped[..<dot].allSatisfy({ $0.isASCII && $0.isNumber }), escaped[dot...].dropFirst().first == " "
        {
            return escaped[..<dot] + "#46;" + escaped[dot...].dropFirst()
        }
        return escaped
    }
}

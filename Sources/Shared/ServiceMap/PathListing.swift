/// The templates of a map, to be edited and given back: a line each, with what it stands for and why.
package enum PathListing {
    /// - Returns: a file that `PathRules` reads.
    package static func text(_ document: ServiceMapDocument) -> String {
        struct Line {
            var template: PathTemplate
            var paths = DistinctPaths()
            var requests: UInt64 = 0
            var methods: Set<String> = []
        }
        var destinations: [String: [String: Line]] = [:]
        for endpoint in document.services.flatMap(\.endpoints) {
            guard let template = endpoint.template else { continue }
            var line = destinations[endpoint.destination]?[endpoint.path] ?? Line(template: template)
            line.paths = endpoint.paths
            line.requests += endpoint.count
            line.methods.insert(endpoint.method)
            destinations[endpoint.destination, default: [:]][endpoint.path] = line
        }
        var text = """
            # Templates of paths, one a line; `replay --paths FILE` takes them. Change names, put words in the place of parameters
            # or parameters in the place of words, take lines away. `GET host/path` holds for a method and a host alone.

            """
        for (destination, lines) in destinations.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            text += "\n# \(shown(destination))\n"
            for (path, line) in lines.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                let paths =
                    line.paths.isAtLeast
                    ? "more than \(DistinctPaths.most) paths" : counted(UInt64(line.paths.count), "path")
                let why = reasons(line.template)
                let methods = line.methods.sorted().map(shown).joined(separator: " ")
                let note =
                    line.template.hasParameters
                    ? "\(paths): \(why)" : line.template.isWhole ? "as it is" : "a word"
                let isRule = path.hasPrefix("/") && !path.contains { $0.isWhitespace || $0 == "#" }
                text +=
                    "\(isRule ? "" : "# no rule: ")\(shown(path))  # \(methods), \(counted(line.requests, "request")), \(note)\n"
            }
        }
        return text
    }

    private static func counted(_ count: UInt64, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    private static func shown(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
    }

    /// Why an endpoint's path is written as it is.
    static func reason(_ endpoint: ServiceMapDocument.Endpoint) -> String? {
        guard let template = endpoint.template else { return nil }
        guard template.hasParameters else { return "as it was seen, or as you gave it" }
        let paths =
            endpoint.paths.isAtLeast
            ? "more than \(DistinctPaths.most) paths" : counted(UInt64(endpoint.paths.count), "path")
        return "stands for \(paths): \(reasons(template))"
    }

    private static func reasons(_ template: PathTemplate) -> String {
        var reasons = template.origins.identifiers.map { "\($0.name)" }
        if template.origins.contains(.sibling) { reasons.append("words asked for alike and answered alike") }
        if template.origins.contains(.word) { reasons.append("too many words") }
        if template.origins.contains(.long) { reasons.append("longer than any word") }
        return reasons.isEmpty ? "too deep" : reasons.joined(separator: ", ")
    }
}

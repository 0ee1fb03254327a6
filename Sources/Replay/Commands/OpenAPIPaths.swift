import Shared

/// The templates below `paths` in an OpenAPI description (version 3.1, section 4.8.8), whatever else it says.
enum OpenAPIPaths {
    static func read(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        if let json = try? JSONLine.parse(bytes.span.bytes) { return templates(json) }
        return templates(yaml: text)
    }

    private static func templates(_ json: JSONLine) -> [String] {
        guard case .object(let members) = json,
            case .object(let paths)? = members.first(where: { $0.name.elementsEqual("paths".utf8) })?.value
        else { return [] }
        return paths.map { String(decoding: $0.name, as: UTF8.self) }.filter { $0.hasPrefix("/") }
    }

    /// The keys one level below `paths:` in block form, which is how descriptions are written.
    private static func templates(yaml text: String) -> [String] {
        var templates: [String] = []
        var level: Int?
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let indent = line.prefix { $0 == " " }.count
            let content = line.dropFirst(indent)
            if content.isEmpty || content.hasPrefix("#") { continue }
            if indent == 0 {
                isInside =
                    content.hasPrefix("paths:") || content.hasPrefix("\"paths\":") || content.hasPrefix("'paths':")
                continue
            }
            guard isInside, indent == level ?? indent, let colon = content.lastIndex(of: ":") else { continue }
            level = indent
            // A flow mapping may stand behind the key.
            let end = content.firstRange(of: ": ")?.lowerBound ?? colon
            var key = content[..<end]
            if let quote = key.first, quote == "\"" || quote == "'", key.last == quote, key.count > 1 {
                key = key.dropFirst().dropLast()
            }
            if key.hasPrefix("/") { templates.append(String(key)) }
        }
        return templates
    }
}

/// Text from the tape in documents of markup: whatever it holds, it is text there.
enum MarkupText {
    /// For HTML, SVG and XML, as text or in a quoted attribute; what does not print is shown as its code.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in visible(text).unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// What does not print, or turns the direction of what follows, as its code; nor is there what XML forbids.
    static func visible(_ text: String) -> String {
        let safe = TextStyle().safe(text)
        guard safe.unicodeScalars.contains(where: { isForbidden($0) }) else { return safe }
        var visible = ""
        for scalar in safe.unicodeScalars {
            if isForbidden(scalar) {
                visible += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                visible.unicodeScalars.append(scalar)
            }
        }
        return visible
    }

    /// Noncharacters (Unicode, section 23.7), of which XML forbids two (XML 1.0, section 2.2).
    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isNoncharacterCodePoint }
}

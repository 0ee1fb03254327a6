import Console
import Shared

/// What `replay export compose --compare` found, for people and for programs.
struct CompositionReport {
    /// Of the compose file.
    var path: String
    var comparison: CompositionComparison

    func text(_ style: TextStyle) -> String {
        var lines: [String] = []
        var last = ""
        for finding in comparison.findings {
            if finding.service != last {
                if !lines.isEmpty { lines.append("") }
                lines.append(style.tone(.strong, style.safe(finding.service)))
                last = finding.service
            }
            let tone: TextStyle.Tone = finding.rule == .notSeen ? .warning : .bad
            lines.append(
                style.tone(tone, "  \(style.safe("\(finding.rule.sign) \(finding.dependency): \(finding.rule.words)"))")
            )
        }
        if !lines.isEmpty { lines.append("") }
        if !comparison.strangers.isEmpty {
            lines.append("seen, and no service of \(style.safe(path)):")
            lines += comparison.strangers.map { "  \(style.safe($0))" } + [""]
        }
        let declared = Quantity.count(UInt64(comparison.declared), "dependency", "dependencies")
        lines.append(
            comparison.findings.isEmpty
                ? "\(declared) declared, each as it was seen"
                : Quantity.count(UInt64(comparison.findings.count), "difference"))
        return lines.joined(separator: "\n") + "\n"
    }

    var json: String {
        IndentedJSON.text { json in
            json.string("file", path)
            json.number("declared", UInt64(comparison.declared))
            json.array("findings", comparison.findings) { json, finding in
                json.string("rule", finding.rule.rawValue)
                json.string("service", finding.service)
                json.string("dependency", finding.dependency)
                json.number("line", UInt64(finding.line))
            }
            json.strings("strangers", comparison.strangers)
        }
    }
}

extension CompositionComparison.Rule {
    fileprivate var sign: String { self == .notSeen ? "-" : "+" }

    fileprivate var words: String {
        switch self {
        case .notDeclared: "seen, and not declared"
        case .notSeen: "declared, and never seen"
        case .circle: "seen, and can't be declared: it needs the service, too"
        }
    }
}

import Console
import Shared

/// What `replay diff` found, for people, for programs, for a pull request, and for what shows findings beside code.
struct DifferenceReport {
    var difference: MapDifference
    /// What the two sides are called.
    var old: String
    var new: String

    private var verdict: String {
        let counts = [MapDifference.Rule.Kind.new, .gone, .changed].map { "\(difference.count($0)) \($0.rawValue)" }
        let ignored = difference.ignored > 0 ? ", \(difference.ignored) ignored" : ""
        return counts.joined(separator: ", ") + ignored
    }

    private static func sign(_ kind: MapDifference.Rule.Kind) -> String {
        switch kind {
        case .new: "+"
        case .gone: "-"
        case .changed: "~"
        }
    }

    private static func way(_ change: MapDifference.Change, _ arrow: String) -> String {
        change.destination.isEmpty ? change.service : "\(change.service) \(arrow) \(change.destination)"
    }

    /// What happened, without whose it is.
    private static func words(_ rule: MapDifference.Rule) -> String {
        switch rule {
        case .dependencyNew, .dependencyGone: "dependency"
        case .connectionNew, .connectionGone: "connection"
        case .endpointNew, .endpointGone, .operationNew, .operationGone: ""
        case .variableNew, .variableGone: "variable"
        case .schemaKeyNew: "new key in"
        case .schemaKeyGone: "key gone from"
        case .schemaType: "type in"
        case .schemaOptional: "key in"
        case .encryption: "encryption"
        case .errorsMore: "more"
        case .errorsFewer: "fewer"
        case .slower: "slower:"
        case .faster: "faster:"
        }
    }

    private static func line(_ change: MapDifference.Change) -> String {
        switch change.rule.kind {
        case .new, .gone:
            let text = [words(change.rule), change.what].filter { !$0.isEmpty }.joined(separator: " ")
            return change.detail.isEmpty ? text : "\(text) (\(change.detail))"
        case .changed: return "\(change.what): \(words(change.rule)) \(change.detail)"
        }
    }

    /// All of a change on one line.
    static func sentence(_ change: MapDifference.Change, _ arrow: String) -> String {
        "\(way(change, arrow)): \(line(change))"
    }

    // MARK: For people

    func text(_ style: TextStyle) -> String {
        var lines: [String] = []
        var last = ""
        for change in difference.changes {
            let way = Self.way(change, style.symbol("→", "->"))
            if way != last {
                if !lines.isEmpty { lines.append("") }
                lines.append(style.tone(.strong, style.safe(way)))
                last = way
            }
            let tone: TextStyle.Tone =
                switch change.rule.kind {
                case .new: .good
                case .gone: .bad
                case .changed: .warning
                }
            lines.append(style.tone(tone, "  \(Self.sign(change.rule.kind)) \(style.safe(Self.line(change)))"))
        }
        if !lines.isEmpty { lines.append("") }
        lines.append(difference.changes.isEmpty && difference.ignored == 0 ? "no difference" : verdict)
        return lines.joined(separator: "\n") + "\n"
    }

    /// A table, as forges show it.
    var markdown: String {
        func cell(_ text: String) -> String {
            // What the traffic says must not become markup.
            var safe = ""
            for character in TextStyle().safe(text) {
                if "|\\`*_<>[]#&@~!".contains(character) { safe += "\\" }
                safe.append(character)
            }
            return safe
        }
        var lines = ["**\(cell(old)) → \(cell(new))**: \(verdict)", ""]
        guard !difference.changes.isEmpty else { return lines.joined(separator: "\n") }
        lines += ["| | | change |", "| --- | --- | --- |"]
        for change in difference.changes {
            lines.append(
                "| \(Self.sign(change.rule.kind) == "-" ? "−" : Self.sign(change.rule.kind)) "
                    + "| \(cell(Self.way(change, "→"))) | \(cell(Self.line(change))) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: For programs

    var json: String {
        IndentedJSON.text { json in
            json.string("old", old)
            json.string("new", new)
            json.object("counts") { json in
                for kind in [MapDifference.Rule.Kind.new, .gone, .changed] {
                    json.number(kind.rawValue, UInt64(difference.count(kind)))
                }
                json.number("ignored", UInt64(difference.ignored))
            }
            json.number("comparisons", UInt64(difference.comparisons))
            json.array("changes", difference.changes) { Self.write($1, &$0) }
        }
    }

    static func write(_ change: MapDifference.Change, _ json: inout IndentedJSON) {
        json.string("rule", change.rule.rawValue)
        json.string("kind", change.rule.kind.rawValue)
        json.string("service", change.service)
        if !change.destination.isEmpty { json.string("destination", change.destination) }
        if !change.what.isEmpty { json.string("what", change.what) }
        if !change.detail.isEmpty { json.string("detail", change.detail) }
    }

    /// - Parameter version: of this program.
    func sarif(version: String) -> String {
        let rules = MapDifference.Rule.allCases.map {
            SARIFLog.Rule(id: $0.rawValue, meaning: $0.meaning, level: $0.level)
        }
        let results = difference.changes.map { change in
            SARIFLog.Result(
                rule: change.rule.rawValue, level: change.rule.level, message: Self.sentence(change, "→"), path: new,
                name: [change.service, change.destination, change.what].joined(separator: "/"))
        }
        return SARIFLog(tool: "tapedeck replay diff", rules: rules, results: results).text(version: version)
    }
}

extension MapDifference.Rule {
    /// In SARIF's words: what breaks a caller is an error, what may is a warning.
    fileprivate var level: String {
        switch self {
        case .schemaKeyGone, .schemaType, .errorsMore: "error"
        case .dependencyNew, .dependencyGone, .connectionNew, .connectionGone, .endpointGone, .operationGone,
            .schemaOptional, .encryption, .slower, .variableGone:
            "warning"
        case .endpointNew, .operationNew, .schemaKeyNew, .errorsFewer, .faster, .variableNew: "note"
        }
    }

    fileprivate var meaning: String {
        switch self {
        case .dependencyNew: "A service calls another that it did not call."
        case .dependencyGone: "A service calls another no more."
        case .connectionNew: "A kind of connection is new."
        case .connectionGone: "A kind of connection is gone."
        case .endpointNew: "An endpoint is called that was not called."
        case .endpointGone: "An endpoint is called no more."
        case .operationNew: "An operation is new."
        case .operationGone: "An operation is gone."
        case .schemaKeyNew: "A body has a key that it had not."
        case .schemaKeyGone: "A key is gone from a body."
        case .schemaType: "A value in a body is of another type."
        case .schemaOptional: "A key is in some bodies that was in all, or in all that was in some."
        case .encryption: "Connections are encrypted that were not, or no more."
        case .errorsMore: "More fails than did, by more than chance."
        case .errorsFewer: "Less fails than did, by more than chance."
        case .slower: "It takes longer than it did, by more than chance."
        case .faster: "It takes less long than it did, by more than chance."
        case .variableNew: "A process has a variable that it had not."
        case .variableGone: "A variable is gone from a process."
        }
    }
}

import Console
import Shared

/// What `replay conditions verify` found, for people, for programs, and for what shows findings beside code.
struct ConditionsReport {
    /// Of the profile.
    var path: String
    var faults: [ProfileFault] = []
    /// `nil` where the profile is not valid.
    var comparison: ConditionsComparison?

    var findsSomething: Bool { !faults.isEmpty || comparison?.findings.isEmpty == false }

    // MARK: For people

    func text(_ style: TextStyle) -> String {
        var lines = faults.map { fault in
            style.tone(.bad, "line \(fault.line): \(fault.kind.rawValue): \(style.safe(fault.text))")
        }
        guard let comparison else {
            lines += ["", "\(Quantity.count(UInt64(faults.count), "error")); what was seen was not compared with it"]
            return lines.joined(separator: "\n") + "\n"
        }
        var last = ""
        for finding in comparison.findings {
            if finding.condition != last {
                if !lines.isEmpty { lines.append("") }
                lines.append(style.tone(.strong, style.safe(finding.condition)))
                last = finding.condition
            }
            lines.append(style.tone(finding.rule.tone, "  \(finding.rule.sign) \(style.safe(Self.sentence(finding)))"))
        }
        if !comparison.beyond.isEmpty {
            if !lines.isEmpty { lines.append("") }
            lines.append("seen, and in no profile for want of a word:")
            lines += comparison.beyond.map { "  \(style.safe($0))" }
        }
        if !comparison.unobservable.isEmpty {
            if !lines.isEmpty { lines.append("") }
            lines.append("declared, and nothing that is seen on a wire could tell of it:")
            lines += comparison.unobservable.map { "  \(style.safe($0))" }
        }
        if !lines.isEmpty { lines.append("") }
        let compared = Quantity.count(UInt64(comparison.compared), "condition")
        lines.append(
            comparison.findings.isEmpty
                ? "\(compared) declared, each as it was seen"
                : Quantity.count(UInt64(comparison.findings.count), "difference"))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func sentence(_ finding: ConditionsComparison.Finding) -> String {
        "\(finding.what): \(finding.rule.words)"
    }

    // MARK: For programs

    var json: String {
        IndentedJSON.text { json in
            json.string("profile", path)
            json.boolean("valid", faults.isEmpty)
            json.array("errors", faults) { json, fault in
                json.string("class", fault.kind.rawValue)
                json.number("line", UInt64(fault.line))
                json.string("text", fault.text)
            }
            json.array("findings", comparison?.findings ?? []) { json, finding in
                json.string("rule", finding.rule.rawValue)
                json.string("condition", finding.condition)
                json.string("what", finding.what)
                json.number("line", UInt64(finding.line))
            }
            json.strings("beyond", comparison?.beyond ?? [])
            json.strings("unobservable", comparison?.unobservable ?? [])
        }
    }

    /// - Parameter version: of this program.
    func sarif(version: String) -> String {
        let rules =
            ProfileFault.Kind.allCases.map { SARIFLog.Rule(id: $0.rawValue, meaning: $0.meaning, level: "error") }
            + ConditionsComparison.Rule.allCases.map {
                SARIFLog.Rule(id: $0.rawValue, meaning: $0.meaning, level: $0.level)
            }
        let results =
            faults.map {
                SARIFLog.Result(
                    rule: $0.kind.rawValue, level: "error", message: $0.text, path: path, line: $0.line, name: "profile"
                )
            }
            + (comparison?.findings ?? []).map {
                SARIFLog.Result(
                    rule: $0.rule.rawValue, level: $0.rule.level, message: "\($0.condition): \(Self.sentence($0))",
                    path: path,
                    line: $0.line, name: "\($0.condition)/\($0.what)")
            }
        return SARIFLog(tool: "tapedeck replay conditions verify", rules: rules, results: results).text(
            version: version)
    }
}

extension ConditionsComparison.Rule {
    fileprivate var isMissing: Bool {
        switch self {
        case .conditionNotDeclared, .operationNotDeclared, .variableNotDeclared: true
        case .conditionNotSeen, .operationNotSeen, .schemaDiffers, .variableNotSeen: false
        }
    }

    fileprivate var sign: String { self == .schemaDiffers ? "~" : isMissing ? "+" : "-" }
    fileprivate var tone: TextStyle.Tone { self == .schemaDiffers ? .warning : isMissing ? .bad : .warning }

    fileprivate var words: String {
        switch self {
        case .conditionNotDeclared, .operationNotDeclared, .variableNotDeclared: "seen, and not declared"
        case .conditionNotSeen, .operationNotSeen: "declared, and never seen"
        case .variableNotSeen: "declared, and not in the environment"
        case .schemaDiffers: "declared otherwise than it was seen"
        }
    }

    /// In SARIF's words: what a platform would not provide is an error.
    fileprivate var level: String {
        switch self {
        case .conditionNotDeclared, .operationNotDeclared, .schemaDiffers: "error"
        case .conditionNotSeen, .variableNotDeclared, .variableNotSeen: "warning"
        case .operationNotSeen: "note"
        }
    }

    fileprivate var meaning: String {
        switch self {
        case .conditionNotDeclared: "A workload needs what its profile does not declare."
        case .conditionNotSeen: "A profile declares what its workload was never seen to use."
        case .operationNotDeclared: "A workload asks for what its profile does not declare."
        case .operationNotSeen: "A profile declares what was never asked for."
        case .schemaDiffers: "A body is not as it is declared."
        case .variableNotDeclared: "A variable tells of a dependency, and is not declared."
        case .variableNotSeen: "A variable is declared, and not in the environment."
        }
    }
}

extension ProfileFault.Kind {
    fileprivate var meaning: String {
        switch self {
        case .structural: "The document is not of the form of a profile."
        case .unknownExtension: "An extension is listed that is not known."
        case .extensionDependency: "An extension needs another one that is not listed."
        case .unresolvedVocabulary: "No listed extension defines what a condition says."
        case .vocabularyConflict: "Several listed extensions define the same."
        case .semantic: "A condition is not as its extension defines it."
        }
    }
}

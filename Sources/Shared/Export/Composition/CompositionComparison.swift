/// A compose file beside what was seen: which dependencies it declares that nobody needed, and which were needed that it does not declare.
package struct CompositionComparison {
    package enum Rule: String, Sendable {
        case notDeclared = "dependency-not-declared"
        case notSeen = "dependency-not-seen"
        /// Needed, and can't be declared: the other needs the service, too.
        case circle = "dependency-in-circle"
    }

    package struct Finding: Equatable, Sendable {
        package var rule: Rule
        package var service: String
        package var dependency: String
        /// Of the compose file: where the dependency is declared, or else the service.
        package var line: Int
    }

    /// By service, rule and dependency.
    package private(set) var findings: [Finding] = []
    /// Dependencies that are declared.
    package private(set) var declared = 0
    /// Who was seen, and is no service of the file.
    package private(set) var strangers: [String] = []
    /// What the file does not declare, with the condition that each has to have.
    private var missing: [String: [String: ComposeFile.Condition]] = [:]

    /// - Parameter wanted: the only service that is looked at; `nil`: all.
    package init(_ composition: DeclaredComposition, _ file: ComposeFile, wanted: String? = nil) {
        var unknown: Set<String> = []
        var needed: [String: Set<String>] = [:]
        for (caller, others) in file.seen {
            for other in others {
                let ends = [caller, other].map { composition.service(called: $0) }
                for (name, end) in zip([caller, other], ends) where end == nil { unknown.insert(name) }
                if let service = ends[0], let dependency = ends[1], service != dependency {
                    needed[service, default: []].insert(dependency)
                }
            }
        }
        var beside: [String: Set<String>] = [:]
        for (caller, others) in file.supporting {
            guard let service = composition.service(called: caller) else { continue }
            beside[service, default: []].formUnion(others.compactMap { composition.service(called: $0) })
        }
        strangers = unknown.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var all = needed
        for (name, service) in composition.services { all[name, default: []].formUnion(service.dependencies.keys) }
        let circles = Circles(all)
        let looked = wanted.flatMap { composition.service(called: $0) }
        for (name, service) in composition.services where wanted == nil || name == looked {
            declared += service.dependencies.count
            let seen = needed[name] ?? []
            for (dependency, line) in service.dependencies where !seen.contains(dependency) {
                guard beside[name]?.contains(dependency) != true else { continue }
                findings.append(Finding(rule: .notSeen, service: name, dependency: dependency, line: line))
            }
            for dependency in seen where service.dependencies[dependency] == nil {
                let isCircle = circles.hold(name, dependency)
                findings.append(
                    Finding(
                        rule: isCircle ? .circle : .notDeclared, service: name, dependency: dependency,
                        line: service.line))
                guard !isCircle else { continue }
                let isChecked = composition.services[dependency]?.hasHealthCheck == true
                missing[name, default: [:]][dependency] = isChecked ? .healthy : .started
            }
        }
        findings.sort {
            [$0.service, $0.rule.rawValue, $0.dependency].lexicographicallyPrecedes([
                $1.service, $1.rule.rawValue, $1.dependency,
            ])
        }
    }

    /// What the compose file lacks, to be merged into it.
    /// - Parameter from: what it was made from, for people.
    package func fragment(from: String) -> String { ComposeFile.text(missing, from: from) }
}

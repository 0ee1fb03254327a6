/// Which services of a composition were seen to need which others, as a fragment of a compose file: services with `depends_on`, and nothing
/// else (Compose Specification, "depends_on").
package struct ComposeFile {
    /// What was seen: whom each service needs.
    private(set) var seen: [String: Set<String>] = [:]
    /// Whom they talk to beside it: health checks, telemetry.
    private(set) var supporting: [String: Set<String>] = [:]
    private(set) var leftOut = LeftOut()

    /// What was asked of destinations that are not told apart: what is declared and was not seen may be among them; `nil` where
    /// all are told apart.
    package var unknown: String? { leftOut.text(.foldedPlace) }

    /// When a service begins that needs another.
    enum Condition: String, Sendable {
        /// The other has begun.
        case started = "service_started"
        /// The other's health check says yes.
        case healthy = "service_healthy"
    }

    /// Health checks, telemetry and lookups of names make nobody need another.
    package init(_ map: ServiceMapDocument, _ surroundings: ServiceSurroundings) {
        for dependency in Dependency.all(in: map, surroundings) where !dependency.looksUpNames {
            guard dependency.folded == 0 else {
                leftOut.add(dependency.source, .foldedPlace, count: dependency.folded)
                continue
            }
            guard !dependency.isLocal else {
                if dependency.isUnnamed { leftOut.add(dependency.destination, .ownMachine) }
                continue
            }
            if dependency.isSupporting {
                if let caller = dependency.caller, let workload = dependency.workload {
                    supporting[caller, default: []].insert(workload)
                }
                continue
            }
            guard let caller = dependency.caller else {
                leftOut.add(dependency.source, .caller)
                continue
            }
            guard let workload = dependency.workload else {
                leftOut.add(dependency.destination, .host)
                continue
            }
            let names = [caller, workload]
            for name in names where !Self.isServiceName(name) { leftOut.add(name, .name) }
            guard caller != workload, names.allSatisfy({ Self.isServiceName($0) }) else { continue }
            seen[caller, default: []].insert(workload)
        }
    }

    /// As the specification's schema has it.
    private static func isServiceName(_ name: String) -> Bool { name.wholeMatch(of: /[a-zA-Z0-9._-]+/) != nil }

    /// The fragment of all that was seen.
    /// - Parameter from: what it was made from, for people.
    package func fragment(from: String) -> (text: String, leftOut: [String]) {
        let circles = Circles(seen)
        var leftOut = leftOut
        var said: [String: [String: Condition]] = [:]
        for (service, others) in seen {
            for other in others {
                if circles.hold(service, other) {
                    leftOut.add("\(service) → \(other)", .circle)
                } else {
                    said[service, default: [:]][other] = .started
                }
            }
        }
        return (Self.text(said, from: from), leftOut.texts)
    }

    static func text(_ dependencies: [String: [String: Condition]], from: String) -> String {
        let byName = { (a: String, b: String) in a.utf8.lexicographicallyPrecedes(b.utf8) }
        let services = dependencies.sorted { byName($0.key, $1.key) }.map { service, others in
            let conditions = others.sorted { byName($0.key, $1.key) }.map { other, condition in
                DocumentTree.Member(
                    other, .map([DocumentTree.Member("condition", .text(condition.rawValue))]))
            }
            return DocumentTree.Member(service, .map([DocumentTree.Member("depends_on", .map(conditions))]))
        }
        let head = [
            MarkupText.visible(from),
            "A draft, to be merged into a compose file: which services were seen to need which others.",
        ]
        return head.map { "# \($0)\n" }.joined()
            + DocumentTree.map([DocumentTree.Member("services", .map(services))]).yaml
    }
}

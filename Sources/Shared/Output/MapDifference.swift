/// What is new, gone or different between two maps.
package struct MapDifference: Sendable {
    /// What kind of change it is: by these names lists of what is to be ignored, and other tools, know it.
    package enum Rule: String, Sendable, CaseIterable {
        case dependencyNew = "dependency-new"
        case dependencyGone = "dependency-gone"
        case connectionNew = "connection-new"
        case connectionGone = "connection-gone"
        case endpointNew = "endpoint-new"
        case endpointGone = "endpoint-gone"
        case operationNew = "operation-new"
        case operationGone = "operation-gone"
        case schemaKeyNew = "schema-key-new"
        case schemaKeyGone = "schema-key-gone"
        case schemaType = "schema-type"
        case schemaOptional = "schema-optional"
        case encryption
        case errorsMore = "errors-more"
        case errorsFewer = "errors-fewer"
        case slower
        case faster
        case variableNew = "variable-new"
        case variableGone = "variable-gone"

        /// How it stands beside the other side.
        package enum Kind: String, Sendable { case new, gone, changed }

        package var kind: Kind {
            switch self {
            case .dependencyNew, .connectionNew, .endpointNew, .operationNew, .variableNew: .new
            case .dependencyGone, .connectionGone, .endpointGone, .operationGone, .variableGone: .gone
            case .schemaKeyNew, .schemaKeyGone, .schemaType, .schemaOptional, .encryption, .errorsMore, .errorsFewer,
                .slower, .faster:
                .changed
            }
        }

        /// Whether it says what is done, and not how often or how fast.
        package var isOfWhatIsDone: Bool {
            switch self {
            case .errorsMore, .errorsFewer, .slower, .faster: false
            default: true
            }
        }
    }

    package struct Change: Sendable, Equatable {
        package var rule: Rule
        package var service: String
        /// Nothing of a variable.
        package var destination: String
        /// What is asked, or the variable; nothing of a dependency.
        package var what: String
        /// From what to what, or how often.
        package var detail: String
    }

    /// By service, destination and what is asked; of one thing in the order of the rules.
    package private(set) var changes: [Change] = []
    /// Changes that the user does not want to see.
    package private(set) var ignored = 0
    /// How many rates and durations were compared.
    package private(set) var comparisons = 0

    /// - Parameter ignoring: what the user does not want to see.
    package init(_ old: MapFacts, _ new: MapFacts, ignoring: IgnoredChanges = IgnoredChanges()) {
        var (old, new) = (old, new)
        TemplatesOfBoth(old, new).unify(&old, &new)
        dependencies(old, new)
        asked(old, new)
        connections(old, new)
        numbers(old, new)
        variables(old, new)
        let all = changes.sorted { a, b in
            for (own, other) in [(a.service, b.service), (a.destination, b.destination), (a.what, b.what)]
            where own != other {
                return own.utf8.lexicographicallyPrecedes(other.utf8)
            }
            if a.rule != b.rule { return a.rule.order < b.rule.order }
            return a.detail.utf8.lexicographicallyPrecedes(b.detail.utf8)
        }
        changes = all.filter { !ignoring.contains($0) }
        ignored = all.count - changes.count
    }

    package func count(_ kind: Rule.Kind) -> Int { changes.count { $0.rule.kind == kind } }

    /// What is done and not a part of what was agreed on: what is new, and bodies of another form.
    package var beyond: [Change] {
        changes.filter { $0.rule.isOfWhatIsDone && $0.rule.kind != .gone && $0.rule != .schemaKeyGone }
    }

    // MARK: What there is

    private struct Way: Hashable {
        var service: String
        var destination: String
    }

    private mutating func dependencies(_ old: MapFacts, _ new: MapFacts) {
        func ways(_ facts: MapFacts) -> [Way: Set<String>] {
            var ways: [Way: Set<String>] = [:]
            for key in facts.asked.keys {
                ways[Way(service: key.service, destination: key.destination), default: []].insert(key.protocolName)
            }
            for key in facts.edges.keys {
                ways[Way(service: key.service, destination: key.destination), default: []].insert(key.protocolName)
            }
            return ways
        }
        let (before, after) = (ways(old), ways(new))
        for (way, protocols) in after where before[way] == nil {
            add(.dependencyNew, way.service, way.destination, "", protocols.sorted().joined(separator: ", "))
        }
        for (way, protocols) in before where after[way] == nil {
            add(.dependencyGone, way.service, way.destination, "", protocols.sorted().joined(separator: ", "))
        }
    }

    private mutating func asked(_ old: MapFacts, _ new: MapFacts) {
        for (key, numbers) in new.asked where old.asked[key] == nil {
            let rule = key.method.isEmpty ? Rule.operationNew : .endpointNew
            add(rule, key.service, key.destination, key.text, Self.times(numbers.count))
        }
        for (key, numbers) in old.asked {
            guard let now = new.asked[key] else {
                let rule = key.method.isEmpty ? Rule.operationGone : .endpointGone
                add(rule, key.service, key.destination, key.text, Self.times(numbers.count))
                continue
            }
            let bothSucceed = !numbers.successes.isEmpty && !now.successes.isEmpty
            for (name, own, other) in [
                ("request", numbers.requests, now.requests),
                (
                    "response", bothSucceed ? numbers.successes : numbers.responses,
                    bothSucceed ? now.successes : now.responses
                ),
            ] {
                for change in ShapeDifference.changes(own, other) {
                    let detail = "\(name)\(change.place.isEmpty ? "" : " \(change.place)")"
                    add(
                        change.rule, key.service, key.destination, key.text,
                        change.text.isEmpty ? detail : "\(detail): \(change.text)")
                }
            }
        }
    }

    private mutating func connections(_ old: MapFacts, _ new: MapFacts) {
        func text(_ edge: MapFacts.Edge) -> String { "\(edge.protocolName), port \(edge.port)" }
        for (edge, numbers) in new.edges where old.edges[edge] == nil {
            add(.connectionNew, edge.service, edge.destination, text(edge), Self.times(numbers.count))
        }
        for (edge, numbers) in old.edges {
            guard let now = new.edges[edge] else {
                add(.connectionGone, edge.service, edge.destination, text(edge), Self.times(numbers.count))
                continue
            }
            if numbers.isEncrypted != now.isEncrypted {
                let detail = now.isEncrypted ? "in plain text → TLS" : "TLS → in plain text"
                add(.encryption, edge.service, edge.destination, text(edge), detail)
            }
        }
    }

    private mutating func variables(_ old: MapFacts, _ new: MapFacts) {
        guard let before = old.variables, let after = new.variables else { return }
        for service in Set(before.keys).union(after.keys) {
            // A service that only one side has is told of by what it does.
            guard let own = before[service], let other = after[service] else { continue }
            for name in other.subtracting(own) { add(.variableNew, service, "", name, "") }
            for name in own.subtracting(other) { add(.variableGone, service, "", name, "") }
        }
    }

    private static func times(_ count: UInt64) -> String { count == 0 ? "" : Quantity.count(count, "time") }

    private mutating func add(
        _ rule: Rule, _ service: String, _ destination: String, _ what: String, _ detail: String
    ) {
        changes.append(
            Change(rule: rule, service: service, destination: destination, what: what, detail: detail))
    }

    // MARK: Numbers

    private mutating func numbers(_ old: MapFacts, _ new: MapFacts) {
        let asked = old.asked.keys.filter { new.asked[$0] != nil }
        let edges = old.edges.keys.filter { new.edges[$0] != nil }
        func hasLatency(_ key: MapFacts.Asked) -> Bool {
            [old, new].allSatisfy { ($0.asked[key]?.latency?.count ?? 0) >= DifferenceTest.fewest }
        }
        comparisons = asked.count + edges.count + asked.count(where: hasLatency)
        let test = DifferenceTest(comparisons: comparisons)
        for key in asked {
            guard let before = old.asked[key], let after = new.asked[key] else { continue }
            let what = (key.service, key.destination, key.text)
            rates(
                DifferenceTest.Rate(part: before.errors, whole: before.count),
                DifferenceTest.Rate(part: after.errors, whole: after.count), test, what, "errors")
            guard let own = before.latency, let other = after.latency, test.differ(own, other) else { continue }
            let (p50, now50) = (own.percentile(perMille: 500) ?? 0, other.percentile(perMille: 500) ?? 0)
            let (p99, now99) = (own.percentile(perMille: 990) ?? 0, other.percentile(perMille: 990) ?? 0)
            let isSlower = now50 == p50 ? now99 > p99 : now50 > p50
            add(
                isSlower ? .slower : .faster, what.0, what.1, what.2,
                "p50 \(Self.milliseconds(p50)) → \(Self.milliseconds(now50)), "
                    + "p99 \(Self.milliseconds(p99)) → \(Self.milliseconds(now99))")
        }
        for edge in edges {
            guard let before = old.edges[edge], let after = new.edges[edge] else { continue }
            rates(
                DifferenceTest.Rate(part: before.failures, whole: before.count &+ before.failures),
                DifferenceTest.Rate(part: after.failures, whole: after.count &+ after.failures), test,
                (edge.service, edge.destination, "\(edge.protocolName), port \(edge.port)"), "failed connects")
        }
    }

    private mutating func rates(
        _ before: DifferenceTest.Rate, _ after: DifferenceTest.Rate, _ test: DifferenceTest,
        _ what: (String, String, String), _ name: String
    ) {
        guard test.differ(before, after) else { return }
        let isMore =
            after.part.multipliedFullWidth(by: before.whole) > before.part.multipliedFullWidth(by: after.whole)
        add(
            isMore ? .errorsMore : .errorsFewer, what.0, what.1, what.2,
            "\(name) \(Quantity.count(before.part)) of \(Quantity.count(before.whole)) → "
                + "\(Quantity.count(after.part)) of \(Quantity.count(after.whole))")
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        MillisecondsText.text(nanoseconds: nanoseconds) + " ms"
    }
}

extension MapDifference.Rule {
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// One set of templates for both sides: what is a parameter on one is it on the other, too, however few paths that one has seen.
private struct TemplatesOfBoth {
    private var rules: [String: PathRules] = [:]

    init(_ old: MapFacts, _ new: MapFacts) {
        var templates: [String: [String: Int]] = [:]
        for (side, facts) in [old, new].enumerated() {
            for key in facts.asked.keys where key.name.hasPrefix("/") && !key.method.isEmpty {
                templates[key.destination, default: [:]][key.name, default: 0] |= 1 << side
            }
        }
        for (destination, sides) in templates where sides.keys.contains(where: { $0.contains("{") }) {
            var rules = PathRules()
            // A word that both have is one, though a parameter may stand in its place.
            for (template, side) in sides.sorted(by: { $0.key < $1.key })
            where template.contains("{") || template.hasSuffix("/**") || side == 3 {
                try? rules.add(method: nil, host: nil, template: template)
            }
            self.rules[destination] = rules
        }
    }

    func unify(_ old: inout MapFacts, _ new: inout MapFacts) {
        old.asked = unified(old.asked)
        new.asked = unified(new.asked)
    }

    private func unified(_ asked: [MapFacts.Asked: MapFacts.Numbers]) -> [MapFacts.Asked: MapFacts.Numbers] {
        var result: [MapFacts.Asked: MapFacts.Numbers] = [:]
        for (key, numbers) in asked {
            var key = key
            if !key.method.isEmpty, let rules = rules[key.destination] {
                let path = Array(key.name.utf8)
                if let rule = rules.match(path.span.bytes, method: RawSpan(), host: RawSpan()) {
                    key.name = String(decoding: rule, as: UTF8.self)
                }
            }
            result[key, default: MapFacts.Numbers()].merge(numbers)
        }
        return result
    }
}

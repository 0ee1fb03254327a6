/// What a profile declares beside what was seen: what is declared and never seen, and what is seen and not declared.
package struct ConditionsComparison: Sendable {
    package enum Rule: String, CaseIterable, Sendable {
        case conditionNotDeclared = "condition-not-declared"
        case conditionNotSeen = "condition-not-seen"
        case operationNotDeclared = "operation-not-declared"
        case operationNotSeen = "operation-not-seen"
        case schemaDiffers = "schema-differs"
        case variableNotDeclared = "variable-not-declared"
        case variableNotSeen = "variable-not-seen"
    }

    package struct Finding: Equatable, Sendable {
        package var rule: Rule
        /// The condition's name: as it is declared, or would be.
        package var condition: String
        /// What it is about: a kind, an operation, a variable.
        package var what: String
        /// Where it is declared, or would belong.
        package var line: Int
    }

    /// In the order of the profile, and then of what is not in it.
    package private(set) var findings: [Finding] = []
    /// What was seen and could be in no profile.
    package private(set) var beyond: [String] = []
    /// Conditions that are declared and of which no observation could tell: kinds of supplied vocabularies.
    package private(set) var unobservable: [String] = []
    /// Conditions that were compared.
    package private(set) var compared = 0

    private typealias Declared = DeclaredProfile.DeclaredCondition

    /// - Parameters:
    ///   - declared: a valid profile.
    ///   - map: with bodies.
    ///   - service: the workload's name in the map.
    ///   - supplied: the vocabularies with which the profile was read.
    package init(
        _ declared: DeclaredProfile, of service: String, _ map: ServiceMapDocument, _ surroundings: ServiceSurroundings,
        _ supplied: SuppliedVocabularies = SuppliedVocabularies()
    ) throws(ConditionsFinder.Refusal) {
        var seen: [Condition] = []
        do throws(ConditionsFinder.Refusal) {
            let (profile, evidence) = try ConditionsFinder.profile(of: service, uri: "", map, surroundings, supplied)
            seen = profile.conditions
            beyond = evidence.leftOut.filter(\.isLoss).map(\.text)
        } catch {
            guard case .nothingToSay(let evidence) = error else { throw error }
            beyond = evidence.leftOut.filter(\.isLoss).map(\.text)
        }
        let known = surroundings.services[service]?.variables
        let pairs = Self.pairs(declared.conditions, seen)
        for (number, own) in declared.conditions.enumerated() {
            guard let pair = pairs[number] else {
                if case .supplied(let interface) = own.condition.interface,
                    !supplied.isObservable(.init(kind: interface.kind, name: interface.type))
                {
                    unobservable.append(
                        "\(own.condition.name.isEmpty ? "" : own.condition.name + ": ")\(Self.kind(own.condition))")
                    continue
                }
                add(
                    .conditionNotSeen, own.condition, Self.kind(own.condition) + (own.isOptional ? ", optional" : ""),
                    own.line)
                continue
            }
            compared += 1
            compare(own, seen[pair])
            compareVariables(own, seen[pair], known.map { Set($0.keys) })
        }
        let lastLine = declared.conditions.last?.line ?? 1
        for (number, condition) in seen.enumerated() where !pairs.values.contains(number) {
            add(.conditionNotDeclared, condition, Self.kind(condition), lastLine)
        }
    }

    private mutating func add(_ rule: Rule, _ condition: Condition, _ what: String, _ line: Int) {
        findings.append(Finding(rule: rule, condition: condition.name, what: what, line: line))
    }

    private static func kind(_ condition: Condition) -> String {
        let engine: String? =
            switch condition.interface {
            case .datastore(_, let engine), .cache(let engine): engine
            case .supplied(let interface): interface.engine
            case .api, .nats: nil
            }
        return ["\(condition.kind)/\(condition.type)", engine].compactMap { $0 }.joined(separator: " ")
    }

    // MARK: Which is which

    /// What was seen for each that is declared: of one kind, and then by name, by variables, by what is asked.
    private static func pairs(_ declared: [Declared], _ seen: [Condition]) -> [Int: Int] {
        struct Match {
            var declared: Int
            var seen: Int
            var score: [Int]
        }
        var matches: [Match] = []
        for (left, own) in declared.enumerated() {
            for (right, other) in seen.enumerated() where isAlike(own.condition, other) {
                let variables = Set(own.condition.configurations.joined().map(\.name))
                    .intersection(other.configurations.joined().map(\.name)).count
                let score = [own.condition.name == other.name ? 1 : 0, variables, shared(own, other)]
                matches.append(Match(declared: left, seen: right, score: score))
            }
        }
        matches.sort { a, b in
            if a.score != b.score { return b.score.lexicographicallyPrecedes(a.score) }
            return (a.declared, a.seen) < (b.declared, b.seen)
        }
        var pairs: [Int: Int] = [:]
        var taken: Set<Int> = []
        for match in matches where pairs[match.declared] == nil && !taken.contains(match.seen) {
            pairs[match.declared] = match.seen
            taken.insert(match.seen)
        }
        return pairs
    }

    /// They are of one kind and type, and no two engines are named.
    private static func isAlike(_ a: Condition, _ b: Condition) -> Bool {
        switch (a.interface, b.interface) {
        case (.api, .api), (.nats, .nats): true
        case (.datastore(let type, let engine), .datastore(let other, let another)):
            type == other && (engine == nil || another == nil || engine == another)
        case (.cache(let engine), .cache(let another)): engine == nil || another == nil || engine == another
        case (.supplied(let own), .supplied(let other)):
            (own.kind, own.type) == (other.kind, other.type)
                && (own.engine == nil || other.engine == nil || own.engine == other.engine)
        default: false
        }
    }

    /// How many operations that were seen are declared.
    private static func shared(_ declared: Declared, _ seen: Condition) -> Int {
        switch (declared.condition.interface, seen.interface) {
        case (.api(let own), .api(let others)):
            others.count { other in own.contains { covers($0, other) } }
        case (.nats(let own), .nats(let others)):
            others.count { other in own.contains { covers($0, other) } }
        default: 0
        }
    }

    // MARK: Operations

    private mutating func compare(_ declared: Declared, _ seen: Condition) {
        switch (declared.condition.interface, seen.interface) {
        case (.api(let own), .api(let others)):
            for (operation, line) in zip(own, declared.lines) {
                let found = others.filter { other in
                    // Whoever is declared more exactly is meant (OpenAPI: concrete paths before those with parameters).
                    let parameters = own.filter { Self.covers($0, other) }.map(Self.parameters).min()
                    return Self.covers(operation, other) && Self.parameters(operation) == parameters
                }
                if found.isEmpty {
                    add(.operationNotSeen, declared.condition, "\(operation.method) \(operation.path)", line)
                }
                for other in found { compare(operation, other, declared.condition, line) }
            }
            // What a description elsewhere has is not known here.
            guard !declared.hasDescription else { return }
            for other in others where !own.contains(where: { Self.covers($0, other) }) {
                add(.operationNotDeclared, declared.condition, "\(other.method) \(other.path)", declared.line)
            }
        case (.nats(let own), .nats(let others)):
            for (operation, line) in zip(own, declared.lines)
            where !others.contains(where: { Self.covers(operation, $0) }) {
                add(.operationNotSeen, declared.condition, operation.text, line)
            }
            for other in others where !own.contains(where: { Self.covers($0, other) }) {
                add(.operationNotDeclared, declared.condition, other.text, declared.line)
            }
        default: break
        }
    }

    private static func isParameter(_ segment: Substring) -> Bool { segment.hasPrefix("{") && segment.hasSuffix("}") }

    private static func parameters(_ operation: APIOperation) -> Int {
        operation.path.split(separator: "/").count(where: isParameter)
    }

    /// A parameter stands for any one segment.
    private static func covers(_ declared: APIOperation, _ seen: APIOperation) -> Bool {
        let (own, others) = (
            declared.path.split(separator: "/", omittingEmptySubsequences: false),
            seen.path.split(separator: "/", omittingEmptySubsequences: false)
        )
        return declared.method == seen.method && own.count == others.count
            && zip(own, others).allSatisfy { $0 == $1 || isParameter($0) && !$1.isEmpty }
    }

    /// As NATS matches: `*` stands for one word, `>` for all that follow.
    private static func covers(_ declared: NATSCondition, _ seen: NATSCondition) -> Bool {
        guard declared.resource == seen.resource, declared.action == seen.action else { return false }
        if declared.name == seen.name { return true }
        guard declared.resource == .subject else { return false }
        let (own, others) = (declared.name.split(separator: "."), seen.name.split(separator: "."))
        for (place, word) in own.enumerated() {
            if word == ">", place == own.count - 1 { return others.count > place }
            guard place < others.count, word == others[place] || word == "*" && others[place] != ">" else {
                return false
            }
        }
        return own.count == others.count
    }

    private mutating func compare(_ declared: APIOperation, _ seen: APIOperation, _ condition: Condition, _ line: Int) {
        for (body, own, other) in [
            ("request", declared.request, seen.request), ("response", declared.response, seen.response),
        ] {
            guard let own, let other, let place = Self.difference(own, other, []) else { continue }
            let spot = place.isEmpty ? "" : " at \(place.joined(separator: "."))"
            add(.schemaDiffers, condition, "\(declared.method) \(declared.path) \(body)\(spot)", line)
        }
    }

    /// Where what was seen is of another type than is declared; a key that is declared and was not in all bodies differs, too.
    private static func difference(_ declared: SimpleSchema, _ seen: SimpleSchema, _ place: [String]) -> [String]? {
        switch (declared, seen) {
        case (.number, .integer): return nil
        case (.array(let own), .array(let other)): return difference(own, other, place + ["[]"])
        case (.object(let own), .object(let others)):
            // Objects of which nothing is said may hold anything.
            guard !own.isEmpty, !others.isEmpty else { return nil }
            for member in own {
                guard let other = others.first(where: { $0.key == member.key }) else { return place + [member.key] }
                if let found = difference(member.schema, other.schema, place + [member.key]) { return found }
            }
            return nil
        default: return declared == seen ? nil : place
        }
    }

    // MARK: Variables

    /// - Parameter known: the names of all variables that the workload has; `nil` where no environment is known.
    private mutating func compareVariables(_ declared: Declared, _ seen: Condition, _ known: Set<String>?) {
        guard let known, !known.isEmpty else { return }
        let ways = declared.condition.configurations.map { $0.map(\.name) }
        // One of the alternatives is enough.
        if !ways.isEmpty, !ways.contains(where: { known.isSuperset(of: $0) }) {
            for name in ways[0] where !known.contains(name) {
                add(.variableNotSeen, declared.condition, name, declared.line)
            }
        }
        let names = Set(ways.joined())
        for variable in seen.configurations.joined() where !names.contains(variable.name) {
            add(.variableNotDeclared, declared.condition, variable.name, declared.line)
        }
    }
}

/// A schema as common-integrations v1alpha1 has it: a type's name, an object of such, or an array with exactly one kind of element.
indirect enum SimpleSchema: Equatable, Sendable {
    case string, number, integer, boolean, null
    /// By the bytes of their keys; one without members says that anything may be there.
    case object([Member])
    case array(SimpleSchema)

    struct Member: Equatable, Sendable {
        var key: String
        var schema: SimpleSchema
    }

    /// What of a body can't be said in it.
    struct Loss: Equatable, Sendable {
        /// Keys from the body down, `[]` for an element.
        var place: [String]
        var reason: Reason
    }

    enum Reason: String, Sendable {
        /// Some have it.
        case optional = "not in all of them"
        /// Objects of several kinds, or with options alone.
        case nothingCommon = "no key that all of them have"
        case union = "of several types"
        case nullable = "null in some of them"
        case emptyArray = "always an empty list"
        case table = "keys are data"
        case unknown = "too large, or too deep"
        case notJSON = "no JSON"
        case notAlways = "not in all messages"
    }

    /// The schema of what JSON bodies have in common.
    /// - Returns: `nil` where it can't be said; why is among the losses.
    static func lowered(_ schema: GeneralSchema, _ losses: inout [Loss]) -> SimpleSchema? {
        var lowering = Lowering()
        // A body that is no JSON has one member, by what it is.
        if schema.facts.members.count == 1, let key = schema.facts.members.keys.first,
            ["{form}", "{multipart}", "{xml}"].contains(key)
        {
            losses.append(Loss(place: [], reason: .notJSON))
            return nil
        }
        let lowered = lowering.lower(schema.facts, [])
        losses += lowering.losses
        return lowered
    }

    private struct Lowering {
        var losses: [Loss] = []

        mutating func lower(_ facts: SchemaFacts, _ place: [String]) -> SimpleSchema? {
            func lose(_ reason: Reason) { losses.append(Loss(place: place, reason: reason)) }
            guard facts.others == 0, facts.total > 0 else {
                lose(.unknown)
                return nil
            }
            let numbers = facts.integers &+ facts.fractions
            let kinds = [facts.booleans, numbers, facts.texts, facts.arrays, facts.objects].count { $0 > 0 }
            guard kinds > 0 else { return .null }
            guard kinds == 1 else {
                lose(.union)
                return nil
            }
            if facts.nulls > 0 { lose(.nullable) }
            if facts.booleans > 0 { return .boolean }
            if numbers > 0 { return facts.fractions > 0 ? .number : .integer }
            if facts.texts > 0 { return .string }
            if facts.objects > 0 { return object(facts, place) }
            guard let element = facts.elements.first else {
                lose(.emptyArray)
                return nil
            }
            return lower(element, place + ["[]"]).map { .array($0) }
        }

        private mutating func object(_ facts: SchemaFacts, _ place: [String]) -> SimpleSchema? {
            let (members, table, _) = facts.shownMembers
            guard members.isEmpty || table != nil || members.values.contains(where: { $0.times == facts.objects })
            else {
                losses.append(Loss(place: place, reason: .nothingCommon))
                return nil
            }
            if table != nil { losses.append(Loss(place: place, reason: .table)) }
            var own: [Member] = []
            for (key, member) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                guard member.times == facts.objects else {
                    losses.append(Loss(place: place + [key], reason: .optional))
                    continue
                }
                if let schema = lower(member.facts, place + [key]) { own.append(Member(key: key, schema: schema)) }
            }
            return .object(own)
        }
    }
}

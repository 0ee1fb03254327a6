/// What became of a schema: keys that are gone or new, types that changed, keys that not all have any more.
enum ShapeDifference {
    struct Change: Equatable {
        var rule: MapDifference.Rule
        /// Where: `.items[].sku`; nothing of the body itself.
        var place: String
        var text: String
    }

    /// - Parameters:
    ///   - old: the shapes of bodies, of which each holds for some.
    static func changes(_ old: [Shape], _ new: [Shape]) -> [Change] {
        guard !old.isEmpty, !new.isEmpty else { return [] }
        var changes: [Change] = []
        compare(Shape.joined(bodies(old)), Shape.joined(bodies(new)), "", &changes)
        return changes
    }

    /// Those that are there: that one message had none says nothing of the others.
    private static func bodies(_ shapes: [Shape]) -> [Shape] {
        let bodies = shapes.filter { $0 != .empty }
        return bodies.isEmpty ? [.empty] : bodies
    }

    private static func compare(_ old: Shape, _ new: Shape, _ place: String, _ changes: inout [Change]) {
        let (before, after) = (Kinds(old), Kinds(new))
        if before.names != after.names {
            changes.append(
                Change(
                    rule: .schemaType, place: place,
                    text: "\(before.names.joined(separator: " | ")) → \(after.names.joined(separator: " | "))"))
        }
        if let own = before.elements, let other = after.elements, !own.isEmpty, !other.isEmpty {
            compare(Shape.joined(own), Shape.joined(other), place + "[]", &changes)
        }
        guard let own = before.members, let others = after.members else { return }
        let known = Dictionary(own.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        let now = Dictionary(others.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for key in Set(known.keys).union(now.keys).sorted() {
            let at = "\(place).\(key)"
            switch (known[key], now[key]) {
            case (.some, nil): changes.append(Change(rule: .schemaKeyGone, place: at, text: ""))
            case (nil, .some(let member)):
                let kinds = Kinds(member.shape).names.joined(separator: " | ")
                changes.append(Change(rule: .schemaKeyNew, place: at, text: kinds))
            case (.some(let member), .some(let other)):
                if member.isOptional != other.isOptional {
                    changes.append(
                        Change(
                            rule: .schemaOptional, place: at,
                            text: other.isOptional ? "always there → optional" : "optional → always there"))
                }
                compare(member.shape, other.shape, at, &changes)
            case (nil, nil): break
            }
        }
    }

    /// What a shape may be.
    private struct Kinds {
        var names: [String] = []
        var members: [Shape.Member]?
        var elements: [Shape]?

        init(_ shape: Shape) {
            add(shape)
            names = Set(names).sorted()
        }

        private mutating func add(_ shape: Shape) {
            switch shape {
            case .empty: names.append("nothing")
            case .nonJSON: names.append("non-json")
            case .null: names.append("null")
            case .boolean: names.append("boolean")
            case .number: names.append("number")
            case .string: names.append("string")
            case .array(let own):
                names.append("array")
                elements = own
            case .object(let own):
                names.append("object")
                members = own
            case .union(let shapes): for shape in shapes { add(shape) }
            }
        }
    }
}

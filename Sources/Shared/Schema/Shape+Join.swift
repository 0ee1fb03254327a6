extension Shape {
    /// What stands for keys that are data: identifiers, or more of them than an interface has.
    package static let keyPattern = "{key}"
    /// Keys of one object that are an interface's; what has more is a table.
    private static let mostKeys = 128

    /// The shape with one key for those that are data.
    ///
    /// It says no more of what was sent than the shape says, and the same of tables with other keys.
    var withKeyPatterns: Shape {
        switch self {
        case .object(let members):
            let members = members.map { member in
                var member = member
                member.shape = member.shape.withKeyPatterns
                return member
            }
            return .object(Self.patterned(members, isTable: members.count > 1 && members.allSatisfy(\.isIdentifier)))
        case .array(let elements): return .array(Self.distinct(elements.map(\.withKeyPatterns)))
        case .union(let shapes): return Self.joined(shapes.map(\.withKeyPatterns))
        case .empty, .nonJSON, .null, .boolean, .number, .string: return self
        }
    }

    /// What holds for all of some shapes: keys that not all have are optional, and kinds that differ stand side by side.
    ///
    /// The order of the shapes, how often one comes, and in which groups they are joined make no difference.
    static func joined(_ shapes: [Shape]) -> Shape {
        var alternatives: [Shape] = []
        var objects: [[Member]] = []
        var elements: [Shape]?
        func add(_ shape: Shape) {
            switch shape {
            case .object(let members): objects.append(members)
            case .array(let own): elements = (elements ?? []) + own
            case .union(let shapes): for shape in shapes { add(shape) }
            case .empty, .nonJSON, .null, .boolean, .number, .string: alternatives.append(shape)
            }
        }
        for shape in shapes { add(shape) }
        if let elements {
            // An array lists what its elements may be.
            let all = elements.isEmpty ? [] : [joined(elements)]
            if case .union(let kinds)? = all.first {
                alternatives.append(.array(kinds))
            } else {
                alternatives.append(.array(all))
            }
        }
        if !objects.isEmpty { alternatives.append(.object(joined(objects))) }
        alternatives = distinct(alternatives)
        return alternatives.count == 1 ? alternatives[0] : .union(alternatives)
    }

    private static func distinct(_ shapes: [Shape]) -> [Shape] { Set(shapes).sorted { $0.precedes($1) } }

    private static func joined(_ objects: [[Member]]) -> [Member] {
        var known: [String: (shapes: [Shape], times: Int, isOptional: Bool)] = [:]
        var pattern: [Shape] = []
        for member in objects.joined() {
            if member.isPattern {
                pattern.append(member.shape)
                continue
            }
            var values = known[member.key] ?? ([], 0, false)
            values.shapes.append(member.shape)
            values.times += 1
            values.isOptional = values.isOptional || member.isOptional
            known[member.key] = values
        }
        var members = known.map { key, values in
            Member(
                key: key, shape: joined(values.shapes), isOptional: values.isOptional || values.times < objects.count)
        }
        if !pattern.isEmpty { members.append(Member(key: keyPattern, shape: joined(pattern), isPattern: true)) }
        return patterned(members, isTable: false)
    }

    /// The members in their order, with one for those whose keys are data.
    /// - Parameter isTable: all are.
    private static func patterned(_ members: [Member], isTable: Bool) -> [Member] {
        let isTable = isTable || members.count > mostKeys
        var members = members
        if isTable || members.contains(where: \.isPattern) {
            let data = members.filter { isTable || $0.isPattern || $0.isIdentifier }
            members.removeAll { isTable || $0.isPattern || $0.isIdentifier }
            members.append(Member(key: keyPattern, shape: joined(data.map(\.shape)), isPattern: true))
        }
        return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}

extension Shape.Member {
    /// The key is data, as far as one can see.
    fileprivate var isIdentifier: Bool {
        var key = key
        return !isPattern && key.withUTF8 { IdentifierClass.of(UnsafeRawBufferPointer($0)) } != nil
    }
}

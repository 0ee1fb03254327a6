/// What is known of one place of bodies, as JSON Schema (draft 2020-12): types, keys and formats, no values.
///
/// Every value that was seen is valid by it. What is not said is allowed: keys that were never seen may come.
struct JSONSchema {
    /// Say how often keys were there, and null.
    var showsCounts = false

    /// The members of the schema.
    func members(_ facts: SchemaFacts) -> [DocumentTree.Member] {
        // Nothing is said of what is not known, or was too much to be told.
        guard facts.others == 0, facts.total > 0 else { return [] }
        var scalars: [String] = []
        if facts.booleans > 0 { scalars.append("boolean") }
        if facts.fractions > 0 { scalars.append("number") } else if facts.integers > 0 { scalars.append("integer") }
        if facts.texts > 0 { scalars.append("string") }
        let structures = (facts.arrays > 0 ? 1 : 0) + (facts.objects > 0 ? 1 : 0)
        let null = facts.nulls > 0 ? ["null"] : []
        if structures == 0 || structures == 1 && scalars.isEmpty {
            let types = scalars + (facts.arrays > 0 ? ["array"] : []) + (facts.objects > 0 ? ["object"] : []) + null
            return branch(types, facts)
        }
        var branches: [[String]] = scalars.isEmpty ? (null.isEmpty ? [] : [null]) : [scalars + null]
        if facts.arrays > 0 { branches.append(["array"]) }
        if facts.objects > 0 { branches.append(["object"]) }
        return [DocumentTree.Member("anyOf", .list(branches.map { .map(branch($0, facts)) }))]
    }

    private func branch(_ types: [String], _ facts: SchemaFacts) -> [DocumentTree.Member] {
        var members: [DocumentTree.Member] = []
        if types.count == 1 { members.add("type", types[0]) } else { members.add("type", types) }
        if types.contains("string"), let format = facts.formats.common { members.add("format", "\(format.name)") }
        if types.contains("array"), let element = facts.elements.first {
            members.add("items", .map(self.members(element)))
        }
        if types.contains("object") { add(object: facts, to: &members) }
        return members
    }

    private func add(object facts: SchemaFacts, to schema: inout [DocumentTree.Member]) {
        let (members, table, keys) = facts.shownMembers
        let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        if !sorted.isEmpty {
            let properties = sorted.map { key, member in
                DocumentTree.Member(key, .map(counts(member, of: facts) + self.members(member.facts)))
            }
            schema.add("properties", .map(properties))
            let required = sorted.filter { $0.value.times == facts.objects }.map(\.key)
            if !required.isEmpty { schema.add("required", required) }
        }
        guard let table else { return }
        schema.add("additionalProperties", .map(self.members(table)))
        guard sorted.isEmpty, let identifier = keys.common, let rule = Self.rule(identifier) else { return }
        schema.add("propertyNames", .map([rule]))
    }

    private func counts(_ member: SchemaFacts.Member, of facts: SchemaFacts) -> [DocumentTree.Member] {
        guard showsCounts else { return [] }
        var counts: [DocumentTree.Member] = []
        counts.add("present", member.times)
        counts.add("of", facts.objects)
        counts.add("null", member.facts.nulls)
        return [DocumentTree.Member("x-tapedeck", .map(counts))]
    }

    /// What holds for all texts of a class, where JSON Schema can say it.
    static func rule(_ identifier: IdentifierClass) -> DocumentTree.Member? {
        switch identifier {
        case .integer: DocumentTree.Member("pattern", .text("^[0-9]{1,19}$"))
        case .uuid: DocumentTree.Member("format", .text("uuid"))
        case .hexadecimal: DocumentTree.Member("pattern", .text("^[0-9A-Fa-f]{8,}$"))
        case .ipv4: DocumentTree.Member("format", .text("ipv4"))
        case .email, .date, .dateTime, .ulid, .token, .resourceName, .digits, .prefixed, .mixed: nil
        }
    }
}

extension SchemaFacts {
    /// The fields of a body that is no JSON, and what it is: `form`, `multipart`, `xml`.
    var fieldsOfOther: (facts: SchemaFacts, media: String)? {
        guard members.count == 1, table.isEmpty, total == objects, let (key, member) = members.first else { return nil }
        switch key {
        case "{form}": return (member.facts, "form")
        case "{multipart}": return (member.facts, "multipart")
        case "{xml}": return (member.facts, "xml")
        default: return nil
        }
    }
}

/// The bodies of all endpoints as JSON Schema (draft 2020-12), in one document: types, keys and formats, no values.
///
/// Every body that was read is valid by the schema made from it. What is not said is allowed: keys that were never seen may come.
package enum JSONSchemaFile {
    /// - Parameters:
    ///   - from: what it was made from, for people.
    ///   - showsCounts: say how often keys were there, and null.
    package static func text(_ document: ServiceMapDocument, from: String, showsCounts: Bool) -> String {
        IndentedJSON.text { json in
            json.string("$schema", "https://json-schema.org/draft/2020-12/schema")
            json.string("$comment", from)
            json.object("$defs") { json in
                for bodies in document.bodies {
                    if !bodies.schemas.request.isEmpty {
                        write(bodies.schemas.request, of: bodies, status: nil, showsCounts, &json)
                    }
                    for (status, schema) in bodies.schemas.responses.sorted(by: { $0.key < $1.key })
                    where !schema.isEmpty {
                        write(schema, of: bodies, status: status, showsCounts, &json)
                    }
                }
            }
        }
    }

    private static func write(
        _ schema: GeneralSchema, of bodies: ServiceMapDocument.Bodies, status: UInt16?, _ showsCounts: Bool,
        _ json: inout IndentedJSON
    ) {
        let protocolName = bodies.protocolName == "http/1.1" ? "" : " \(bodies.protocolName)"
        let operation = bodies.operation.map { " \($0)" } ?? ""
        let (facts, media) = contents(schema.facts)
        let body =
            status.map { $0 == EndpointSchemas.noStatus ? "response" : "response \(AnswerStatus.name($0))" }
            ?? "request"
        json.object(
            "\(bodies.service) > \(bodies.destination)\(protocolName) \(bodies.method) \(bodies.path)\(operation) \(body)"
        ) { json in
            json.object("x-tapedeck") { json in
                json.string("service", bodies.service)
                json.string("destination", bodies.destination)
                json.string("protocol", bodies.protocolName)
                json.string("method", bodies.method)
                json.string("path", bodies.path)
                json.string("body", status == nil ? "request" : "response")
                if let operation = bodies.operation { json.string("operation", operation) }
                if let status, status > AnswerStatus.highestOfHTTP {
                    json.string("status", AnswerStatus.name(status))
                } else if let status, status != EndpointSchemas.noStatus {
                    json.number("status", UInt64(status))
                }
                json.number("count", schema.facts.total)
                if let media { json.string("media", media) }
            }
            var writer = Writer(showsCounts: showsCounts)
            writer.write(facts, &json)
        }
    }

    /// The fields of a body that is no JSON, and what it is.
    private static func contents(_ facts: SchemaFacts) -> (facts: SchemaFacts, media: String?) {
        guard facts.members.count == 1, facts.table.isEmpty, facts.total == facts.objects,
            let (key, member) = facts.members.first
        else { return (facts, nil) }
        switch key {
        case "{form}": return (member.facts, "form")
        case "{multipart}": return (member.facts, "multipart")
        case "{xml}": return (member.facts, "xml")
        default: return (facts, nil)
        }
    }

    private struct Writer {
        let showsCounts: Bool

        /// The members of the schema of one place.
        mutating func write(_ facts: SchemaFacts, _ json: inout IndentedJSON) {
            // Nothing is said of what is not known, or was too much to be told.
            guard facts.others == 0, facts.total > 0 else { return }
            var scalars: [String] = []
            if facts.booleans > 0 { scalars.append("boolean") }
            if facts.fractions > 0 { scalars.append("number") } else if facts.integers > 0 { scalars.append("integer") }
            if facts.texts > 0 { scalars.append("string") }
            let structures = (facts.arrays > 0 ? 1 : 0) + (facts.objects > 0 ? 1 : 0)
            let null = facts.nulls > 0 ? ["null"] : []
            if structures == 0 || structures == 1 && scalars.isEmpty {
                let types = scalars + (facts.arrays > 0 ? ["array"] : []) + (facts.objects > 0 ? ["object"] : []) + null
                return branch(types, facts, &json)
            }
            var branches: [[String]] = scalars.isEmpty ? (null.isEmpty ? [] : [null]) : [scalars + null]
            if facts.arrays > 0 { branches.append(["array"]) }
            if facts.objects > 0 { branches.append(["object"]) }
            var writer = self
            json.array("anyOf", branches) { writer.branch($1, facts, &$0) }
        }

        private mutating func branch(_ types: [String], _ facts: SchemaFacts, _ json: inout IndentedJSON) {
            if types.count == 1 { json.string("type", types[0]) } else { json.strings("type", types) }
            if types.contains("string"), let format = facts.formats.common { json.string("format", "\(format.name)") }
            if types.contains("array"), let element = facts.elements.first {
                var writer = self
                json.object("items") { writer.write(element, &$0) }
            }
            if types.contains("object") { object(facts, &json) }
        }

        private mutating func object(_ facts: SchemaFacts, _ json: inout IndentedJSON) {
            let (members, table, keys) = facts.shownMembers
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            var writer = self
            if !sorted.isEmpty {
                json.object("properties") { json in
                    for (key, member) in sorted {
                        json.object(key) { json in
                            writer.counts(member, of: facts, &json)
                            writer.write(member.facts, &json)
                        }
                    }
                }
                let required = sorted.filter { $0.value.times == facts.objects }.map(\.key)
                if !required.isEmpty { json.strings("required", required) }
            }
            guard let table else { return }
            json.object("additionalProperties") { writer.write(table, &$0) }
            guard sorted.isEmpty, let identifier = keys.common, let names = Self.names(identifier) else { return }
            json.object("propertyNames") { $0.string(names.keyword, names.value) }
        }

        private mutating func counts(_ member: SchemaFacts.Member, of facts: SchemaFacts, _ json: inout IndentedJSON) {
            guard showsCounts else { return }
            json.object("x-tapedeck") { json in
                json.number("present", member.times)
                json.number("of", facts.objects)
                json.number("null", member.facts.nulls)
            }
        }

        /// What holds for all keys of a class, where JSON Schema can say it.
        private static func names(_ identifier: IdentifierClass) -> (keyword: String, value: String)? {
            switch identifier {
            case .integer: ("pattern", "^[0-9]{1,19}$")
            case .uuid: ("format", "uuid")
            case .hexadecimal: ("pattern", "^[0-9A-Fa-f]{8,}$")
            case .ipv4: ("format", "ipv4")
            case .email, .date, .dateTime, .ulid, .token, .resourceName, .digits, .prefixed, .mixed: nil
            }
        }
    }
}

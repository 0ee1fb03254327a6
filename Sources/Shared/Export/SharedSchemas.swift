/// Schemas of objects that stand at several places of a description: each is written once, under a name, and referred to.
struct SharedSchemas {
    private var names: [DocumentTree: String] = [:]
    /// In the order of their names.
    private(set) var definitions: [DocumentTree.Member] = []

    private static let place = "#/components/schemas/"

    /// - Parameter roots: the schemas of whole bodies, each with what one would call it.
    init(_ roots: [(name: String, schema: DocumentTree)]) {
        var census = Census()
        for root in roots { census.visit(root.schema, root.name) }
        var taken: Set<String> = []
        for (schema, name) in census.order where census.times[schema, default: 0] > 1 {
            var own = name
            var number = 1
            while !taken.insert(own).inserted {
                number += 1
                own = "\(name)\(number)"
            }
            names[schema] = own
        }
        definitions = names.sorted { $0.value.utf8.lexicographicallyPrecedes($1.value.utf8) }.map { schema, name in
            DocumentTree.Member(name, inside(schema))
        }
    }

    /// The schema, with references in place of what has a name.
    func shown(_ schema: DocumentTree) -> DocumentTree {
        guard let name = names[schema] else { return inside(schema) }
        return .map([DocumentTree.Member("$ref", .text(Self.place + name))])
    }

    private func inside(_ schema: DocumentTree) -> DocumentTree {
        Self.mapped(schema, "") { schema, _ in shown(schema) }
    }

    /// How often each schema is written, were those that come again written once.
    private struct Census {
        var times: [DocumentTree: Int] = [:]
        var order: [(schema: DocumentTree, name: String)] = []

        mutating func visit(_ schema: DocumentTree, _ name: String) {
            guard case .map(let members) = schema, !members.isEmpty else { return }
            if members.contains(where: { $0.key == "properties" }) {
                times[schema, default: 0] += 1
                guard times[schema] == 1 else { return }
                order.append((schema, name))
            }
            _ = SharedSchemas.mapped(schema, name) { child, name in
                visit(child, name)
                return child
            }
        }
    }

    /// A schema with other schemas within it.
    private static func mapped(
        _ schema: DocumentTree, _ name: String, _ change: (DocumentTree, String) -> DocumentTree
    ) -> DocumentTree {
        guard case .map(let members) = schema else { return schema }
        return .map(
            members.map { member in
                switch (member.key, member.value) {
                case ("properties", .map(let properties)):
                    let changed = properties.map { property in
                        let word = DescriptionName.words(property.key)
                        return DocumentTree.Member(property.key, change(property.value, word.isEmpty ? name : word))
                    }
                    return DocumentTree.Member(member.key, .map(changed))
                case ("items", let value), ("additionalProperties", let value):
                    return DocumentTree.Member(member.key, change(value, name))
                case ("anyOf", .list(let branches)):
                    return DocumentTree.Member(member.key, .list(branches.map { change($0, name) }))
                default: return member
                }
            })
    }
}

/// Names that programs are given for what paths and keys say.
enum DescriptionName {
    /// `order-items` becomes `OrderItems`; empty where there is no letter and no digit of ASCII.
    static func words(_ text: String) -> String {
        var name: [UInt8] = []
        var begins = true
        for byte in text.utf8 {
            let isLetter = ASCII.isLetter(byte)
            guard isLetter || byte &- 0x30 < 10 else {
                begins = true
                continue
            }
            guard name.count < longest else { break }
            name.append(begins && isLetter ? byte & 0xDF : byte)
            begins = false
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Of an operation: `GET /orders/{orderId}/items` becomes `getOrdersOrderIdItems`.
    static func operation(_ method: String, _ path: [PathTemplate.Part]) -> String {
        let words = words(PathTemplate.description(path))
        return method.lowercased() + (words.isEmpty ? "Root" : words)
    }

    /// Of what a path serves: its last word.
    static func schema(_ path: [PathTemplate.Part]) -> String {
        for case .literal(let text) in path.reversed() {
            for segment in text.split(separator: "/").reversed() {
                let word = words(String(segment))
                if !word.isEmpty { return word }
            }
        }
        return "Root"
    }

    /// More is read by nobody.
    private static let longest = 120
}

/// What is called over gRPC, as a sketch of the .proto file that it was made from.
///
/// One file has a package: services, methods, and messages by the numbers of their fields. Names of fields are not on the wire, nor are all
/// types (protobuf.dev: Encoding).
package enum ProtoFile {
    /// A sketch of each package, by name.
    /// - Parameters:
    ///   - map: with bodies.
    ///   - from: what it was made from, for people.
    /// - Returns: and what none of them can say.
    package static func sketches(
        _ map: ServiceMapDocument, from: String
    ) -> (sketches: [ServiceDescription], leftOut: [String]) {
        var gathering = Gathering()
        for service in map.services {
            for endpoint in service.endpoints where endpoint.protocolName.hasPrefix("grpc") { gathering.add(endpoint) }
        }
        for bodies in map.bodies where bodies.protocolName.hasPrefix("grpc") { gathering.add(bodies) }
        var leftOut = gathering.leftOut
        let packages = gathering.packages.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let sketches = packages.map { name, services in
            var writer = ProtoWriter(services)
            let text = writer.text(package: name, from: from, &leftOut)
            return ServiceDescription(service: name.isEmpty ? noPackage : name, text: text, leftOut: [])
        }
        return (sketches, leftOut.texts)
    }

    /// What a file is called whose services are in no package.
    private static let noPackage = "services"

    /// A word of the language; names of packages are several, with dots between.
    fileprivate static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, ASCII.isLetter(first) || first == 0x5F else { return false }
        return text.utf8.count <= 200 && text.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5F }
    }
}

/// A method: what it takes and gives, as far as that was seen.
private struct CalledMethod {
    var request = SchemaFacts()
    var response = SchemaFacts()
}

private struct Gathering {
    /// By package, service and method.
    private(set) var packages: [String: [String: [String: CalledMethod]]] = [:]
    private(set) var leftOut = LeftOut()

    mutating func add(_ endpoint: ServiceMapDocument.Endpoint) {
        guard endpoint.series == 0 else { return leftOut.add(endpoint.path, .foldedMethod) }
        update(endpoint.path) { _ in }
    }

    mutating func add(_ bodies: ServiceMapDocument.Bodies) {
        update(bodies.path) { method in
            method.request.merge(bodies.schemas.request.facts)
            for answer in bodies.schemas.responses.values { method.response.merge(answer.facts) }
        }
    }

    /// `/shop.v1.Catalog/Get` is the method `Get` of `Catalog` in `shop.v1`.
    private mutating func update(_ path: String, _ change: (inout CalledMethod) -> Void) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        var words = parts.count == 3 ? parts[1].split(separator: ".", omittingEmptySubsequences: false) : []
        guard let service = words.popLast(), parts[0].isEmpty, ProtoFile.isName(service), ProtoFile.isName(parts[2]),
            words.allSatisfy({ ProtoFile.isName($0) })
        else { return leftOut.add(path, .method) }
        change(
            &packages[words.joined(separator: "."), default: [:]][String(service), default: [:]][
                String(parts[2]), default: CalledMethod()])
    }
}

private struct ProtoWriter {
    private let services: [String: [String: CalledMethod]]
    private var names = TakenNames()
    private var lines: [String] = []

    init(_ services: [String: [String: CalledMethod]]) {
        self.services = services
        for service in services.keys { _ = names.own(service, or: "") }
    }

    mutating func text(package: String, from: String, _ leftOut: inout LeftOut) -> String {
        lines = [
            "// " + MarkupText.visible(from),
            "// A sketch: names of fields are not on the wire, and of numbers it does not tell which type they have.",
            "syntax = \"proto3\";",
        ]
        if !package.isEmpty { lines += ["", "package \(package);"] }
        var messages: [(name: String, facts: SchemaFacts?, path: String)] = []
        for (service, methods) in services.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            lines += ["", "service \(service) {"]
            for (method, called) in methods.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                let path = "/\(package.isEmpty ? service : "\(package).\(service)")/\(method)"
                var ends: [String] = []
                for (end, facts) in [("Request", called.request), ("Response", called.response)] {
                    let name = names.own("\(method)\(end)", or: "")
                    // Several messages of one call.
                    let isStream = facts.arrays > 0
                    ends.append(isStream ? "stream \(name)" : name)
                    var message = facts
                    if isStream, let element = facts.elements.first { message.merge(element) }
                    messages.append((name, message.objects > 0 ? message : nil, path))
                }
                lines.append("  rpc \(method) (\(ends[0])) returns (\(ends[1]));")
            }
            lines.append("}")
        }
        for message in messages {
            lines.append("")
            guard let facts = message.facts else {
                lines += ["// No message was seen whose fields could be read.", "message \(message.name) {}"]
                continue
            }
            write(message.name, facts, indent: "", path: message.path, &leftOut)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Messages

    private mutating func write(
        _ name: String, _ facts: SchemaFacts, indent: String, path: String, _ leftOut: inout LeftOut
    ) {
        // Keys of messages whose schema was given are names, and those that stand for many are no numbers.
        let fields = facts.members.compactMap { key, member in Self.number(key).map { ($0, member) } }.sorted {
            $0.0 < $1.0
        }
        if fields.count < facts.members.count || !facts.table.isEmpty { leftOut.add(path, .field) }
        guard !fields.isEmpty else {
            lines.append("\(indent)message \(name) {}")
            return
        }
        lines.append("\(indent)message \(name) {")
        for (number, member) in fields {
            let type = FieldType(member)
            if case .message(let message) = type.kind {
                write("Field\(number)", message, indent: indent + "  ", path: path, &leftOut)
            }
            let word = type.isRepeated ? "repeated " : ""
            lines.append("\(indent)  \(word)\(type.kind.name(number)) field_\(number) = \(number);\(type.kind.remark)")
        }
        lines.append("\(indent)}")
    }

    /// Of `#7`; `nil` of what no field has (protobuf.dev: Language Guide, "Assigning Field Numbers").
    private static func number(_ key: String) -> UInt32? {
        guard key.hasPrefix("#"), let number = UInt32(key.dropFirst()) else { return nil }
        return (1...536_870_911).contains(number) && !(19_000...19_999).contains(number) ? number : nil
    }
}

/// What a field can be, by all that was seen in its place.
private struct FieldType {
    enum Kind {
        case boolean, number, text, bytes
        case message(SchemaFacts)
        /// What has a length, of several kinds.
        case mixed

        func name(_ number: UInt32) -> String {
            switch self {
            case .boolean: "bool"
            case .number: "int64"
            case .text: "string"
            case .bytes, .mixed: "bytes"
            case .message: "Field\(number)"
            }
        }

        /// For people, behind the field.
        var remark: String {
            switch self {
            case .number: "  // a number of whatever type"
            case .bytes: "  // bytes, or numbers that are packed"
            case .mixed: "  // text, bytes or a message"
            case .boolean, .text, .message: ""
            }
        }
    }

    var kind: Kind
    var isRepeated: Bool

    init(_ member: SchemaFacts.Member) {
        var facts = member.facts
        isRepeated = facts.arrays > 0
        // What is neither text nor a message has no shape, and is counted nowhere.
        var isOpaque = facts.total < member.times
        if isRepeated {
            if let element = facts.elements.first, element.total > 0 { facts.merge(element) } else { isOpaque = true }
        }
        let numbers = facts.integers > 0 || facts.fractions > 0
        switch (facts.texts > 0, facts.objects > 0, isOpaque) {
        case (false, false, false): kind = numbers || facts.booleans == 0 ? .number : .boolean
        case (true, false, false): kind = numbers ? .mixed : .text
        case (false, true, false): kind = numbers ? .mixed : .message(facts)
        case (false, false, true): kind = .bytes
        default: kind = .mixed
        }
    }
}

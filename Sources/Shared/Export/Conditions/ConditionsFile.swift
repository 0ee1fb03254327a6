/// Profiles and what they rest on as YAML.
package enum ConditionsFile {
    static let apiVersion: StaticString = "runtimeconditions.io/v1alpha1"
    static let kind: StaticString = "RuntimeConditionsProfile"

    /// - Parameter from: what it was made from, for people.
    package static func profile(
        _ profile: ConditionsProfile, from: String, _ reference: ExtensionReference
    ) -> String {
        var writer = Writer(from)
        writer.yaml.key("apiVersion")
        writer.yaml.plain(apiVersion)
        writer.yaml.key("kind")
        writer.yaml.plain(kind)
        writer.block("metadata") { $0.text("name", profile.name) }
        writer.block("workload") { $0.text("uri", profile.uri) }
        let vocabularies: [Vocabulary?] = profile.vocabularies + profile.supplied.map { _ in nil }
        var supplied = profile.supplied[...]
        writer.list("extensions", vocabularies) { writer, vocabulary in
            guard let vocabulary else {
                let id = supplied.removeFirst()
                return reference == .object ? writer.members { $0.text("id", id) } : writer.yaml.text(id)
            }
            switch reference {
            case .suffix: writer.yaml.text(vocabulary.suffixed)
            case .url: writer.yaml.text(vocabulary.url)
            case .object:
                writer.members {
                    $0.text("id", vocabulary.id)
                    $0.quoted("version", vocabulary.version)
                }
            }
        }
        writer.list("conditions", profile.conditions) { writer, condition in writer.members { $0.write(condition) } }
        return writer.output
    }

    /// - Parameters:
    ///   - profile: the file's name.
    ///   - isLossy: something was lost when it was recorded, or read.
    package static func evidence(
        _ evidence: ConditionsEvidence, of profile: ConditionsProfile, from: String, isLossy: Bool
    ) -> String {
        var writer = Writer(from)
        writer.text("profile", profile.name)
        writer.yaml.key("complete")
        if isLossy || evidence.lost > 0 { writer.yaml.plain("false") } else { writer.yaml.plain("true") }
        writer.list("conditions", evidence.conditions) { writer, grounds in writer.members { $0.write(grounds) } }
        writer.list("left_out", evidence.leftOut) { writer, left in
            writer.members {
                if let destination = left.destination { $0.text("destination", destination) }
                $0.text("what", left.what)
                $0.number("count", left.count)
                $0.text("reason", left.reason)
            }
        }
        writer.list("variables", evidence.unbound) { writer, variable in
            writer.members {
                $0.text("name", variable.name)
                $0.text("reason", variable.reason)
            }
        }
        return writer.output
    }

    private struct Writer {
        var yaml = YAMLWriter(.sparing)
        private let head: String
        private var timestamps = TimestampText()

        init(_ from: String) { head = "# " + MarkupText.visible(from) + "\n" }

        var output: String { head + String(decoding: yaml.bytes, as: UTF8.self) }

        mutating func text(_ key: StaticString, _ text: String) {
            yaml.key(key)
            yaml.text(text)
        }

        /// Text that a reader could take for a number.
        mutating func quoted(_ key: StaticString, _ text: String) {
            yaml.key(key)
            yaml.quoted(text)
        }

        mutating func number(_ key: StaticString, _ value: some BinaryInteger) {
            yaml.key(key)
            yaml.number(value)
        }

        mutating func time(_ key: StaticString, _ moment: Timestamp) {
            yaml.key(key)
            yaml.quoted { timestamps.append(moment, to: &$0) }
        }

        mutating func members(_ body: (inout Writer) -> Void) {
            yaml.beginBlock()
            body(&self)
            yaml.endBlock()
        }

        mutating func block(_ key: StaticString, _ body: (inout Writer) -> Void) {
            yaml.key(key)
            members(body)
        }

        mutating func list<Element>(
            _ key: StaticString, _ elements: [Element], _ body: (inout Writer, Element) -> Void
        ) {
            yaml.key(key)
            guard !elements.isEmpty else { return yaml.plain("[]") }
            yaml.beginBlock()
            for element in elements {
                yaml.beginElement()
                body(&self, element)
                yaml.endElement()
            }
            yaml.endBlock()
        }

        // MARK: Profiles

        mutating func write(_ condition: Condition) {
            text("name", condition.name)
            text("kind", condition.kind)
            block("interface") { writer in
                writer.text("type", condition.type)
                switch condition.interface {
                case .api(let operations):
                    writer.list("operations", operations) { writer, operation in
                        writer.members { $0.write(operation) }
                    }
                case .datastore(_, let engine), .cache(let engine):
                    if let engine { writer.text("engine", engine) }
                case .supplied(let interface):
                    if let engine = interface.engine { writer.text("engine", engine) }
                case .nats(let operations):
                    writer.list("operations", operations) { writer, operation in
                        writer.members { $0.write(operation) }
                    }
                }
            }
            guard let first = condition.configurations.first else { return }
            block("configuration") { writer in
                guard condition.configurations.count > 1 else { return writer.write(environment: first) }
                writer.list("alternatives", condition.configurations) { writer, variables in
                    writer.members { $0.write(environment: variables) }
                }
            }
        }

        private mutating func write(_ operation: APIOperation) {
            text("method", operation.method)
            text("path", operation.path)
            if let request = operation.request { write("requestBodySchema", request) }
            if let response = operation.response { write("responseSchema", response) }
        }

        private mutating func write(_ operation: NATSCondition) {
            text("resource", operation.resource.rawValue)
            text("action", operation.action)
            guard let field = operation.resource.field else { return }
            yaml.key(field)
            yaml.text(operation.name)
        }

        private mutating func write(environment variables: [ConfiguredVariable]) {
            list("env", variables) { writer, variable in
                writer.members {
                    $0.text("property", variable.property.rawValue)
                    $0.text("name", variable.name)
                    guard variable.isSensitive else { return }
                    $0.yaml.key("sensitive")
                    $0.yaml.plain("true")
                }
            }
        }

        private mutating func write(_ key: StaticString, _ schema: SimpleSchema) {
            yaml.key(key)
            write(schema)
        }

        private mutating func write(_ schema: SimpleSchema) {
            switch schema {
            case .string: yaml.plain("string")
            case .number: yaml.plain("number")
            case .integer: yaml.plain("integer")
            case .boolean: yaml.plain("boolean")
            case .null: yaml.quoted("null")
            case .object(let members):
                guard !members.isEmpty else { return yaml.plain("{}") }
                yaml.beginBlock()
                for member in members {
                    yaml.key(member.key)
                    write(member.schema)
                }
                yaml.endBlock()
            case .array(let element):
                yaml.beginBlock()
                yaml.beginElement()
                write(element)
                yaml.endElement()
                yaml.endBlock()
            }
        }

        // MARK: Evidence

        mutating func write(_ grounds: ConditionsEvidence.Grounds) {
            text("name", grounds.name)
            text("kind", grounds.kind)
            if let destination = grounds.destination { text("destination", destination) }
            time("first_seen", grounds.firstSeen)
            time("last_seen", grounds.lastSeen)
            number("count", grounds.count)
            number("confidence", grounds.confidence)
            if !grounds.operations.isEmpty {
                list("operations", grounds.operations) { writer, operation in
                    writer.members {
                        $0.text("what", operation.text)
                        $0.number("count", operation.count)
                    }
                }
            }
            if !grounds.variables.isEmpty {
                list("variables", grounds.variables) { writer, variable in
                    writer.members {
                        $0.text("name", variable.name)
                        $0.text("property", variable.property)
                        $0.text("bound_by", variable.reason)
                    }
                }
            }
            if !grounds.losses.isEmpty {
                list("not_in_schemas", grounds.losses) { writer, loss in
                    writer.members {
                        $0.text("operation", loss.operation)
                        $0.text("body", loss.body)
                        if !loss.place.isEmpty { $0.text("place", loss.place) }
                        $0.text("reason", loss.reason)
                    }
                }
            }
            if !grounds.notes.isEmpty { list("notes", grounds.notes) { $0.yaml.text($1) } }
        }
    }
}

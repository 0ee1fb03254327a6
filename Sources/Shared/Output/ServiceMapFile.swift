/// The service map as YAML, in the layout of docs/contract.md, section 5.
///
/// A schema names types, and a type's name is a string: `string`, `number`, `boolean` and, in quotes, `"null"`. So the
/// schema of a body that is the JSON value null is `"null"`, and that of an empty body is `null`. What is not JSON
/// is `non-json`.
package enum ServiceMapFile {
    package static func yaml(_ document: ServiceMapDocument, _ fields: FieldSet = .all) -> String {
        String(decoding: bytes(document, fields), as: UTF8.self)
    }

    /// The file's bytes.
    package static func bytes(_ document: ServiceMapDocument, _ fields: FieldSet = .all) -> [UInt8] {
        var writer = Writer(fields)
        writer.document(fields == .all ? document : document.compat)
        return writer.yaml.bytes
    }

    /// Schemas as the map has them, below names of their own.
    static func schemas(_ schemas: [(name: String, shape: Shape)]) -> String {
        var writer = Writer(.all)
        for (name, shape) in schemas {
            writer.yaml.key(name)
            writer.schema(shape, isIncomplete: false)
        }
        return String(decoding: writer.yaml.bytes, as: UTF8.self)
    }

    private struct Writer {
        var yaml = YAMLWriter(.sparing)
        private let fields: FieldSet
        private var timestamps = TimestampText()

        init(_ fields: FieldSet) { self.fields = fields }

        mutating func document(_ document: ServiceMapDocument) {
            if let moment = document.generatedAt {
                time("generated_at", moment)
            } else {
                yaml.key("generated_at")
                yaml.plain("null")
            }
            list("services", document.services) { writer, service in writer.service(service) }
        }

        private mutating func service(_ service: ServiceMapDocument.Service) {
            text("name", service.name)
            if let image = service.image { text("image", image) }
            list("endpoints", service.endpoints) { writer, endpoint in writer.endpoint(endpoint) }
            list("connections", service.connections) { writer, connection in writer.connection(connection) }
            time("first_seen", service.firstSeen)
            time("last_seen", service.lastSeen)
        }

        private mutating func endpoint(_ endpoint: ServiceMapDocument.Endpoint) {
            text("destination", endpoint.destination)
            text("destination_type", endpoint.destinationType.name)
            text("method", endpoint.method)
            text("path", endpoint.path)
            schema("request_schema", endpoint.requestSchema, isIncomplete: endpoint.requestIsIncomplete)
            schema("response_schema", endpoint.responseSchema, isIncomplete: endpoint.responseIsIncomplete)
            time("first_seen", endpoint.firstSeen)
            time("last_seen", endpoint.lastSeen)
            number("count", endpoint.count)
            guard fields == .all else { return }
            if endpoint.series > 0 { number("series", endpoint.series) }
            text("protocol", endpoint.protocolName)
            if let operation = endpoint.operation { text("operation", operation) }
            incomplete(endpoint)
            paths(endpoint)
            numbers(endpoint.numbers, of: endpoint.count)
        }

        /// How many paths a template stands for.
        private mutating func paths(_ endpoint: ServiceMapDocument.Endpoint) {
            guard endpoint.template?.hasParameters == true || endpoint.paths.count > 1 else { return }
            if endpoint.paths.isAtLeast {
                number("paths_at_least", endpoint.paths.count + 1)
            } else {
                number("paths", endpoint.paths.count)
            }
        }

        private mutating func numbers(_ numbers: ExchangeNumbers, of count: UInt64) {
            if !numbers.status.isEmpty {
                yaml.key("status")
                yaml.line(numbers.status.reduce([]) { $0 + [(AnswerStatus.name($1), "\($2)")] })
            }
            number("errors", numbers.errors)
            percentiles("latency_ms", numbers.total)
            yaml.key("bytes")
            yaml.line([("request", "\(numbers.requestBytes)"), ("response", "\(numbers.responseBytes)")])
            percentiles("first_byte_ms", numbers.server)
            let unanswered = numbers.unanswered(of: count)
            if unanswered > 0 { number("unanswered", unanswered) }
            if numbers.pastDeadline > 0 { number("past_deadline", numbers.pastDeadline) }
            // Whoever says things unasked is listened to.
            if numbers.oneWay > 0, numbers.waiting.isEmpty {
                yaml.key("waiting")
                yaml.plain("true")
            }
            guard !numbers.waiting.isEmpty else { return }
            yaml.key("waiting")
            yaml.plain("true")
            percentiles("waiting_ms", numbers.waiting)
        }

        private mutating func percentiles(_ key: StaticString, _ histogram: LatencyHistogram) {
            guard !histogram.isEmpty else { return }
            let ranks: [(String, UInt64)] = [("p50", 500), ("p95", 950), ("p99", 990), ("max", 1000)]
            yaml.key(key)
            yaml.line(
                ranks.map { name, perMille in
                    let value = perMille == 1000 ? histogram.maximum : histogram.percentile(perMille: perMille) ?? 0
                    return (name, MillisecondsText.text(nanoseconds: value))
                })
        }

        /// Which of the bodies' schemas is that of a part.
        private mutating func incomplete(_ endpoint: ServiceMapDocument.Endpoint) {
            guard endpoint.requestIsIncomplete || endpoint.responseIsIncomplete else { return }
            yaml.key("incomplete")
            yaml.beginBlock()
            if endpoint.requestIsIncomplete { element("request") }
            if endpoint.responseIsIncomplete { element("response") }
            yaml.endBlock()
        }

        private mutating func element(_ value: StaticString) {
            yaml.beginElement()
            yaml.plain(value)
            yaml.endElement()
        }

        private mutating func connection(_ connection: ServiceMapDocument.Connection) {
            text("destination", connection.destination)
            text("destination_type", connection.destinationType.name)
            text("protocol", connection.protocolName)
            text("category", connection.category)
            number("port", UInt64(connection.port))
            number("confidence", connection.confidence)
            text("reason", connection.reason)
            time("first_seen", connection.firstSeen)
            time("last_seen", connection.lastSeen)
            number("count", connection.count)
            let failures = connection.failures.reduce(0) { $0 &+ $1.count }
            if failures > 0 { number("failures", failures) }
            guard fields == .all else { return }
            if connection.isEncrypted {
                yaml.key("tls")
                yaml.plain("true")
            }
            if let facts = connection.tls { tls(facts) }
            if failures > 0 {
                yaml.key("failure_reasons")
                yaml.beginBlock()
                for failure in connection.failures {
                    yaml.key(failure.reason)
                    yaml.number(failure.count)
                }
                yaml.endBlock()
            }
            if !connection.operations.isEmpty {
                list("operations", connection.operations) { writer, operation in writer.operation(operation) }
            }
        }

        private mutating func tls(_ facts: TLSFacts) {
            if let name = facts.serverName { text("server_name", name) }
            if let version = facts.versionText { text("tls_version", "\(version)") }
            if let suite = facts.suite { text("tls_cipher", suite) }
            if let subject = facts.subject { text("tls_subject", subject) }
            if let end = facts.notAfter { time("tls_not_after", end) }
        }

        private mutating func operation(_ operation: ServiceMapDocument.Operation) {
            text("operation", operation.name)
            if !operation.targets.isEmpty {
                yaml.key("targets")
                yaml.beginBlock()
                for target in operation.targets {
                    yaml.beginElement()
                    yaml.text(target)
                    yaml.endElement()
                }
                yaml.endBlock()
            }
            if !operation.summary.isEmpty { text("summary", operation.summary) }
            number("count", operation.count)
            if operation.series > 0 { number("series", operation.series) }
            if operation.errors > 0 { number("errors", operation.errors) }
            number("rows", operation.rows)
            percentiles("latency_ms", operation.latency)
            if !operation.waiting.isEmpty {
                yaml.key("waiting")
                yaml.plain("true")
                percentiles("waiting_ms", operation.waiting)
            }
            time("first_seen", operation.firstSeen)
            time("last_seen", operation.lastSeen)
        }

        // MARK: - Schemas

        private mutating func schema(_ key: StaticString, _ shape: Shape, isIncomplete: Bool) {
            yaml.key(key)
            schema(shape, isIncomplete: isIncomplete)
        }

        mutating func schema(_ shape: Shape, isIncomplete: Bool) {
            if case .empty = shape, isIncomplete, fields == .compat {
                // Who can't be told of `incomplete` takes `null` for an empty body.
                yaml.plain("non-json")
            } else if case .empty = shape {
                yaml.plain("null")
            } else {
                Self.write(shape, &yaml)
            }
        }

        /// `null | string`; `nil` where one of them has a structure.
        private static func scalars(_ shapes: [Shape]) -> String? {
            var names: [String] = []
            for shape in shapes {
                switch shape {
                case .null: names.append("null")
                case .boolean: names.append("boolean")
                case .number: names.append("number")
                case .string: names.append("string")
                case .empty, .nonJSON, .array, .object, .union: return nil
                }
            }
            return names.joined(separator: " | ")
        }

        private static func write(_ shape: Shape, _ yaml: inout YAMLWriter) {
            switch shape {
            case .empty, .null: yaml.plain("\"null\"")
            case .nonJSON: yaml.plain("non-json")
            case .boolean: yaml.plain("boolean")
            case .number: yaml.plain("number")
            case .string: yaml.plain("string")
            case .object(let members) where members.isEmpty: yaml.plain("{}")
            case .object(let members):
                yaml.beginBlock()
                for member in members {
                    yaml.key(member.isOptional ? member.key + "?" : member.key)
                    write(member.shape, &yaml)
                }
                yaml.endBlock()
            case .union(let shapes):
                if let names = scalars(shapes) { return yaml.text(names) }
                yaml.beginBlock()
                yaml.key("{any}")
                write(.array(shapes), &yaml)
                yaml.endBlock()
            case .array(let elements) where elements.isEmpty: yaml.plain("[]")
            case .array(let elements):
                yaml.beginBlock()
                for element in elements {
                    yaml.beginElement()
                    write(element, &yaml)
                    yaml.endElement()
                }
                yaml.endBlock()
            }
        }

        // MARK: - Members

        private mutating func list<Element>(
            _ key: StaticString, _ elements: [Element], _ write: (inout Writer, Element) -> Void
        ) {
            yaml.key(key)
            guard !elements.isEmpty else { return yaml.plain("[]") }
            yaml.beginBlock()
            for element in elements {
                yaml.beginElement()
                write(&self, element)
                yaml.endElement()
            }
            yaml.endBlock()
        }

        private mutating func text(_ key: StaticString, _ value: String) {
            yaml.key(key)
            yaml.text(value)
        }

        private mutating func time(_ key: StaticString, _ value: Timestamp) {
            yaml.key(key)
            yaml.quoted { timestamps.append(value, to: &$0) }
        }

        private mutating func number(_ key: StaticString, _ value: some BinaryInteger) {
            yaml.key(key)
            yaml.number(value)
        }
    }
}

extension DestinationType {
    /// As the map has it.
    var name: String {
        switch self {
        case .container: "container"
        case .process: "process"
        case .external: "external"
        }
    }
}

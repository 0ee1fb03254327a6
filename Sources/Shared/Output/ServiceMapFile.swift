/// The service map as YAML, in the layout of docs/contract.md, section 5.
///
/// It is written by hand because libyaml cannot make this layout: it does not indent a sequence within a mapping, and
/// gives keys of more than 128 bytes another form. The grammar is kept small instead: block mappings and sequences,
/// scalars either plain or in double quotes, each on one line.
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
        writer.document(document)
        return writer.bytes
    }

    private struct Writer {
        var bytes: [UInt8] = []
        private let fields: FieldSet
        private var timestamps = TimestampText()

        init(_ fields: FieldSet) { self.fields = fields }

        mutating func document(_ document: ServiceMapDocument) {
            time("generated_at", document.generatedAt, indent: 0)
            list("services", document.services, indent: 0) { writer, service in writer.service(service) }
        }

        private mutating func service(_ service: ServiceMapDocument.Service) {
            YAMLScalar.append("name", to: &bytes)
            put(": ")
            YAMLScalar.append(service.name, to: &bytes)
            put("\n")
            if let image = service.image { text("image", image, indent: 4) }
            list("endpoints", service.endpoints, indent: 4) { writer, endpoint in writer.endpoint(endpoint) }
            list("connections", service.connections, indent: 4) { writer, connection in writer.connection(connection) }
            time("first_seen", service.firstSeen, indent: 4)
            time("last_seen", service.lastSeen, indent: 4)
        }

        private mutating func endpoint(_ endpoint: ServiceMapDocument.Endpoint) {
            text("destination", endpoint.destination, indent: 0)
            text("destination_type", endpoint.destinationType.name, indent: 8)
            text("method", endpoint.method, indent: 8)
            text("path", endpoint.path, indent: 8)
            schema("request_schema", endpoint.requestSchema)
            schema("response_schema", endpoint.responseSchema)
            time("first_seen", endpoint.firstSeen, indent: 8)
            time("last_seen", endpoint.lastSeen, indent: 8)
            number("count", endpoint.count)
            if fields == .all { text("protocol", endpoint.protocolName, indent: 8) }
        }

        private mutating func connection(_ connection: ServiceMapDocument.Connection) {
            text("destination", connection.destination, indent: 0)
            text("destination_type", connection.destinationType.name, indent: 8)
            text("protocol", connection.protocolName, indent: 8)
            text("category", connection.category, indent: 8)
            number("port", UInt64(connection.port))
            number("confidence", connection.confidence)
            text("reason", connection.reason, indent: 8)
            time("first_seen", connection.firstSeen, indent: 8)
            time("last_seen", connection.lastSeen, indent: 8)
            number("count", connection.count)
            if connection.failures > 0 { number("failures", connection.failures) }
            if fields == .all, connection.isEncrypted {
                pad(8)
                put("tls: true\n")
            }
        }

        // MARK: - Schemas

        private mutating func schema(_ key: String, _ shape: Shape) {
            pad(8)
            put(key)
            put(":")
            if case .empty = shape { put(" null\n") } else { value(shape, indent: 10) }
        }

        /// A value behind `key:`, on the same line where it is a scalar.
        private mutating func value(_ shape: Shape, indent: Int) {
            switch shape {
            case .object(let members) where !members.isEmpty:
                put("\n")
                pad(indent)
                self.members(members, indent: indent)
            case .array(let elements) where !elements.isEmpty:
                put("\n")
                pad(indent)
                self.elements(elements, indent: indent)
            default:
                put(" ")
                leaf(shape)
            }
        }

        /// The members of an object; the first one's indentation is already written.
        private mutating func members(_ members: [Shape.Member], indent: Int) {
            for (place, member) in members.enumerated() {
                if place > 0 { pad(indent) }
                // Readers look for the colon within 1024 characters only (YAML 1.2, section 8.2.2), and else need `?`.
                if member.key.utf8.count > 128 {
                    put("? ")
                    YAMLScalar.append(member.key, to: &bytes)
                    put("\n")
                    pad(indent)
                } else {
                    YAMLScalar.append(member.key, to: &bytes)
                }
                put(":")
                value(member.shape, indent: indent + 2)
            }
        }

        /// The elements of an array; the first one's indentation is already written.
        private mutating func elements(_ elements: [Shape], indent: Int) {
            for (place, element) in elements.enumerated() {
                if place > 0 { pad(indent) }
                put("- ")
                switch element {
                case .object(let members) where !members.isEmpty: self.members(members, indent: indent + 2)
                case .array(let nested) where !nested.isEmpty: self.elements(nested, indent: indent + 2)
                default: leaf(element)
                }
            }
        }

        private mutating func leaf(_ shape: Shape) {
            switch shape {
            case .empty, .null: put("\"null\"\n")
            case .nonJSON: put("non-json\n")
            case .boolean: put("boolean\n")
            case .number: put("number\n")
            case .string: put("string\n")
            case .object: put("{}\n")
            case .array: put("[]\n")
            }
        }

        // MARK: - Lines

        private mutating func list<Element>(
            _ key: StaticString, _ elements: [Element], indent: Int, _ write: (inout Writer, Element) -> Void
        ) {
            pad(indent)
            put(key)
            put(elements.isEmpty ? ": []\n" : ":\n")
            for element in elements {
                pad(indent + 2)
                put("- ")
                write(&self, element)
            }
        }

        private mutating func text(_ key: StaticString, _ value: String, indent: Int) {
            pad(indent)
            put(key)
            put(": ")
            YAMLScalar.append(value, to: &bytes)
            put("\n")
        }

        private mutating func time(_ key: StaticString, _ value: Timestamp, indent: Int) {
            pad(indent)
            put(key)
            put(": \"")
            timestamps.append(value, to: &bytes)
            put("\"\n")
        }

        private mutating func number(_ key: StaticString, _ value: some BinaryInteger) {
            pad(8)
            put(key)
            put(": ")
            put(String(value))
            put("\n")
        }

        private mutating func pad(_ count: Int) {
            for _ in 0..<count { bytes.append(UInt8(ascii: " ")) }
        }

        private mutating func put(_ text: StaticString) {
            bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }

        private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }
    }
}

extension DestinationType {
    /// As the map has it.
    package var name: String {
        switch self {
        case .container: "container"
        case .process: "process"
        case .external: "external"
        }
    }
}

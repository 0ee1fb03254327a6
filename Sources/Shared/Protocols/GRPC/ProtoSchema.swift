/// The messages and methods of a FileDescriptorSet (google/protobuf/descriptor.proto), as `protoc --descriptor_set_out` and
/// `buf build` write one: names for what is on the wire by number.
package struct ProtoSchema: Sendable {
    struct Message: Sendable {
        var fields: [UInt32: Field] = [:]
    }

    struct Field: Sendable {
        var name: [UInt8]
        var kind: Kind
        var isRepeated: Bool
    }

    /// What a field holds, as JSON has it.
    enum Kind: Sendable, Equatable {
        case number, boolean, string
        /// The message's place; `nil` where it is in none of the files.
        case message(Int?)
    }

    struct Method: Sendable {
        var input: Int?
        var output: Int?
    }

    private(set) var messages: [Message] = []
    /// By path: a slash, the service with its package, a slash, the method.
    private var methods: [[UInt8]: Method] = [:]

    /// Why a file is no schema.
    package enum Fault: Error, CustomStringConvertible {
        case notDescriptors
        case noMethods

        package var description: String {
            switch self {
            case .notDescriptors:
                "it is no FileDescriptorSet (make one with protoc --include_imports --descriptor_set_out)"
            case .noMethods: "its files have no service"
            }
        }
    }

    /// Reads a FileDescriptorSet.
    package init(_ bytes: RawSpan) throws(Fault) {
        var reader = Reader()
        guard reader.read(bytes) else { throw .notDescriptors }
        messages = reader.messages
        for place in messages.indices {
            for (number, type) in reader.types[place] {
                messages[place].fields[number]?.kind = .message(reader.places[type])
            }
        }
        for method in reader.methods {
            // Names of messages begin with a dot.
            methods[method.path] = Method(input: reader.places[method.input], output: reader.places[method.output])
        }
        guard !methods.isEmpty else { throw .noMethods }
    }

    func method(_ path: RawSpan) -> Method? { methods[[UInt8](path)] }

    private struct Reader {
        var messages: [Message] = []
        /// Of fields that hold messages, the names of these, for each message.
        var types: [[UInt32: [UInt8]]] = []
        var places: [[UInt8]: Int] = [:]
        var methods: [(path: [UInt8], input: [UInt8], output: [UInt8])] = []

        /// Files do not nest messages deeper.
        private static let depth = 32

        mutating func read(_ bytes: RawSpan) -> Bool {
            guard let files = Self.fields(bytes, 0..<bytes.byteCount) else { return false }
            for file in files where file.number == 1 && file.wire == ProtobufFields.Wire.length {
                guard self.file(bytes, file.content) else { return false }
            }
            return !files.isEmpty
        }

        private static func fields(_ bytes: RawSpan, _ range: Range<Int>) -> [ProtobufFields.Field]? {
            var all: [ProtobufFields.Field] = []
            var fields = ProtobufFields(range)
            while !fields.isAtEnd {
                guard let field = fields.next(bytes) else { return nil }
                all.append(field)
            }
            return all
        }

        /// FileDescriptorProto: package 2, message_type 4, service 6.
        private mutating func file(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
            guard let fields = Self.fields(bytes, range) else { return false }
            var scope: [UInt8] = []
            for field in fields where field.number == 2 {
                scope = [UInt8(ascii: ".")] + [UInt8](bytes.extracting(field.content))
            }
            for field in fields {
                switch field.number {
                case 4: guard message(bytes, field.content, scope, 0) else { return false }
                case 6: guard service(bytes, field.content, scope) else { return false }
                default: break
                }
            }
            return true
        }

        /// DescriptorProto: name 1, field 2, nested_type 3.
        private mutating func message(_ bytes: RawSpan, _ range: Range<Int>, _ scope: [UInt8], _ depth: Int) -> Bool {
            guard depth < Self.depth, let fields = Self.fields(bytes, range) else { return false }
            let name = scope + [UInt8(ascii: ".")] + Self.text(bytes, 1, of: fields)
            let place = messages.count
            places[name] = place
            messages.append(Message())
            types.append([:])
            for field in fields {
                switch field.number {
                case 2: guard self.field(bytes, field.content, of: place) else { return false }
                case 3: guard message(bytes, field.content, name, depth + 1) else { return false }
                default: break
                }
            }
            return true
        }

        /// FieldDescriptorProto: name 1, number 3, label 4, type 5, type_name 6.
        private mutating func field(_ bytes: RawSpan, _ range: Range<Int>, of message: Int) -> Bool {
            guard let fields = Self.fields(bytes, range) else { return false }
            func number(_ of: UInt32) -> UInt64 { fields.last { $0.number == of }?.value ?? 0 }
            guard let place = UInt32(exactly: number(3)) else { return false }
            let kind: Kind
            switch number(5) {
            case 8: kind = .boolean
            // Text; bytes and the names of enumerations are text in JSON.
            case 9, 12, 14: kind = .string
            case 10, 11:
                kind = .message(nil)
                types[message][place] = Self.text(bytes, 6, of: fields)
            default: kind = .number
            }
            messages[message].fields[place] = Field(
                name: Self.text(bytes, 1, of: fields), kind: kind, isRepeated: number(4) == 3)
            return true
        }

        /// ServiceDescriptorProto: name 1, method 2; of that name 1, input_type 2, output_type 3.
        private mutating func service(_ bytes: RawSpan, _ range: Range<Int>, _ scope: [UInt8]) -> Bool {
            guard let fields = Self.fields(bytes, range) else { return false }
            var path: [UInt8] = [UInt8(ascii: "/")]
            if !scope.isEmpty { path += scope.dropFirst() + [UInt8(ascii: ".")] }
            path += Self.text(bytes, 1, of: fields) + [UInt8(ascii: "/")]
            for field in fields where field.number == 2 {
                guard let method = Self.fields(bytes, field.content) else { return false }
                methods.append(
                    (
                        path + Self.text(bytes, 1, of: method), Self.text(bytes, 2, of: method),
                        Self.text(bytes, 3, of: method)
                    ))
            }
            return true
        }

        private static func text(_ bytes: RawSpan, _ number: UInt32, of fields: [ProtobufFields.Field]) -> [UInt8] {
            fields.last { $0.number == number }.map { [UInt8](bytes.extracting($0.content)) } ?? []
        }
    }
}

/// The schema of a run, if it has one.
final class ProtoSchemas {
    let schema: ProtoSchema?

    init(_ schema: ProtoSchema? = nil) { self.schema = schema }
}

import FoundationEssentials

/// The fields of a message of Protocol Buffers, by their numbers (https://protobuf.dev/programming-guides/encoding/).
///
/// What is read of containerd are strings and numbers of a dozen messages. swift-protobuf would bring its compiler along,
/// in C++, and with it hundreds of files to every build of the tests.
struct ProtobufFields {
    struct Malformed: Error, CustomStringConvertible {
        var description: String { "a message of Protocol Buffers that can't be read" }
    }

    private enum Value {
        case number(UInt64)
        case bytes(Data)
    }

    private var fields: [(number: UInt64, value: Value)] = []

    /// - Throws: `Malformed`, where it ends in the middle of a field, or has one of a kind that there is not.
    init(_ bytes: Data) throws(Malformed) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let tag = try Self.varint(&rest)
            let value: Value? =
                switch tag & 7 {
                case 0: .number(try Self.varint(&rest))
                case 2: .bytes(Data(try Self.take(try Self.varint(&rest), &rest)))
                default: nil
                }
            if let value {
                fields.append((tag >> 3, value))
            } else if tag & 7 == 1 {
                _ = try Self.take(8, &rest)
            } else if tag & 7 == 5 {
                _ = try Self.take(4, &rest)
            } else {
                throw Malformed()
            }
        }
    }

    /// - Returns: what stands there last; 0 where there is none.
    func number(_ number: UInt64) -> UInt64 {
        for field in fields.reversed() where field.number == number {
            if case .number(let value) = field.value { return value }
        }
        return 0
    }

    /// - Returns: what stands there last; empty where there is none.
    func text(_ number: UInt64) -> String { String(decoding: bytes(number), as: UTF8.self) }

    func bytes(_ number: UInt64) -> Data { all(number).last ?? Data() }

    func message(_ number: UInt64) throws(Malformed) -> ProtobufFields {
        try ProtobufFields(bytes(number))
    }

    func messages(_ number: UInt64) throws(Malformed) -> [ProtobufFields] {
        try all(number).map { bytes throws(Malformed) in try ProtobufFields(bytes) }
    }

    /// A map's entries are messages of key and value.
    func map(_ number: UInt64) throws(Malformed) -> [String: String] {
        var map: [String: String] = [:]
        for entry in try messages(number) { map[entry.text(1)] = entry.text(2) }
        return map
    }

    private func all(_ number: UInt64) -> [Data] {
        fields.compactMap { field in
            guard field.number == number, case .bytes(let bytes) = field.value else { return nil }
            return bytes
        }
    }

    // MARK: - Bytes

    /// Seven bits a byte, the least first; the eighth says whether more follow.
    private static func varint(_ rest: inout Data.SubSequence) throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }

    private static func take(_ count: UInt64, _ rest: inout Data.SubSequence) throws(Malformed) -> Data.SubSequence {
        guard let count = Int(exactly: count), count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// A message with one text.
    static func message(_ number: UInt8, _ text: String) -> Data {
        var bytes = Data([number << 3 | 2])
        var length = text.utf8.count
        while length >= 0x80 {
            bytes.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        return bytes + Data(text.utf8)
    }
}

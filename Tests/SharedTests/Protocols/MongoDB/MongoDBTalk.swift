import Testing

@testable import Shared

/// What a MongoDB client and server say, message by message.
struct MongoDBTalk: TapedTalk {
    var tape = TapeBuilder()
    private var nextID: UInt32 = 0

    /// A value of BSON, of those that are asked for here.
    indirect enum Value {
        case double(Double)
        case string(String)
        case document([(String, Value)])
        case array([Value])
        case int(Int32)
        case long(Int64)
        case bytes([UInt8])

        var type: UInt8 {
            switch self {
            case .double: 1
            case .string: 2
            case .document: 3
            case .array: 4
            case .bytes: 5
            case .int: 0x10
            case .long: 0x12
            }
        }

        var bytes: [UInt8] {
            switch self {
            case .double(let number): MongoDBTalk.little(number.bitPattern, 8)
            case .string(let text): MongoDBTalk.little(UInt64(text.utf8.count + 1), 4) + Array(text.utf8) + [0]
            case .document(let elements): MongoDBTalk.document(elements)
            case .array(let values): MongoDBTalk.document(values.enumerated().map { ("\($0.offset)", $0.element) })
            case .int(let number): MongoDBTalk.little(UInt64(UInt32(bitPattern: number)), 4)
            case .long(let number): MongoDBTalk.little(UInt64(bitPattern: number), 8)
            case .bytes(let bytes): MongoDBTalk.little(UInt64(bytes.count), 4) + [0] + bytes
            }
        }
    }

    init(joinedLate: Bool = false) {
        tape.open(remote: TapeBuilder.server(27017), role: joinedLate ? .unknown : .client, joinedLate: joinedLate)
    }

    static func little(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }

    static func document(_ elements: [(String, Value)]) -> [UInt8] {
        var body: [UInt8] = []
        for (name, value) in elements {
            body.append(value.type)
            body += Array(name.utf8)
            body.append(0)
            body += value.bytes
        }
        body.append(0)
        return little(UInt64(body.count + 4), 4) + body
    }

    static func message(_ id: UInt32, to: UInt32, _ opcode: UInt32, _ body: [UInt8]) -> [UInt8] {
        let head: [UInt64] = [UInt64(body.count + 16), UInt64(id), UInt64(to), UInt64(opcode)]
        return head.flatMap { little($0, 4) } + body
    }

    static func sections(
        _ document: [(String, Value)], flags: UInt64 = 0,
        sequence: (name: String, documents: [[(String, Value)]])? = nil
    ) -> [UInt8] {
        var body = little(flags, 4) + [0] + MongoDBTalk.document(document)
        if let sequence {
            var content = Array(sequence.name.utf8) + [0]
            for one in sequence.documents { content += MongoDBTalk.document(one) }
            body.append(1)
            body += little(UInt64(content.count + 4), 4) + content
        }
        return body
    }

    /// - Returns: the number of the request.
    @discardableResult
    mutating func ask(
        _ document: [(String, Value)], flags: UInt64 = 0,
        sequence: (name: String, documents: [[(String, Value)]])? = nil,
        compressed: ((([UInt8]) -> [UInt8]), UInt8)? = nil
    ) -> UInt32 {
        nextID += 1
        send(.send, nextID, to: 0, Self.sections(document, flags: flags, sequence: sequence), compressed)
        return nextID
    }

    /// - Returns: the number of the answer.
    @discardableResult
    mutating func answer(
        _ id: UInt32, _ document: [(String, Value)], flags: UInt64 = 0,
        compressed: ((([UInt8]) -> [UInt8]), UInt8)? = nil
    ) -> UInt32 {
        nextID += 1000
        send(.receive, nextID, to: id, Self.sections(document, flags: flags), compressed)
        return nextID
    }

    private mutating func send(
        _ direction: Direction, _ id: UInt32, to: UInt32, _ body: [UInt8],
        _ compressed: ((([UInt8]) -> [UInt8]), UInt8)?
    ) {
        guard let (compress, code) = compressed else { return raw(direction, Self.message(id, to: to, 2013, body)) }
        let head = Self.little(2013, 4) + Self.little(UInt64(body.count), 4) + [code]
        raw(direction, Self.message(id, to: to, 2012, head + compress(body)))
    }
}

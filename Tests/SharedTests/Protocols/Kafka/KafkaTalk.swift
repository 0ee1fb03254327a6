import Testing

@testable import Shared

/// What a Kafka client and broker say, message by message (Apache Kafka documentation, "Protocol Guide").
struct KafkaTalk: TapedTalk {
    var tape = TapeBuilder()

    init(joinedLate: Bool = false) { open(joinedLate: joinedLate) }

    mutating func open(joinedLate: Bool = false) {
        tape.open(remote: TapeBuilder.server(9092), role: joinedLate ? .unknown : .client, joinedLate: joinedLate)
    }

    static func big(_ number: Int64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> Int64(8 * (count - 1 - $0))) }
    }

    static func string(_ text: String) -> [UInt8] { big(Int64(text.utf8.count), 2) + Array(text.utf8) }
    static func compact(_ text: String) -> [UInt8] { [UInt8(text.utf8.count + 1)] + Array(text.utf8) }

    /// A request; with tagged fields at its header's end where it is flexible.
    mutating func ask(_ key: Int64, _ version: Int64, _ id: Int64, isFlexible: Bool = false, _ body: [UInt8]) {
        let head =
            Self.big(key, 2) + Self.big(version, 2) + Self.big(id, 4) + Self.string("shop") + (isFlexible ? [0] : [])
        raw(.send, Self.big(Int64(head.count + body.count), 4) + head + body)
    }

    mutating func answer(_ id: Int64, isFlexible: Bool = false, _ body: [UInt8]) {
        let head = Self.big(id, 4) + (isFlexible ? [0] : [])
        raw(.receive, Self.big(Int64(head.count + body.count), 4) + head + body)
    }

    /// Numbers of so many bytes each, one behind the other.
    static func numbers(_ fields: (Int64, Int)...) -> [UInt8] { fields.flatMap { big($0.0, $0.1) } }

    /// A batch that says that it holds so many records.
    static func batch(_ count: Int64, attributes: Int64 = 0, content: Int = 40) -> [UInt8] {
        var rest = numbers(
            (0, 4), (2, 1), (0, 4), (attributes, 2), (count - 1, 4), (0, 8), (0, 8), (-1, 8), (-1, 2), (-1, 4))
        rest += big(count, 4) + [UInt8](repeating: 0x73, count: content)
        return numbers((0, 8), (Int64(rest.count), 4)) + rest
    }

    /// Produce of version 3.
    static func produce(_ topics: [(String, [UInt8])], acks: Int64 = 1) -> [UInt8] {
        var body = numbers((-1, 2), (acks, 2), (1000, 4), (Int64(topics.count), 4))
        for (name, records) in topics {
            body += string(name) + numbers((1, 4), (0, 4), (Int64(records.count), 4)) + records
        }
        return body
    }

    static func produced(_ topics: [(String, Int64)]) -> [UInt8] {
        var body = big(Int64(topics.count), 4)
        for (name, error) in topics { body += string(name) + numbers((1, 4), (0, 4), (error, 2), (5, 8), (-1, 8)) }
        return body + big(0, 4)
    }

    /// Fetch of version 4.
    static func fetch(_ topic: String) -> [UInt8] {
        let head = numbers((-1, 4), (500, 4), (1, 4), (1 << 20, 4), (0, 1), (1, 4))
        return head + string(topic) + numbers((1, 4), (0, 4), (0, 8), (1 << 20, 4))
    }

    static func fetched(_ topic: String, error: Int64 = 0, _ records: [UInt8]) -> [UInt8] {
        let partition = numbers((1, 4), (0, 4), (error, 2), (9, 8), (9, 8), (-1, 4), (Int64(records.count), 4))
        return numbers((0, 4), (1, 4)) + string(topic) + partition + records
    }
}

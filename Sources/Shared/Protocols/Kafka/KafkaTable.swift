/// The message formats, as `KafkaMessages.table` has them.
final class KafkaTable {
    struct Field {
        var kind: Kind
        var mark: Mark
        var versions: ClosedRange<UInt16>
        /// Behind the last field that is within it.
        var end: Int
    }

    enum Kind: UInt8 {
        case byte = 0x62
        case short = 0x68
        case int = 0x69
        case long = 0x6C
        case uuid = 0x75
        case string = 0x73
        case bytes = 0x79
        case records = 0x52
        /// `[`: a list of structures.
        case list = 0x5B
        /// `<`: a list of numbers, strings or UUIDs.
        case plainList = 0x3C
        case structure = 0x28
        /// `?`: a structure that may be missing.
        case optional = 0x3F

        /// Of a number.
        var size: Int? {
            switch self {
            case .byte: 1
            case .short: 2
            case .int: 4
            case .long: 8
            case .uuid: 16
            default: nil
            }
        }
    }

    enum Mark: UInt8 {
        case none = 0
        case topic = 0x54
        case topicID = 0x49
        case group = 0x47
        case error = 0x45
        case acks = 0x41
    }

    struct Message {
        /// Of the table's fields.
        var fields: Range<Int>
    }

    private(set) var fields: [Field] = []
    private var requests: [UInt16: Message] = [:]
    private var responses: [UInt16: Message] = [:]
    private var names: [UInt16: (name: StaticString, flexible: UInt16)] = [:]
    private var errors: [Int16: StaticString] = [:]

    init() {
        for (key, name, flexible) in KafkaMessages.names { names[key] = (name, flexible) }
        for (code, name) in KafkaMessages.errors { errors[code] = name }
        let table = RawSpan(
            _unsafeStart: KafkaMessages.table.utf8Start, byteCount: KafkaMessages.table.utf8CodeUnitCount)
        var at = 0
        while at < table.byteCount {
            let end = table.firstIndex(of: ASCII.lineFeed, from: at) ?? table.byteCount
            read(line: table.extracting(at..<end))
            at = end &+ 1
        }
    }

    func message(_ key: UInt16, isResponse: Bool) -> Message? { isResponse ? responses[key] : requests[key] }

    func name(_ key: UInt16) -> StaticString? { names[key]?.name }

    /// Body and header have tagged fields (KIP-482); a message that nobody knows is taken to have them.
    func isFlexible(_ key: UInt16, _ version: UInt16) -> Bool { version >= names[key]?.flexible ?? 0 }

    func error(_ code: Int16) -> StaticString? { errors[code] }

    // MARK: Reading the table

    private func read(line: RawSpan) {
        var at = 0
        let key = Self.number(line, &at)
        let isResponse = line.u8(at: at) == UInt8(ascii: "r")
        at &+= 1
        // The first flexible version is known by the name.
        while let byte = line.u8(at: at), byte != ASCII.space { at &+= 1 }
        let start = fields.count
        fields(line, &at)
        let message = Message(fields: start..<fields.count)
        if isResponse { responses[key] = message } else { requests[key] = message }
    }

    /// Fields up to the end of what they are in.
    private func fields(_ line: RawSpan, _ at: inout Int) {
        while let byte = line.u8(at: at) {
            at &+= 1
            guard let kind = Kind(rawValue: byte) else {
                if byte == ASCII.space { continue }
                return
            }
            var mark = Mark.none
            if let next = line.u8(at: at), let known = Mark(rawValue: next), known != .none,
                kind.size != nil || kind == .string
            {
                mark = known
                at &+= 1
            }
            let place = fields.count
            fields.append(Field(kind: kind, mark: mark, versions: Self.versions(line, &at), end: place &+ 1))
            if kind == .list || kind == .plainList || kind == .structure || kind == .optional {
                fields(line, &at)
                fields[place].end = fields.count
            }
        }
    }

    private static func versions(_ line: RawSpan, _ at: inout Int) -> ClosedRange<UInt16> {
        guard let byte = line.u8(at: at), ASCII.isDigit(byte) else { return 0...UInt16.max }
        let first = number(line, &at)
        let mark = line.u8(at: at)
        at &+= 1
        guard mark == UInt8(ascii: "-") else { return first...UInt16.max }
        let last = number(line, &at)
        return first...Swift.max(first, last)
    }

    private static func number(_ line: RawSpan, _ at: inout Int) -> UInt16 {
        var number: UInt16 = 0
        while let byte = line.u8(at: at), ASCII.isDigit(byte) {
            number = number &* 10 &+ UInt16(byte &- UInt8(ascii: "0"))
            at &+= 1
        }
        return number
    }
}

/// Names of topics by their ids, which clients learn on one connection and use on others; an id is never another topic's (KIP-516).
final class KafkaTopics {
    private var names: [KafkaTopicID: [UInt8]] = [:]

    /// A cluster has some thousand.
    private static let most = 1 << 16

    func learn(_ id: KafkaTopicID, _ name: RawSpan) {
        guard id != KafkaTopicID(high: 0, low: 0), names.count < Self.most || names[id] != nil else { return }
        names[id] = [UInt8](name)
    }

    func name(_ id: KafkaTopicID) -> [UInt8]? { names[id] }
}

struct KafkaTopicID: Hashable {
    var high: UInt64
    var low: UInt64
}

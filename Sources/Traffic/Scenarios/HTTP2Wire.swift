import Console

/// HTTP/2 as the scenarios speak it: frames (RFC 9113, section 4.1), and header blocks without Huffman's code (RFC 7541).
///
/// Knows only what scenarios say, and nothing of the parsers that are tested with it.
enum HTTP2Wire {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    enum Kind: UInt8 {
        case data = 0
        case headers = 1
        case reset = 3
        case settings = 4
        case ping = 6
        case windowUpdate = 8
        case continuation = 9
    }

    /// RFC 9113, section 6.5.2.
    enum Setting: UInt16 {
        case headerTableSize = 1
        case initialWindowSize = 4
    }

    static let acknowledgement: UInt8 = 1
    static let endStream: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8

    /// Why a stream is reset (RFC 9113, section 7).
    static let internalError: UInt32 = 2
    static let cancel: UInt32 = 8

    struct Frame {
        /// `nil`: of a kind that no scenario uses.
        var kind: Kind?
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]

        /// Bytes on the wire.
        var count: Int { 9 + payload.count }
    }

    static func frame(_ kind: Kind, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        let head = [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), kind.rawValue, flags]
        return head + number(stream) + payload
    }

    static func settings(_ values: KeyValuePairs<Setting, UInt32> = [:]) -> [UInt8] {
        frame(
            .settings, 0, 0,
            values.flatMap { [UInt8($0.key.rawValue >> 8), UInt8($0.key.rawValue & 0xFF)] + number($0.value) })
    }

    /// A header block in as many frames as it takes, of at most so many bytes each.
    static func head(_ block: [UInt8], _ stream: UInt32, flags: UInt8 = 0, most: Int = 16 << 10) -> [UInt8] {
        var frames: [UInt8] = []
        for start in stride(from: 0, to: block.count, by: most) {
            let end = min(start + most, block.count)
            let isFirst = start == 0
            frames += frame(
                isFirst ? .headers : .continuation, (isFirst ? flags : 0) | (end == block.count ? endHeaders : 0),
                stream, Array(block[start..<end]))
        }
        return frames
    }

    static func number(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }

    /// Reads how a client begins with prior knowledge (RFC 9113, section 3.4); its SETTINGS follow.
    static func expectPreface(_ wire: inout Wire) throws(Failure) {
        guard try wire.bytes(preface.count) == preface else { throw Failure("no preface came") }
    }

    static func read(_ wire: inout Wire) throws(Failure) -> Frame {
        let head = try wire.bytes(9)
        let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
        return Frame(
            kind: Kind(rawValue: head[3]), flags: head[4], stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) },
            payload: try wire.bytes(length))
    }
}

/// The fields that one side has sent on a connection, which it may name by their numbers (RFC 7541, section 2.3.2): what
/// makes header blocks, and what reads those that another has made.
struct HeaderTable {
    typealias Field = (name: String, value: String)

    /// The newest first.
    private var fields: [Field] = []
    private var size = 0
    private var limit: Int
    /// The other side allows another size, and the next block says that it is used.
    private var announced: Int?

    /// Of the static table, whose fields no scenario names by number.
    private static let staticFields = 61
    /// RFC 7541, section 4.1.
    private static let overhead = 32

    /// - Parameter limit: bytes; 4,096 where nothing is agreed.
    init(limit: Int = 4096) { self.limit = limit }

    mutating func allow(_ limit: Int) { announced = limit }

    // MARK: Making a block

    /// - Parameter isKept: each field is put into the table, and named by its number where it is there.
    mutating func block(_ head: [Field], isKept: Bool = false) -> [UInt8] {
        var block: [UInt8] = []
        if let announced {
            block += Self.number(announced, 0x20, bits: 5)
            resize(announced)
            self.announced = nil
        }
        for field in head {
            if isKept, let place = fields.firstIndex(where: { $0 == field }) {
                block += Self.number(Self.staticFields + 1 + place, 0x80, bits: 7)
            } else {
                block += [isKept ? 0x40 : 0] + Self.text(field.name) + Self.text(field.value)
                if isKept { keep(field) }
            }
        }
        return block
    }

    private static func text(_ text: String) -> [UInt8] { number(text.utf8.count, 0, bits: 7) + Array(text.utf8) }

    /// RFC 7541, section 5.1.
    private static func number(_ value: Int, _ first: UInt8, bits: Int) -> [UInt8] {
        let most = 1 << bits - 1
        guard value >= most else { return [first | UInt8(value)] }
        var bytes = [first | UInt8(most)]
        var rest = value - most
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    // MARK: Reading one

    mutating func fields(_ block: [UInt8]) throws(Failure) -> [String: String] {
        var found: [String: String] = [:]
        var at = 0
        func number(bits: Int) throws(Failure) -> Int {
            guard at < block.count else { throw Failure("a header block ends within a number") }
            let most = 1 << bits - 1
            var value = Int(block[at]) & most
            at += 1
            guard value == most else { return value }
            var shift = 0
            while at < block.count {
                value += Int(block[at] & 0x7F) << shift
                shift += 7
                at += 1
                if block[at - 1] & 0x80 == 0 { return value }
            }
            throw Failure("a header block ends within a number")
        }
        func text() throws(Failure) -> String {
            let count = try number(bits: 7)
            guard at + count <= block.count else { throw Failure("a header block ends within a text") }
            at += count
            return String(decoding: block[at - count..<at], as: UTF8.self)
        }
        while at < block.count {
            switch block[at] {
            case 0x80...:
                let place = try number(bits: 7) - Self.staticFields - 1
                guard fields.indices.contains(place) else { throw Failure("a header block names no field") }
                found[fields[place].name] = fields[place].value
            case 0x20..<0x40: resize(try number(bits: 5))
            case let first:
                at += 1
                let field = (name: try text(), value: try text())
                found[field.name] = field.value
                if first & 0x40 != 0 { keep(field) }
            }
        }
        return found
    }

    // MARK: The table

    private mutating func keep(_ field: Field) {
        fields.insert(field, at: 0)
        size += Self.size(field)
        resize(limit)
    }

    private mutating func resize(_ limit: Int) {
        self.limit = limit
        while size > limit, let last = fields.popLast() { size -= Self.size(last) }
    }

    private static func size(_ field: Field) -> Int { field.name.utf8.count + field.value.utf8.count + overhead }
}

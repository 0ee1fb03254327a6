import Testing

@testable import Shared

/// Blocks that come again are not read again.
///
/// What they say, and what the table becomes by them, is the same.
@Suite struct `Header blocks that are known` {
    private struct Field: Equatable, CustomStringConvertible {
        var name: String
        var value: String
        var description: String { "\(name): \(value)" }
    }

    /// Whoever says them: knows the table as its peer should (RFC 7541, section 4).
    private struct Sender {
        private var table: [Field] = []
        private var limit = 4096
        var random: SeededRandom

        init(_ random: SeededRandom) { self.random = random }

        private mutating func shrink() {
            while table.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }) > limit { table.removeLast() }
        }

        private mutating func insert(_ field: Field) {
            table.insert(field, at: 0)
            shrink()
        }

        private mutating func text(_ longest: Int) -> String {
            String(decoding: random.letters(random.below(longest + 1)), as: UTF8.self)
        }

        /// A field that does not ask what others have said.
        private mutating func plain() -> (bytes: [UInt8], field: Field, isEntry: Bool) {
            let value = text(random.chance(oneIn: 20) ? 1200 : 40)
            let name = "x" + text(8)
            switch random.below(5) {
            // RFC 7541, appendix A.
            case 0: return (HTTP2Frames.indexed(8), Field(name: ":status", value: "200"), false)
            case 1:
                return (
                    HTTP2Frames.integer(31, bits: 6, 0x40) + HTTP2Frames.text(value),
                    Field(name: "content-type", value: value), true
                )
            case 2: return (HTTP2Frames.field(name, value), Field(name: name, value: value), false)
            default: return (HTTP2Frames.kept(name, value), Field(name: name, value: value), true)
            }
        }

        /// Blocks as a server says them again and again.
        mutating func usual() -> [(bytes: [UInt8], fields: [(field: Field, isEntry: Bool)])] {
            (0..<4).map { _ in
                let parts = (0...random.below(6)).map { _ in plain() }
                return (parts.flatMap(\.bytes), parts.map { ($0.field, $0.isEntry) })
            }
        }

        mutating func say(_ fields: [(field: Field, isEntry: Bool)]) -> [Field] {
            for (field, isEntry) in fields where isEntry { insert(field) }
            return fields.map(\.field)
        }

        /// A block of any kind.
        mutating func any() -> (bytes: [UInt8], fields: [Field]) {
            var bytes: [UInt8] = []
            var fields: [Field] = []
            if random.chance(oneIn: 8) {
                limit = [0, 100, 500, 4096][random.below(4)]
                bytes += HTTP2Frames.integer(limit, bits: 5, 0x20)
                shrink()
            }
            for _ in 0...random.below(5) {
                let place = table.isEmpty ? nil : random.below(table.count)
                switch (random.below(3), place) {
                case (0, let place?):
                    bytes += HTTP2Frames.indexed(62 + place)
                    fields.append(table[place])
                case (1, let place?):
                    let field = Field(name: table[place].name, value: text(60))
                    bytes += HTTP2Frames.integer(62 + place, bits: 6, 0x40) + HTTP2Frames.text(field.value)
                    fields.append(field)
                    insert(field)
                default:
                    let part = plain()
                    bytes += part.bytes
                    fields.append(part.field)
                    if part.isEntry { insert(part.field) }
                }
            }
            return (bytes, fields)
        }
    }

    private static func read(_ block: [UInt8], _ inflater: HeaderInflater) -> [Field]? {
        var fields: [Field] = []
        let isRead = inflater.inflate(block.span.bytes, isLast: true) { name, value in
            fields.append(
                Field(
                    name: String(decoding: [UInt8](name), as: UTF8.self),
                    value: String(decoding: [UInt8](value), as: UTF8.self)))
        }
        return isRead ? fields : nil
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `say what they said, and leave the table as if they had been read`(seed: UInt64) throws {
        var sender = Sender(SeededRandom(seed: seed))
        let usual = sender.usual()
        let inflater = HeaderInflater(LargeTables())
        inflater.begin(isKnown: true)
        for number in 0..<200 {
            let bytes: [UInt8]
            let fields: [Field]
            if sender.random.chance(oneIn: 4) {
                (bytes, fields) = sender.any()
            } else {
                let block = usual[sender.random.below(usual.count)]
                (bytes, fields) = (block.bytes, sender.say(block.fields))
            }
            try #require(Self.read(bytes, inflater) == fields, "seed \(seed), block \(number)")
        }
    }

    /// A table of which nothing is known begins with entries that nobody has seen, and a large one is not for everybody.
    @Test func `that nobody understands take no large table each`() {
        let tables = LargeTables()
        let inflaters = (0..<100).map { _ in HeaderInflater(tables) }
        let far = HTTP2Frames.indexed(62 + 1000)
        func isUnderstood(_ inflater: HeaderInflater) -> Bool {
            inflater.begin(isKnown: false)
            if Self.read(far, inflater) != nil { return true }
            inflater.begin(isKnown: false)
            return Self.read(far, inflater) != nil
        }
        let understood = inflaters.filter(isUnderstood)
        #expect(understood.count == 64)
        // Who begins anew gives its own to others.
        understood[0].begin(isKnown: true)
        #expect(inflaters.filter(isUnderstood).count == 64)
    }

    /// A server that makes entries with each answer and refers to none: what it would take to read them all is not kept.
    @Test func `keep no more than fills the table`() {
        var backlog = HeaderBacklog()
        let block = HTTP2Frames.kept("etag", String(repeating: "a", count: 60))
        for _ in 0..<10_000 {
            backlog.add(block.span.bytes, entries: 4 + 60 + 32, table: 4096)
            #expect(backlog.count <= 2 * (4096 / 96 + 1) * block.count)
        }
        var bytes = 0
        backlog.withBlocks { bytes += $0.byteCount }
        #expect(bytes / block.count * 96 >= 4096)
    }
}

/// What header blocks say is known again where their bytes come again, as long as the table is the same.
@Suite struct `Header blocks that come again` {
    private typealias H2 = HTTP2Frames

    private struct Form: Sendable {
        var block: [UInt8]
        var refersToTable = false
        var entries: UInt64 = 0
    }

    @Test(
        arguments: [
            Form(block: [0x82, 0x86, 0x84]), Form(block: [0x0F, 0x2B, 1, 0x61]), Form(block: [0x00, 1, 0x61, 1, 0x62]),
            Form(block: [0x82, 0x40, 1, 0x61, 1, 0x62, 0x88, 0x5F, 1, 0x63], entries: 0b1010),
            // The last of the entries that every table begins with, and the first that others have made.
            Form(block: [0xBD]), Form(block: [0xBE], refersToTable: true),
            Form(block: [0xFF, 0x80, 0x01], refersToTable: true),
            Form(block: [0x7E, 1, 0x61], refersToTable: true, entries: 1),
        ])
    private func `say what they ask of the table, and what they do to it`(_ form: Form) {
        let read = HeaderBlockForm(form.block.span.bytes)
        #expect(read?.refersToTable == form.refersToTable)
        #expect(read?.entries == form.entries)
    }

    @Test(
        arguments: [
            // A size of the table, a value that is cut, a number that is too long, too many fields.
            [0x20], [0x82, 0x10, 1, 0x61, 1], [0xFF, 0x80, 0x80, 0x01], [UInt8](repeating: 0x82, count: 65),
        ] as [[UInt8]])
    func `are not remembered where they are none of these`(_ block: [UInt8]) {
        let isRead = HeaderBlockForm(block.span.bytes) != nil
        #expect(!isRead)
    }

    @Test func `mean what the table says now`() throws {
        let common = H2.block([":method": "GET", ":scheme": "http", ":path": "/"])
        let again = common + H2.indexed(62)
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, H2.preface + H2.headers(1, common + H2.kept("x", "one"), end: true))
        for stream in [3, 5] as [UInt32] { tape.data(.send, H2.headers(stream, again, end: true)) }
        tape.data(.send, H2.headers(7, common + H2.kept("x", "two"), end: true))
        for stream in [9, 11] as [UInt32] { tape.data(.send, H2.headers(stream, again, end: true)) }
        tape.close()
        let values = try tape.run().events().map { $0.header("x") as? String }
        #expect(values == ["one", "one", "one", "two", "two", "two"])
    }
}

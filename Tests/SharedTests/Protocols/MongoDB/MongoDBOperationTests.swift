import Testing

@testable import Shared

/// What is asked of MongoDB, and what became of it (MongoDB Manual, "MongoDB Wire Protocol").
@Suite struct `MongoDB operations` {
    private static let db: (String, MongoDBTalk.Value) = ("$db", .string("shop"))
    /// A block that is stored as it is (RFC 1950, RFC 1951 section 3.2.4).
    private static func zlib(_ bytes: [UInt8]) -> [UInt8] {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        let length = UInt64(bytes.count)
        var packed: [UInt8] = [0x78, 0x01, 0x01]
        packed += MongoDBTalk.little(length, 2) + MongoDBTalk.little(~length, 2) + bytes
        return packed + MongoDBTalk.little(UInt64((b << 16 | a).byteSwapped), 4)
    }

    private static let ok: (String, MongoDBTalk.Value) = ("ok", .double(1))

    @Test func `are commands on collections, without a value`() throws {
        var talk = MongoDBTalk()
        let find = talk.ask([
            ("find", .string("orders")),
            ("filter", .document([("customer", .string("a secret")), ("total", .document([("$gt", .int(4711))]))])),
            ("limit", .int(12)), ("lsid", .document([("id", .bytes([1, 2, 3]))])), Self.db,
        ])
        talk.answer(
            find,
            [
                (
                    "cursor",
                    .document([
                        ("firstBatch", .array([.document([("a", .string("a secret"))]), .document([])])),
                        ("id", .long(77)),
                        ("ns", .string("shop.orders")),
                    ])
                ), Self.ok,
            ])
        let more = talk.ask([("getMore", .long(77)), ("collection", .string("orders")), Self.db])
        talk.answer(
            more, [("cursor", .document([("nextBatch", .array([.document([])])), ("id", .long(0))])), Self.ok])
        try talk.ended.checkOperations(
            [
                "find ok 2/0 [orders] {find: ?, filter: {customer: ?, total: {$gt: ?}}, limit: ?}",
                "getMore ok 1/0 [orders] {getMore: ?, collection: ?}",
            ], withTargets: true)
        let result = talk.ended.run()
        #expect(!result.text.contains("secret") && !result.text.contains("4711"))
        let first = try #require(try result.events().first { $0.string("event_type") == "operation" })
        #expect(first.string("namespace") == "shop" && first.string("paired") == "id")
        #expect(first.string("summary") == "find orders" && first.string("system") == "mongodb")
    }

    @Test func `count what a sequence or an array holds`() throws {
        var talk = MongoDBTalk()
        let documents: [[(String, MongoDBTalk.Value)]] = [
            [("a", .int(1))], [("a", .int(2))], [("a", .string("secret"))],
        ]
        let first = talk.ask([("insert", .string("t")), Self.db], sequence: ("documents", documents))
        talk.answer(first, [("n", .int(3)), Self.ok])
        let second = talk.ask([
            ("update", .string("t")), ("updates", .array([.document([("q", .document([]))]), .document([])])), Self.db,
        ])
        talk.answer(second, [("n", .int(5)), ("nModified", .int(4)), Self.ok])
        let events = try talk.ended.run().events().filter { $0.string("event_type") == "operation" }
        #expect(events.compactMap { $0.number("batch") } == [3, 2])
        #expect(events.compactMap { $0.number("affected") } == [3, 4])
        try talk.ended.checkOperations(["insert ok {insert: ?}", "update ok {update: ?}"])
    }

    @Test func `have errors of commands and of writes`() throws {
        var talk = MongoDBTalk()
        let first = talk.ask([("drop", .string("t")), Self.db])
        talk.answer(
            first,
            [("ok", .double(0)), ("errmsg", .string("a secret")), ("code", .int(26)), ("codeName", .string("X"))])
        let second = talk.ask([("insert", .string("t")), Self.db])
        let failure: MongoDBTalk.Value = .document([
            ("index", .int(0)), ("code", .int(11000)), ("errmsg", .string("a secret")),
        ])
        talk.answer(second, [("n", .int(0)), ("writeErrors", .array([failure, failure])), Self.ok])
        try talk.ended.checkOperations(["drop error 26 {drop: ?}", "insert error 11000 {insert: ?}"])
        #expect(!talk.ended.run().text.contains("secret"))
    }

    @Test func `are one way where more is to come from the client`() throws {
        var talk = MongoDBTalk()
        talk.ask([("insert", .string("t")), Self.db], flags: 2)
        let second = talk.ask([("count", .string("t")), Self.db])
        talk.answer(second, [("n", .int(3)), Self.ok])
        try talk.ended.checkOperations(["insert one_way {insert: ?}", "count ok {count: ?}"])
    }

    /// Each answer names the one before it (exhaust).
    @Test func `go on where more is to come from the server`() throws {
        var talk = MongoDBTalk()
        var last = talk.ask([("getMore", .long(7)), ("collection", .string("t")), Self.db], flags: 0x1_0000)
        for number in 0..<3 {
            let batch: MongoDBTalk.Value = .document([("nextBatch", .array([.document([]), .document([])]))])
            last = talk.answer(last, [("cursor", batch), Self.ok], flags: number < 2 ? 2 : 0)
        }
        try talk.ended.checkOperations(["getMore ok 6/0 {getMore: ?, collection: ?}"])
    }

    @Test func `are answered by their numbers`() throws {
        var talk = MongoDBTalk()
        let first = talk.ask([("find", .string("a")), Self.db])
        let second = talk.ask([("find", .string("b")), Self.db])
        talk.answer(second, [("cursor", .document([("firstBatch", .array([.document([])]))])), Self.ok])
        talk.answer(99, [Self.ok])
        talk.answer(first, [("cursor", .document([("firstBatch", .array([]))])), Self.ok])
        try talk.ended.checkOperations(["find ok 1/0 [b] {find: ?}", "find ok 0/0 [a] {find: ?}"], withTargets: true)
    }

    @Test func `are read where they are compressed`() throws {
        // Snappy: a length, and literals of up to 60 bytes.
        func snappy(_ bytes: [UInt8]) -> [UInt8] {
            var packed = [UInt8(bytes.count & 0x7F | 0x80), UInt8(bytes.count >> 7)]
            for start in stride(from: 0, to: bytes.count, by: 60) {
                let part = bytes[start..<min(bytes.count, start + 60)]
                packed.append(UInt8(part.count - 1) << 2)
                packed += part
            }
            return packed
        }
        let compressors: [(([UInt8]) -> [UInt8], UInt8)] = [(snappy, 1), (Self.zlib, 2), ({ $0 }, 0)]
        for (compress, code) in compressors {
            var talk = MongoDBTalk()
            let first = talk.ask(
                [("find", .string("orders")), ("filter", .document([])), Self.db], compressed: (compress, code))
            talk.answer(
                first, [("cursor", .document([("firstBatch", .array([.document([("a", .string("x"))])]))])), Self.ok],
                compressed: (compress, code))
            let second = talk.ask([("ping", .int(1)), Self.db], compressed: ({ _ in [0xFF, 0xFF, 0xFF] }, code))
            talk.answer(second, [Self.ok])
            let lines = try talk.ended.run().operationLines(withTargets: true)
            #expect(lines.first == "find ok 1/0 [orders] {find: ?, filter: {}}", "\(code)")
            #expect(talk.ended.cut(every: 1).run().text == talk.ended.run().text)
        }
    }

    @Test func `begin with a query of old`() throws {
        var talk = MongoDBTalk()
        var body: [UInt8] = MongoDBTalk.little(4, 4) + Array("admin.$cmd\0".utf8)
        body += MongoDBTalk.little(0, 4) + MongoDBTalk.little(0xFFFF_FFFF, 4)
        body += MongoDBTalk.document([("isMaster", .int(1)), ("helloOk", .int(1))])
        talk.raw(.send, MongoDBTalk.message(1, to: 0, 2004, body))
        var reply: [UInt8] = MongoDBTalk.little(8, 4) + MongoDBTalk.little(0, 8) + MongoDBTalk.little(0, 4)
        reply += MongoDBTalk.little(1, 4) + MongoDBTalk.document([("ok", .double(1))])
        talk.raw(.receive, MongoDBTalk.message(5, to: 1, 1, reply))
        var options = Profiler.Options()
        options.housekeeping = true
        #expect(try talk.ended.run(options).operationLines() == ["isMaster ok 1/0"])
        #expect(try talk.ended.run().operationLines().isEmpty)
    }

    // MARK: Loss

    private static func conversation(joinedLate: Bool = false) -> TapeBuilder {
        var talk = MongoDBTalk(joinedLate: joinedLate)
        for number in 1...5 {
            let id = talk.ask([
                ("find", .string("t\(number)")), ("filter", .document([("a", .string("value"))])), Self.db,
            ])
            let documents = Array(repeating: MongoDBTalk.Value.document([("a", .string("some value"))]), count: number)
            talk.answer(id, [("cursor", .document([("firstBatch", .array(documents))])), Self.ok])
        }
        return talk.ended
    }

    private static func wrong(_ operations: [String]) -> [String] {
        operations.filter { operation in
            guard let match = operation.firstMatch(of: /ok (\d+)\/0 \[t(\d+)\]/), !operation.contains("!") else {
                return false
            }
            return match.1 != match.2
        }
    }

    @Test func `are right before and behind a gap anywhere`() throws {
        let tape = Self.conversation()
        let whole = try tape.run().operationLines(withTargets: true)
        #expect(whole.count == 5 && Self.wrong(whole).isEmpty)
        try expectRightAroundGaps(of: tape, withTargets: true, wrong: Self.wrong)
    }

    @Test func `of a capture that joined late are a suffix`() throws {
        try expectSuffixes(of: Self.conversation(joinedLate: true), withTargets: true)
    }

    @Test func `step over documents`() {
        var talk = MongoDBTalk()
        let id = talk.ask([("find", .string("t")), Self.db])
        let large = MongoDBTalk.Value.document([("a", .bytes(Array(repeating: 7, count: 100_000)))])
        talk.answer(id, [("cursor", .document([("firstBatch", .array(Array(repeating: large, count: 10)))])), Self.ok])
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        talk.tape.cut(every: 1000).play(into: profiler)
        #expect(profiler.steps < 100, "\(profiler.steps)")
        #expect(profiler.heldBytes < 2000)
    }

    @Test func `any bytes are read`() {
        let good = MongoDBTalk.message(
            1, to: 0, 2013, MongoDBTalk.sections([("find", .string("t")), Self.db], sequence: ("documents", [[]])))
        let reply = MongoDBTalk.message(9, to: 1, 2013, MongoDBTalk.sections([("n", .int(1)), Self.ok], flags: 2))
        let packed = MongoDBTalk.message(
            2, to: 0, 2012, MongoDBTalk.little(2013, 4) + MongoDBTalk.little(40, 4) + [1, 40, 0xFE, 1, 2])
        expectReadable([good, reply, packed], Babble(turns: 20, damagedOneIn: 3, hasNoise: false)) {
            MongoDBTalk(joinedLate: $0)
        }
    }
}

import Testing

@testable import Shared

/// What is asked of Kafka, and what became of it (Apache Kafka documentation, "Protocol Guide").
@Suite struct `Kafka operations` {
    @Test func `are one for each topic that is sent to`() throws {
        var talk = KafkaTalk()
        talk.ask(
            0, 3, 1,
            KafkaTalk.produce([
                ("orders", KafkaTalk.batch(3) + KafkaTalk.batch(2, attributes: 1)), ("audit", KafkaTalk.batch(1)),
            ]))
        talk.answer(1, KafkaTalk.produced([("orders", 0), ("audit", 3)]))
        try talk.ended.checkOperations(
            ["send ok [orders]", "send error UNKNOWN_TOPIC_OR_PARTITION [audit]"], withTargets: true)
        let events = try talk.ended.run().events().filter { $0.string("event_type") == "operation" }
        #expect(events.compactMap { $0.number("affected") } == [5, 0] && events.first?.number("batch") == 5)
        #expect(events.first?.string("summary") == "send orders" && events.first?.string("paired") == "id")
        // The bytes count on the first.
        #expect(events.last?.number("request_bytes") == 0 && events.last?.number("response_bytes") == 0)
    }

    @Test func `are one way where nobody acknowledges`() throws {
        var talk = KafkaTalk()
        talk.ask(0, 3, 1, KafkaTalk.produce([("orders", KafkaTalk.batch(3))], acks: 0))
        talk.ask(0, 3, 2, KafkaTalk.produce([("orders", KafkaTalk.batch(1))], acks: 0))
        try talk.ended.checkOperations(["send one_way [orders]", "send one_way [orders]"], withTargets: true)
    }

    @Test func `poll what comes back`() throws {
        var talk = KafkaTalk()
        talk.ask(1, 4, 1, KafkaTalk.fetch("orders"))
        // A control batch holds no message, and the last is cut.
        let records = KafkaTalk.batch(7) + KafkaTalk.batch(1, attributes: 0x20) + KafkaTalk.batch(9).dropLast(20)
        talk.answer(1, KafkaTalk.fetched("orders", records))
        talk.ask(1, 4, 2, KafkaTalk.fetch("orders"))
        talk.answer(2, KafkaTalk.fetched("orders", []))
        talk.ask(1, 4, 3, KafkaTalk.fetch("orders"))
        talk.answer(3, KafkaTalk.fetched("orders", error: 1, []))
        try talk.ended.checkOperations(
            ["poll ok 7/0 [orders]", "poll ok 0/0", "poll error OFFSET_OUT_OF_RANGE 0/0 [orders]"], withTargets: true)
    }

    /// Flexible versions, in which a topic has an id whose name another connection has learned (KIP-482, KIP-516).
    @Test func `know topics by their ids`() throws {
        let id = Array(repeating: UInt8(0xAB), count: 16)
        var talk = KafkaTalk()
        talk.ask(3, 12, 1, isFlexible: true, [0, 1, 0, 0])
        var metadata: [UInt8] = KafkaTalk.big(0, 4) + [1, 0] + KafkaTalk.big(1, 4) + [2, 0, 0]
        metadata += KafkaTalk.compact("orders") + id + [0, 1] + KafkaTalk.big(0, 4) + [0, 0]
        talk.answer(1, isFlexible: true, metadata)
        talk.tape.close()
        talk.open()
        var fetch: [UInt8] = KafkaTalk.numbers((500, 4), (1, 4), (1, 4), (0, 1), (0, 4), (-1, 4))
        fetch += [1, 1, 1, 0]
        talk.ask(1, 15, 1, isFlexible: true, fetch)
        let records = KafkaTalk.batch(4)
        var answer: [UInt8] = KafkaTalk.numbers((0, 4), (0, 2), (9, 4), (2, 1)) + id + [2]
        answer += KafkaTalk.numbers((0, 4), (0, 2), (9, 8), (9, 8), (0, 8), (0, 1), (-1, 4))
        // The length of the batch as a varint of one byte or two.
        let length = records.count + 1
        answer += [UInt8(length & 0x7F | 0x80), UInt8(length >> 7)] + records + [0, 0, 0]
        talk.answer(1, isFlexible: true, answer)
        try talk.ended.checkOperations(["poll ok 4/0 [orders]"], withTargets: true)
    }

    @Test func `commit and ask for groups`() throws {
        var talk = KafkaTalk()
        var commit: [UInt8] = KafkaTalk.string("billing") + KafkaTalk.big(1, 4) + KafkaTalk.string("m")
        commit +=
            KafkaTalk.numbers((-1, 8), (1, 4)) + KafkaTalk.string("orders") + KafkaTalk.numbers((1, 4), (0, 4), (8, 8))
        talk.ask(8, 3, 1, commit + KafkaTalk.string(""))
        let committed: [UInt8] = KafkaTalk.numbers((0, 4), (1, 4)) + KafkaTalk.string("orders")
        talk.answer(1, committed + KafkaTalk.numbers((1, 4), (0, 4), (0, 2)))
        talk.ask(13, 0, 2, KafkaTalk.string("billing") + KafkaTalk.string("m"))
        talk.answer(2, KafkaTalk.big(25, 2))
        talk.ask(12, 0, 3, KafkaTalk.string("billing") + KafkaTalk.big(1, 4) + KafkaTalk.string("m"))
        talk.answer(3, KafkaTalk.big(0, 2))
        try talk.ended.checkOperations(
            ["commit ok [orders]", "LeaveGroup error UNKNOWN_MEMBER_ID [billing]"], withTargets: true)
        #expect(talk.ended.run().summary.operations.housekeeping == 1)
    }

    @Test func `come back in order, and a number that is passed over was lost`() throws {
        var talk = KafkaTalk()
        for id in 1...3 as ClosedRange<Int64> {
            talk.ask(0, 3, id, KafkaTalk.produce([("t\(id)", KafkaTalk.batch(id))]))
        }
        talk.answer(1, KafkaTalk.produced([("t1", 0)]))
        talk.answer(3, KafkaTalk.produced([("t3", 0)]))
        try talk.ended.checkOperations(
            ["send ok [t1]", "send unanswered [t2] !response", "send ok [t3]"], withTargets: true)
    }

    @Test func `are read behind tokens that have no header`() throws {
        var talk = KafkaTalk()
        talk.ask(17, 0, 1, KafkaTalk.string("GSSAPI"))
        talk.answer(1, KafkaTalk.big(0, 2) + KafkaTalk.big(0, 4))
        talk.raw(.send, KafkaTalk.big(20, 4) + Array(repeating: 0x60, count: 20))
        talk.raw(.receive, KafkaTalk.big(6, 4) + Array(repeating: 0x61, count: 6))
        talk.ask(0, 3, 2, KafkaTalk.produce([("orders", KafkaTalk.batch(1))]))
        talk.answer(2, KafkaTalk.produced([("orders", 0)]))
        try talk.ended.checkOperations(["send ok [orders]"], withTargets: true)
    }

    // MARK: Loss

    private static func conversation(joinedLate: Bool = false) -> TapeBuilder {
        var talk = KafkaTalk(joinedLate: joinedLate)
        for number in 1...6 as ClosedRange<Int64> {
            if number.isMultiple(of: 2) {
                talk.ask(1, 4, 100 + number, KafkaTalk.fetch("t\(number)"))
                talk.answer(100 + number, KafkaTalk.fetched("t\(number)", KafkaTalk.batch(number)))
            } else {
                talk.ask(0, 3, 100 + number, KafkaTalk.produce([("t\(number)", KafkaTalk.batch(number))]))
                talk.answer(100 + number, KafkaTalk.produced([("t\(number)", 0)]))
            }
        }
        return talk.ended
    }

    @Test func `are right before and behind a gap anywhere`() throws {
        let tape = Self.conversation()
        let whole = try tape.run().operationLines(withTargets: true)
        #expect(whole.count == 6)
        for offset in stride(from: 0, to: tape.dataBytes, by: 5) {
            for length in [1, 60] {
                let result = tape.losing(length, at: offset).run()
                let operations = try result.operationLines(withTargets: true)
                let right = operations.filter(whole.contains)
                #expect(right.count >= 3, "\(length) lost at \(offset): \(operations)")
                let told = operations.filter { $0.contains(" ok ") && !$0.contains("!") }
                #expect(
                    told.filter { $0.contains("[") }.allSatisfy(whole.contains),
                    "\(length) lost at \(offset): \(operations)")
                #expect(result.summary.bytes.isBalanced)
            }
        }
    }

    @Test func `of a capture that joined late are a suffix`() throws {
        try expectSuffixes(of: Self.conversation(joinedLate: true), withTargets: true)
    }

    @Test func `step over records`() {
        var talk = KafkaTalk()
        talk.ask(1, 4, 1, KafkaTalk.fetch("orders"))
        talk.answer(1, KafkaTalk.fetched("orders", (0..<10).flatMap { _ in KafkaTalk.batch(100, content: 100_000) }))
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        talk.tape.cut(every: 1000).play(into: profiler)
        #expect(profiler.steps < 120, "\(profiler.steps)")
        #expect(profiler.heldBytes < 2000)
    }

    @Test func `any bytes are read`() {
        var good = KafkaTalk()
        good.ask(0, 3, 1, KafkaTalk.produce([("orders", KafkaTalk.batch(3))]))
        good.answer(1, KafkaTalk.produced([("orders", 0)]))
        good.ask(1, 4, 2, KafkaTalk.fetch("orders"))
        good.answer(2, KafkaTalk.fetched("orders", KafkaTalk.batch(4)))
        let parts = good.tape.entries.map(\.payload).filter { !$0.isEmpty }
        expectReadable(parts, Babble(turns: 20, damagedOneIn: 3, hasNoise: false)) { KafkaTalk(joinedLate: $0) }
    }
}

import Testing

@testable import Shared

/// What is asked of SQL Server, and what became of it ([MS-TDS] 2.2.6, 2.2.7).
@Suite struct `SQL Server operations` {
    private static let select: UInt8 = 0xC1

    @Test func `are batches`() throws {
        var talk = MSSQLTalk()
        talk.batch("select a, [b c] from t where n = N'a secret' and c = 5")
        talk.answer(MSSQLTalk.rows(3) + MSSQLTalk.done(0x10, command: Self.select, count: 3))
        talk.batch("update t set a = 1")
        talk.answer(MSSQLTalk.done(0x10, command: 0xC5, count: 7))
        talk.batch("select x from nowhere")
        talk.answer(MSSQLTalk.error(208) + MSSQLTalk.done(2))
        talk.batch("print 'x'")
        talk.answer([0xAB] + MSSQLTalk.error(5701, severity: 0).dropFirst() + MSSQLTalk.done(0))
        try talk.ended.checkOperations([
            "SELECT ok 3/0 select a, [b c] from t where n = ? and c = ?", "UPDATE ok 0/7 update t set a = ?",
            "SELECT error 208 0/0 select x from nowhere", "PRINT ok 0/0 print ?",
        ])
        let result = talk.ended.run()
        #expect(!result.text.contains("secret"))
        let first = try #require(try result.events().first { $0.string("event_type") == "operation" })
        #expect(first.string("namespace") == "shop" && first.string("system") == "microsoft.sql_server")
    }

    @Test func `are statements that are executed with parameters`() throws {
        var talk = MSSQLTalk()
        talk.call(
            10,
            MSSQLTalk.nvarchar("select a from t where b = @p1") + MSSQLTalk.nvarchar("@p1 int") + MSSQLTalk.int(4711))
        talk.answer(
            MSSQLTalk.rows(2) + MSSQLTalk.done(0x11, command: Self.select, count: 2, token: 0xFF) + [0x79, 0, 0, 0, 0]
                + MSSQLTalk.done(0, command: 0xE0, token: 0xFE))
        talk.call("dbo.order_of", MSSQLTalk.int(4711))
        talk.answer([0x79, 0, 0, 0, 0] + MSSQLTalk.done(0, command: 0xE0, token: 0xFE))
        try talk.ended.checkOperations(
            ["SELECT ok 2/0 [t] select a from t where b = @p1", "EXECUTE ok 0/0 [dbo.order_of]"], withTargets: true)
    }

    @Test func `are executions of what was prepared`() throws {
        var talk = MSSQLTalk()
        let end = [0x79, 0, 0, 0, 0] + MSSQLTalk.handle(77) + MSSQLTalk.done(0, command: 0xE0, token: 0xFE)
        talk.call(
            13,
            MSSQLTalk.int(nil) + MSSQLTalk.nvarchar("@p1 int")
                + MSSQLTalk.nvarchar("select a from t where b = @p1 and c = 'x'"))
        talk.answer(MSSQLTalk.rows(1) + MSSQLTalk.done(0x11, command: Self.select, count: 1, token: 0xFF) + end)
        talk.call(12, MSSQLTalk.int(77) + MSSQLTalk.int(4711))
        talk.answer(
            MSSQLTalk.done(0x11, command: Self.select, count: 0, token: 0xFF) + end.prefix(5)
                + MSSQLTalk.done(0, token: 0xFE))
        talk.call(15, MSSQLTalk.int(77))
        talk.answer(MSSQLTalk.done(0, token: 0xFE))
        talk.call(12, MSSQLTalk.int(77))
        talk.answer(MSSQLTalk.error(8179) + MSSQLTalk.done(2, token: 0xFE))
        try talk.ended.checkOperations([
            "SELECT ok 1/0 select a from t where b = @p1 and c = ?",
            "SELECT ok 0/0 select a from t where b = @p1 and c = ?",
            "- error 8179 0/0 !text",
        ])
    }

    @Test func `are cancelled by an attention`() throws {
        var talk = MSSQLTalk()
        talk.batch("waitfor delay '00:10'")
        talk.send(0x06, [])
        talk.answer(MSSQLTalk.done(0x20))
        talk.batch("select 1")
        talk.answer(MSSQLTalk.rows(1) + MSSQLTalk.done(0x10, command: Self.select, count: 1))
        let lines = try talk.ended.run().operationLines()
        #expect(
            lines.count == 2 && lines.first?.contains(" cancelled ") == true && lines.last == "SELECT ok 1/0 select ?")
    }

    @Test func `follow the database, and know transactions`() throws {
        var talk = MSSQLTalk()
        talk.batch("use other")
        let name = MSSQLTalk.utf16("other")
        let change: [UInt8] = [1, 5] + name + [0]
        talk.answer([0xE3, UInt8(change.count), 0] + change + MSSQLTalk.done(0))
        talk.send(0x0E, MSSQLTalk.headers + [5, 0, 0, 0])
        talk.answer(MSSQLTalk.done(0))
        talk.send(0x0E, MSSQLTalk.headers + [7, 0, 0, 0])
        talk.answer(MSSQLTalk.done(0))
        try talk.ended.checkOperations(["BEGIN ok 0/0", "COMMIT ok 0/0"])
        #expect(try talk.ended.run().events().last?.string("namespace") == "other")
    }

    @Test func `tell of a login that fails`() throws {
        var talk = MSSQLTalk(logsIn: false)
        talk.login()
        talk.answer(MSSQLTalk.error(18456, severity: 14) + MSSQLTalk.done(2))
        try talk.ended.checkOperations(["connect error 18456"])
    }

    /// Two sessions in one connection, whose packets come between each other ([MC-SMP]).
    @Test func `are answered within their sessions`() throws {
        var talk = MSSQLTalk()
        talk.choose(1)
        talk.batch("select a from first")
        talk.choose(2)
        talk.batch("select b from second")
        let answer = MSSQLTalk.packets(
            0x04, MSSQLTalk.rows(60) + MSSQLTalk.done(0x10, command: Self.select, count: 60), every: 500)
        talk.choose(1)
        talk.raw(.receive, Array(answer[..<508]))
        talk.choose(2)
        talk.answer(MSSQLTalk.rows(2) + MSSQLTalk.done(0x10, command: Self.select, count: 2))
        talk.choose(1)
        talk.raw(.receive, Array(answer[508...]))
        try talk.ended.checkOperations(["SELECT ok 2/0 select b from second", "SELECT ok 60/0 select a from first"])
    }

    @Test func `have texts of several packets`() throws {
        var talk = MSSQLTalk()
        talk.batch("select " + Array(repeating: "a", count: 900).joined(separator: ", ") + " from t", every: 504)
        talk.answer(MSSQLTalk.rows(1) + MSSQLTalk.done(0x10, command: Self.select, count: 1))
        let lines = try talk.ended.run().operationLines(withTargets: true)
        #expect(lines.count == 1 && lines.first?.hasPrefix("SELECT ok 1/0 [t] select a, a") == true)
    }

    @Test func `touch eight bytes of a packet`() {
        var talk = MSSQLTalk()
        talk.batch("select big from t")
        talk.answer(
            MSSQLTalk.rows(300, length: 5000) + MSSQLTalk.done(0x10, command: Self.select, count: 300), every: 32_000)
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        talk.tape.cut(every: 1000).play(into: profiler)
        // A step a packet, and few besides: what is between the headers is skipped, but for an answer's beginning and its end.
        #expect(profiler.steps < 150, "\(profiler.steps)")
        #expect(profiler.heldBytes < 4000)
    }

    // MARK: Loss

    private static func conversation(joinedLate: Bool = false) -> TapeBuilder {
        var talk = MSSQLTalk(joinedLate: joinedLate)
        for number in 1...5 as ClosedRange<UInt64> {
            talk.batch("select a\(number) from t\(number)")
            talk.answer(MSSQLTalk.rows(Int(number)) + MSSQLTalk.done(0x10, command: select, count: number))
        }
        return talk.ended
    }

    private static func wrong(_ operations: [String]) -> [String] {
        operations.filter { operation in
            guard let match = operation.firstMatch(of: /ok (\d+)\/0 select a(\d+) from t(\d+)/) else { return false }
            return match.1 != match.2 || match.2 != match.3
        }
    }

    @Test func `are right before and behind a gap anywhere`() throws {
        let tape = Self.conversation()
        let whole = try tape.run().operationLines()
        #expect(whole.count == 5 && Self.wrong(whole).isEmpty, "\(whole)")
        try expectRightAroundGaps(of: tape, wrong: Self.wrong)
    }

    @Test func `of a capture that joined late are a suffix`() throws {
        try expectSuffixes(of: Self.conversation(joinedLate: true))
    }

    @Test func `any bytes are read`() {
        var good = MSSQLTalk(joinedLate: true)
        good.batch("select 1")
        good.answer(MSSQLTalk.rows(2) + MSSQLTalk.error(1) + MSSQLTalk.done(0x12, command: Self.select, count: 2))
        good.call(13, MSSQLTalk.int(nil) + MSSQLTalk.nvarchar("@p1 int") + MSSQLTalk.nvarchar("select 'x"))
        good.answer(MSSQLTalk.handle(5) + MSSQLTalk.done(0))
        good.call(12, MSSQLTalk.int(5))
        good.choose(3)
        good.batch("select 3")
        let parts = good.tape.entries.map(\.payload).filter { !$0.isEmpty }
        expectReadable(parts, Babble(turns: 20, damagedOneIn: 3, hasNoise: false)) { MSSQLTalk(joinedLate: $0) }
    }
}

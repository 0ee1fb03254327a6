import Testing

@testable import Shared

/// What is told of PostgreSQL where something is missing: right operations before and after it, and never another statement.
@Suite struct `PostgreSQL operations with loss` {
    /// Statements of which each has rows and a text of its own: `select N from tN` gives N rows.
    private static func conversation(joinedLate: Bool = false) -> PostgresTalk {
        var talk = PostgresTalk(joinedLate: joinedLate, startsUp: true)
        for number in 1...6 {
            let rows = (0..<number).map { PostgresTalk.Server.row("\($0)") }
            let text = "select a\(number) from t\(number)"
            tell(&talk, text, rows, number, isExtended: number.isMultiple(of: 2))
        }
        return talk
    }

    private static func tell(
        _ talk: inout PostgresTalk, _ text: String, _ rows: [PostgresTalk.Server], _ number: Int, isExtended: Bool
    ) {
        let answer =
            rows.flatMap(\.bytes) + PostgresTalk.Server.complete("SELECT \(number)").bytes
            + PostgresTalk.Server.ready.bytes
        if isExtended {
            talk.client(.parse(text), .bind(), .execute(), .sync)
            talk.raw(.receive, PostgresTalk.Server.parsed.bytes + PostgresTalk.Server.bound.bytes + answer)
        } else {
            talk.client(.query(text))
            talk.raw(.receive, answer)
        }
    }

    /// Each statement that is told of with an answer has its own.
    private static func wrong(_ operations: [String]) -> [String] {
        operations.filter { operation in
            guard let match = operation.firstMatch(of: /ok (\d+)\/0 select a(\d+) from t(\d+)/) else { return false }
            return match.1 != match.2 || match.2 != match.3
        }
    }

    @Test func `are right before and behind a gap anywhere`() throws {
        let talk = Self.conversation()
        var tape = talk.tape
        tape.wait(milliseconds: 1)
        tape.close()
        let whole = try PostgresTalk.operations(tape.run())
        #expect(whole.count == 6 && Self.wrong(whole).isEmpty)
        var found = 0
        for offset in stride(from: 0, to: tape.dataBytes, by: 3) {
            for length in [1, 10, 60] {
                let result = tape.losing(length, at: offset).run()
                let operations = try PostgresTalk.operations(result)
                #expect(Self.wrong(operations).isEmpty, "\(length) lost at \(offset): \(operations)")
                #expect(result.summary.bytes.isBalanced)
                let right = operations.filter(whole.contains).count
                found += right
                // What is not near the gap is there.
                #expect(right >= 3, "\(length) lost at \(offset): \(operations)")
            }
        }
        #expect(found > 0)
    }

    @Test func `of a capture that joined late are a suffix`() throws {
        let talk = Self.conversation(joinedLate: true)
        var tape = talk.tape
        tape.wait(milliseconds: 1)
        tape.close()
        let whole = try PostgresTalk.operations(tape.run())
        #expect(whole.count == 6, "\(whole)")
        for offset in 1..<tape.dataBytes {
            let operations = try PostgresTalk.operations(tape.dropping(first: offset).run())
            #expect(Self.wrong(operations).isEmpty, "from \(offset): \(operations)")
            let known = operations.filter { $0.contains(" ok ") && !$0.contains("!text") }
            #expect(Array(whole.suffix(known.count)) == known, "from \(offset): \(operations)")
        }
    }

    @Test func `have no text where it was told before the capture joined`() throws {
        var talk = PostgresTalk(joinedLate: true)
        for _ in 0..<3 {
            talk.client(.bind("s", values: ["v"]), .execute(), .sync)
            talk.server(.bound, .row("a"), .complete("SELECT 1"), .ready)
        }
        try talk.check(["SELECT ok 1/0 !text", "SELECT ok 1/0 !text", "SELECT ok 1/0 !text"])
        #expect(talk.result().summary.operations.textUnknown == 3)
    }

    /// Joined late, the answers of requests that nobody saw are not those of the next.
    @Test func `are not paired with the answers of others`() throws {
        var talk = PostgresTalk(joinedLate: true)
        talk.client(.parse("select c"), .bind(), .execute(), .sync)
        // Two more statements were sent in the same cycle, before the capture joined.
        for _ in 0..<3 { talk.server(.parsed, .bound, .row("x"), .complete("SELECT 1")) }
        talk.server(.ready)
        talk.client(.query("select d"))
        talk.server(.row("y"), .complete("SELECT 1"), .ready)
        try talk.check(["SELECT unanswered select c !response", "SELECT ok 1/0 select d"])
    }

    /// Joined late within a cycle, the errors of requests that nobody saw are not those of the next either: as many answers as
    /// requests are there, and one of them is the first request's.
    @Test func `are not paired with the errors of others`() throws {
        var talk = PostgresTalk(joinedLate: true)
        talk.client(.parse("select b"), .bind(), .execute())
        talk.client(.parse("select c"), .bind(), .execute(), .sync)
        // `select a` has a row, `select b` fails, and so `select c` is passed over.
        talk.server(.parsed, .bound, .row("x"), .complete("SELECT 1"), .parsed, .error("22012"))
        talk.server(.ready)
        talk.client(.parse("select d"), .bind(), .execute(), .sync)
        talk.server(.error("42P01"), .ready)
        try talk.check([
            "SELECT unanswered select b !response", "SELECT unanswered select c !response",
            "SELECT error 42P01 0/0 select d",
        ])
    }

    /// What begins behind ReadyForQuery, or with a Query, has nothing before it.
    @Test func `have their errors where the capture joined before them`() throws {
        var idle = PostgresTalk(joinedLate: true)
        idle.server(.row("x"), .complete("SELECT 1"), .ready)
        idle.client(.parse("select a"), .bind(), .execute(), .sync)
        idle.server(.error("22012"), .ready)
        try idle.check(["SELECT error 22012 0/0 select a"])
        var simple = PostgresTalk(joinedLate: true)
        simple.client(.query("select b"))
        simple.server(.error("42P01"), .ready)
        try simple.check(["SELECT error 42P01 0/0 select b"])
    }

    /// A Query proves itself, whatever its text begins with: it is not kept until the next one comes, which would look as if the
    /// client did not wait for answers.
    @Test(arguments: [
        "close c", "do $$ begin end $$", "\n  select 1", "/* traceparent=1 */ select 1", "(select 1)", "-- x\nselect 1",
        "abort", "end",
    ])
    func `are paired whatever a capture that joined late meets first`(_ text: String) throws {
        var talk = PostgresTalk(joinedLate: true)
        for text in [text, "select 2", "select 3"] {
            talk.client(.query(text))
            talk.server(.complete("SELECT 1"), .ready)
        }
        let operations = try PostgresTalk.operations(talk.result())
        #expect(operations.count == 3 && operations.allSatisfy { $0.contains(" ok 1/0") }, "\(operations)")
        let whole = talk.result()
        for cut in [1, 2, 7] { #expect(talk.ended.cut(every: cut).run() == whole, "cut every \(cut)") }
    }

    @Test func `are paired behind a COPY that a capture joined`() throws {
        var talk = PostgresTalk(joinedLate: true)
        talk.server(.copyIn)
        talk.client(.copyData("1\tone\n"), .copyDone)
        talk.server(.complete("COPY 1"), .ready)
        for text in ["delete from a", "delete from b"] {
            talk.client(.query(text))
            talk.server(.complete("DELETE 2"), .ready)
        }
        try talk.check(["DELETE ok 0/2 delete from a", "DELETE ok 0/2 delete from b"])
    }

    /// A name may have been given to another statement in what is missing.
    @Test func `forget the names behind a gap`() throws {
        var talk = PostgresTalk()
        talk.client(.parse("select old", name: "s"), .sync)
        talk.server(.parsed, .ready)
        talk.gap(.send, 50)
        talk.client(.bind("s"), .execute(), .sync)
        talk.server(.bound, .complete("SELECT 0"), .ready)
        try talk.check(["SELECT ok 0/0 !text"])
    }

    @Test func `are given up at the end`() throws {
        var talk = PostgresTalk()
        talk.client(.query("select pg_sleep(60)"))
        try talk.check(["SELECT unanswered select pg_sleep(?) !response"])
    }

    @Test func `show what was captured of a text`() throws {
        var talk = PostgresTalk()
        let query = PostgresTalk.Client.query("select a from t where b = 'secret value' and c = 5").bytes
        talk.raw(.send, Array(query[..<36]))
        talk.gap(.send, UInt64(query.count - 36))
        talk.server(.row("1"), .complete("SELECT 1"), .ready)
        talk.client(.query("select 2"))
        talk.server(.row("1"), .complete("SELECT 1"), .ready)
        try talk.check(["SELECT ok 1/0 select a from t where b = ? !request", "SELECT ok 1/0 select ?"])
    }
}

/// Work and memory of what strangers send.
@Suite struct `PostgreSQL operations of strangers` {
    @Test func `touch five bytes of a row`() {
        var talk = PostgresTalk()
        talk.client(.query("select big from t"))
        let row = PostgresTalk.Server.row(String(repeating: "x", count: 100_000)).bytes
        for _ in 0..<20 { talk.raw(.receive, row) }
        talk.server(.complete("SELECT 20"), .ready)
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        let tape = talk.tape.cut(every: 1000)
        tape.play(into: profiler)
        // A step a row, and few besides: what is between is skipped.
        #expect(profiler.steps < 120, "\(profiler.steps)")
        #expect(profiler.heldBytes < 2000)
    }

    @Test func `keep a bounded number of names`() {
        var talk = PostgresTalk()
        for number in 0..<5000 { talk.client(.parse("select \(number)", name: "name\(number)"), .sync) }
        let result = talk.result()
        #expect(result.summary.limits[.preparedStatements] > 0 && result.summary.bytes.isBalanced)
    }

    @Test func `are given up where too many wait`() {
        var talk = PostgresTalk()
        for _ in 0..<20_000 { talk.client(.query("select 1")) }
        let result = talk.result()
        #expect(result.summary.limits[.pipelinedRequests] > 0)
        #expect(result.summary.operations.byStatus[.unanswered] == 20_000)
    }

    @Test func `any bytes are read`() {
        let parts: [[UInt8]] = [
            PostgresTalk.Client.query("select 1").bytes, PostgresTalk.Client.parse("select 'x", name: "a").bytes,
            PostgresTalk.Client.bind("a", portal: "p").bytes, PostgresTalk.Client.execute("p").bytes,
            PostgresTalk.Client.sync.bytes,
            PostgresTalk.Server.ready.bytes, PostgresTalk.Server.complete("SELECT 18446744073709551616").bytes,
            PostgresTalk.Server.error("42").bytes, PostgresTalk.Server.suspended.bytes,
            PostgresTalk.Server.copyIn.bytes,
            PostgresTalk.Server.row("x").bytes, PostgresTalk.Server.parsed.bytes, PostgresTalk.Server.bound.bytes,
            [0x51, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x42, 0, 0, 0, 4], [0x43, 0, 0, 0, 5, 0x53], PostgresTalk.Client.copyDone.bytes,
            PostgresTalk.Client.close("a").bytes,
        ]
        expectReadable(parts, seeds: 0..<400) { PostgresTalk(joinedLate: $0) }
    }
}

import Testing

@testable import Shared

/// What is told of MySQL where something is missing: right operations before and after it, and never another statement.
@Suite struct `MySQL operations with loss` {
    /// Statements of which each has rows and a text of its own: `select aN from tN` gives N rows.
    private static func conversation(joinedLate: Bool = false) -> TapeBuilder {
        var talk = MySQLTalk(joinedLate: joinedLate)
        for number in 1...6 {
            let rows = MySQLTalk.rows((0..<number).map { "row \($0)" })
            let text = "select a\(number) from t\(number)"
            if number.isMultiple(of: 2) {
                talk.client(.prepare(text))
                talk.server(1, .prepared(UInt32(number), columns: 1, parameters: 0), .definition, .end())
                talk.client(.execute(UInt32(number)))
            } else {
                talk.client(.query(text))
            }
            talk.server(rows)
        }
        return talk.ended
    }

    /// Each statement that is told of with an answer has its own.
    private static func wrong(_ operations: [String]) -> [String] {
        operations.filter { operation in
            guard let match = operation.firstMatch(of: /ok (\d+)\/0 select a(\d+) from t(\d+)/) else { return false }
            return match.1 != match.2 || match.2 != match.3
        }
    }

    @Test func `are right before and behind a gap anywhere`() throws {
        let tape = Self.conversation()
        let whole = try tape.run().operationLines()
        #expect(whole.count == 6 && Self.wrong(whole).isEmpty)
        for offset in stride(from: 0, to: tape.dataBytes, by: 3) {
            for length in [1, 10, 60] {
                let result = tape.losing(length, at: offset).run()
                let operations = try result.operationLines()
                #expect(Self.wrong(operations).isEmpty, "\(length) lost at \(offset): \(operations)")
                #expect(result.summary.bytes.isBalanced)
                // What is not near the gap is there; what was prepared before it may be known by another number now.
                let right = operations.filter { $0.contains(" ok ") }.count
                #expect(right >= 4, "\(length) lost at \(offset): \(operations)")
            }
        }
    }

    @Test func `of a capture that joined late are a suffix`() throws {
        let tape = Self.conversation(joinedLate: true)
        let whole = try tape.run().operationLines()
        #expect(whole.count == 6, "\(whole)")
        for offset in 1..<tape.dataBytes {
            let operations = try tape.dropping(first: offset).run().operationLines()
            #expect(Self.wrong(operations).isEmpty, "from \(offset): \(operations)")
            let known = operations.filter { $0.contains(" ok ") && !$0.contains("!text") }
            #expect(Array(whole.suffix(known.count)) == known, "from \(offset): \(operations)")
        }
    }

    @Test func `have no text where it was told before the capture joined`() throws {
        var talk = MySQLTalk(joinedLate: true)
        for _ in 0..<3 {
            talk.client(.execute(5))
            talk.server(MySQLTalk.rows(["x"]))
        }
        try talk.check(["- ok 1/0 !text", "- ok 1/0 !text", "- ok 1/0 !text"])
    }

    @Test func `forget the numbers behind a gap`() throws {
        var talk = MySQLTalk()
        talk.client(.prepare("select old"))
        talk.server(1, .prepared(1, columns: 0, parameters: 0))
        talk.gap(.send, 50)
        talk.client(.execute(1))
        talk.server(MySQLTalk.rows([]))
        try talk.check(["- ok 0/0 !text"])
    }

    @Test func `show what was captured of a text`() throws {
        var talk = MySQLTalk()
        let query = MySQLTalk.Client.query("select a from t where b = 'secret value' and c = 5").bytes
        talk.raw(.send, Array(query[..<36]))
        talk.gap(.send, UInt64(query.count - 36))
        talk.server(MySQLTalk.rows(["1"]))
        talk.client(.query("select 2"))
        talk.server(MySQLTalk.rows(["1"]))
        try talk.check(["SELECT ok 1/0 select a from t where b = ? !request", "SELECT ok 1/0 select ?"])
    }

    @Test func `are given up at the end`() throws {
        var talk = MySQLTalk()
        talk.client(.query("select sleep(60)"))
        try talk.check(["SELECT unanswered select sleep(?) !response"])
    }

    @Test func `any bytes are read`() {
        let parts: [[UInt8]] = [
            MySQLTalk.Client.query("select 1; select 'x").bytes, MySQLTalk.Client.prepare("select ?").bytes,
            MySQLTalk.Client.execute(1).bytes, MySQLTalk.Client.execute(1, cursor: true).bytes,
            MySQLTalk.Client.fetch(1).bytes, MySQLTalk.Client.close(1).bytes, MySQLTalk.Client.ping.bytes,
            MySQLTalk.packet(0, [3, 2, 1, 0, 1, 0xFD]), MySQLTalk.packet(0, [0x12, 0]),
            MySQLTalk.packet(0, [0x11, 0x61, 0]),
            MySQLTalk.packets(1, [.ok()]), MySQLTalk.packets(1, [.error(1000)]), MySQLTalk.packets(1, [.file]),
            MySQLTalk.packets(1, [.prepared(1, columns: 1, parameters: 2)]),
            MySQLTalk.packets(1, MySQLTalk.rows(["x"])),
            MySQLTalk.packets(1, [.columns(250)]), MySQLTalk.packets(2, [.definition]),
            MySQLTalk.packets(3, [.end(status: 0x4A)]),
            [0xFF, 0xFF, 0xFF, 0, 3], [0, 0, 0, 2], MySQLTalk.packet(1, [0xFC, 0xFF]),
            MySQLTalk.packet(1, [0, 0xFE, 1, 2, 3, 4, 5]),
        ]
        expectReadable(parts) { MySQLTalk(joinedLate: $0) }
    }

    @Test func `keep a bounded number of statements`() {
        var talk = MySQLTalk()
        for number in 0..<17_000 as Range<UInt32> {
            talk.client(.prepare("select \(number)"))
            talk.server(1, .prepared(number, columns: 0, parameters: 0))
        }
        let result = talk.result()
        #expect(result.summary.limits[.preparedStatements] > 0 && result.summary.bytes.isBalanced)
    }
}

import Testing

@testable import Shared

/// What is told of Redis where something is missing: right operations before and after it, and never another's answer.
@Suite struct `Redis operations with loss` {
    /// Each command says by its key what its answer is: `GET n` has n bytes, `INCR n` gives n, `LPUSH n` fails.
    private static func conversation(joinedLate: Bool = false) -> ServiceTalk {
        var talk = ServiceTalk.redis(joinedLate: joinedLate)
        for round in 0..<5 {
            for number in [1, 2, 3] where round != 3 { exchange(&talk, [number, number &+ 3]) }
            exchange(&talk, [4])
            exchange(&talk, [1, 2, 3, 4, 5, 6])
        }
        return talk
    }

    /// `EXISTS a…` with n keys answers n.
    private static func exchange(_ talk: inout ServiceTalk, _ numbers: [Int]) {
        talk.raw(.send, numbers.flatMap { ServiceTalk.command("EXISTS" + (0..<$0).map { " key\($0)" }.joined()) })
        talk.raw(
            .receive, numbers.flatMap { Array("$\($0)\r\n".utf8) + [UInt8](repeating: 0x78, count: $0) + [13, 10] })
    }

    /// Each operation that is told of with an answer has its own: as many bytes as it has keys.
    private static func wrong(_ result: TapeResult) throws -> [String] {
        try result.events().filter { event in
            guard event.string("event_type") == "operation", event.string("status") == "ok",
                let bytes = event.number("response_bytes"), let targets = event.fields["targets"] as? [String],
                event.fields["incomplete"] == nil
            else { return false }
            return bytes != targets.count + 6
        }.map(\.line)
    }

    @Test func `are right before and behind a gap anywhere`() throws {
        let tape = Self.conversation().ended
        let whole = tape.run(ServiceTalk.options)
        let all = try ServiceTalk.operations(whole).count
        #expect(try Self.wrong(whole).isEmpty)
        for offset in stride(from: 0, to: tape.dataBytes, by: 97) {
            for length in [1, 10, 60] {
                let result = tape.losing(length, at: offset).run(ServiceTalk.options)
                #expect(try Self.wrong(result).isEmpty, "\(length) lost at \(offset)")
                #expect(result.summary.bytes.isBalanced)
                let answered = try ServiceTalk.operations(result).filter { $0.contains(" ok") }
                // What is not near the gap is there.
                #expect(answered.count >= all - 14, "\(length) lost at \(offset): \(answered.count) of \(all)")
            }
        }
    }

    @Test func `of a capture that joined late are a suffix`() throws {
        let tape = Self.conversation(joinedLate: true).ended
        let whole = try ServiceTalk.operations(tape.run(ServiceTalk.options))
        for offset in stride(from: 1, to: tape.dataBytes, by: 61) {
            let result = tape.dropping(first: offset).run(ServiceTalk.options)
            #expect(try Self.wrong(result).isEmpty, "from \(offset)")
            let operations = try ServiceTalk.operations(result).filter { $0.contains(" ok") }
            #expect(operations == Array(whole.suffix(operations.count)), "from \(offset)")
        }
    }

    @Test func `step over what is missing of values`() throws {
        var talk = ServiceTalk.redis()
        talk.raw(.send, Array("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$30\r\nsecret".utf8))
        talk.gap(.send, 20)
        talk.raw(.send, Array("1234\r\n".utf8) + ServiceTalk.command("GET b"))
        talk.reply("+OK")
        talk.raw(.receive, Array("$100\r\nxyz".utf8))
        talk.gap(.receive, 90)
        talk.raw(.receive, Array("1234567\r\n".utf8))
        talk.ask("GET c")
        talk.reply("$1 x")
        try talk.check(["SET a ? ok", "GET b ok 1/0", "GET c ok 1/0"])
    }

    @Test func `are lost at the first byte that is wrong, however it came`() {
        // A length of one too many, of an argument and of a value: the byte behind it is no line's end.
        var talk = ServiceTalk.redis()
        talk.raw(.send, Array("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$6\r\n8.1.0\r\n".utf8))
        talk.reply("-ERR no")
        talk.ask("GET b")
        talk.raw(.receive, Array("$2\r\nx\r\n".utf8))
        talk.ask("GET c")
        talk.reply("$1 x")
        let whole = talk.result().text
        for length in [1, 2, 3, 7, 16] { #expect(talk.ended.cut(every: length).run().text == whole) }
    }

    /// A length of one too many, where what has it is kept: the key of a command, the channel of a message.
    @Test(arguments: [
        (Direction.send, "*2\r\n$3\r\nGET\r\n$2\r\nb\r\n"),
        (.receive, "*3\r\n$7\r\nmessage\r\n$5\r\nnews\r\n"), (.receive, "*3\r\n$8\r\nmessage\r\n"),
    ])
    func `are lost at once, however little follows`(_ direction: Direction, _ wrong: String) {
        var talk = ServiceTalk.redis()
        talk.ask("SUBSCRIBE news")
        talk.reply("*3 $9 subscribe $4 news :1")
        talk.raw(direction, Array(wrong.utf8))
        talk.raw(direction == .send ? .receive : .send, Array(":3\r\n".utf8))
        let whole = talk.result().text
        for length in [1, 2, 3, 7, 16] { #expect(talk.ended.cut(every: length).run().text == whole) }
    }

    @Test func `are found again by their own bytes, whatever follows them`() throws {
        // Behind a line's end that is none, in one segment: a command, and what none begins with.
        var talk = ServiceTalk.redis()
        talk.ask("GET a")
        talk.reply("$1 x")
        talk.raw(.send, Array("*1\r\n$4\r\nPINGxx".utf8) + ServiceTalk.command("GET b") + Array("\u{1}5\0-ERR".utf8))
        let whole = talk.result()
        #expect(try ServiceTalk.operations(whole).contains { $0.hasPrefix("GET b") })
        for length in [1, 2, 3, 7, 16] { #expect(talk.ended.cut(every: length).run().text == whole.text) }
    }

    @Test func `tell of messages to a subscriber that the capture joined late`() throws {
        var talk = ServiceTalk.redis(joinedLate: true)
        talk.raw(.receive, Array("ret\r\n".utf8))
        for _ in 0..<3 { talk.reply("*3 $7 message $4 news $6 secret") }
        try talk.check(["message news ok", "message news ok", "message news ok"])
    }

    @Test func `are not paired with the answers of others`() throws {
        var talk = ServiceTalk.redis(joinedLate: true)
        // Two more were asked in the same segment, before the capture joined.
        talk.ask("GET c")
        talk.reply("$-1", "$-1", "$1 x")
        talk.ask("GET d")
        talk.reply("$1 x")
        try talk.check(["GET c unanswered !response", "GET d ok 1/0"])
    }
}

/// Work and memory of what strangers send.
@Suite struct `Redis operations of strangers` {
    @Test func `touch a few bytes of a value`() {
        var talk = ServiceTalk.redis()
        for _ in 0..<20 {
            talk.ask("GET big")
            talk.raw(.receive, Array("$100000\r\n".utf8) + [UInt8](repeating: 0x78, count: 100_000) + [13, 10])
            talk.raw(
                .send,
                Array("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100000\r\n".utf8) + [UInt8](repeating: 0x78, count: 100_000) + [
                    13, 10,
                ])
            talk.reply("+OK")
        }
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        talk.tape.cut(every: 1000).play(into: profiler)
        #expect(profiler.steps < 250, "\(profiler.steps)")
        #expect(profiler.heldBytes < 2000)
    }

    @Test func `are given up where too many wait`() {
        var talk = ServiceTalk.redis()
        for _ in 0..<20_000 { talk.ask("PING") }
        let result = talk.result()
        #expect(result.summary.limits[.pipelinedRequests] > 0)
        #expect(result.summary.operations.byStatus[.unanswered] == 20_000)
    }

    @Test func `any bytes are read`() {
        let parts: [[UInt8]] =
            [
                "MULTI", "EXEC", "DISCARD", "GET a", "SUBSCRIBE a b", "UNSUBSCRIBE", "MONITOR", "PSYNC ? 1", "SYNC",
                "CLIENT REPLY OFF", "CLIENT REPLY ON", "SELECT 1", "EVAL x 99999999 a", "XREAD STREAMS a", "MGET a b",
            ].map(ServiceTalk.command)
            + [
                "+OK\r\n", "+QUEUED\r\n", "$1\r\nx\r\n", "$-1\r\n", "*-1\r\n", "*2\r\n", "*0\r\n", "%1\r\n", "|1\r\n",
                ">2\r\n",
                "_\r\n", "-ERR\r\n", "*3\r\n$7\r\nmessage\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n",
                "*2147483648\r\n",
                "$99999999999\r\n", "!3\r\nERR\r\n", "\n", "PING\r\n", "*1\r\n", "$0\r\n\r\n", "*0\r\n",
                "$4294967296\r\n",
            ].map { Array($0.utf8) }
        expectReadable(parts) { isLate in
            var talk = ServiceTalk.redis(joinedLate: isLate)
            talk.ask("GET a")
            return talk
        }
    }
}

import Foundation
import Testing

@testable import Shared

/// What is published, asked for and delivered (NATS documentation, "Client Protocol"; JetStream API reference).
@Suite struct `NATS operations` {
    private static func talk(joinedLate: Bool = false) -> ServiceTalk {
        var talk = ServiceTalk(port: 4222, joinedLate: joinedLate)
        guard !joinedLate else { return talk }
        talk.server("INFO {\"server_id\":\"N\",\"version\":\"2.9\"}\r\n")
        talk.client("CONNECT {\"verbose\":false,\"pass\":\"secret\"}\r\nPING\r\n")
        talk.server("PONG\r\n")
        return talk
    }

    @Test func `are messages by their subjects, without payloads`() throws {
        var talk = Self.talk()
        talk.client("SUB orders.> 1\r\nsub orders.*.new workers 2\r\nPUB orders.1001.new 6\r\nsecret\r\n")
        talk.client("HPUB orders.7.new 25 31\r\nNATS/1.0\r\nKey: secret\r\n\r\nsecret\r\nUNSUB 1\r\n")
        talk.server(
            "MSG orders.1001.new 1 6\r\nsecret\r\nHMSG orders.7.new 2 25 31\r\nNATS/1.0\r\nKey: secret\r\n\r\nsecret\r\n"
        )
        talk.server("PING\r\n+OK\r\n")
        try talk.check([
            "connect ok", "subscribe orders.> one_way", "subscribe orders.*.new one_way",
            "publish orders.{id}.new one_way",
            "publish orders.{id}.new one_way", "process orders.{id}.new ok", "process orders.{id}.new ok",
        ])
        #expect(!talk.result().text.contains("secret"))
    }

    @Test func `are requests with the first answer in their inbox`() throws {
        var talk = Self.talk()
        talk.client("SUB _INBOX.ab.* 1\r\nPUB stock.check _INBOX.ab.x 3\r\ncup\r\nPUB nobody _INBOX.ab.y 0\r\n\r\n")
        talk.client("PUB stock.slow _INBOX.ab.z 0\r\n\r\n")
        talk.server("HMSG _INBOX.ab.y 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\nMSG _INBOX.ab.x 1 8\r\nin stock\r\n")
        talk.server("MSG _INBOX.ab.x 1 4\r\nmore\r\n")
        try talk.check([
            "connect ok", "subscribe one_way", "request nobody error 503", "request stock.check ok", "process ok",
            "request stock.slow unanswered !response",
        ])
        let event = try #require(
            try talk.result().events().first { $0.string("targets") == nil && $0.string("code") == "503" })
        #expect(event.string("paired") == "id" && event.number("response_bytes") != nil)
        #expect(!talk.result().text.contains("_INBOX"))
    }

    @Test func `are answered by who is asked`() throws {
        var talk = Self.talk()
        talk.client("SUB stock.check 1\r\n")
        talk.server("MSG stock.check 1 _INBOX.other.1 3\r\ncup\r\n")
        talk.client("PUB _INBOX.other.1 8\r\nin stock\r\n")
        talk.server("MSG stock.check 1 _INBOX.other.2 3\r\ncup\r\n")
        try talk.check([
            "connect ok", "subscribe stock.check one_way", "process stock.check ok", "process stock.check ok",
        ])
        let events = try talk.result().events().filter { $0.string("operation") == "process" }
        #expect(events.map { $0.string("paired") } == ["id", "none"])
    }

    @Test func `know JetStream's interface`() throws {
        var talk = Self.talk()
        talk.client("SUB _INBOX.a.* 1\r\nSUB _INBOX.pull 2\r\n")
        talk.client(
            "PUB $JS.API.STREAM.CREATE.EVENTS _INBOX.a.1 2\r\n{}\r\nPUB $JS.API.STREAM.INFO.GONE _INBOX.a.2 0\r\n\r\n")
        let error = "{\"type\":\"io.nats\",\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"secret\"}}"
        talk.server(
            "MSG _INBOX.a.1 1 22\r\n{\"type\":\"io.nats.jet\"}\r\nMSG _INBOX.a.2 1 \(error.utf8.count)\r\n\(error)\r\n"
        )
        talk.client(
            "PUB events.1 _INBOX.a.3 1\r\nx\r\nPUB $JS.API.CONSUMER.MSG.NEXT.EVENTS.worker _INBOX.pull 1\r\n1\r\n")
        talk.server("MSG _INBOX.a.3 1 27\r\n{\"stream\":\"EVENTS\",\"seq\":12}\r\n".replacing("27", with: "28"))
        talk.server("MSG events.1 2 $JS.ACK.EVENTS.worker.1.1.1.99.0 1\r\nx\r\n")
        talk.client(
            "PUB $JS.ACK.EVENTS.worker.1.1.1.99.0 4\r\n+WPI\r\nPUB $JS.ACK.EVENTS.worker.1.1.1.99.0 4\r\n-NAK\r\n")
        talk.client("PUB $JS.API.CONSUMER.MSG.NEXT.EVENTS.worker _INBOX.pull 1\r\n1\r\n")
        talk.server("HMSG _INBOX.pull 2 28 28\r\nNATS/1.0 404 No Messages\r\n\r\n\r\n")
        talk.client("PUB $JS.ACK.EVENTS.worker.1.2.2.99.0 4\r\n+ACK\r\n")
        try talk.check([
            "connect ok", "subscribe one_way", "subscribe one_way", "STREAM.CREATE EVENTS ok",
            "STREAM.INFO GONE error 10059",
            "publish events.{id} ok", "receive EVENTS.worker ok", "process events.{id} ok -NAK",
            "receive EVENTS.worker ok 404",
            "settle EVENTS.worker one_way",
        ])
        #expect(!talk.result().text.contains("secret"))
    }

    @Test func `fail with the connection`() throws {
        var talk = ServiceTalk(port: 4222)
        talk.server("INFO {\"server_id\":\"N\"}\r\n")
        talk.client("CONNECT {\"pass\":\"secret\"}\r\n")
        talk.server("-ERR 'Authorization Violation'\r\n")
        try talk.check(["connect error Authorization Violation"])
        var other = Self.talk()
        other.client("PUB secret.subject 0\r\n\r\n")
        other.server("-ERR 'Permissions Violation for Publish to \"secret.subject\"'\r\n")
        try other.check(["connect ok", "publish secret.subject one_way", "error error Permissions Violation"])
    }

    /// The payload says by its length which number its subject has.
    private static func conversation(joinedLate: Bool = false) -> ServiceTalk {
        var talk = talk(joinedLate: joinedLate)
        for round in 0..<4 {
            for number in 1...6 {
                let payload = String(repeating: "x", count: number)
                talk.client(
                    "PUB a.b\(number) \(number)\r\n\(payload)\r\n"
                        + (round == 2 ? "PUB c _INBOX.q.\(number) 0\r\n\r\n" : ""))
                if round == 2 { talk.server("MSG _INBOX.q.\(number) 1 1\r\ny\r\n") }
                if round != 3 { talk.server("MSG d.e\(number) 2 \(number)\r\n\(payload)\r\n") }
            }
        }
        return talk
    }

    private static func wrong(_ operations: [String]) -> [String] {
        operations.filter { $0.contains("!") && !$0.contains("request") }
    }

    @Test func `are right before and behind a gap anywhere`() throws {
        let tape = Self.conversation().ended
        let whole = try ServiceTalk.operations(tape.run(ServiceTalk.options))
        #expect(Self.wrong(whole).isEmpty && whole.count == 49, "\(whole)")
        for offset in stride(from: 0, to: tape.dataBytes, by: 17) {
            for length in [1, 10, 60] {
                let result = tape.losing(length, at: offset).run(ServiceTalk.options)
                let operations = try ServiceTalk.operations(result)
                let others = operations.filter { !whole.contains($0) && !$0.contains("request") && $0 != "process ok" }
                #expect(others.isEmpty, "\(length) lost at \(offset): \(others)")
                #expect(operations.count >= whole.count - 8, "\(length) lost at \(offset): \(operations.count)")
                #expect(result.summary.bytes.isBalanced)
            }
        }
    }

    @Test func `of a capture that joined late are a suffix`() throws {
        let tape = Self.conversation(joinedLate: true).ended
        let whole = try ServiceTalk.operations(tape.run(ServiceTalk.options))
        for offset in stride(from: 1, to: tape.dataBytes, by: 7) {
            let operations = try ServiceTalk.operations(tape.dropping(first: offset).run(ServiceTalk.options))
            let others = operations.filter { !whole.contains($0) }
            #expect(others.allSatisfy { $0 == "process ok" || $0.contains("request") }, "from \(offset): \(others)")
        }
    }

    @Test func `touch a few bytes of a payload, and keep a bounded number of requests`() {
        var talk = Self.talk()
        let payload = String(repeating: "x", count: 100_000)
        for _ in 0..<20 {
            talk.client("PUB big 100000\r\n\(payload)\r\n")
            talk.server("MSG big 1 100000\r\n\(payload)\r\n")
        }
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        talk.tape.cut(every: 1000).play(into: profiler)
        #expect(profiler.steps < 250, "\(profiler.steps)")
        #expect(profiler.heldBytes < 2000)
        var many = Self.talk()
        many.client((0..<3000).map { "PUB a _INBOX.a.\($0) 0\r\n\r\n" }.joined())
        let result = many.result()
        #expect(
            result.summary.limits[.pipelinedRequests] > 0 && result.summary.operations.byStatus[.unanswered] == 3000)
    }

    @Test func `any bytes are read`() {
        let parts = [
            "PUB a 3\r\nabc\r\n", "PUB a _INBOX.x 0\r\n\r\n", "HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n", "SUB a.* 1\r\n",
            "UNSUB 1\r\n",
            "MSG _INBOX.x 1 3\r\nabc\r\n", "MSG a 1 $JS.ACK.a.b.1.2.3.4.5 0\r\n\r\n",
            "PUB $JS.ACK.a.b.1.2.3.4.5 4\r\n-NAK\r\n",
            "HMSG _INBOX.x 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", "+OK\r\n", "-ERR 'x'\r\n", "PING\r\n", "PONG\r\n",
            "RS+ a b\r\n",
            "PUB a 99999999\r\n", "PUB a _INBOX.x 67108864\r\n", "$JS.API. 1\r\n", "PUB $JS.API.X _INBOX.x 0\r\n\r\n",
            "\r\n", "MSG a 1 -1\r\n",
        ].map { Array($0.utf8) }
        expectReadable(parts) { Self.talk(joinedLate: $0) }
    }
}

import Testing

@testable import Shared

/// What the messages of message buses look like, where somebody asks for it: their types and keys, and nothing else.
@Suite struct `Payloads of messages` {
    /// What is known of each operation's messages, however the streams are cut: `name targets: message[ + others][ -> answer]`.
    private func contents(_ tape: TapeBuilder, _ location: SourceLocation = #_sourceLocation) -> [String] {
        let found = read(tape)
        #expect(read(tape.cut(every: 1)) == found, "one byte at a time", sourceLocation: location)
        for offset in stride(from: 1, to: tape.dataBytes, by: 3) where read(tape.cut(at: offset)) != found {
            Issue.record("cut at \(offset)", sourceLocation: location)
            break
        }
        // Nothing else is told otherwise.
        var options = Profiler.Options()
        let plain = tape.run(options)
        options.payloads = true
        let asked = tape.run(options)
        #expect(plain.text == asked.text && plain.summary == asked.summary, sourceLocation: location)
        return found
    }

    private func read(_ tape: TapeBuilder) -> [String] {
        var options = Profiler.Options()
        options.payloads = true
        let profiler = Profiler(options)
        tape.play(into: profiler)
        profiler.finish()
        return profiler.serviceMap().services.flatMap(\.connections).flatMap(\.operations).compactMap { operation in
            guard let contents = operation.contents else { return nil }
            var text = ([operation.name] + operation.targets).joined(separator: " ") + ":"
            if !contents.message.isEmpty { text += " " + contents.message.shape.brief }
            if contents.hasOthers { text += " + others" }
            if !contents.answer.isEmpty { text += " -> " + contents.answer.shape.brief }
            if contents.hasOtherAnswers { text += " -> others" }
            return text
        }
    }

    // MARK: NATS

    private static func publish(_ subject: String, _ payload: String, reply: String = "") -> String {
        "PUB \(subject)\(reply.isEmpty ? "" : " " + reply) \(payload.utf8.count)\r\n\(payload)\r\n"
    }

    private static func message(_ subject: String, _ number: Int, _ payload: String, reply: String = "") -> String {
        "MSG \(subject) \(number)\(reply.isEmpty ? "" : " " + reply) \(payload.utf8.count)\r\n\(payload)\r\n"
    }

    @Test func `of NATS are those of what is published, answered and delivered`() {
        var talk = ServiceTalk(port: 4222)
        talk.server("INFO {\"server_id\":\"A\",\"version\":\"2.9.10\"}\r\n")
        talk.client("CONNECT {\"verbose\":false}\r\nSUB _INBOX.a.* 1\r\nSUB orders.* 2\r\n")
        talk.client(Self.publish("orders.new", #"{"id":1}"#) + Self.publish("orders.new", #"{"id":2,"note":"secret"}"#))
        talk.client(Self.publish("log", "hello, world") + Self.publish("log", ""))
        talk.client(Self.publish("mixed", "[1]") + Self.publish("mixed", "[1"))
        talk.client(Self.publish("stock.check", #"{"item":7}"#, reply: "_INBOX.a.1"))
        talk.server(Self.message("_INBOX.a.1", 1, "true") + Self.message("orders.new", 2, #"{"id":3}"#))
        let headers = "NATS/1.0\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n"
        talk.client("HPUB audit \(headers.utf8.count) \(headers.utf8.count + 9)\r\n\(headers){\"who\":1}\r\n")
        #expect(
            contents(talk.ended) == [
                "process orders.new: {id: number}", "publish audit: {who: number}", "publish log: + others",
                "publish mixed: [number] + others", "publish orders.new: {id: number, note?: string}",
                "request stock.check: {item: number} -> boolean",
            ])
    }

    @Test func `of which a part is missing are not known`() {
        var talk = ServiceTalk(port: 4222)
        talk.server("INFO {\"server_id\":\"A\",\"version\":\"2.9.10\"}\r\n")
        talk.client("CONNECT {\"verbose\":false}\r\nPUB cut 12\r\n{\"id")
        talk.gap(.send, 4)
        talk.client("\"a\"}\r\n" + Self.publish("whole", "{}"))
        #expect(contents(talk.ended) == ["publish cut: + others", "publish whole: {}"])
    }

    // MARK: Kafka

    private static func varint(_ number: Int) -> [UInt8] {
        var rest = UInt64(bitPattern: Int64(number << 1 ^ number >> 63))
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A batch of records of no key, or of one.
    private static func batch(_ values: [String?], attributes: Int64 = 0) -> [UInt8] {
        let records = values.flatMap { value -> [UInt8] in
            let content = value.map { varint($0.utf8.count) + Array($0.utf8) } ?? varint(-1)
            let body = [0] + varint(0) + varint(0) + varint(1) + [0x6B] + content + varint(0)
            return varint(body.count) + body
        }
        var rest = KafkaTalk.numbers(
            (0, 4), (2, 1), (0, 4), (attributes, 2), (Int64(values.count) - 1, 4), (0, 8), (0, 8), (-1, 8), (-1, 2),
            (-1, 4))
        rest += KafkaTalk.big(Int64(values.count), 4) + records
        return KafkaTalk.numbers((0, 8), (Int64(rest.count), 4)) + rest
    }

    @Test func `of Kafka are those of each topic's records`() {
        var talk = KafkaTalk()
        talk.ask(
            0, 3, 1,
            KafkaTalk.produce([
                ("orders", Self.batch([#"{"id":1}"#, #"{"id":2,"n":null}"#, nil]) + Self.batch([#"{"id":3}"#])),
                ("lines", Self.batch(["plain", "7"])), ("pressed", Self.batch(["{}"], attributes: 1)),
            ]))
        talk.answer(1, KafkaTalk.produced([("orders", 0), ("lines", 0), ("pressed", 0)]))
        talk.ask(1, 4, 2, KafkaTalk.fetch("orders"))
        talk.answer(2, KafkaTalk.fetched("orders", Self.batch(["[\"a\"]"])))
        #expect(
            contents(talk.ended) == [
                "poll orders: [string]", "send lines: number + others", #"send orders: {id: number, n?: "null"}"#,
                "send pressed: + others",
            ])
    }

    // MARK: AMQP

    private static func frame(_ type: UInt8, _ channel: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [type, 0, channel] + KafkaTalk.big(Int64(payload.count), 4) + payload + [0xCE]
    }

    private static func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    private static func head(_ size: Int, _ channel: UInt8) -> [UInt8] {
        frame(2, channel, [0, 60, 0, 0] + KafkaTalk.big(Int64(size), 8) + [0, 0])
    }

    @Test func `of AMQP are whole across frames, and each its channel's`() {
        var talk = ServiceTalk(port: 5672)
        talk.client("AMQP\0\0\u{9}\u{1}")
        talk.raw(.receive, Self.frame(1, 0, [0, 10, 0, 10, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]))
        for channel in [1, 2] as [UInt8] {
            talk.raw(.send, Self.frame(1, channel, [0, 20, 0, 10, 0]))
            talk.raw(.receive, Self.frame(1, channel, [0, 20, 0, 11, 0, 0, 0, 0]))
        }
        func publish(_ key: String, _ channel: UInt8) -> [UInt8] {
            Self.frame(1, channel, [0, 60, 0, 40, 0, 0] + Self.text("") + Self.text(key) + [0])
        }
        let pieces = [#"{"id":1"#, #","to":""#, #"secret"}"#].map { Array($0.utf8) }
        talk.raw(.send, publish("mails", 1) + Self.head(pieces.joined().count, 1) + Self.frame(3, 1, pieces[0]))
        talk.raw(.send, publish("log", 2) + Self.head(5, 2) + Self.frame(3, 1, pieces[1]))
        talk.raw(.send, Self.frame(3, 2, Array("hello".utf8)) + Self.frame(3, 1, pieces[2]))
        talk.raw(
            .send, Self.frame(1, 1, [0, 60, 0, 20, 0, 0] + Self.text("mails") + Self.text("c") + [2, 0, 0, 0, 0]))
        talk.raw(.receive, Self.frame(1, 1, [0, 60, 0, 21] + Self.text("c")))
        let number: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0]
        talk.raw(
            .receive,
            Self.frame(1, 1, [0, 60, 0, 60] + Self.text("c") + number + Self.text("") + Self.text("mails"))
                + Self.head(2, 1) + Self.frame(3, 1, Array("[]".utf8)))
        #expect(
            contents(talk.ended) == [
                "deliver mails: []", "publish log: + others", "publish mails: {id: number, to: string}",
            ])
    }

    // MARK: Redis

    private static func array(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    @Test func `of Redis are those of channels, and of no key`() {
        var talk = ServiceTalk(port: 6379)
        talk.client(Self.array(["PUBLISH", "news", #"{"id":1}"#]))
        talk.server(":1\r\n")
        talk.client(
            Self.array(["PUBLISH", "long", "[\"" + String(repeating: "x", count: RedisCall.longestContent) + "\"]"]))
        talk.server(":1\r\n")
        talk.client(Self.array(["SET", "news", #"{"id":1}"#]))
        talk.server("+OK\r\n")
        talk.client(Self.array(["SUBSCRIBE", "news"]))
        talk.server("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n" + Self.array(["message", "news", "[1.5]"]))
        talk.client(Self.array(["PSUBSCRIBE", "n*"]))
        talk.server(
            "*3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:2\r\n" + Self.array(["pmessage", "n*", "news", "no JSON"]))
        #expect(
            contents(talk.ended) == [
                "PUBLISH long: + others", "PUBLISH news: {id: number}", "message news: [number]",
                "pmessage n*: + others",
            ])
    }

    // MARK: Hostile bytes

    @Test func `of what no peer would say are read like anything else`() {
        let parts = [
            Self.publish("a", #"{"a":1}"#), Self.message("a", 1, "[1]", reply: "$JS.ACK.s.c.1.1.1.1.0"),
            "HPUB a 40 50\r\n",
            "PUB a 1000000\r\n", "\r\n", "{\"a\":", "SUB a 1\r\n", "+OK\r\n", "PONG\r\n",
        ].map { Array($0.utf8) }
        for seed in UInt64(0)..<100 {
            var random = SeededRandom(seed: seed)
            var talk = ServiceTalk(port: 4222, joinedLate: random.chance(oneIn: 3))
            for _ in 0..<random.below(30) {
                talk.raw(random.chance(oneIn: 2) ? .send : .receive, parts[random.below(parts.count)])
                if random.chance(oneIn: 10) { talk.gap(.send, UInt64(1 + random.below(30))) }
            }
            _ = contents(talk.ended)
        }
    }
}

import Testing

@testable import Shared

/// What is declared, published, delivered and acknowledged (AMQP 0-9-1; RabbitMQ's confirms).
@Suite struct `AMQP operations` {
    // MARK: Frames

    private static func frame(_ type: UInt8, _ channel: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [type, 0, channel] + big(UInt32(payload.count)) + payload + [0xCE]
    }

    private static func big(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }

    private static func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    private static func method(_ kind: UInt8, _ number: UInt8, _ arguments: [UInt8] = [], channel: UInt8 = 1) -> [UInt8]
    {
        frame(1, channel, [0, kind, 0, number] + arguments)
    }

    private static func content(_ bodies: [String], channel: UInt8 = 1) -> [UInt8] {
        let size = bodies.reduce(0) { $0 + $1.utf8.count }
        return frame(2, channel, [0, 60, 0, 0, 0, 0, 0, 0] + big(UInt32(size)) + [0, 0])
            + bodies.flatMap { frame(3, channel, Array($0.utf8)) }
    }

    private static func publish(_ exchange: String, _ key: String, _ bodies: String..., channel: UInt8 = 1) -> [UInt8] {
        method(60, 40, [0, 0] + text(exchange) + text(key) + [0], channel: channel) + content(bodies, channel: channel)
    }

    private static func tag(_ number: UInt8, _ flags: UInt8 = 0) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, number, flags] }

    private static func deliver(_ number: UInt8, _ consumer: String, _ exchange: String, _ key: String) -> [UInt8] {
        method(60, 60, text(consumer) + tag(number) + text(exchange) + text(key)) + content(["secret"])
    }

    private static func talk() -> ServiceTalk {
        var talk = ServiceTalk(port: 5672)
        talk.client("AMQP\0\0\u{9}\u{1}")
        talk.raw(.receive, method(10, 10, [0, 9, 0, 0, 0, 0, 0, 0, 0, 0], channel: 0))
        talk.raw(
            .send, method(10, 11, [0, 0, 0, 0] + text("PLAIN") + [0, 0, 0, 6] + Array("secret".utf8), channel: 0))
        talk.raw(.receive, method(10, 30, [0, 0, 0, 0, 0, 0, 0, 0], channel: 0))
        talk.raw(
            .send,
            method(10, 31, [0, 0, 0, 0, 0, 0, 0, 0], channel: 0) + method(10, 40, text("shop") + [0, 0], channel: 0))
        talk.raw(.receive, method(10, 41, [0], channel: 0))
        talk.raw(.send, method(20, 10, [0]))
        talk.raw(.receive, method(20, 11, [0, 0, 0, 0]))
        return talk
    }

    private static let opening = ["connect ok", "channel.open ok"]

    // MARK: Operations

    @Test func `are methods and messages, without contents`() throws {
        var talk = Self.talk()
        talk.raw(.send, Self.method(40, 10, [0, 0] + Self.text("orders") + Self.text("topic") + [0, 0, 0, 0, 0]))
        talk.raw(.receive, Self.method(40, 11))
        talk.raw(.send, Self.method(50, 10, [0, 0] + Self.text("mail") + [0, 0, 0, 0, 0]))
        talk.raw(.receive, Self.method(50, 11, Self.text("mail") + [0, 0, 0, 0, 0, 0, 0, 0]))
        talk.raw(
            .send,
            Self.method(
                50, 20, [0, 0] + Self.text("mail") + Self.text("orders") + Self.text("order.#") + [1, 0, 0, 0, 0]))
        talk.raw(.send, Self.publish("orders", "order.1001.created", "sec", "ret") + Self.publish("", "mail"))
        talk.raw(.send, Self.method(60, 70, [0, 0] + Self.text("mail") + [0]))
        talk.raw(
            .receive,
            Self.method(60, 71, Self.tag(1) + Self.text("") + Self.text("mail") + [0, 0, 0, 0])
                + Self.content(["secret"]))
        talk.raw(.send, Self.method(60, 80, Self.tag(1)) + Self.method(60, 70, [0, 0] + Self.text("mail") + [0]))
        talk.raw(.receive, Self.method(60, 72, Self.text("")))
        try talk.check(
            Self.opening + [
                "exchange.declare orders ok", "queue.declare mail ok", "queue.bind orders:order.#:mail one_way",
                "publish orders:order.{id}.created one_way", "publish mail one_way", "get mail ok 1/0", "ack one_way",
                "get mail ok 0/1",
            ])
        let result = talk.result()
        #expect(!result.text.contains("secret"))
        let event = try #require(try result.events().first { $0.string("operation") == "publish" })
        #expect(event.string("namespace") == "shop" && event.string("system") == "rabbitmq")
    }

    @Test func `are settled by their numbers`() throws {
        var talk = Self.talk()
        talk.raw(.send, Self.method(85, 10, [0]))
        talk.raw(.receive, Self.method(85, 11))
        talk.raw(.send, (1...4).flatMap { Self.publish("e", "k\($0)", "secret") })
        talk.raw(.receive, Self.method(60, 80, Self.tag(2, 1)) + Self.method(60, 120, Self.tag(4)))
        talk.raw(
            .receive,
            Self.method(60, 50, [1, 56] + Self.text("NO_ROUTE secret") + Self.text("e") + Self.text("k3"))
                + Self.content(["secret"]))
        talk.raw(.receive, Self.method(60, 80, Self.tag(3)))
        talk.raw(.send, Self.method(60, 20, [0, 0] + Self.text("mail") + Self.text("c1") + [0, 0, 0, 0, 0]))
        talk.raw(.receive, Self.method(60, 21, Self.text("c1")))
        talk.raw(.receive, (1...3).flatMap { Self.deliver($0, "c1", "e", "k\($0)") } + Self.deliver(4, "c9", "", "q"))
        talk.raw(.send, Self.method(60, 90, Self.tag(2)) + Self.method(60, 80, Self.tag(3, 1)))
        try talk.check(
            Self.opening + [
                "confirm.select ok", "publish e:k1 ok", "publish e:k2 ok", "publish e:k4 error nack",
                "return e:k3 error 312",
                "publish e:k3 ok", "consume mail ok", "deliver e:k2:mail ok reject", "deliver e:k1:mail ok",
                "deliver e:k3:mail ok",
                "deliver q ok",
            ])
        #expect(!talk.result().text.contains("secret"))
    }

    @Test func `fail with their channel or connection`() throws {
        var talk = Self.talk()
        talk.raw(.send, Self.method(50, 10, [0, 0] + Self.text("gone") + [1, 0, 0, 0, 0]))
        talk.raw(.receive, Self.method(20, 40, [1, 148] + Self.text("NOT_FOUND secret") + [0, 50, 0, 10]))
        talk.raw(
            .send,
            Self.method(20, 41) + Self.method(20, 10, [0], channel: 2) + Self.publish("none", "k", "x", channel: 2))
        talk.raw(.receive, Self.method(20, 11, [0, 0, 0, 0], channel: 2))
        talk.raw(
            .receive, Self.method(10, 50, [1, 64] + Self.text("CONNECTION_FORCED secret") + [0, 0, 0, 0], channel: 0))
        try talk.check(
            Self.opening + [
                "queue.declare gone error 404", "publish none:k one_way", "channel.open ok",
                "connection.close error 320",
            ])
        #expect(!talk.result().text.contains("secret"))
    }

    // MARK: Loss

    private static func conversation() -> ServiceTalk {
        var talk = talk()
        for number in 1...12 as ClosedRange<UInt8> {
            talk.raw(.send, method(50, 10, [0, 0] + text("q\(number)") + [0, 0, 0, 0, 0]))
            talk.raw(.receive, method(50, 11, text("q\(number)") + [0, 0, 0, 0, 0, 0, 0, 0]))
            talk.raw(.send, publish("e", "k\(number)", String(repeating: "x", count: Int(number))))
            talk.raw(.receive, deliver(number, "c", "e", "d\(number)"))
            talk.raw(.send, method(60, 80, tag(number)))
        }
        return talk
    }

    @Test func `are right before and behind a gap anywhere, and a suffix where the capture joined late`() throws {
        let tape = Self.conversation().ended
        let whole = try ServiceTalk.operations(tape.run(ServiceTalk.options))
        #expect(whole.count == 38, "\(whole)")
        for offset in stride(from: 0, to: tape.dataBytes, by: 23) {
            for length in [1, 60] {
                let result = tape.losing(length, at: offset).run(ServiceTalk.options)
                let operations = try ServiceTalk.operations(result)
                let others = operations.filter { !whole.contains($0) && !$0.contains("!") && $0 != "ack one_way" }
                #expect(others.isEmpty, "\(length) lost at \(offset): \(others)")
                #expect(result.summary.bytes.isBalanced)
                guard offset > 200 else { continue }
                #expect(operations.count >= whole.count - 6, "\(length) lost at \(offset): \(operations.count)")
            }
        }
        for offset in stride(from: 1, to: tape.dataBytes, by: 19) {
            let operations = try ServiceTalk.operations(tape.dropping(first: offset).run(ServiceTalk.options))
            let others = operations.filter { !whole.contains($0) && !$0.contains("!") && $0 != "ack one_way" }
            #expect(others.isEmpty, "from \(offset): \(others)")
        }
    }

    @Test func `are not paired with the answers of those that were let go of`() throws {
        var talk = Self.talk()
        let count = AMQPAnalyzer.mostWaiting + 4
        talk.raw(.send, [UInt8](repeatElement(Self.exchange("a"), count: count).joined()))
        // Those of the first; the last wait for theirs.
        talk.raw(.receive, [UInt8](repeatElement(Self.exchanged, count: 4).joined()))
        // Not by `check`, which cuts at each of these hundred thousand bytes.
        let expected = Self.opening + [String](repeating: "exchange.declare a unanswered !response", count: count)
        #expect(try ServiceTalk.operations(talk.result()) == expected)
    }

    private static func declare(_ queue: String) -> [UInt8] {
        method(50, 10, [0, 0] + text(queue) + [0, 0, 0, 0, 0])
    }

    private static func declared(_ queue: String) -> [UInt8] { method(50, 11, text(queue) + [0, 0, 0, 0, 0, 0, 0, 0]) }

    private static func exchange(_ name: String) -> [UInt8] {
        method(40, 10, [0, 0] + text(name) + text("topic") + [0, 0, 0, 0, 0])
    }

    private static let exchanged = method(40, 11)

    @Test func `are paired behind a loss where the answer says what it is of`() throws {
        var first = Self.talk()
        first.raw(.send, Self.declare("qa") + Self.declare("qb"))
        first.gap(.receive, 30)
        first.raw(.receive, Self.declared("qb"))
        try first.check(Self.opening + ["queue.declare qa unanswered !response", "queue.declare qb ok"])
        // Asked behind all that is missing, and answered by its name: what follows is in order.
        var second = Self.talk()
        second.gap(.send, 30)
        second.raw(.send, Self.declare("qb") + Self.exchange("e"))
        second.raw(.receive, Self.declared("qa") + Self.declared("qb") + Self.exchanged)
        try second.check(Self.opening + ["queue.declare qb ok", "exchange.declare e ok"])
    }

    @Test func `are not paired behind a loss where nothing says whose the answer is`() throws {
        // The first answer of two is missing.
        var two = Self.talk()
        two.raw(.send, Self.exchange("a") + Self.exchange("b"))
        two.gap(.receive, 12)
        two.raw(.receive, Self.exchanged)
        try two.check(
            Self.opening + ["exchange.declare a unanswered !response", "exchange.declare b unanswered !response"])
        // A client that waits: an answer and the next request are missing.
        var waits = Self.talk()
        waits.raw(.send, Self.exchange("a"))
        waits.gap(.receive, 12)
        waits.gap(.send, 40)
        waits.raw(.receive, Self.exchanged)
        for name in ["c", "d"] {
            waits.raw(.send, Self.exchange(name))
            waits.raw(.receive, Self.exchanged)
        }
        try waits.check(
            Self.opening + [
                "exchange.declare a unanswered !response", "exchange.declare c unanswered !response",
                "exchange.declare d ok",
            ])
        // What was asked before the loss is answered before what is missing.
        var before = Self.talk()
        before.raw(.send, Self.exchange("a"))
        before.gap(.send, 40)
        before.raw(.receive, Self.exchanged)
        try before.check(Self.opening + ["exchange.declare a ok"])
    }

    @Test func `touch a few bytes of contents`() {
        var talk = Self.talk()
        let body = String(repeating: "x", count: 100_000)
        for _ in 0..<20 {
            talk.raw(.send, Self.publish("e", "k", body))
            talk.raw(
                .receive,
                Self.method(60, 60, Self.text("c") + Self.tag(1) + Self.text("e") + Self.text("k"))
                    + Self.content([body]))
            talk.raw(.send, Self.method(60, 80, Self.tag(1)))
        }
        var options = Profiler.Options()
        options.eventLog = false
        let profiler = Profiler(options)
        talk.tape.cut(every: 1000).play(into: profiler)
        #expect(profiler.steps < 400, "\(profiler.steps)")
        #expect(profiler.heldBytes < 4000)
    }

    @Test func `any bytes are read`() {
        let parts: [[UInt8]] = [
            Self.publish("e", "k", "x"), Self.publish("", ""), Self.deliver(1, "c", "e", "k"),
            Self.method(60, 80, Self.tag(1)),
            Self.method(60, 80, Self.tag(0, 1)), Self.method(50, 10, [0, 0] + Self.text("q") + [0]),
            Self.method(50, 11),
            Self.method(60, 20, [0, 0] + Self.text("q") + Self.text("") + [0]), Self.method(60, 21, Self.text("c")),
            Self.method(20, 40, [1, 148] + Self.text("x") + [0, 50, 0, 10]), Self.method(20, 41),
            Self.method(85, 10, [0]),
            Self.method(85, 11), Self.content(["abc"]), Self.frame(8, 0, []), Self.frame(2, 1, [0]),
            Self.frame(1, 1, [0, 60]),
            [1, 0, 1, 0, 255, 255, 255], [3, 0, 1, 0, 0, 0, 9], Self.method(60, 71, Self.tag(1)),
            Self.method(60, 50, [1]),
        ]
        expectReadable(parts) { _ in Self.talk() }
    }
}

import Testing

@testable import Shared

/// Requests that are sent several at once, of which some are lost, and whose answers come in order: no answer is told as another
/// request's, and pairs are told again once the client has shown that all before is answered.
@Suite struct `Answers in order` {
    @Test(arguments: OrderedVoice.allCases, LossNews.allCases)
    func `are no other request's, whatever is lost`(_ voice: OrderedVoice, _ news: LossNews) throws {
        for seed in 0..<UInt64(40) {
            var talk = OrderedTalk(voice, news, seed: seed, joinedLate: seed.isMultiple(of: 4))
            for _ in 0..<5 { talk.burst(1 + talk.random.below(4), loss: LostMessages.allCases[Int(seed % 3)]) }
            let pairs = try voice.pairs(talk.ended.run())
            #expect(pairs.allSatisfy { $0.isRight }, "seed \(seed): \(pairs)")
        }
    }

    /// One request, and its answer, between two moments at which the client asks behind answers.
    @Test(arguments: OrderedVoice.allCases, LostMessages.allCases)
    func `are known again once the client waits`(_ voice: OrderedVoice, _ loss: LostMessages) throws {
        for seed in 0..<UInt64(20) {
            var talk = OrderedTalk(voice, .atOnce, seed: seed, joinedLate: false)
            for _ in 0..<3 { talk.burst(2 + talk.random.below(3), loss: loss) }
            for _ in 0..<3 { talk.burst(1, loss: nil) }
            let first = talk.number
            talk.burst(3, loss: nil)
            let pairs = try voice.pairs(talk.ended.run())
            #expect(pairs.allSatisfy { $0.isRight }, "seed \(seed): \(pairs)")
            #expect(pairs.count { $0.request >= first - 1 } == 4, "seed \(seed): \(pairs)")
        }
    }

    /// As many answers as requests. (Of MySQL's answers nobody knows where they end without what they answer.)
    @Test(arguments: OrderedVoice.allCases.filter { $0 != .mysql }, LostMessages.allCases)
    func `are known again after a whole turn`(_ voice: OrderedVoice, _ loss: LostMessages) throws {
        for seed in 0..<UInt64(20) {
            var talk = OrderedTalk(voice, .atOnce, seed: seed, joinedLate: false)
            for _ in 0..<3 { talk.burst(2 + talk.random.below(3), loss: loss) }
            for _ in 0..<2 { talk.burst(3, loss: nil) }
            let first = talk.number
            talk.burst(3, loss: nil)
            let pairs = try voice.pairs(talk.ended.run())
            #expect(pairs.allSatisfy { $0.isRight }, "seed \(seed): \(pairs)")
            #expect(pairs.count { $0.request >= first } == 3, "seed \(seed): \(pairs)")
        }
    }

    /// An answer that had begun before requests were lost shows nothing of them, though its end is found missing after.
    @Test(arguments: OrderedVoice.allCases)
    func `show nothing of what was lost after they began`(_ voice: OrderedVoice) throws {
        for begun in stride(from: 4, to: voice.answer(1).count, by: 3) {
            var tape = voice.begin(joinedLate: false)
            func say(_ direction: Direction, _ bytes: [UInt8]) {
                tape.wait(milliseconds: 1)
                tape.data(direction, bytes)
            }
            say(.send, voice.request(0))
            say(.receive, voice.answer(0))
            say(.send, voice.request(1))
            say(.receive, Array(voice.answer(1)[..<begun]))
            tape.gap(.send, UInt64(voice.request(2).count))
            say(.send, Array(voice.request(3)[..<7]))
            tape.gap(.receive, UInt64(voice.answer(1).count - begun))
            say(.send, Array(voice.request(3)[7...]))
            say(.receive, voice.answer(2) + voice.answer(3))
            say(.send, voice.request(4))
            say(.receive, voice.answer(4))
            tape.close()
            let pairs = try voice.pairs(tape.run())
            #expect(pairs.allSatisfy { $0.isRight }, "\(begun): \(pairs)")
        }
    }

    /// The capture began, or lost, so many of a client's first requests, which it had sent with those that are there.
    @Test(arguments: OrderedVoice.allCases, [true, false])
    func `are not those of what was asked before`(_ voice: OrderedVoice, _ isLate: Bool) throws {
        for (sent, missing) in [(2, 1), (3, 1), (3, 2), (4, 3)] {
            var talk = OrderedTalk(voice, .atOnce, seed: 1, joinedLate: isLate)
            if !isLate { talk.burst(1, loss: nil) }
            talk.burst(sent, without: isLate ? nil : 0..<missing, from: isLate ? missing : 0)
            let pairs = try voice.pairs(talk.ended.run())
            #expect(pairs.allSatisfy { $0.isRight }, "\(missing) of \(sent): \(pairs)")
        }
    }
}

/// What is lost of a burst.
enum LostMessages: CaseIterable {
    case requests, answers, both
}

/// How a loss becomes known.
enum LossNews: CaseIterable {
    /// Where it is.
    case atOnce
    /// With the other side's next bytes, which were said behind it.
    case answered
    /// With the next bytes of the same side.
    case late
}

/// What one protocol says whose answers come in order.
enum OrderedVoice: CaseIterable {
    case http, postgres, postgresExtended, mysql, redis, memcached

    func begin(joinedLate: Bool) -> TapeBuilder {
        switch self {
        case .http: ServiceTalk(port: 8080, joinedLate: joinedLate).tape
        case .postgres, .postgresExtended: PostgresTalk(joinedLate: joinedLate).tape
        case .mysql: MySQLTalk(joinedLate: joinedLate).tape
        case .redis: ServiceTalk.redis(joinedLate: joinedLate).tape
        case .memcached: ServiceTalk(port: 11211, joinedLate: joinedLate).tape
        }
    }

    /// Each has a length of its own.
    func request(_ number: Int) -> [UInt8] {
        let name = String(repeating: "k", count: number + 1)
        return switch self {
        case .http: Array("GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        case .postgres: PostgresTalk.Client.query("SELECT \(name)").bytes
        case .postgresExtended:
            [PostgresTalk.Client.parse("SELECT \(name)"), .bind(), .execute(), .sync].flatMap(\.bytes)
        case .mysql: MySQLTalk.Client.query("SELECT \(name)").bytes
        case .redis: ServiceTalk.command("GET \(name)")
        case .memcached: Array("incr \(name) 1\r\n".utf8)
        }
    }

    /// Of 16 that follow each other each has a length of its own: a number of memcached has no more digits.
    func answer(_ number: Int) -> [UInt8] {
        let value = String(repeating: "1", count: 1 + number % 16)
        return switch self {
        case .http: Array("HTTP/1.1 200 OK\r\nX-Number: \(number)\r\nContent-Length: 7\r\n\r\n{\"i\":1}".utf8)
        case .postgres: [PostgresTalk.Server.row(value), .complete("SELECT 1"), .ready].flatMap(\.bytes)
        case .postgresExtended:
            [PostgresTalk.Server.parsed, .bound, .row(value), .complete("SELECT 1"), .ready].flatMap(\.bytes)
        case .mysql: MySQLTalk.packets(1, MySQLTalk.rows([value]))
        case .redis: Array("$\(value.utf8.count)\r\n\(value)\r\n".utf8)
        case .memcached: Array("\(value)\r\n".utf8)
        }
    }

    struct Pair: CustomStringConvertible {
        var request: Int
        var answer: Int
        var isRight: Bool { request % 16 == answer % 16 }
        var description: String { "\(request)-\(answer)" }
    }

    /// The numbers of the requests and answers that are told as a pair.
    func pairs(_ result: TapeResult) throws -> [Pair] {
        guard self != .http else {
            return try result.events().compactMap { event in
                guard event.number("status_code") != nil,
                    event.anomalies.isEmpty || event.anomalies == ["resynchronised"],
                    let number = event.header("X-Number") as? String, let url = event.string("url")
                else { return nil }
                let answer = Int(number) ?? -1
                guard url.hasSuffix("**") else { return Pair(request: Int(url.dropFirst()) ?? -1, answer: answer) }
                // Of a target that was cut as much is known as it begins with.
                return Pair(request: "/\(number)".hasPrefix(url.dropLast(2)) ? answer : -1, answer: answer)
            }
        }
        let asked = Dictionary(uniqueKeysWithValues: (0..<64).map { (size(of: request($0), .send), $0) })
        let answered = Dictionary(uniqueKeysWithValues: (0..<16).map { (size(of: answer($0), .receive), $0) })
        return try result.events().compactMap { event in
            guard event.string("event_type") == "operation", event.fields["incomplete"] == nil,
                let request = event.number("request_bytes").flatMap({ asked[$0] }),
                let response = event.number("response_bytes")
            else { return nil }
            return Pair(request: request, answer: answered[response] ?? -1)
        }
    }

    /// Of the bytes that are told: Sync and ReadyForQuery are no statement's.
    private func size(of bytes: [UInt8], _ direction: Direction) -> Int {
        switch (self, direction) {
        case (.postgres, .receive), (.postgresExtended, .receive):
            bytes.count - PostgresTalk.Server.ready.bytes.count
        case (.postgresExtended, .send): bytes.count - PostgresTalk.Client.sync.bytes.count
        default: bytes.count
        }
    }
}

/// Bursts of requests, each behind the answers to the one before.
struct OrderedTalk {
    private let voice: OrderedVoice
    private let news: LossNews
    private var tape: TapeBuilder
    var random: SeededRandom
    private(set) var number = 0

    init(_ voice: OrderedVoice, _ news: LossNews, seed: UInt64, joinedLate: Bool) {
        (self.voice, self.news) = (voice, news)
        random = SeededRandom(seed: seed)
        tape = voice.begin(joinedLate: joinedLate)
    }

    /// - Parameter loss: what may be lost, each whole or in part.
    mutating func burst(_ count: Int, loss: LostMessages?) {
        let numbers = number..<number + count
        number += count
        for number in numbers { say(.send, voice.request(number), loss == .requests || loss == .both) }
        turn(.send)
        for number in numbers { say(.receive, voice.answer(number), loss == .answers || loss == .both) }
        turn(.receive)
    }

    /// - Parameters:
    ///   - lost: which of the requests are lost as a whole.
    ///   - first: those before were sent before the capture began.
    mutating func burst(_ count: Int, without lost: Range<Int>?, from first: Int) {
        for place in first..<count {
            let bytes = voice.request(number + place)
            if lost?.contains(place) ?? false { lose(.send, bytes.count) } else { tape.data(.send, bytes) }
        }
        tape.wait(milliseconds: 1)
        for place in 0..<count { tape.data(.receive, voice.answer(number + place)) }
        tape.wait(milliseconds: 1)
        number += count
    }

    private mutating func say(_ direction: Direction, _ bytes: [UInt8], _ mayBeLost: Bool) {
        guard mayBeLost, random.chance(oneIn: 4) else { return tape.data(direction, bytes) }
        let start = random.chance(oneIn: 2) ? 0 : random.below(bytes.count)
        let end = random.chance(oneIn: 2) ? bytes.count : start + 1 + random.below(bytes.count - start)
        if start > 0 { tape.data(direction, Array(bytes[..<start])) }
        lose(direction, end - start)
        if end < bytes.count { tape.data(direction, Array(bytes[end...])) }
    }

    private mutating func lose(_ direction: Direction, _ count: Int) {
        if news == .atOnce { tape.gap(direction, UInt64(count)) } else { tape.lose(direction, UInt64(count)) }
    }

    /// The other side's turn.
    private mutating func turn(_ direction: Direction) {
        tape.wait(milliseconds: 1)
        guard news == .answered else { return }
        let position = direction == .send ? tape.sent : tape.received
        tape.add(.expected(StreamPosition(tape.connection, direction, position)))
        tape.acknowledge(direction)
    }

    /// The tape with the connection's end.
    var ended: TapeBuilder {
        var tape = tape
        tape.finish(.send)
        tape.finish(.receive)
        tape.close()
        return tape
    }
}

import Testing

@testable import Shared

/// `--since` and `--until`: a part of a tape's time.
@Suite struct `A period` {
    private static let second: Int64 = 1_000_000_000

    /// An exchange a second, at 0 to 9 s, on one connection; beside it a database that is asked every third second, and one
    /// that says nothing after its first.
    private static func tape() -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open(port: 5432)
        let database = tape.connection
        tape.data(.send, [0, 0, 0, 16, 0, 3, 0, 0] + Array("user\u{0}a\u{0}\u{0}".utf8))
        tape.open(port: 22)
        tape.receive("SSH-2.0-OpenSSH_9.2\r\n")
        tape.open()
        var (sent, received): (UInt64, UInt64) = (16, 0)
        for number in 0..<10 {
            if number % 3 == 0 {
                let ask = PostgresTalk.Client.query("SELECT \(number) FROM t\(number)").bytes
                let answer = PostgresTalk.Server.ok.bytes + PostgresTalk.Server.ready.bytes
                tape.add(.data(StreamPosition(database, .send, sent)), ask)
                tape.add(.data(StreamPosition(database, .receive, received)), answer)
                sent += UInt64(ask.count)
                received += UInt64(answer.count)
            }
            tape.send("GET /\(number)x HTTP/1.1\r\nHost: web\r\n\r\n")
            tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            tape.wait(milliseconds: 1000)
        }
        tape.close()
        return tape
    }

    private static func run(_ since: Int64?, _ until: Int64?) -> TapeResult {
        var options = Profiler.Options()
        options.period = Period(
            since: since.map { .after($0 * second) }, until: until.map { .after($0 * second) })
        return tape().run(options)
    }

    private static func paths(_ result: TapeResult) -> [String] {
        result.serviceMap.services.flatMap(\.endpoints).map(\.path).sorted()
    }

    private static func sorted(_ lines: [[UInt8]]) -> [String] {
        lines.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    private static func operations(_ result: TapeResult) -> [String] {
        result.serviceMap.services.flatMap(\.connections).flatMap(\.operations).map(\.summary).sorted()
    }

    @Test func `chooses what began in it, and leaves the rest as it is`() throws {
        let (all, part) = (Self.tape().run(), Self.run(3, 6))
        #expect(Self.paths(part) == ["/3x", "/4x", "/5x"])
        #expect(Self.operations(part) == ["SELECT t3"])
        // Its connection was recognised before, and was open in it.
        #expect(
            part.serviceMap.services.flatMap(\.connections).map(\.protocolName).sorted() == ["postgres", "unknown"])
        #expect(part.summary == all.summary)
        // Lines of the whole log, with its numbers.
        #expect(part.lines.count == 7 && part.lines.allSatisfy { all.lines.contains($0) })
    }

    @Test func `has no part twice and leaves none out`() {
        let all = Self.tape().run()
        for cut: Int64 in 0...10 {
            let (before, after) = (Self.run(nil, cut), Self.run(cut, nil))
            #expect((Self.paths(before) + Self.paths(after)).sorted() == Self.paths(all), "\(cut)")
            #expect((Self.operations(before) + Self.operations(after)).sorted() == Self.operations(all), "\(cut)")
            // What ends behind the cut belongs to when it began.
            #expect(Self.sorted(before.lines + after.lines) == Self.sorted(all.lines), "\(cut)")
        }
    }

    @Test func `takes an answer with its request, and no connection that was over`() throws {
        var tape = TapeBuilder()
        tape.open(port: 22)
        tape.receive("SSH-2.0-OpenSSH_9.2\r\n")
        tape.close()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\nHost: web\r\n\r\n")
        tape.wait(milliseconds: 2000)
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        tape.send("GET /b HTTP/1.1\r\nHost: web\r\n\r\n")
        tape.close()
        var options = Profiler.Options()
        options.period = Period(since: .after(Self.second))
        let late = tape.run(options)
        #expect(Self.paths(late) == ["/b"] && late.serviceMap.services.flatMap(\.connections).isEmpty)
        #expect(try late.events().map { $0.string("url") } == ["/b"])
        let moment = try #require(tape.run().summary.firstEvent)
        options.period = Period(until: .moment(Timestamp(nanoseconds: moment.nanoseconds + Self.second)))
        let early = tape.run(options)
        #expect(Self.paths(early) == ["/a"] && early.serviceMap.services.flatMap(\.connections).count == 1)
        #expect(try early.events().map { $0.string("url") } == [nil, "/a", "/a"])
    }
}

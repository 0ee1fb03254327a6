import Foundation
import Testing

@testable import Shared

@Suite struct `Spans and their identities` {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"
    private static let client = ProcessKey(pid: 1, startTime: 1)
    private static let server = ProcessKey(pid: 2, startTime: 2)

    /// The spans of a tape as OTLP has them, by their beginnings, with whose they are.
    private func spans(_ tape: TapeBuilder) throws -> [(service: String, span: [String: Any])] {
        var options = Profiler.Options()
        options.eventLog = false
        options.spans = 1000
        let profiler = Profiler(options)
        for entry in tape.entries { profiler.consume(entry.event, payload: entry.payload.span.bytes) }
        profiler.finish()
        #expect(profiler.refusedSpans == 0)
        var progress = OTLPProgress()
        return try progress.spans(profiler.serviceMap().traces).map { element in
            let object = try JSONSerialization.jsonObject(with: Data(element.text)) as? [String: Any]
            return (element.service ?? "", object ?? [:])
        }
    }

    private func request(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n"
    }

    private let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    @Test func `belong to the trace that the traffic names, and else to one of their own`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send(request("/a", "TraceParent: 00-\(Self.trace)-\(Self.parent)-00\r\n"))
        tape.wait(milliseconds: 5)
        tape.receive(answer)
        tape.wait(milliseconds: 5)
        tape.send(request("/b"))
        tape.receive("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        tape.wait(milliseconds: 5)
        tape.send(request("/c"))
        tape.close()
        let spans = try spans(tape).map(\.span)
        try #require(spans.count == 3)
        #expect(spans.map { $0["name"] as? String } == ["GET /a", "GET /b", "GET /c"])
        #expect(spans[0]["traceId"] as? String == Self.trace && spans[0]["parentSpanId"] as? String == Self.parent)
        // The caller keeps none of it, and says so.
        #expect(spans[0]["flags"] as? Int == 0x300 && spans[1]["flags"] as? Int == 0x101)
        #expect(spans[1]["parentSpanId"] == nil)
        let ids = spans.compactMap { $0["spanId"] as? String }
        #expect(Set(ids).count == 3 && ids.allSatisfy { $0.count == 16 })
        #expect(Set(spans.compactMap { $0["traceId"] as? String }).count == 3)
        let codes = spans.map { ($0["status"] as? [String: Any])?["code"] as? Int }
        #expect(codes == [nil, 2, 2])
        // A replay numbers them alike.
        #expect(try self.spans(tape).compactMap { $0.span["spanId"] as? String } == ids)
    }

    @Test func `of both sides of one exchange are one trace, the server's below the client's`() throws {
        for fields in ["", "traceparent: 00-\(Self.trace)-\(Self.parent)-01\r\n"] {
            var tape = TapeBuilder()
            for (key, name) in [(Self.client, "web"), (Self.server, "api")] {
                tape.add(
                    .process(ProcessIdentity(key: key, comm: name, commandLine: name, profile: "x", profileName: name)))
            }
            let (one, other) = (TapeBuilder.client, TapeBuilder.server())
            tape.add(
                .open(
                    ConnectionOpened(
                        id: ConnectionID(1), local: one, remote: other, role: .client, process: Self.client,
                        localSequenceNumber: 7, remoteSequenceNumber: 9)))
            tape.add(
                .open(
                    ConnectionOpened(
                        id: ConnectionID(2), local: other, remote: one, role: .server, process: Self.server,
                        localSequenceNumber: 9, remoteSequenceNumber: 7)))
            let asked = request("/a", fields)
            tape.resume(ConnectionID(1), sent: 0, received: 0)
            tape.send(asked)
            tape.resume(ConnectionID(2), sent: 0, received: 0)
            tape.wait(milliseconds: 1)
            tape.receive(asked)
            tape.send(answer)
            tape.resume(ConnectionID(1), sent: UInt64(asked.utf8.count), received: 0)
            tape.wait(milliseconds: 1)
            tape.receive(answer)
            for serial in [1, 2] as [UInt64] {
                tape.resume(ConnectionID(serial), sent: 0, received: 0)
                tape.close()
            }
            let spans = try spans(tape)
            try #require(spans.count == 2)
            #expect(spans.map(\.service) == ["web", "api"])
            #expect(spans.map { $0.span["kind"] as? Int } == [3, 2])
            #expect(spans[0].span["traceId"] as? String == spans[1].span["traceId"] as? String)
            #expect(spans[1].span["parentSpanId"] as? String == spans[0].span["spanId"] as? String)
            #expect(spans[0].span["parentSpanId"] as? String == (fields.isEmpty ? nil : Self.parent))
            #expect((spans[0].span["traceId"] as? String == Self.trace) == !fields.isEmpty)
        }
    }

    @Test(arguments: [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        // A later version may say more.
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", true),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", false),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", false), ("", false), ("-", false),
    ]) func `take a traceparent for what the recommendation says`(_ text: String, _ isOne: Bool) {
        #expect((TraceContext(Array(text.utf8).span.bytes) != nil) == isOne)
    }

    @Test(arguments: [
        ("/*traceparent='V'*/", true), ("/* traceparent='V' */", true),
        ("/*a='b',traceparent='V',tracestate='x'*/", true),
        ("/*traceparent='V", false), ("/*traceparent=V*/", false), ("/*xtraceparent='V'*/", false),
        ("/*traceparent='V'", true), ("/*trace='t',t='traceparent'*/", false), ("/*traceparent='V '*/", false),
        ("/*traceparent=''*/", false), ("/*t", false), ("/**/", false),
    ]) func `are found in a comment as sqlcommenter writes it`(_ text: String, _ isThere: Bool) {
        let comment = text.replacing("V", with: "00-\(Self.trace)-\(Self.parent)-01")
        let context = TraceContext(comment: Array(comment.utf8.dropFirst()).span.bytes)
        #expect((context != nil) == isThere)
        if let context { #expect(context.trace == Self.trace && context.parent == Self.parent && context.flags == 1) }
    }

    @Test(arguments: [
        ("NATS/1.0\r\ntraceparent: V\r\n\r\n", true), ("NATS/1.0\r\nA: b\r\nTraceParent:V\r\n\r\n", true),
        ("NATS/1.0\r\ntraceparents: V\r\n", false), ("NATS/1.0\r\nxtraceparent: V\r\n", false),
        ("traceparent: V", true),
        ("NATS/1.0\r\na: traceparent: V\r\n", false), ("traceparent:", false), ("\r\n\r\n", false), ("", false),
    ]) func `are found in lines of headers`(_ text: String, _ isThere: Bool) {
        let lines = text.replacing("V", with: "00-\(Self.trace)-\(Self.parent)-01")
        #expect((TraceContext(lines: Array(lines.utf8).span.bytes)?.parent == Self.parent) == isThere)
    }

    /// The statement with a comment is joined; what looks like one within a literal, a name or an executed comment is none.
    @Test func `are found in the comments of statements, and nowhere else in them`() {
        let reader = SQLReader()
        let comment = "/*traceparent='00-\(Self.trace)-\(Self.parent)-01'*/"
        let quoted = comment.replacing("'", with: "''")
        let cases: [(String, SQLDialect, Bool)] = [
            ("SELECT 1 \(comment)", .postgreSQL, true), ("\(comment) SELECT 1", .mySQL, true),
            ("SELECT 1 \(comment)", .transactSQL, true), ("SELECT '\(quoted)'", .postgreSQL, false),
            ("SELECT $$\(comment)$$", .postgreSQL, false), ("SELECT \"\(comment)\"", .postgreSQL, false),
            ("SELECT \"\(comment)\"", .mySQL, false), ("SELECT `\(comment)`", .mySQL, false),
            ("SELECT 1 -- \(comment)", .postgreSQL, false), ("SELECT [\(comment)]", .transactSQL, false),
        ]
        for (text, dialect, isThere) in cases {
            reader.removeAll()
            let statement = reader.read(Array(text.utf8).span.bytes, dialect)
            #expect((statement.context?.trace == Self.trace) == isThere, "\(text)")
        }
        // Each has its own, and the next has none.
        var at = 0
        let two = Array("SELECT 1 \(comment); SELECT 2".utf8)
        reader.removeAll()
        #expect(reader.next(two.span.bytes, from: &at, .postgreSQL)?.context != nil)
        #expect(reader.next(two.span.bytes, from: &at, .postgreSQL)?.context == nil)
    }

    /// Records that are no records: whatever their numbers say, the reader ends where the batch does.
    @Test(arguments: UInt64(0)..<200) func `are looked for in hostile records, and no further`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = (0..<Int.random(in: 1...400, using: &random)).map { _ in
            // Numbers are often as long as they can be.
            Bool.random(using: &random)
                ? UInt8.random(in: 0...40, using: &random) : .random(in: 0x80...0xFF, using: &random)
        }
        var records = KafkaRecords()
        records.begin(end: bytes.count)
        var (position, steps, shown) = (0, 0, 0)
        while !records.isOver, steps < 10_000 {
            steps += 1
            let needs = records.step(bytes.span.bytes.extracting(position..<max(position, shown)), at: position)
            if needs > 0 {
                shown = min(bytes.count, max(position, shown) + needs)
            } else {
                position += records.taken + records.skip
            }
        }
        #expect(records.isOver && position == bytes.count)
    }

    @Test(arguments: UInt64(0)..<10) func `lose nothing of a histogram in its exponential form`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var histogram = LatencyHistogram()
        let values = (0..<100).map { _ in
            Int64.random(in: 0...(1 << Int64.random(in: 1...40, using: &random)), using: &random)
        }
        for value in values { histogram.record(value) }
        let (start, end) = (Timestamp(nanoseconds: 1), Timestamp(nanoseconds: 2))
        let metric = Metric(
            name: "tapedeck.request.duration", unit: .nanoseconds, description: "", kind: .exponential,
            series: [
                Metric.Series(
                    attributes: [],
                    points: [
                        Metric.Point(time: start, value: .durations(LatencyHistogram())),
                        Metric.Point(time: end, value: .durations(histogram)),
                    ])
            ])
        let element = try #require(OTLPMetrics.elements([metric]).first)
        let object = try JSONSerialization.jsonObject(with: Data(element.text)) as? [String: Any]
        let points = (object?["exponentialHistogram"] as? [String: Any])?["dataPoints"] as? [[String: Any]]
        let point = try #require(points?.first)
        #expect(points?.count == 1 && point["startTimeUnixNano"] as? String == "1")
        let positive = point["positive"] as? [String: Any]
        let counts = (positive?["bucketCounts"] as? [String])?.compactMap(UInt64.init) ?? []
        let offset = positive?["offset"] as? Int ?? 0
        var expected: [Int: UInt64] = [:]
        for value in values where value > 0 { expected[ExponentialScale.bucket(of: UInt64(value)), default: 0] += 1 }
        var found: [Int: UInt64] = [:]
        for (place, count) in counts.enumerated() where count > 0 { found[offset + place] = count }
        #expect(found == expected)
        #expect(point["zeroCount"] as? String == "\(values.filter { $0 == 0 }.count)")
    }
}

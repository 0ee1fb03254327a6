import Testing

@testable import Shared

/// The event log as text: docs/contract.md, section 3.
@Suite struct `Event log` {
    private static let process = ProcessIdentity(
        key: ProcessKey(pid: 1234, startTime: 5), comm: "traffic", commandLine: "/bin/traffic --name \"x\"\n")

    private static func exchange(local: Endpoint = TapeBuilder.client, remote: Endpoint = TapeBuilder.server())
        -> TapeBuilder
    {
        var tape = TapeBuilder()
        tape.add(.process(process))
        tape.open(local: local, remote: remote, process: process.key)
        tape.send("POST /echo HTTP/1.1\r\nContent-Length: 4\r\n\r\nhe")
        tape.wait(milliseconds: 2)
        tape.send("y!")
        tape.now.nanoseconds += 1_500_001
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 4 \r\n\r\n")
        tape.wait(milliseconds: 7)
        tape.receive("h\"y!")
        tape.close()
        return tape
    }

    @Test func `is this, byte for byte`() {
        let lines = Self.exchange().run().text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines[0] == #"""
                {"timestamp":"2026-04-08T18:24:10.125456789Z","event_type":"http","pid":1234,"comm":"traffic","cmdline":"/bin/traffic --name \"x\"\n","direction":"send","source_ip":"10.0.0.1","source_port":40000,"dest_ip":"10.0.0.2","dest_port":8080,"bytes":46,"method":"POST","url":"/echo","body":"hey!","headers":{"Content-Length":"4"},"raw_payload":"POST /echo HTTP/1.1\r\nContent-Length: 4\r\n\r\nhey!","service":"traffic","peer":"10.0.0.2:8080","connection":1,"exchange":1,"protocol":"http/1.1"}
                """#)
        #expect(
            lines[1] == #"""
                {"timestamp":"2026-04-08T18:24:10.133956790Z","event_type":"http","pid":1234,"comm":"traffic","cmdline":"/bin/traffic --name \"x\"\n","direction":"recv","source_ip":"10.0.0.2","source_port":8080,"dest_ip":"10.0.0.1","dest_port":40000,"bytes":43,"method":"POST","url":"/echo","status_code":200,"reason":"OK","duration_ms":1.500001,"body":"h\"y!","headers":{"Content-Length":"4"},"raw_payload":"HTTP/1.1 200 OK\r\nContent-Length: 4 \r\n\r\nh\"y!","service":"traffic","peer":"10.0.0.2:8080","connection":1,"exchange":1,"protocol":"http/1.1","total_ms":10.500001}
                """#)
    }

    @Test func `keeps the order of its fields when all are there`() throws {
        let response = "HTTP/1.1 200 OK\nContent-Length: 99\n\n" + String(repeating: "b", count: 99)
        var limits = Limits()
        limits.bodyBytes = 50
        let result = Talk("", [.c("GET / HTTP/1.1\r\n\r\n"), .s(response)], []).tape.run(limits)
        #expect(
            try result.events()[1].fieldOrder == [
                "timestamp", "event_type", "direction", "source_ip", "source_port", "dest_ip", "dest_port", "bytes",
                "method", "url", "status_code", "reason", "duration_ms", "body", "headers", "raw_payload", "truncated",
                "anomalies", "service", "peer", "connection", "exchange", "protocol", "total_ms",
            ])
    }

    @Test func `says what of a message was not captured`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
        tape.gap(.receive, 8)
        tape.send("GET /b HTTP/1.1\r\nHost:")
        tape.close()
        let events = try tape.run().events()
        #expect(events.map { $0.fields["incomplete"] as? [String] } == [nil, ["body"], ["head"]])
    }

    @Test func `numbers connections and exchanges, and joins an answer with its request`() throws {
        var tape = TapeBuilder()
        for path in ["/a", "/b"] {
            tape.open()
            tape.send("GET \(path) HTTP/1.1\r\n\r\nGET \(path)/2 HTTP/1.1\r\n\r\n")
            tape.receive("HTTP/1.1 204 No\r\n\r\nHTTP/1.1 204 No\r\n\r\nHTTP/1.1 204 No\r\n\r\n")
            tape.close()
        }
        let events = try tape.run().events()
        #expect(events.map { $0.number("connection") } == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
        #expect(events.map { $0.number("exchange") } == [1, 2, 1, 2, nil, 3, 4, 3, 4, nil])
    }

    @Test func `tells two connections apart that a made-up trace gives one identity`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET /a HTTP/1.1\r\n\r\n")
        let other = Endpoint(IPAddress(v4: 0x0A00_0009), 50_000)
        tape.add(
            .open(ConnectionOpened(id: tape.connection, local: other, remote: TapeBuilder.server(99), role: .client)))
        tape.data(.send, Array("GET /b HTTP/1.1\r\n\r\n".utf8), at: 0)
        tape.close()
        let result = tape.run()
        let events = try result.events()
        #expect(events.map { $0.string("source_ip") } == ["10.0.0.1", "10.0.0.9"])
        #expect(events.map { $0.string("service") } == ["10.0.0.1", "10.0.0.9"])
        #expect(events.map { $0.string("peer") } == ["10.0.0.2:8080", "10.0.0.2:99"])
        #expect(result.serviceMap.services.map(\.name) == ["10.0.0.1", "10.0.0.9"])
    }

    @Test func `leaves out what first versions did not have`() throws {
        var options = Profiler.Options()
        options.fields = .compat
        let profiler = Profiler(options)
        let tape = Self.exchange()
        tape.play(into: profiler)
        profiler.finish()
        let compat = TapeResult(profiler)
        let all = tape.run()
        let cut = all.text.split(separator: "\n").map {
            String($0[..<$0.firstRange(of: ",\"service\"")!.lowerBound]) + "}\n"
        }
        #expect(compat.text == cut.joined())
        #expect(compat.summary == all.summary)
        // The map has no templates then.
        let counts = { (map: ServiceMapDocument) in map.services.flatMap(\.endpoints).map(\.count).reduce(0, +) }
        #expect(counts(compat.serviceMap) == counts(all.serviceMap))
        #expect(compat.serviceMap.services.flatMap(\.endpoints).allSatisfy { !$0.path.contains("{") })
    }

    @Test func `has no time that would be negative`() throws {
        var tape = TapeBuilder()
        tape.open(port: 8080)
        tape.send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        tape.wait(milliseconds: 2000)
        tape.send("ab")
        tape.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        tape.wait(milliseconds: 3)
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let responses = try tape.run().events().filter { $0.number("status_code") != nil }
        #expect(responses.map { $0.string("url") } == ["/up", "/next"])
        #expect(responses[0].fields["duration_ms"] == nil && responses[0].fields["total_ms"] != nil)
        #expect((responses[1].fields["duration_ms"] as? Double ?? 0) >= 3)
        // The clock was set back.
        var back = TapeBuilder()
        back.open(port: 6379)
        back.send("*1\r\n$4\r\nPING\r\n")
        back.wait(milliseconds: -1000)
        back.receive("+PONG\r\n")
        var options = Profiler.Options()
        options.housekeeping = true
        let operations = try back.run(options).events().filter { $0.string("event_type") == "operation" }
        #expect(operations.count == 1 && operations[0].string("status") == "ok")
        #expect(operations[0].fields["duration_ms"] == nil && operations[0].fields["total_ms"] == nil)
    }

    @Test func `knows a duration only where the request was complete`() throws {
        let talk = Talk(
            "",
            [
                .c("PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"), .s("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"),
                .c("cde"),
            ], [])
        let response = try talk.tape.run().events()[0]
        #expect(response.number("status_code") == 413 && response.fields["duration_ms"] == nil)
    }

    struct Address: Sendable {
        var high: UInt64
        var low: UInt64
        var text: String
    }

    @Test(arguments: [
        Address(high: 0, low: 0x0000_FFFF_0A01_0203, text: "10.1.2.3"), Address(high: 0, low: 1, text: "::1"),
        Address(high: 0x2001_0DB8_0000_0000, low: 0x0000_0000_0000_00FF, text: "2001:db8::ff"),
        Address(high: 0, low: 0, text: "::"),
        Address(high: 0xFE80_0000_0000_0000, low: 0x0200_00FF_FE00_0001, text: "fe80::200:ff:fe00:1"),
    ])
    func `writes addresses as RFC 5952 has them`(_ address: Address) throws {
        let remote = Endpoint(IPAddress(high: address.high, low: address.low), 65_535)
        let events = try Self.exchange(remote: remote).run().events()
        #expect(events[0].string("dest_ip") == address.text && events[1].string("source_ip") == address.text)
        #expect(events[0].number("dest_port") == 65_535)
    }

    private static func post(_ body: [UInt8]) -> TapeBuilder {
        Talk("", [.client(Array("POST / HTTP/1.1\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body)], []).tape
    }

    @Test(
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x61, 0xC3], [0xF4, 0x90, 0x80, 0x80], [0x80]]
            as [[UInt8]])
    func `gives bytes that are not UTF-8 in base64`(_ body: [UInt8]) throws {
        let event = try Self.post(body).run().events()[0]
        #expect(event.bytes("body_base64") == body && event.fields["body"] == nil)
        #expect(
            event.bytes("raw_payload_base64")?.suffix(body.count) == body[...] && event.fields["raw_payload"] == nil)
        #expect(event.fields["truncated"] == nil)
    }

    @Test(arguments: 1...12) func `never cuts a character in two`(_ limit: Int) throws {
        let text = "aé€😀z"
        var limits = Limits()
        limits.bodyBytes = limit
        let event = try Self.post(Array(text.utf8)).run(limits).events()[0]
        let shown = try #require(event.string("body") ?? (limit == 0 ? "" : nil))
        #expect(text.hasPrefix(shown) && shown.utf8.count <= limit && shown.utf8.count > limit - 4)
        #expect(event.fields["truncated"] as? Bool == true)
    }

    @Test(arguments: 0..<20) func `is JSON for random bytes in every field`(_ batch: UInt64) throws {
        for number in 0..<25 {
            var random = SeededRandom(seed: batch << 32 | UInt64(number))
            func text(_ count: Int) -> [UInt8] { random.bytes(count).map { $0 == 0x0A || $0 == 0x0D ? 0x22 : $0 } }
            let (url, name, value, reason) = (text(9) + [0x7A], random.letters(5), text(12), text(8))
            let body = random.bytes(30)
            var tape = TapeBuilder()
            tape.open()
            tape.data(
                .send,
                Array("POST /".utf8) + url + Array(" HTTP/1.1\r\nContent-Length: 30\r\n".utf8) + name + [0x3A] + value
                    + Array("\r\n\r\n".utf8) + body)
            tape.data(
                .receive, Array("HTTP/1.1 200 ".utf8) + reason + Array("\r\nContent-Length: 30\r\n\r\n".utf8) + body)
            let result = tape.run()
            #expect(result.isValidLog, "seed \(random.seed)")
            let events = try result.events()
            try #require(events.count == 2, "seed \(random.seed)")
            for event in events {
                let seen = event.bytes("body_base64") ?? event.string("body").map { Array($0.utf8) }
                #expect(seen == body, "seed \(random.seed)")
            }
            let seen = try #require(events[0].string("url"))
            let sent = Array("/".utf8) + url
            #expect(latin1(seen) == sent || Array(seen.utf8) == sent, "seed \(random.seed)")
        }
    }

    /// Text that was not UTF-8 is shown as ISO-8859-1: each character is a byte.
    private func latin1(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

    @Test func `is not written where nobody asks, and the rest is the same`() {
        let tape = Self.exchange()
        let (with, without) = (tape.run(), tape.run(eventLog: false))
        #expect(without.log.isEmpty && !with.log.isEmpty)
        #expect(without.summary == with.summary && without.serviceMap == with.serviceMap)
    }
}

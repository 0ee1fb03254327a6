import Console
import Foundation
import Testing

@testable import Shared
@testable import replay

/// HTTP Archives as inputs and as an export; HAROracleTests has those of the fixtures.
@Suite struct `HTTP Archives` {
    private static func archive(_ entries: [String], more: String = "") -> String {
        """
        {
          "log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "1"},\(more)
            "entries": [\(entries.joined(separator: ","))]}}
        """
    }

    private static func entry(
        _ url: String, at second: String = "10", status: Int = 200, answer: String = #""text":"{\"a\":1}","size":7"#,
        version: String = "HTTP/1.1", more: String = ""
    ) -> String {
        """
        {"startedDateTime":"2026-11-23T12:00:\(second).5+01:00","time":30,"request":{"method":"GET","url":"\(url)",\
        "httpVersion":"\(version)","headers":[{"name":"Accept","value":"*/*"}],"queryString":[],"cookies":[],"headersSize":-1,\
        "bodySize":0},"response":{"status":\(status),"statusText":"OK","httpVersion":"\(version)","cookies":[],"headers":\
        [{"name":"content-type","value":"application/json"},{"name":"Content-Encoding","value":"br"}],"content":{\(answer),\
        "mimeType":"application/json"},"redirectURL":"","headersSize":-1,"bodySize":-1},"cache":{},\
        "timings":{"blocked":5,"dns":-1,"connect":-1,"send":1,"wait":20,"receive":4}\(more)}
        """
    }

    private static func run(_ text: String) throws -> (Replaying.Result, log: String) {
        let folder = TemporaryFolder()
        let file = folder.write("x.har", Array(text.utf8))
        var log: [UInt8] = []
        let result = try Replaying().run([file]) { bytes throws(Failure) in
            bytes.withUnsafeBytes { log.append(contentsOf: $0) }
            return true
        }
        return (result, String(decoding: log, as: UTF8.self))
    }

    @Test func `are read as what was said, at its time, by the program that wrote them`() throws {
        let (result, log) = try Self.run(Self.archive([Self.entry("http://shop.test/items/7?q=1#top")]))
        let yaml = ServiceMapFile.yaml(result.map)
        #expect(yaml.contains("- name: WebInspector\n") && yaml.contains("destination: shop.test\n"))
        #expect(yaml.contains("path: /items/{itemId}\n") && yaml.contains("a: number\n"))
        // From the first byte of the request to the last of the answer: what the browser waited before it does not count.
        #expect(yaml.contains("latency_ms: {p50: 25,") || yaml.contains("p50: 25.0"), "\(yaml)")
        #expect(
            log.contains("\"timestamp\":\"2026-11-23T11:00:10.506000000Z\"") && log.contains("\"url\":\"/items/7?q=1\"")
        )
        #expect(!log.contains("Content-Encoding"))
        #expect(!result.isLossy)
    }

    /// Microseconds of a moment since 1970 are more digits than a Double has.
    @Test func `have their times to the nanosecond`() throws {
        let messages = ["1795431610.200000001", "1795431611.123456789", "1795431612.9999999994", "17954316130e-1"].map {
            "{\"type\":\"send\",\"time\":\($0),\"opcode\":1,\"data\":\"x\"}"
        }
        let entry = Self.entry(
            "http://shop.test/live", status: 101, answer: "\"size\":0",
            more: ",\"_webSocketMessages\":[\(messages.joined(separator: ","))]"
        ).replacing(":10.5+01:00", with: ":10.123456789+01:00").replacing(
            "\"send\":1,\"wait\":20", with: "\"send\":0.000007,\"wait\":20.123457"
        ).replacing(
            "\"content-type\",\"value\":\"application/json\"", with: "\"Upgrade\",\"value\":\"websocket\"")
        let (_, log) = try Self.run(Self.archive([entry]))
        let times = Set(log.matches(of: /"timestamp":"2026-11-23T11:00:([0-9.]+)Z"/).map { String($0.1) })
        let wanted = ["10.128456796", "10.152580253", "10.200000001", "11.123456789", "12.999999999", "13.000000000"]
        #expect(times == Set(wanted), "\(times)")
    }

    @Test(
        arguments: [
            ("0.1", 100_000), ("1e-7", 0), ("5e-7", 1), ("-5e-7", -1), ("9223372036854.775807", Int64.max),
            ("9223372036854.775808", nil), ("1e200", nil), ("-1e30", nil),
            ("123456789012345678901234567890e-24", 123_456_789_012),
            ("0e99", 0), ("1e-200", 0), ("-1e-200", 0), ("1e300", nil),
        ] as [(String, Int64?)])
    func `have times by their digits`(_ text: String, _ nanoseconds: Int64?) throws {
        let number = try JSONDecoder().decode(ExactNumber.self, from: Data(text.utf8))
        #expect(number.nanoseconds(.milliseconds) == nanoseconds)
    }

    @Test func `are one tape in the order of time, however their entries stand`() throws {
        let entries = [("http://b.test/2", "12"), ("https://a.test/1", "11"), ("http://c.test/3", "13")]
        let texts = entries.map { Self.entry($0.0, at: $0.1) }
        let (_, log) = try Self.run(Self.archive(texts))
        let urls = log.matches(of: /"method":"GET","url":"([^"]*)"/).map { String($0.1) }
        #expect(urls == ["/1", "/1", "/2", "/2", "/3", "/3"])
        // What came over TLS is told as such, without its port.
        #expect(log.matches(of: /"peer":"a.test"/).count == 2 && log.matches(of: /"tls":true/).count == 2)
    }

    /// A user before a host is no part of its name, and a password is one.
    @Test(arguments: ["HTTP/1.1", "h2"]) func `show no password of a host`(_ version: String) throws {
        let entry = Self.entry("http://bob:s3cret1@shop.test/a", version: version).replacing(
            "\"Accept\",\"value\":\"*/*\"", with: "\"Host\",\"value\":\"bob:s3cret2@shop.test\"")
        let connect = Self.entry("http://x.test/bob:s3cret3@shop.test:443", answer: "\"size\":0", version: version)
            .replacing("\"GET\"", with: "\"CONNECT\"")
        let text = Self.archive([entry, connect])
        let yaml = ServiceMapFile.yaml(try Self.run(text).0.map)
        #expect(
            yaml.contains("destination: shop.test\n") && !yaml.contains("s3cret") && !yaml.contains("bob"), "\(yaml)")
        let har = TemporaryFolder()
        let written = try exported([har.write("in.har", Array(text.utf8))]).text
        #expect(written.contains("bob:[redacted]@shop.test") && !written.contains("s3cret"), "\(written)")
        #expect(written.contains("\"_peer\":\"shop.test"))
    }

    @Test(arguments: ["HTTP/1.0", "HTTP/1.1"]) func `say their version`(_ version: String) throws {
        let text = Self.archive([Self.entry("http://shop.test/a", version: version)])
        #expect(try Self.run(text).1.contains("raw_payload\":\"GET /a \(version)"))
        let har = TemporaryFolder()
        let written = try exported([har.write("in.har", Array(text.utf8))]).text
        #expect(written.matches(of: /"httpVersion":"([^"]*)"/).map { String($0.1) } == [version, version])
    }

    /// RFC 1945, section 4.1; and an answer may be of another version than its request.
    @Test func `say the version of each message`() throws {
        let text = try Self.archive(
            of: "GET /a HTTP/1.1\r\nHost: x.test\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"
        ).text
        #expect(text.matches(of: /"httpVersion":"([^"]*)"/).map { String($0.1) } == ["HTTP/1.1", "HTTP/1.0"])
    }

    @Test func `are not whole where fields were left out`() throws {
        let long = String(repeating: "x", count: 2000)
        for (value, completeness) in [(long, "incomplete"), ("x", "whole")] {
            let folder = TemporaryFolder()
            let entry = Self.entry("http://shop.test/a", version: "h2").replacing("*/*", with: value)
            var replaying = Replaying()
            replaying.options.archive = HARFile.Content()
            replaying.options.limits.headBytes = 1000
            let file = folder.write("x.har", Array(Self.archive([entry]).utf8))
            let result = try replaying.run([file]) { (_) throws(Failure) in true }
            let text = String(decoding: try #require(result.archive).text(from: "x", version: "1"), as: UTF8.self)
            #expect(text.contains("\"_completeness\":\"\(completeness)\""), "\(text)")
        }
    }

    /// Less than any number that is kept is nothing; more than a year is no time.
    @Test func `have times that can be`() throws {
        for (time, unread) in [("1e-200", 0), ("-1e-200", 0), ("1e200", 1), ("1e11", 1), ("3e10", 0), ("-1", 0)] {
            let entry = Self.entry("http://shop.test/a").replacing("\"send\":1", with: "\"send\":\(time)")
            let (result, log) = try Self.run(Self.archive([entry]))
            #expect(result.summary.losses[.damagedRecord] == UInt64(unread), "\(time)")
            #expect(!log.contains("2027") || time == "3e10", "\(time)")
        }
    }

    @Test func `of HTTP slash 2 are that`() throws {
        let (result, _) = try Self.run(Self.archive([Self.entry("https://shop.test/a", version: "h2")]))
        let yaml = ServiceMapFile.yaml(result.map)
        #expect(
            yaml.contains("protocol: http/2\n") && yaml.contains("a: number\n") && yaml.contains("status: {200: 1}"))
    }

    @Test func `without bodies have gaps of their length, which were left out and not lost`() throws {
        for version in ["HTTP/1.1", "h2"] {
            let text = Self.archive([Self.entry("http://shop.test/a", answer: "\"size\":70000", version: version)])
            let (result, _) = try Self.run(text)
            #expect(result.summary.bytes.gaps[.captureLimit] == 70_000, "\(version)")
            #expect(!result.isLossy)
            #expect(ServiceMapFile.yaml(result.map).contains("status: {200: 1}"))
        }
    }

    @Test func `lose an entry that says too little, and no other`() throws {
        let bad = [
            #"{"startedDateTime":"yesterday","request":{"method":"GET","url":"http://x.test/"}}"#, "17", "null",
            #"{"startedDateTime":"2026-11-23T11:00:00Z","request":{"method":"GET","url":"ftp://x.test/"}}"#,
            #"{"startedDateTime":"2026-11-23T11:00:00Z","request":{"method":"GET\r\nX: y","url":"http://x.test/"}}"#,
            #"{"startedDateTime":"2026-11-23T11:00:00Z","request":{"method":"GET","url":"http://x.test/a b"}}"#,
        ]
        let (result, log) = try Self.run(Self.archive(bad + [Self.entry("http://shop.test/a")]))
        #expect(result.summary.losses[.damagedRecord] == UInt64(bad.count))
        #expect(result.summary.messages.exchanges == 1 && !log.contains("x.test"))
        #expect(result.isLossy)
    }

    /// An answer of gRPC says behind its body how the call ended.
    @Test(arguments: ["calls", "shop"]) func `keep what stands behind a body`(_ fixture: String) throws {
        let calls = "Fixtures/grpc/\(fixture)/input.pcap"
        let folder = TemporaryFolder()
        let archive = folder.path + "/calls.har"
        let made = try Executable.replay(["export", "har", calls, "--bodies", "--credentials", "-o", archive])
        #expect(made.status == 0, "\(made.errors)")
        func statuses(_ input: String) throws -> [Substring] {
            let map = folder.path + "/map.yaml"
            _ = try Executable.replay([input, "--quiet", "--service-map", map])
            return try String(contentsOfFile: map, encoding: .utf8).split(separator: "\n")
                .filter { $0.contains("status: {") }
        }
        let right = try statuses(calls)
        #expect(right.contains { $0.contains("OK") })
        #expect(try statuses(archive) == right)
    }

    private static let chat =
        #","_webSocketMessages":[{"type":"send","time":1795431611,"opcode":1,"data":"{\"type\":\"join\"}"},"#
        + #"{"type":"receive","time":1795431612,"opcode":2,"data":"AAEC"}]"#

    /// However a browser, or we, write down the handshake (RFC 6455; RFC 8441 for HTTP/2).
    @Test(
        arguments: [
            ("ws://shop.test/chat", "GET", "HTTP/1.1", 101), ("wss://shop.test/chat", "GET", "h2", 101),
            ("wss://shop.test/chat", "GET", "h2", 200), ("https://shop.test/chat", "GET", "http/2.0", 101),
            ("http://shop.test/chat", "CONNECT", "HTTP/2", 200),
        ] as [(String, String, String, Int)])
    func `have what was said over a WebSocket`(
        _ url: String, _ method: String, _ version: String, _ status: Int
    ) throws {
        let entry = Self.entry(url, status: status, answer: "\"size\":0", version: version, more: Self.chat)
            .replacing("\"GET\"", with: "\"\(method)\"")
        let (result, log) = try Self.run(Self.archive([entry]))
        let endpoints = result.map.services.flatMap(\.endpoints)
        let messages = endpoints.filter { $0.method == "WS" }
        #expect(messages.contains { $0.operation == "join" } && messages.allSatisfy { $0.path == "/chat" })
        #expect(endpoints.allSatisfy { $0.destination == "shop.test" }, "\(ServiceMapFile.yaml(result.map))")
        #expect(log.matches(of: /"timestamp":"2026-11-23T11:00:1[12].000000000Z"/).count == 2, "\(log)")
        #expect(!result.isLossy && result.summary.bytes.isBalanced && result.summary.innerBytes.isBalanced)
    }

    /// Its URL names the end of the tunnel by the path, as ours do, or by the host.
    @Test(
        arguments: [
            ("http://proxy.test/shop.test:443", "HTTP/1.1"), ("http://shop.test:443", "HTTP/1.1"),
            ("https://shop.test/", "HTTP/1.1"), ("http://proxy.test/shop.test:443", "h2"), ("https://shop.test", "h2"),
        ])
    func `have a CONNECT for whom the tunnel leads to`(_ url: String, _ version: String) throws {
        let entry = Self.entry(url, answer: "\"size\":0", version: version).replacing("\"GET\"", with: "\"CONNECT\"")
        let (result, log) = try Self.run(Self.archive([entry]))
        #expect(log.matches(of: /"url":"shop.test:443"/).count == 2, "\(log)")
        #expect(result.map.services.flatMap(\.endpoints).allSatisfy { $0.destination.hasPrefix("shop.test") })
        #expect(!result.isLossy)
    }

    /// A path is nobody's name.
    @Test(arguments: ["HTTP/1.1", "h2"])
    func `have no service of a CONNECT's path`(_ version: String) throws {
        let entry = Self.entry("http://shop.test/chat/room", answer: "\"size\":0", version: version)
            .replacing("\"GET\"", with: "\"CONNECT\"")
        let yaml = ServiceMapFile.yaml(try Self.run(Self.archive([entry])).0.map)
        #expect(!yaml.contains("destination: chat") && yaml.contains("destination: shop.test\n"), "\(yaml)")
    }

    /// Messages of a WebSocket that cannot be said behind their entry are counted.
    @Test(arguments: ["HTTP/1.1", "h2"])
    func `lose no message in silence`(_ version: String) throws {
        let message = #"{"type":"send","time":1,"opcode":1,"data":"a"}"#
        let entry = Self.entry(
            "http://shop.test/a", version: version, more: ",\"_webSocketMessages\":[\(message),\(message)]")
        let (result, _) = try Self.run(Self.archive([entry]))
        #expect(result.summary.losses[.damagedRecord] == 2 && result.summary.messages.exchanges == 1)
    }

    @Test func `can say nothing that is more than a field, a time or a length`() throws {
        let hostile = [
            Self.entry(
                "http://shop.test/a",
                more: #","_webSocketMessages":[{"type":"send","time":1e300,"opcode":1,"data":""}]"#),
            Self.entry("http://shop.test/a", answer: "\"size\":1e300"),
            Self.entry("http://shop.test/a", answer: "\"size\":-5,\"text\":\"x\""),
            Self.entry("http://shop.test/a", version: "h2").replacing("*/*", with: "a\\r\\nInjected: yes"),
            Self.entry("http://shop.test/a").replacing("*/*", with: "a\\r\\nInjected: yes"),
            Self.entry("http://shop.test/a").replacing("\"wait\":20", with: "\"wait\":1e308"),
        ]
        for entry in hostile {
            let (result, log) = try Self.run(Self.archive([entry]))
            #expect(result.summary.bytes.isBalanced)
            #expect(!log.contains("\"Injected\""))
        }
    }

    @Test(arguments: [
        ("{\"log\": ", "it is no JSON"), ("{\"log\": {}}", "there is no entries"),
        ("{\"log\": {\"entries\": 5}}", "log.entries is something else"),
        ("{\"log\": " + String(repeating: "[", count: 100_000), "it is no JSON"),
    ])
    func `that are none are refused, with the reason`(_ text: String, _ reason: String) {
        #expect {
            _ = try Self.run(text)
        } throws: { error in
            "\(error)".contains("x.har: is no HTTP Archive that can be read: \(reason)")
        }
    }

    @Test func `are told from others by how they begin`() {
        #expect(HARTape.isArchive(Array("\u{FEFF}{\r\n\t\"log\" : {".utf8)))
        for other in ["{\"log", "{\"logs\":1", "{\"type\":\"tape\"}", "", "[{\"log\":1}]", "{\"log\" 1"] {
            #expect(!HARTape.isArchive(Array(other.utf8)), "\(other)")
        }
    }

    private func exported(_ arguments: [String]) throws -> (outcome: Executable.Outcome, text: String) {
        let folder = TemporaryFolder()
        let outcome = try Executable.replay(["export", "har"] + arguments + ["-o", folder.path + "/out.har"])
        return (outcome, folder.text("out.har") ?? "")
    }

    @Test func `are written without bodies and credentials, unless these are wanted`() throws {
        let input = "Fixtures/http/json-api/input.pcap"
        let (outcome, text) = try exported([input])
        #expect(outcome.status == 0 && text.contains("\"_completeness\":\"whole\""))
        #expect(!text.contains("\\\"name\\\"") && text.contains("--bodies keeps it"))
        let whole = try exported([input, "--bodies"]).text
        #expect(whole.contains("\\\"name\\\""))
        let folder = TemporaryFolder()
        let secret = Self.archive([
            Self.entry("http://shop.test/a?token=s3cret1").replacing(
                "\"Accept\",\"value\":\"*/*\"", with: "\"Authorization\",\"value\":\"Bearer s3cret2\"")
        ])
        let har = folder.write("secret.har", Array(secret.utf8))
        let hidden = try exported([har]).text
        #expect(hidden.contains("[redacted]") && !hidden.contains("s3cret"))
        // A URL within a URL is encoded.
        let nested = Self.archive([Self.entry("http://shop.test/a?next=https%3A%2F%2Fuser%3As3cret%40b.test%2F")])
        let next = try exported([folder.write("nested.har", Array(nested.utf8))]).text
        #expect(next.contains("https%3A%2F%2Fuser%3A[redacted]%40b.test%2F") && !next.contains("s3cret"))
        let shown = try exported([har, "--credentials"]).text
        #expect(shown.contains("s3cret1") && shown.contains("Bearer s3cret2"))
    }

    /// A URL has a host: where a Host field names none, the address to which the request was sent stands there.
    @Test(
        arguments: [
            ("shop.test:8080", "http://shop.test:8080/a"), ("[::1]:80", "http://[::1]:80/a"), ("::1", "http://[::1]/a"),
            ("10.0.0.9", "http://10.0.0.9/a"), ("", nil), ("a b", nil), ("a/b", nil), ("[", nil), ("[]", nil),
            ("[10.0.0.9]", nil), ("a:b", nil), ("a:99999", nil), ("10.0.0.999", nil), ("a@b", nil), ("%zz", nil),
            ("fe80::1%a b", nil),
        ] as [(String, String?)])
    func `have URLs, whatever a Host field says`(_ host: String, _ url: String?) throws {
        let folder = TemporaryFolder()
        let entry = Self.entry("http://x.test:81/a", more: ",\"serverIPAddress\":\"10.1.2.3\"").replacing(
            "\"Accept\",\"value\":\"*/*\"", with: "\"Host\",\"value\":\"\(host)\"")
        let (outcome, text) = try exported([folder.write("in.har", Array(Self.archive([entry]).utf8))])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(text.contains("\"url\":\"\(url ?? "http://10.1.2.3:81/a")\""), "\(text)")
        // What was sent stands with the other fields.
        #expect(text.contains("\"value\":\"\(host)\""))
        // It is read back as what it was.
        let again = try exported([folder.write("out.har", Array(text.utf8))]).text
        #expect(try Self.run(text).0.summary.messages.exchanges == 1 && again.contains("\"url\":"))
    }

    /// A proxy is asked for a URL; what only looks like one is a path.
    @Test(arguments: [
        ("GET http://shop.test/a", "http://shop.test/a"),
        ("GET http://u:p@shop.test/a", "http://u:[redacted]@shop.test/a"),
        ("GET /a?u=http://b/", "http://x.test/a?u=http://b/"), ("GET a://", "http://x.test/a://"),
        ("GET 1a://b", "http://x.test/1a://b"), ("CONNECT shop.test:443", "http://x.test/shop.test:443"),
    ])
    func `have the URL that was asked for`(_ line: String, _ url: String) throws {
        let answer = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"
        let text = try Self.archive(of: "\(line) HTTP/1.1\r\nHost: x.test\r\n\r\n", answer).text
        #expect(text.contains("\"url\":\"\(url)\""), "\(text)")
    }

    /// A connection on which this is said.
    private static func archive(
        of request: String, _ answer: String, withBodies: Bool = false
    ) throws -> (text: String, cut: UInt64, torn: UInt64) {
        var options = Profiler.Options()
        var content = HARFile.Content()
        content.withBodies = withBodies
        options.archive = content
        options.redact = true
        let profiler = Profiler(options)
        let id = ConnectionID(1)
        let opened = ConnectionOpened(
            id: id, local: Endpoint(IPAddress(v4: 0x0A00_0001), 40_000),
            remote: Endpoint(IPAddress(v4: 0x0A00_0002), 80), role: .client)
        profiler.consume(CapturedEvent(Timestamp(nanoseconds: 1), .open(opened)), payload: RawSpan())
        for (direction, text) in [(Direction.send, Array(request.utf8)), (.receive, Array(answer.utf8))] {
            let at = StreamPosition(id, direction, 0, layer: .wire)
            profiler.consume(CapturedEvent(Timestamp(nanoseconds: 2), .data(at)), payload: text.span.bytes)
        }
        let closed = CapturedEvent(Timestamp(nanoseconds: 3), .close(ConnectionClosed(id: id, how: .orderly)))
        profiler.consume(closed, payload: RawSpan())
        profiler.finish()
        let archive = try #require(profiler.archive)
        let text = String(decoding: archive.text(from: "x", version: "1"), as: UTF8.self)
        return (text, archive.cutBodies, archive.tornBodies)
    }

    private static func post(_ body: String) -> String {
        "POST /a HTTP/1.1\r\nHost: x.test\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func answer(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func chunked(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
    }

    /// What hides a credential makes a body shorter, and cuts nothing.
    @Test func `count the bodies that are longer than what is kept of one`() throws {
        let (long, edge) = (String(repeating: "x", count: 65_537), String(repeating: "x", count: 65_536))
        let secret = "{\"token\":\"" + String(repeating: "s", count: 100) + "\"}"
        for (request, answer, count): (String, String, UInt64) in [
            (Self.post(long), Self.answer(long), 2), (Self.post(edge), Self.answer(edge), 0),
            (Self.post("a"), Self.chunked(long), 1), (Self.post(secret), Self.chunked(secret), 0),
            (Self.post(secret), Self.answer(secret), 0),
        ] {
            let made = try Self.archive(of: request, answer, withBodies: true)
            #expect(made.cut == count && made.torn == 0)
            #expect(UInt64(made.text.matches(of: /the body was cut: it is longer/).count) == count)
            #expect(!made.text.contains("ssss"))
            #expect(try Self.archive(of: request, answer).cut == 0, "none was wanted")
        }
    }

    @Test func `say at the end how many bodies are not whole, and tell it by the status`() throws {
        let folder = TemporaryFolder()
        let long = String(repeating: "x", count: 70_000)
        let entries = [
            Self.entry("http://shop.test/a", answer: "\"text\":\"\(long)\",\"size\":70000"),
            Self.entry("http://shop.test/b"), Self.entry("http://shop.test/c", answer: "\"size\":70"),
        ]
        let har = folder.write("in.har", Array(Self.archive(entries).utf8))
        let (outcome, _) = try exported([har, "--bodies"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("left out: what stands behind the first 64 KiB of 1 body; a comment"))
        #expect(outcome.errors.contains("left out: what was not captured of 1 body; a comment"))
        let plain = try exported([har]).outcome
        #expect(plain.status == 0 && !plain.errors.contains("left out"), "\(plain.errors)")
    }

    @Test func `hold what the filters leave, and are the same each time`() throws {
        let input = "Fixtures/demo/shop/input.pcap"
        let names = ["--names", "Fixtures/demo/shop/names"]
        let all = try exported([input] + names).text
        #expect(try exported([input] + names).text == all)
        let some = try exported([input, "--destination", "orders"] + names).text
        let count = { (text: String) in text.matches(of: /"startedDateTime"/).count }
        #expect(count(some) > 0 && count(some) < count(all))
        #expect(some.matches(of: /"_peer":"orders"/).count == count(some))
        #expect(count(try exported([input, "--path", "/nowhere"] + names).text) == 0)
    }

    @Test func `hold no more than there is room for, and count the rest`() throws {
        var replaying = Replaying()
        replaying.options.archive = HARFile.Content()
        replaying.options.limits.archiveBytes = 3000
        let result = try replaying.run(["Fixtures/http/json-api/input.pcap"]) { (_) throws(Failure) in true }
        let archive = try #require(result.archive)
        #expect(archive.count > 0 && archive.refused > 0)
        #expect(UInt64(archive.count) + archive.refused == result.summary.messages.exchanges)
    }
}

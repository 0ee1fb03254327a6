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

    @Test func `are one tape in the order of time, however their entries stand`() throws {
        let entries = [("http://b.test/2", "12"), ("https://a.test/1", "11"), ("http://c.test/3", "13")]
        let texts = entries.map { Self.entry($0.0, at: $0.1) }
        let (_, log) = try Self.run(Self.archive(texts))
        let urls = log.matches(of: /"method":"GET","url":"([^"]*)"/).map { String($0.1) }
        #expect(urls == ["/1", "/1", "/2", "/2", "/3", "/3"])
        // What came over TLS is told as such, without its port.
        #expect(log.matches(of: /"peer":"a.test"/).count == 2 && log.matches(of: /"tls":true/).count == 2)
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
        let shown = try exported([har, "--credentials"]).text
        #expect(shown.contains("s3cret1") && shown.contains("Bearer s3cret2"))
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

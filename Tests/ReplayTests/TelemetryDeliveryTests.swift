import Console
import Foundation
import TestSupport
import Testing

@testable import Collector

/// `replay export otlp --endpoint`: what a collector gets, and what is said where it does not.
@Suite struct `Telemetry for a collector` {
    private static let shop = FileManager.default.currentDirectoryPath + "/Fixtures/demo/shop"
    private static let export = ["export", "otlp", "\(shop)/input.pcap", "--names", "\(shop)/names"]
    private static let all = "75 spans"

    /// One that answers as it is told.
    private final class Scripted {
        let port: Int
        private let file: String
        private let child: Child
        private let folder = TemporaryFolder()

        init(_ answers: String...) throws {
            port = try Port.free()
            file = folder.path + "/requests"
            child = try Child(
                Programs.find("python3", package: "python3"),
                [Oracles.script("collector.py"), "\(port)", file] + answers)
            _ = try child.line { $0 == "listening" }
        }

        deinit {
            child.signal(SIGKILL)
            _ = try? child.wait()
        }

        struct Request: Decodable {
            var path: String
            var fields: [String: String]
            var body: String
        }

        var requests: [Request] {
            get throws {
                try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map {
                    try JSONDecoder().decode(Request.self, from: Data($0.utf8))
                }
            }
        }

        var url: String { "http://127.0.0.1:\(port)" }
    }

    private func send(to collector: Scripted, _ options: [String] = []) throws -> Child.Outcome {
        try Child(Executable.replay, Self.export + ["--endpoint", collector.url] + options).wait()
    }

    @Test(arguments: [[], ["--compression", "none"]])
    func `is what is written to a file, each signal where it belongs`(_ options: [String]) throws {
        let collector = try Scripted("200")
        let sent = try send(to: collector, options + ["--header", "api-key=a b=c", "--header", "X=y"])
        #expect(sent.status == 0 && sent.errors.isEmpty, "\(sent.errors)")
        #expect(sent.output.hasPrefix("Sent to \(collector.url): \(Self.all), "))
        let requests = try collector.requests
        let written = try Executable.replay(Self.export)
        #expect(requests.map(\.body) == written.output.split(separator: "\n").map(String.init))
        #expect(Set(requests.map(\.path)) == ["/v1/metrics", "/v1/traces", "/v1/logs"])
        for request in requests {
            let named =
                "resource\(["metrics": "Metrics", "traces": "Spans", "logs": "Logs"][request.path.dropFirst(4)] ?? "")"
            #expect(request.body.hasPrefix("{\"\(named)\""))
            #expect(request.fields["api-key"] == "a b=c" && request.fields["x"] == "y")
            #expect(request.fields["content-type"] == "application/json")
            #expect(request.fields["content-encoding"] == (options.isEmpty ? "gzip" : nil))
        }
    }

    @Test func `is tried again where the collector is busy, and counts once`() throws {
        let collector = try Scripted("503", "429:1", "200")
        let sent = try send(to: collector, ["--json"])
        #expect(sent.status == 0 && sent.errors.isEmpty, "\(sent.errors)")
        let requests = try collector.requests
        #expect(requests[0].body == requests[1].body && requests[1].body == requests[2].body)
        #expect(sent.output.contains("\"requests\": \(requests.count - 2),"))
        #expect(sent.output.contains(/"taken": \{\s*"spans": 75,/), "\(sent.output)")
    }

    @Test func `that the collector does not take is counted, and why is said once`() throws {
        let partial = #"{"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too\u001b[31m old"}}"#
        // Metrics are two requests.
        let collector = try Scripted(partial, "200", "400", #"{"partialSuccess": {}}"#)
        let sent = try send(to: collector)
        #expect(sent.status == 1)
        #expect(sent.output.contains(/Not taken: 75 spans, 3 data points\n/), "\(sent.output)")
        #expect(!sent.output.contains("Sent to \(collector.url): 75 spans"))
        let lines = sent.errors.split(separator: "\n")
        #expect(lines.count == 2, "\(sent.errors)")
        #expect(lines.first?.contains("/v1/metrics: 3 data points not taken: too") == true)
        #expect(lines.first?.contains("\u{1B}") == false)
        #expect(lines.last?.contains("/v1/traces: HTTP status 400") == true)
    }

    @Test func `that comes to an end in between is counted, with exit status 1`() throws {
        let collector = try Scripted("200", "200", "503")
        let sent = try send(to: collector, ["--retry-for", "1"])
        #expect(sent.status == 1)
        #expect(sent.output.contains("Not sent: 75 spans, "), "\(sent.output)")
        #expect(sent.errors.contains("/v1/traces: HTTP status 503") && sent.errors.contains("not sent: 75 spans, "))
    }

    @Test func `for one that is away is one line, and exit status 2`() throws {
        let port = try Port.free()
        let folder = TemporaryFolder()
        let file = folder.path + "/shop.jsonl"
        // A proxy of the environment is not asked.
        let sent = try Child(
            Executable.replay,
            Self.export + ["--endpoint", "http://me:hush@127.0.0.1:\(port)", "--retry-for", "1", "-o", file],
            environment: ["http_proxy": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_HEADERS": "nonsense"]
        ).wait()
        #expect(sent.status == 2 && sent.output.isEmpty)
        #expect(sent.errors.split(separator: "\n").count == 1, "\(sent.errors)")
        #expect(sent.errors.contains("--endpoint http://…@127.0.0.1:\(port)/v1/metrics: "))
        #expect(sent.errors.contains("not sent: \(Self.all), ") && !sent.errors.contains("hush"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == (try Executable.replay(Self.export)).output)
    }

    @Test(arguments: [
        (["--endpoint", "127.0.0.1:4318"], "is no URL"), (["--header", "a=b"], "give --endpoint"),
        (["--timeout", "5"], "give --endpoint"), (["--endpoint", "http://h", "--timeout", "0"], "write milliseconds"),
        (["--endpoint", "http://h", "--compression", "zip"], "write gzip or none"),
        (["--endpoint", "http://h", "--header", "a"], "write key=value"),
        (["--endpoint", "http://h", "--header", "a\r\nb=c"], "control characters"),
        (["--endpoint", "http://h", "--header", "a: b=c"], "no name of a header"),
        (["--endpoint", "http://h", "--retry-for", "-1"], "--retry-for"), (["--resource", "=x"], "write key=value"),
    ])
    func `is refused where an option can't be used`(_ options: [String], _ reason: String) throws {
        let outcome = try Executable.replay(Self.export + options)
        #expect(outcome.status == 2 && outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test func `has the attributes that are asked for, of all resources`() throws {
        let text = try Executable.replay(
            Self.export + ["--resource", "host.name=a", "--resource", "service.name=watch"]
        ).output
        let resources = text.matches(of: /"resource":\{"attributes":\[(.*?)\]\}/).map(\.1)
        #expect(
            resources.count > 5
                && resources.allSatisfy { $0.contains(#"{"key":"host.name","value":{"stringValue":"a"}}"#) })
        #expect(text.contains(#""key":"service.name","value":{"stringValue":"watch"}"#))
        #expect(!text.contains(#"{"stringValue":"tapedeck"}"#))
    }
}

@Suite struct `A collector's answer` {
    @Test(arguments: [
        ("", 0, ""), ("{}", 0, ""), (#"{"partialSuccess":{}}"#, 0, ""), (#"{"partialSuccess":null}"#, 0, ""),
        (#"{"partialSuccess":{"rejectedSpans":"7","errorMessage":"full"}}"#, 7, "full"),
        (#"{"partialSuccess":{"rejectedLogRecords":7}}"#, 7, ""),
        (#"{"partialSuccess":{"rejectedDataPoints":"-1"}}"#, 0, ""),
        (#"{"partialSuccess":{"rejectedDataPoints":"99999999999999999999"}}"#, 0, ""),
        (#"{"partialSuccess":{"errorMessage":"soon"}}"#, 0, "soon"), ("[1]", 0, ""), ("\u{8}\u{1}", 0, ""),
    ])
    func `says how much was not taken`(_ text: String, _ rejected: UInt64, _ message: String) {
        let answer = OTLPAnswer(Array(text.utf8))
        #expect(answer.rejected == rejected && answer.message == message)
    }

    @Test func `is cut where it is long`() {
        let long = String(repeating: "é", count: 1000)
        #expect(OTLPAnswer(Array(#"{"partialSuccess":{"errorMessage":"\#(long)"}}"#.utf8)).message.count == 200)
    }

    @Test func `is waited for longer each time, and never not at all`() {
        var pause = RetryPause()
        #expect((0..<7).map { _ in pause.seconds(nil) } == [1, 2, 4, 8, 16, 30, 30])
        #expect(pause.seconds(5) == 5 && pause.seconds(0) == 1 && pause.seconds(-9) == 1)
        #expect(pause.seconds(.max) == 30)
    }
}

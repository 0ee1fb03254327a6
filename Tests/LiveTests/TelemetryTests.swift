import Foundation
import TestSupport
import Testing

@testable import Collector
@testable import Shared
@testable import profiler

extension Live {
    /// Metrics for who asks, and telemetry for who is sent it.
    @Suite struct `Telemetry` {
        private func get(_ port: Int, _ path: String, _ options: [String] = []) throws -> Child.Outcome {
            let curl = try Programs.find("curl", package: "curl")
            return try Child(curl, ["--silent", "--include", "http://127.0.0.1:\(port)\(path)"] + options).wait()
        }

        @Test func `a scrape has the figures of the map, in the form that is asked for`() throws {
            let run = try LiveRun()
            let port = try Port.free()
            try run.start(["--metrics-listen", "127.0.0.1:\(port)"])
            try run.waitUntilWatching()
            let server = try run.server("write-read", ["--exchanges", "7"], optedIn: true)
            let client = try PlainClient(port: server.port)
            for number in 0..<7 { try client.exchange(number) }
            let total = /traces_service_graph_request_total\{.*server="exerciser"\} (\d+)\n/
            let text = try eventually("seven exchanges in a scrape") { () -> String? in
                let text = try get(port, "/metrics").output
                return text.firstMatch(of: total)?.1 == "7" ? text : nil
            }
            #expect(text.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            let content = text.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
            let promtool = try Programs.find("promtool", package: "prometheus")
            let checker = try Child(promtool, ["check", "metrics"])
            try checker.write(Array(content.utf8))
            let checked = try checker.wait()
            #expect(checked.status == 0 && checked.errors.isEmpty, "\(checked.errors)")
            let open = try get(port, "/metrics", ["--header", "Accept: application/openmetrics-text; version=1.0.0"])
            #expect(open.output.hasSuffix("# EOF\n") && open.output.contains("application/openmetrics-text"))
            #expect(try get(port, "/").output.hasPrefix("HTTP/1.1 404 "))
            #expect(try get(port, "/metrics", ["--data", "x"]).output.hasPrefix("HTTP/1.1 405 "))
            // Who says nothing keeps nobody else waiting for ever, and the capture not at all.
            client.end()
            _ = try server.child.succeed()
            let outcome = try run.stop()
            #expect(outcome.status == 0 && outcome.summary.messages.requests == 7)
        }

        @Test func `an address where somebody listens is refused before anything is attached`() throws {
            let taken = try LocalServer.redis()
            for (address, reason) in [
                ("127.0.0.1:\(taken.port)", "can't listen there: Address already in use"), ("9464", "has no port"),
                ("127.0.0.1:0", "has no port"), ("nowhere.invalid:9464", "write 127.0.0.1:9464"),
            ] {
                let end = try Child(
                    Programs.profiler, ["--metrics-listen", address, "--output", "-", "--env-output", "/dev/null"]
                ).wait()
                #expect(end.status == 2 && end.errors.contains(reason), "\(end.errors)")
            }
        }

        @Test func `spans of both sides come to a collector that was away at first, and nothing is lost`() throws {
            let python = try Oracles.python.get()
            let run = try LiveRun()
            let (port, other) = (try Port.free(), try Port.free())
            try run.start(["--otlp", "http://127.0.0.1:\(port)/"])
            try run.waitUntilWatching()
            try run.exercise("write-read", serverOptedIn: true)
            try run.waitForComplaint("are kept and sent when it answers, beyond that the oldest is lost")
            let collector = try Child(
                "/bin/sh",
                [
                    "-c",
                    "exec \"$(\(python) -c 'import os, rotel; print(os.path.dirname(rotel.__file__))')/rotel-agent\" start "
                        + "--otlp-http-endpoint 127.0.0.1:\(port) --otlp-grpc-endpoint 127.0.0.1:\(other) "
                        + "--exporter blackhole --debug-log traces --debug-log metrics --debug-log-verbosity detailed",
                ])
            // It prints metrics and traces as they come, in any order.
            var wanted: Set = ["tapedeck.requests", "SPAN_KIND_CLIENT", "SPAN_KIND_SERVER"]
            while !wanted.isEmpty {
                let line = try collector.line { line in wanted.contains { line.contains($0) } }
                wanted = wanted.filter { !line.contains($0) }
            }
            let outcome = try run.stop()
            #expect(outcome.status == 0, "\(outcome.errors)")
            let warnings = outcome.errors.split(separator: "\n").filter { $0.contains("--otlp") }
            #expect(warnings.count == 2 && warnings.last?.hasSuffix("answers again") == true, "\(warnings)")
            collector.signal(SIGTERM)
            _ = try collector.wait()
        }

        @Test func `what a collector says that it has not taken is in the summary, and said once`() throws {
            let folder = try TemporaryFolder()
            let port = try Port.free()
            let partial = #"{"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "too old"}}"#
            let collector = try Child(
                Programs.find("python3", package: "python3"),
                [Oracles.script("collector.py"), "\(port)", folder.path + "/requests", partial])
            _ = try collector.line { $0 == "listening" }
            let run = try LiveRun()
            try run.start(["--otlp", "http://127.0.0.1:\(port)"])
            try run.waitUntilWatching()
            try run.exercise("write-read")
            let outcome = try run.stop()
            collector.signal(SIGKILL)
            _ = try collector.wait()
            #expect(outcome.status == 1)
            #expect(outcome.output.contains(/"rejected": \{\s*("[a-z_]+": \d+,?\s*)+\}/), "\(outcome.output)")
            #expect(outcome.errors.matches(of: /--otlp/).count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("2 data points not taken: too old"), "\(outcome.errors)")
        }

        @Test func `what an endpoint that stays away did not get is in the summary`() throws {
            let run = try LiveRun()
            let port = try Port.free()
            try run.start(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(port)"])
            try run.waitUntilWatching()
            try run.exercise("write-read")
            let outcome = try run.stop()
            #expect(outcome.status == 1)
            #expect(outcome.output.contains(/"unwritten": \{\s*"telemetry": \d{3,}/), "\(outcome.output)")
            #expect(outcome.errors.matches(of: /--otlp/).count == 1, "\(outcome.errors)")
        }
    }
}

/// How OpenTelemetry's variables are read; none of it needs root.
@Suite struct `The endpoint of telemetry` {
    private func endpoint(_ url: String?, _ variables: [String: String] = [:]) throws -> OTLPEndpoint? {
        try OTLPEndpoint(url, option: "--otlp") { variables[$0] }
    }

    @Test func `is the option's, or else what the variables say`() throws {
        #expect(try endpoint(nil) == nil)
        let one = try #require(try endpoint("http://h:4318/", ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other/x"]))
        #expect([one.metrics, one.traces, one.logs].allSatisfy { $0.hasPrefix("http://h:4318/v1/") })
        let two = try #require(
            try endpoint(
                nil,
                [
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://h/otlp",
                    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other/x",
                    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, x=y=z", "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
                    "OTEL_EXPORTER_OTLP_COMPRESSION": "none", "OTEL_SERVICE_NAME": "watch",
                    "OTEL_RESOURCE_ATTRIBUTES": "host.name=a,service.name=b",
                ]))
        #expect(two.traces == "http://other/x" && two.metrics == "https://h/otlp/v1/metrics")
        #expect(two.headers == ["api-key: a b", "x: y=z"])
        #expect(two.timeout == 2500 && !two.isCompressed && two.resource.ownService == "watch")
        #expect(two.resource.attributes.map(\.0) == ["host.name"])
        let three = try #require(try endpoint("http://h", ["OTEL_RESOURCE_ATTRIBUTES": "service.name=b"]))
        #expect(three.resource.ownService == "b" && three.resource.attributes.isEmpty)
    }

    @Test(arguments: [
        ("ftp://h", "", ""), ("h:4318", "", ""), ("http://h\n", "", ""),
        ("http://h", "OTEL_EXPORTER_OTLP_TIMEOUT", "soon"), ("http://h", "OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
        ("http://h", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("http://h", "OTEL_EXPORTER_OTLP_HEADERS", "a"),
        ("http://h", "OTEL_EXPORTER_OTLP_HEADERS", "a=b%0D%0AX: y"),
        ("http://h", "OTEL_EXPORTER_OTLP_HEADERS", "a:b=c"), ("http://h", "OTEL_EXPORTER_OTLP_HEADERS", "a b=c"),
    ]) func `is refused where it can't be used`(_ url: String, _ variable: String, _ value: String) {
        #expect(throws: (any Error).self) { try endpoint(url, [variable: value]) }
    }

    @Test func `keeps so much, and gives the oldest up`() {
        var queue = OTLPQueue(most: 100)
        let requests = (0..<4).map {
            OTLPFile.Request(signal: .logs, body: Array(repeating: UInt8($0), count: 40), count: 1)
        }
        for request in requests[..<3] { queue.add(request) }
        #expect(queue.lostBytes == 40)
        #expect(queue.take()?.body.first == 1)
        queue.putBack()
        #expect(queue.take()?.body.first == 1 && queue.lostBytes == 40)
        // What is being sent keeps its room, and is the first again.
        #expect(!queue.hasRoom(for: requests[3]))
        queue.add(requests[3])
        #expect(queue.lostBytes == 80)
        queue.putBack()
        #expect(queue.take()?.body.first == 1)
        queue.settle()
        #expect(queue.hasRoom(for: requests[3]) && queue.take()?.body.first == 3)
        queue.loseTaken()
        #expect(queue.isEmpty && queue.lostBytes == 120)
        queue.add(requests[0])
        queue.loseAll()
        #expect(queue.isEmpty && queue.lostBytes == 160)
    }

    @Test func `is sent what gzip unpacks`() throws {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let packed = try #require(OTLPPost.gzip(body))
        #expect(packed.count < body.count / 10)
        let gzip = try Child("/bin/gzip", ["-dc"])
        try gzip.write(packed)
        #expect(try gzip.wait().output.utf8.count > 0)
        let empty = try #require(OTLPPost.gzip([]))
        #expect(empty.starts(with: [0x1F, 0x8B]))
    }
}

import Foundation
import TestSupport
import Testing

@testable import Shared

/// `replay export metrics`: what it writes of the fixtures against their maps, by the parsers of Prometheus' own library; against promtool; and
/// asked of a Prometheus that holds it.
@Suite struct `Exported metrics` {
    private static let root = FileManager.default.currentDirectoryPath + "/Fixtures"

    /// Of each kind of what metrics tell of some.
    private static let groups = ["demo", "dns", "grpc", "http", "kafka", "postgres", "redis", "state"]

    /// The folders of fixtures that have a tape and a map.
    private static func fixtures() throws -> [(name: String, tape: String, options: [String], map: String)] {
        try groups.flatMap {
            group -> [(name: String, tape: String, options: [String], map: String)] in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted()) ?? []
            return names.compactMap { name in
                let folder = "\(root)/\(group)/\(name)"
                let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                guard let tape = files.sorted().first(where: { $0.hasPrefix("input.") }),
                    files.contains("service_map.yaml")
                else { return nil }
                let options = files.contains("names") ? ["--names", "\(folder)/names"] : []
                return ("\(group)-\(name)", "\(folder)/\(tape)", options, "\(folder)/service_map.yaml")
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func `have the figures of the map, in both forms and at the last of their points`()
        throws
    {
        let promtool = try Programs.find("promtool", package: "prometheus")
        let python = try Oracles.python.get()
        let folder = TemporaryFolder()
        var arguments = [Oracles.script("metrics.py")]
        for fixture in try Self.fixtures() {
            let own = "\(folder.path)/\(fixture.name)"
            for (ending, options) in [
                ("totals", ["--totals"]), ("intervals", []), ("text", ["--format", "prometheus"]),
            ] {
                let outcome = try Executable.replay(
                    ["export", "metrics", fixture.tape, "-o", "\(own).\(ending)"] + options + fixture.options)
                #expect(outcome.status < 2, "\(fixture.name): \(outcome.errors)")
                arguments.append("\(own).\(ending)")
            }
            arguments.append(fixture.map)
            let text = try #require(bytes(at: "\(own).text"))
            let checked = try Executable.run(promtool, ["check", "metrics"], input: text)
            #expect(checked.status == 0 && checked.errors.isEmpty, "\(fixture.name): \(checked.errors)")
        }
        let outcome = try Child(python, arguments, patience: 240).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        var lines = outcome.output.split(separator: "\n").map(String.init)
        let counts = lines.popLast()?.split(separator: " ").compactMap { Int($0.prefix { $0 != "." }) } ?? []
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
        // Requests, failures, series, histograms.
        #expect(counts.count == 4 && counts[0] > 2000 && counts[1] > 50 && counts[2] > 10_000 && counts[3] > 300)
    }

    private func bytes(at path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { Array($0) } }

    /// An answer of Prometheus' API: the value of each series.
    private func ask(_ prometheus: LocalServer, _ query: String, at time: String) throws -> [Double] {
        let curl = try Programs.find("curl", package: "curl")
        let answer = try Child(
            curl,
            [
                "--silent", "--show-error", "--get", "http://127.0.0.1:\(prometheus.port)/api/v1/query",
                "--data-urlencode", "query=\(query)", "--data-urlencode", "time=\(time)",
            ]
        ).succeed()
        let object = try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
        let data = try #require(object?["data"] as? [String: Any], "\(query): \(answer.output)")
        let series = try #require(data["result"] as? [[String: Any]])
        return series.compactMap { ($0["value"] as? [Any])?.last as? String }.compactMap(Double.init)
    }

    @Test(.timeLimit(.minutes(3))) func `are answered by a Prometheus into which they were filled`() throws {
        let folder = TemporaryFolder()
        let prometheus = try BackfilledPrometheus.start(in: folder)
        let end = prometheus.end
        let graph = "traces_service_graph_request_total"
        func ask(_ query: String) throws -> [Double] { try self.ask(prometheus.server, query, at: end) }
        #expect(try ask("sum(\(graph))") == [75])
        #expect(try ask("sum by (client, server) (\(graph){client=\"visitors\"})") == [13])
        #expect(try ask("sum(traces_service_graph_request_failed_total)") == [6])
        #expect(try ask("sum(tapedeck_operations_total)") == [109])
        #expect(try ask("sum(tapedeck_lost_bytes_total)") == [0])
        // The intervals: none of them is empty for a Prometheus that looks at all of the tape.
        #expect(try ask("sum(increase(\(graph)[1s]))").first.map { $0 > 10 } == true)
        #expect(
            try ask("count_over_time(\(graph){client=\"web\",server=\"catalog\"}[2s])").first.map { $0 > 24 } == true)
        let slow = try ask("histogram_quantile(0.5, sum by (le) (http_client_request_duration_seconds_bucket))")
        #expect(slow.first.map { $0 > 0.001 && $0 < 0.1 } == true)
        #expect(try ask("sum(http_client_request_duration_seconds_count)") == [32])
        #expect(try ask("\(graph){client=\"nobody\"}").isEmpty)
    }
}

/// A Prometheus that holds what `replay export metrics` writes of the shop's tape.
struct BackfilledPrometheus {
    let server: LocalServer
    /// The moment behind the tape's end, as the API takes it.
    let end: String

    static func start(in folder: TemporaryFolder) throws -> BackfilledPrometheus {
        let program = try Programs.find("prometheus", package: "prometheus")
        let promtool = try Programs.find("promtool", package: "prometheus")
        let shop = FileManager.default.currentDirectoryPath + "/Fixtures/demo/shop"
        let metrics = "\(folder.path)/metrics.txt"
        let outcome = try Executable.replay(
            ["export", "metrics", "\(shop)/input.pcap", "--names", "\(shop)/names", "-o", metrics])
        guard outcome.status == 0 else { throw Failed("replay export metrics: \(outcome.errors)") }
        try Child(promtool, ["tsdb", "create-blocks-from", "openmetrics", metrics, "\(folder.path)/blocks"]).succeed()
        let text = folder.text("metrics.txt") ?? ""
        guard let last = text.matches(of: /(\d+\.\d+)\n/).compactMap({ Double($0.1) }).max() else {
            throw Failed("no point has a time")
        }
        let configuration = folder.write("prometheus.yml", [])
        let port = try Port.free()
        let server = try LocalServer.start(
            program,
            [
                "--config.file=\(configuration)", "--storage.tsdb.path=\(folder.path)/blocks",
                "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
            ], port: port)
        let answers = { try Child("/usr/bin/curl", ["--silent", "http://127.0.0.1:\(port)/-/ready"]).wait().output }
        _ = try eventually("Prometheus is not ready", patience: 30) {
            try answers().contains("Ready") ? true : nil as Bool?
        }
        return BackfilledPrometheus(server: server, end: String(last))
    }
}

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
    private static func fixtures() -> [(name: String, tape: String, options: [String], map: String)] {
        groups.flatMap {
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

    @Test(.timeLimit(.minutes(30))) func `have the figures of the map, in both forms and at the last of their points`()
        throws
    {
        let promtool = try Programs.find("promtool", package: "prometheus")
        let python = try Oracles.python.get()
        let folder = TemporaryFolder()
        var arguments = [Oracles.script("metrics.py")]
        for fixture in Self.fixtures() {
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

    @Test(.timeLimit(.minutes(30))) func `are answered by a Prometheus into which they were filled`() throws {
        let folder = TemporaryFolder()
        let prometheus = try BackfilledPrometheus(["demo/shop"], in: folder)
        let graph = "traces_service_graph_request_total"
        func ask(_ query: String) throws -> [Double] { try prometheus.answer(query, at: prometheus.ends[0]) }
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

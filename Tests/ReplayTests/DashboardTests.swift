import Foundation
import TestSupport
import Testing

/// The dashboard for Grafana that is installed (packaging/grafana): by the types that Grafana's own kit has of dashboards, and by a Prometheus that
/// holds our metrics, which answers each of its expressions.
@Suite struct `The dashboard` {
    private static let path = FileManager.default.currentDirectoryPath + "/packaging/grafana/tapedeck.json"

    /// The expressions of its panels, with their titles, and what its variables ask for.
    private static func expressions() throws -> [(panel: String, text: String)] {
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        let dashboard = try #require(object as? [String: Any])
        let panels = try #require(dashboard["panels"] as? [[String: Any]])
        return try panels.flatMap { panel in
            let targets = try #require(panel["targets"] as? [[String: Any]])
            return try targets.map {
                (panel["title"] as? String ?? "", try #require($0["expr"] as? String))
            }
        }
    }

    @Test(.timeLimit(.minutes(30))) func `asks for nothing that a Prometheus with our metrics has no answer to`() throws
    {
        let folder = TemporaryFolder()
        // Between them all that there is: databases, buses, calls, lookups, connects that fail.
        let prometheus = try BackfilledPrometheus(
            ["demo/shop", "grpc/shop", "dns/lookups", "other/failed-connects"], in: folder)
        let expressions = try Self.expressions()
        #expect(expressions.count > 20)
        for (panel, expression) in expressions {
            let query = expression.replacing("$service", with: ".*").replacing("$__rate_interval", with: "1h")
                .replacing("$__range", with: "1h")
            #expect(!query.contains("$"), "\(panel): \(expression): a variable that there is not")
            let answers = try prometheus.ends.flatMap { try prometheus.answer(query, at: $0) }
            #expect(!answers.isEmpty, "\(panel): \(expression): no answer")
            #expect(answers.contains { !$0.isNaN }, "\(panel): \(expression): \(answers)")
        }
        // What is not there has none.
        #expect(try prometheus.answer("tapedeck_nothing", at: prometheus.ends[0]).isEmpty)
    }

    @Test func `is one by the types of Grafana's own kit`() throws {
        let outcome = try Child(try Oracles.python.get(), [Oracles.script("dashboard.py"), Self.path]).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasSuffix(" panels\n") && !outcome.output.contains("lost"), "\(outcome.output)")
    }
}

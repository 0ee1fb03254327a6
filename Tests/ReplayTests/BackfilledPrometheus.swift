import Foundation
import TestSupport

/// A Prometheus that holds what `replay export metrics` writes of the tapes of some fixtures.
struct BackfilledPrometheus {
    private let server: LocalServer
    /// When the last points of each are, as the API takes it.
    let ends: [String]

    /// - Parameter fixtures: by their folders: `demo/shop`.
    init(_ fixtures: [String], in folder: TemporaryFolder) throws {
        let program = try Programs.find("prometheus", package: "prometheus")
        let promtool = try Programs.find("promtool", package: "prometheus")
        var ends: [String] = []
        for fixture in fixtures {
            let path = FileManager.default.currentDirectoryPath + "/Fixtures/" + fixture
            let files = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            guard let tape = files.first(where: { $0.hasPrefix("input.") }) else { throw Failed("\(path): no tape") }
            let names = files.contains("names") ? ["--names", "\(path)/names"] : []
            let metrics = "\(folder.path)/metrics.txt"
            let outcome = try Executable.replay(["export", "metrics", "\(path)/\(tape)", "-o", metrics] + names)
            guard outcome.status < 2 else { throw Failed("replay export metrics: \(outcome.errors)") }
            try Child(promtool, ["tsdb", "create-blocks-from", "openmetrics", metrics, "\(folder.path)/blocks"])
                .succeed()
            let times = (folder.text("metrics.txt") ?? "").matches(of: /(\d+\.\d+)\n/).compactMap { Double($0.1) }
            guard let last = times.max() else { throw Failed("\(fixture): no point has a time") }
            ends.append(String(last))
        }
        self.ends = ends
        let configuration = folder.write("prometheus.yml", [])
        let port = try Port.free()
        server = try LocalServer.start(
            program,
            [
                "--config.file=\(configuration)", "--storage.tsdb.path=\(folder.path)/blocks",
                "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
            ], port: port)
        let curl = try Programs.find("curl", package: "curl")
        _ = try eventually("Prometheus is not ready", patience: 30) {
            let said = try Child(curl, ["--silent", "http://127.0.0.1:\(port)/-/ready"]).wait().output
            return said.contains("Ready") ? true : nil as Bool?
        }
    }

    /// The value of each series that an expression has.
    func answer(_ query: String, at time: String) throws -> [Double] {
        let curl = try Programs.find("curl", package: "curl")
        let answer = try Child(
            curl,
            [
                "--silent", "--show-error", "--get", "http://127.0.0.1:\(server.port)/api/v1/query",
                "--data-urlencode", "query=\(query)", "--data-urlencode", "time=\(time)",
            ]
        ).succeed()
        let object = try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
        guard let data = object?["data"] as? [String: Any], let series = data["result"] as? [[String: Any]] else {
            throw Failed("\(query): \(answer.output)")
        }
        return series.compactMap { ($0["value"] as? [Any])?.last as? String }.compactMap(Double.init)
    }
}

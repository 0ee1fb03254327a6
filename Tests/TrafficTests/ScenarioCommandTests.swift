import Foundation
import TestSupport
import Testing

/// The program: what it says, and what it writes down.
///
/// Whether Tapedeck sees it is a live test.
@Suite struct `Traffic scenario` {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String]) throws -> Child.Outcome {
        try Child(Programs.traffic, ["scenario"] + arguments).wait()
    }

    private func manifest(_ name: String, seed: Int) throws -> [[String: Any]] {
        let path = folder.path + "/\(name)-\(seed)"
        let end = try run([name, "--seed", "\(seed)", "--manifest", path])
        try #require(end.status == 0, "\(end.errors)")
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func `lists every scenario with a line on it`() throws {
        let lines = try run(["--list"]).output.split(separator: "\n")
        #expect(lines.count == 28)
        #expect(lines.allSatisfy { $0.split(separator: " ").count > 3 && $0.utf8.count <= 120 })
    }

    @Test(arguments: [(["nowhere"], "nowhere"), ([], "--list"), (["gzip", "--manifest", "/none/m"], "--manifest")])
    func `says in one line what it can't do`(_ arguments: [String], _ named: String) throws {
        let end = try run(arguments)
        #expect(end.status == 2)
        #expect(end.errors.contains(named) && end.errors.split(separator: "\n").count == 1, "\(end.errors)")
    }

    @Test func `makes the same bodies of the same seed`() throws {
        let digests = try [7, 7, 8].map { seed in
            try manifest("pipelining", seed: seed).compactMap { $0["request_body_sha256"] as? String }
        }
        #expect(digests[0].count == 64)
        #expect(digests[0] == digests[1])
        #expect(digests[0] != digests[2])
    }

    @Test func `writes down what it did, and no more`() throws {
        let lines = try manifest("reset-mid-body", seed: 1)
        #expect(lines.map { $0["kind"] as? String } == ["http", "connection", "http", "connection"])
        #expect(lines[0]["response_body_bytes"] as? Int == 5000)
        #expect(lines[2]["request_body_bytes"] as? Int == 5000 && lines[2]["status"] == nil)
        #expect([1, 3].allSatisfy { lines[$0]["end"] as? String == "reset" })
        #expect(lines[1]["bytes_sent"] as? Int == lines[0]["request_bytes"] as? Int)
        #expect(lines[1]["bytes_received"] as? Int == lines[0]["response_bytes"] as? Int)
    }

    @Test func `does not wait for a line that can't come`() throws {
        let end = try Child("/bin/sh", ["-c", "\(Programs.traffic) scenario before-profiler </dev/null"]).wait()
        #expect(end.status == 2)
        #expect(end.errors.contains("standard input has ended"))
    }
}

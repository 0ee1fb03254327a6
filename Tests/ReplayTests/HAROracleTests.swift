import Foundation
import TestSupport
import Testing

/// HTTP Archives of the fixtures: against their schema by har-validator, against the event logs by haralyzer, and read again.
@Suite struct `Exported HTTP Archives` {
    /// What an archive can't hold: what a tunnel carried, whom a proxy spoke for, HTTP/2's upgrade, streams' own messages, and how calls
    /// within a WebSocket belong together beyond what its messages say.
    private static let others: Set<String> = [
        "http/connect-redis", "http/proxy", "http/proxy-protocol", "http2/events", "http2/refused", "http2/upgrade",
        "http2/websocket", "websocket/calls", "websocket/nats",
    ]

    @Test(.timeLimit(.minutes(30))) func `are valid, say what the event log says, and give the same map`() throws {
        let node = try Programs.find("node", package: "node-har-validator")
        let folder = TemporaryFolder()
        let root = FileManager.default.currentDirectoryPath + "/Fixtures"
        var (archives, pairs): ([String], [String]) = ([], [])
        for group in ["http", "http2", "websocket", "grpc"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted() {
                let fixture = "\(root)/\(group)/\(name)"
                let files = try FileManager.default.contentsOfDirectory(atPath: fixture)
                guard let tape = files.first(where: { $0.hasPrefix("input.") && $0 != "input.state" }),
                    let events = try? String(contentsOfFile: "\(fixture)/events.jsonl", encoding: .utf8),
                    events.contains("\"event_type\":\"http\"")
                else { continue }
                let archive = "\(folder.path)/\(group)-\(name).har"
                let names = files.contains("names") ? ["--names", "\(fixture)/names"] : []
                let outcome = try Executable.replay(
                    ["export", "har", "\(fixture)/\(tape)", "--bodies", "--credentials", "-o", archive] + names)
                // All but what was not captured of a body, or is longer than what is kept of one.
                let leftOut = outcome.errors.split(separator: "\n").filter {
                    $0.contains("left out") && !$0.contains("a comment in the archive says of which")
                }
                #expect(outcome.status < 2 && leftOut.isEmpty, "\(fixture): \(outcome.errors)")
                let hidden = archive + ".hidden"
                #expect(try Executable.replay(["export", "har", "\(fixture)/\(tape)", "-o", hidden]).status < 2)
                archives += [archive, hidden]
                pairs += [archive, "\(fixture)/events.jsonl"]
                guard !Self.others.contains("\(group)/\(name)") else { continue }
                let map = archive + ".yaml"
                let again = try Executable.replay([archive, "--quiet", "--service-map", map] + names)
                #expect(again.status < 2, "\(fixture): \(again.errors)")
                let difference = try Executable.replay(["diff", "\(fixture)/service_map.yaml", map])
                #expect(difference.status == 0, "\(fixture): \(difference.output)")
            }
        }
        let valid = try Child(
            node, [Oracles.script("har.js")] + archives, environment: ["NODE_PATH": "/usr/share/nodejs"], patience: 120
        ).wait()
        #expect(valid.status == 0, "\(valid.errors)")
        var lines = valid.output.split(separator: "\n").map(String.init)
        let entries = Int(lines.popLast()?.split(separator: " ").first ?? "") ?? 0
        #expect(entries > 800 && lines.isEmpty, "\(lines.joined(separator: "\n"))")
        let python = try Oracles.python.get()
        let same = try Child(python, [Oracles.script("har.py")] + pairs, patience: 120).wait()
        #expect(same.status == 0, "\(same.errors)")
        lines = same.output.split(separator: "\n").map(String.init)
        // Requests, answers, bodies.
        let counts = lines.popLast()?.split(separator: " ").compactMap { Int($0) } ?? []
        #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
        #expect(counts.count == 3 && counts.allSatisfy { $0 > 400 }, "\(counts)")
    }
}

import Foundation
import Testing

@testable import Shared

/// Operations of a fixture against what the server's own log says that it was asked, in order.
@Suite struct `PostgreSQL operations and the server's log` {
    private static let folder = "Fixtures/postgres/operations"

    private static func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func `are the same`() throws {
        var operations: [Int: [[String: Any]]] = [:]
        for event in try Self.lines("events.jsonl") where event["event_type"] as? String == "operation" {
            // What was skipped in the extended protocol was never asked of the server.
            let isSkipped = event["status"] as? String == "skipped" && event["batch"] == nil
            if !isSkipped { operations[try #require(event["source_port"] as? Int), default: []].append(event) }
        }
        var told = 0
        let truth = try Self.lines("truth.jsonl")
        for one in truth where one["kind"] as? String != "fetch" {
            let port = try #require(one["port"] as? Int)
            let text = try #require(one["text"] as? String)
            // The log has no settings, unless it is asked for them.
            let statements = ReadSQL.each(text, .postgreSQL).filter {
                !["SET", "RESET", "DISCARD", "DEALLOCATE"].contains($0.verb)
            }
            var codes: [String] = []
            for statement in statements {
                guard let operation = operations[port]?.first else {
                    Issue.record("port \(port): nothing is told of \(text)")
                    return
                }
                operations[port]?.removeFirst()
                told += 1
                #expect(operation["statement"] as? String == statement.normalized, "port \(port)")
                #expect(operation["operation"] as? String == statement.verb)
                if let code = operation["code"] as? String { codes.append(code) }
                if codes.isEmpty { #expect(operation["status"] as? String == "ok") }
            }
            let expected = [one["code"] as? String].compactMap { $0 }
            #expect(codes == expected, "\(text)")
        }
        #expect(told >= 50, "\(told)")
        let others = operations.values.flatMap { $0 }
        #expect(others.isEmpty, "told of and not asked")
        #expect(truth.contains { $0["kind"] as? String == "fetch" } && truth.contains { $0["code"] != nil })
    }
}

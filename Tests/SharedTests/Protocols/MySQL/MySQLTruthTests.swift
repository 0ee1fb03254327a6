import Foundation
import Testing

@testable import Shared

/// Operations of a fixture against what the server's own tables say that it was asked, in order, with rows and errors.
@Suite struct `MySQL operations and the server's record` {
    private static let folder = "Fixtures/mysql/operations"

    private static func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private struct Asked {
        /// `nil` where the server does not say it: of what was prepared.
        var statement: String?
        var code: Int
        var rows: Int
        var affected: Int
    }

    /// What the server was asked, by connection, without what only keeps a session going.
    private static func truth() throws -> [[Asked]] {
        var threads: [(Int, [Asked])] = []
        for one in try lines("truth.jsonl") {
            let kind = try #require(one["kind"] as? String)
            let thread = try #require(one["thread"] as? Int)
            var asked = Asked(
                code: one["code"] as? Int ?? 0, rows: one["rows"] as? Int ?? 0, affected: one["affected"] as? Int ?? 0)
            // The first connection is not in the capture.
            if kind == "statement/sql/truncate" || threads.isEmpty && kind == "statement/com/Quit" { continue }
            if threads.last?.0 != thread { threads.append((thread, [])) }
            func last(_ change: (inout Asked) -> Void) {
                change(&threads[threads.count - 1].1[threads[threads.count - 1].1.count - 1])
            }
            switch kind {
            case "statement/sql/set_option", "statement/sql/change_db": continue
            // Within a procedure: rows are those of the call.
            case "statement/sp/stmt": last { $0.rows += asked.rows }
            case "statement/com/Fetch": last { $0.rows += asked.rows }
            case "statement/com/Execute": threads[threads.count - 1].1.append(asked)
            case "statement/com/Prepare": if asked.code != 0 { threads[threads.count - 1].1.append(asked) }
            case let kind where kind.hasPrefix("statement/com/"): continue
            default:
                // Of several statements the text is all of them that are left.
                asked.statement = ReadSQL.each(try #require(one["text"] as? String), .mySQL).first?.normalized
                threads[threads.count - 1].1.append(asked)
            }
        }
        return threads.map(\.1)
    }

    @Test func `are the same`() throws {
        var operations: [(Int, [[String: Any]])] = []
        for event in try Self.lines("events.jsonl") {
            let port = try #require(event["source_port"] as? Int)
            if event["event_type"] as? String == "connection" { operations.append((port, [])) }
            // What was skipped was never asked of the server.
            guard event["event_type"] as? String == "operation", event["status"] as? String != "skipped" else {
                continue
            }
            let place = try #require(operations.firstIndex { $0.0 == port })
            operations[place].1.append(event)
        }
        let truth = try Self.truth()
        #expect(operations.count == truth.count && truth.flatMap { $0 }.count >= 30)
        for (told, asked) in zip(operations.map(\.1), truth) {
            #expect(told.count == asked.count)
            for (operation, one) in zip(told, asked) {
                if let statement = one.statement { #expect(operation["statement"] as? String == statement) }
                #expect((operation["statement"] as? String)?.isEmpty == false)
                #expect(Int(operation["code"] as? String ?? "0") == one.code, "\(operation)")
                guard one.code == 0 else { continue }
                #expect(operation["rows"] as? Int == one.rows, "\(operation)")
                #expect(operation["affected"] as? Int == one.affected, "\(operation)")
            }
        }
    }
}

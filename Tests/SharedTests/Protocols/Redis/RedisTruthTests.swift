import Foundation
import Testing

@testable import Shared

/// Operations of a fixture against what the server's own record says that it was asked, in order.
@Suite struct `Redis operations and the server's record` {
    private static let folder = "Fixtures/redis/operations"

    private static func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    /// What only keeps a session going is not in the log.
    private static let housekeeping: Set = ["HELLO", "CLIENT", "SELECT", "PING", "QUIT", "ECHO"]
    /// MONITOR does not tell of commands of administration, nor of those that were refused.
    private static let untold: Set = ["MONITOR", "PSYNC", "REPLCONF", "INFO", "CONFIG"]

    @Test func `are the same, in order`() throws {
        var operations: [Int: [[String: Any]]] = [:]
        for event in try Self.lines("events.jsonl") where event["event_type"] as? String == "operation" {
            guard event["direction"] as? String == "send", let name = event["operation"] as? String,
                !Self.untold.contains(name.uppercased()), event["status"] as? String != "skipped",
                event["status"] as? String != "cancelled"
            else { continue }
            let port = try #require(event["source_port"] as? Int)
            operations[port, default: []].append(event)
        }
        var told = 0
        var refused = 0
        for one in try Self.lines("truth.jsonl") {
            guard let port = one["port"] as? Int, let words = one["words"] as? [String] else { continue }
            guard !Self.housekeeping.contains(words[0].uppercased()) else { continue }
            while let next = operations[port]?.first, next["status"] as? String == "error",
                next["operation"] as? String != Self.name(words) || next["code"] as? String == "ERR" && words.count == 1
            {
                // Of a wrong number of arguments, or of no command at all.
                operations[port]?.removeFirst()
                refused += 1
            }
            guard let operation = operations[port]?.first else {
                Issue.record("port \(port): nothing is told of \(words)")
                return
            }
            operations[port]?.removeFirst()
            told += 1
            #expect(operation["operation"] as? String == Self.name(words), "port \(port): \(words)")
            for target in operation["targets"] as? [String] ?? [] {
                #expect(words.dropFirst().contains { Self.pattern($0) == target }, "port \(port): \(words), \(target)")
            }
        }
        #expect(told >= 190, "\(told)")
        #expect(refused >= 3, "\(refused)")
        let others = operations.values.flatMap { $0 }
        #expect(others.isEmpty, "told of and not asked")
    }

    private static func name(_ words: [String]) -> String {
        ["OBJECT", "XGROUP"].contains(words[0].uppercased()) ? "\(words[0]) \(words[1])" : words[0]
    }

    private static func pattern(_ key: String) -> String {
        var text = UniqueBytes()
        // MONITOR's bytes are characters here.
        let bytes = key.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        KeyPattern.append(bytes.span.bytes, isWhole: false, to: &text)
        return String(decoding: (0..<text.count).map { text.bytes.byte($0) }, as: UTF8.self)
    }

    /// The server counts its errors by their codes.
    @Test func `fail as often, with the same codes`() throws {
        var codes: [String: Int] = [:]
        for event in try Self.lines("events.jsonl") where event["event_type"] as? String == "operation" {
            if let code = event["code"] as? String { codes[code, default: 0] += 1 }
        }
        for one in try Self.lines("truth.jsonl") {
            guard let error = one["error"] as? String, let count = one["count"] as? Int else { continue }
            // Redis-py asks for CLIENT SETINFO, which is housekeeping and not known to this server.
            #expect(error == "ERR" ? (codes[error] ?? 0) > 5 : codes[error] == count, "\(error)")
            codes[error] = nil
        }
        #expect(codes.isEmpty, "\(codes)")
    }
}

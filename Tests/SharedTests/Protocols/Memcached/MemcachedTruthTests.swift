import Foundation
import Testing

@testable import Shared

/// Operations of a fixture against what the server itself says that it was asked and answered, in order.
@Suite struct `memcached operations and the server's record` {
    private static let folder = "Fixtures/memcached/operations"

    private static func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private static let housekeeping: Set = ["version", "mn", "quit"]
    /// What the operations have as codes; of values and numbers the answer is no word.
    private static let codes: Set = [
        "STORED", "NOT_STORED", "EXISTS", "NOT_FOUND", "DELETED", "TOUCHED", "OK", "ERROR", "CLIENT_ERROR",
    ]

    @Test func `are the same`() throws {
        var told: [Int: [String]] = [:]
        var answered: [Int: [String]] = [:]
        for event in try Self.lines("events.jsonl") where event["event_type"] as? String == "operation" {
            let connection = try #require(event["connection"] as? Int)
            let targets = event["targets"] as? [String] ?? []
            told[connection, default: []].append(
                ([event["operation"] as? String ?? "-"] + targets).joined(separator: " "))
            if let code = event["code"] as? String, Self.codes.contains(code) {
                answered[connection, default: []].append(code)
            }
        }
        var count = 0
        for connection in [1, 2] {
            let truth = try Self.lines("truth.jsonl").filter { $0["connection"] as? Int == connection }
            let asked = truth.compactMap { $0["asked"] as? String }.map { Self.operation($0) }
                .filter { !Self.housekeeping.contains($0) }
            #expect(told[connection] == asked)
            count += asked.count
            let words = truth.compactMap { ($0["answered"] as? String)?.split(separator: " ").first.map(String.init) }
            #expect(answered[connection] ?? [] == words.filter { Self.codes.contains($0) })
        }
        #expect(count >= 50, "\(count)")
    }

    /// The verb with its keys, of a line of the text protocol.
    private static func operation(_ line: String) -> String {
        let words = line.split(separator: " ").map(String.init)
        var keys = Array(words.dropFirst().prefix(1))
        switch words[0] {
        case "get", "gets": keys = Array(words.dropFirst())
        case "gat": keys = Array(words.dropFirst(2))
        case "stats", "flush_all", "nonsense", "mn", "version": keys = []
        default: break
        }
        if words[0] == "mg", words.dropFirst(2).contains("b") { return "mg {…}" }
        var patterns: [String] = []
        for key in keys {
            var text = UniqueBytes()
            KeyPattern.append(Array(key.utf8).span.bytes, isWhole: false, to: &text)
            let pattern = String(decoding: (0..<text.count).map { text.bytes.byte($0) }, as: UTF8.self)
            if !patterns.contains(pattern) { patterns.append(pattern) }
        }
        return ([words[0]] + patterns).joined(separator: " ")
    }
}

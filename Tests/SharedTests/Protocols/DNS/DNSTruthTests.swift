import Foundation
import Testing

@testable import Shared

/// Lookups of a fixture against what the server's own log says that it answered, in order.
@Suite struct `DNS lookups and what the server says that it answered` {
    private static let folder = "Fixtures/dns/lookups"

    private static func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func `are the same`() throws {
        var told: [String] = []
        for event in try Self.lines("events.jsonl") where event["event_type"] as? String == "operation" {
            guard event["status"] as? String != "unanswered" else { continue }
            var type = event["operation"] as? String ?? ""
            if type == "NOTIFY" { type = "SOA" }
            let target = (event["targets"] as? [String])?.first ?? ""
            told.append("\(type) \(target) \(event["code"] as? String ?? "NOERROR")")
        }
        var answered: [String] = []
        for one in try Self.lines("truth.jsonl") {
            let name = try #require(one["name"] as? String).lowercased()
            let host = name.replacing("node-4f1c29d07a3e", with: "{id}").replacing("3.2.1.10.", with: "{id}.")
            answered.append("\(one["type"] ?? "") \(host) \(one["code"] ?? "")")
        }
        // The server answers each attempt: what did not fit once more over TCP, and the C library's second try.
        for again in ["TXT large.shop.test NOERROR", "A nowhere SERVFAIL", "AAAA nowhere SERVFAIL"] {
            answered.remove(at: try #require(answered.lastIndex(of: again)))
        }
        #expect(told == answered)
        #expect(told.count >= 25)
    }

    @Test func `and what nobody answers is one, however often it is asked`() throws {
        let unanswered = try Self.lines("events.jsonl").filter { $0["status"] as? String == "unanswered" }
        #expect(unanswered.compactMap { ($0["targets"] as? [String])?.first } == ["db.shop.test"])
    }
}

import Foundation
import Testing

@testable import Shared

/// Operations of a fixture against what another client heard on all subjects, in order.
@Suite struct `NATS operations and what another client heard` {
    private static let folder = "Fixtures/nats/operations"

    private static func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    /// What a client publishes on each subject is what the witness heard there, as often.
    @Test func `are the same`() throws {
        var told: [String: Int] = [:]
        for event in try Self.lines("events.jsonl") where event["event_type"] as? String == "operation" {
            let name = event["operation"] as? String ?? ""
            guard event["direction"] as? String == "send", name != "subscribe", name != "settle", name != "reply" else {
                continue
            }
            let targets = event["targets"] as? [String] ?? []
            told[([name] + targets).joined(separator: " "), default: 0] += 1
        }
        // Nobody hears these.
        told["request nobody.listens"] = nil
        var heard: [String: Int] = [:]
        for one in try Self.lines("truth.jsonl") {
            let subject = try #require(one["subject"] as? String)
            guard !subject.hasPrefix("_INBOX.") else { continue }
            heard[Self.operation(subject, one["reply"] as? Bool == true), default: 0] += 1
        }
        // What JetStream has refused was published all the same; the witness heard it.
        #expect(told == heard)
        #expect(heard.values.reduce(0, +) >= 20)
    }

    private static func operation(_ subject: String, _ isAwaited: Bool) -> String {
        let words = subject.split(separator: ".").map(String.init)
        if subject.hasPrefix("$JS.API.CONSUMER.MSG.NEXT.") {
            return "receive " + words.dropFirst(5).joined(separator: ".")
        }
        if subject.hasPrefix("$JS.API.") {
            let verb = words.dropFirst(2).prefix {
                $0 == $0.uppercased() && $0 != "EVENTS" && $0 != "MISSING" && $0 != "KV_settings"
            }
            return ([verb.joined(separator: ".")] + [pattern(words.dropFirst(2 + verb.count).joined(separator: "."))])
                .filter { !$0.isEmpty }.joined(separator: " ")
        }
        // JetStream answers what its streams store.
        let isStored = subject.hasPrefix("events.") || subject.hasPrefix("$KV.")
        return (isAwaited && !isStored ? "request " : "publish ") + pattern(subject)
    }

    private static func pattern(_ subject: String) -> String {
        var text = UniqueBytes()
        KeyPattern.append(Array(subject.utf8).span.bytes, isWhole: false, to: &text)
        return String(decoding: (0..<text.count).map { text.bytes.byte($0) }, as: UTF8.self)
    }
}

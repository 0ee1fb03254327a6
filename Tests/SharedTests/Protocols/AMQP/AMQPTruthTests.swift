import Foundation
import Testing

@testable import Shared

/// Operations of a fixture against what the broker says that went through it (RabbitMQ's firehose), in order.
@Suite struct `AMQP operations and the broker's firehose` {
    private static let folder = "Fixtures/amqp/operations"

    /// A message that the broker has taken from a client, or given to one.
    private struct Passed: Equatable {
        var port: Int
        var target: String
        /// Of its content.
        var bytes: Int
    }

    private static func lines(_ name: String) throws -> [[String: Any]] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private static func operations(_ names: Set<String>) throws -> [[String: Any]] {
        try lines("events.jsonl").filter { event in
            event["event_type"] as? String == "operation" && names.contains(event["operation"] as? String ?? "")
        }
    }

    private static func truth(_ kind: String) throws -> [[String: Any]] {
        try lines("truth.jsonl").filter { $0["kind"] as? String == kind }
    }

    private static func port(of event: [String: Any]) throws -> Int {
        let ports = [event["source_port"], event["dest_port"]].compactMap { $0 as? Int }
        return try #require(ports.first { $0 != 5672 })
    }

    /// Names as targets have them: what is empty or the same again falls away, what looks like an identifier is one.
    private static func target(_ one: [String: Any], _ names: String...) throws -> String {
        var parts: [String] = []
        for name in names {
            let part = try #require(one[name] as? String).replacing(/(order\.)\d+/) { "\($0.1){id}" }
                .replacing(/(amq\.gen-).*/) { "\($0.1){id}" }
            if !part.isEmpty, part != parts.last { parts.append(part) }
        }
        return parts.joined(separator: ":")
    }

    /// - Parameter size: of the operation on the wire, with methods, properties and frames around the content.
    private static func passed(_ one: [String: Any], _ target: String, _ size: Int) throws -> Passed {
        let connection = try #require((one["connection"] as? String)?.firstMatch(of: /:(\d+) ->/))
        let bytes = try #require(one["bytes"] as? Int)
        // Frames hold up to 131,072 bytes.
        return Passed(
            port: try #require(Int(connection.1)), target: target,
            bytes: bytes < size && size < bytes + 200 ? size : bytes)
    }

    @Test func `are the same messages that it took`() throws {
        // What names an exchange that is missing was not taken: the channel is closed for it.
        let told = try Self.operations(["publish"]).filter { $0["targets"] as? [String] != ["missing:key"] }
        #expect(try Self.operations(["channel.close"]).map { $0["code"] as? String } == ["404"])
        let truth = try Self.truth("publish")
        #expect(told.count == truth.count && truth.count > 8)
        for (event, one) in zip(told, truth) {
            let size = try #require(event["request_bytes"] as? Int)
            let own = Passed(
                port: try Self.port(of: event), target: (event["targets"] as? [String])?.first ?? "", bytes: size)
            #expect(try own == Self.passed(one, Self.target(one, "exchange", "key"), size))
        }
        // What it could put nowhere comes back.
        let lost = truth.filter { ($0["queues"] as? [String])?.isEmpty == true }
        let returned = try Self.operations(["return"]).map { ($0["targets"] as? [String])?.first }
        #expect(try returned == lost.map { try Self.target($0, "exchange", "key") })
    }

    @Test func `are the same messages that it gave out`() throws {
        let told = try Self.operations(["deliver", "get"]).filter { $0["misses"] as? Int != 1 }
        let truth = try Self.truth("deliver")
        #expect(told.count == truth.count && truth.count > 5)
        for (event, one) in zip(told, truth) {
            let isGet = event["operation"] as? String == "get"
            let size = try #require(event[isGet ? "response_bytes" : "request_bytes"] as? Int)
            let own = Passed(
                port: try Self.port(of: event), target: (event["targets"] as? [String])?.first ?? "", bytes: size)
            // A client that fetches asks for a queue.
            let target = try isGet ? Self.target(one, "queue") : Self.target(one, "exchange", "key", "queue")
            #expect(try own == Self.passed(one, target, size))
        }
    }
}

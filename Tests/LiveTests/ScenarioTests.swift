import Foundation
import TestSupport
import Testing

extension Live {
    /// The hard cases of `traffic scenario`, seen by the profiler and by tcpdump at once, each held against what really
    /// happened.
    @Suite struct Scenarios {
        static let names = [
            "writev-257", "byte-writes", "pipelining", "keep-alive-1000", "connections-200", "fd-reuse", "same-tuple",
            "before-profiler", "ipv6", "websocket", "websocket-deflate", "http2", "http2-tables", "http2-heads",
            "http2-windows", "http2-resets", "grpc", "head-and-304", "chunked-trailers", "continue-100", "half-closed",
            "bulk-20mb", "gzip", "unicode-binary", "client-dies", "reset-mid-body", "server-first",
        ]
        static let limited = "large-write"

        @Test func `all that are listed are tested`() throws {
            let listing = try Child(Programs.traffic, ["scenario", "--list"]).succeed().output
            let listed = listing.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
            #expect(Set(listed) == Set(Self.names + [Self.limited]))
        }

        @Test(arguments: names, Hooks.allCases)
        func `is seen as it happened, live and on the wire`(_ name: String, _ hooks: Hooks) throws {
            let run = try Self.play(name, hooks)
            for tape in ["run.tape", "wire.pcap"] {
                let grade = try Self.grade(run, tape)
                #expect(grade.status == 0, "\(tape): \(grade.output) \(grade.errors)")
            }
        }

        @Test(arguments: Hooks.allCases)
        func `what a call moves beyond the limit is a gap, and all else is seen`(_ hooks: Hooks) throws {
            let run = try Self.play(Self.limited, hooks)
            #expect(try Self.grade(run, "wire.pcap").status == 0)
            let grade = try Self.grade(run, "run.tape", ["--json"])
            let live = try Records.decoder.decode(Grade.self, from: Data(grade.output.utf8))
            for kind in [live.connections, live.httpRequests, live.httpResponses] {
                #expect(kind.isPerfect, "\(grade.output)")
                let fields = try #require(kind.fields)
                // Of a body nothing is said where a part of it is not known.
                for (name, field) in fields {
                    #expect(name.hasPrefix("body_") ? field.right == 0 : field.isPerfect, "\(name): \(grade.output)")
                }
            }
        }

        private static func grade(_ run: LiveRun, _ tape: String, _ options: [String] = []) throws -> Child.Outcome {
            try Child(
                Programs.replay, ["grade", "--manifest", run.path("truth.jsonl"), run.path(tape)] + options
            ).wait()
        }

        /// Plays a scenario while both look on, and checks what has to be so however it is graded.
        private static func play(_ name: String, _ hooks: Hooks) throws -> LiveRun {
            let run = try LiveRun()
            let traffic = { [truth = run.path("truth.jsonl")] in
                try run.launch(
                    Programs.traffic, ["scenario", name, "--manifest", truth], optedIn: true,
                    environment: ["ADI_PROFILE_NAME": "hard"])
            }
            // This one opens its connection, says so, and waits until it may use it.
            let early = name == "before-profiler" ? try traffic() : nil
            if let early { _ = try early.line { $0.hasPrefix("opened ") } }
            // Both sides of 40 MB come faster than they are worked off.
            let room = name == "bulk-20mb" ? ["--ring-size", "\(128 << 20)"] : []
            try run.start(["--hooks", hooks.rawValue] + room)
            try run.waitUntilWatching()
            let wire = try Wiretap(run.path("wire.pcap"))

            let client = try early ?? traffic()
            try early?.proceed()
            try client.succeed()
            try wire.stop()
            let outcome = try run.stop()

            expectBalance(outcome, bytes: nil)
            #expect(outcome.summary.lost.isEmpty)
            try run.expectReplayAgrees(outcome)
            return run
        }
    }
}

/// What `replay grade --json` says of a tape.
private struct Grade: Decodable {
    struct Score: Decodable {
        var told: Int
        var seen: Int
        var right: Int
        /// Of a kind of event.
        var fields: [String: Score]?

        var isPerfect: Bool { right == told && right == seen }
    }

    var connections: Score
    var httpRequests: Score
    var httpResponses: Score
}

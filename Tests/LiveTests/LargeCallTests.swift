import Foundation
import TestSupport
import Testing

extension Live {
    /// Calls that move more than one record of the kernel side holds.
    @Suite struct `Large calls` {
        /// Bodies are shown whole, so that all of what was moved can be compared.
        static let whole = ["--body-limit", "4M"]
        static let names = ["large-calls", "large-iovecs", "large-sendmsg", "large-sendmmsg"]

        @Test(arguments: names, Hooks.allCases)
        func `are whole, up to the limit`(_ name: String, _ hooks: Hooks) throws {
            let run = try LiveRun(hooks, Self.whole)
            // Where bodies alone go this way, heads are read byte by byte.
            let isWhole = ["large-calls", "large-iovecs"].contains(name)
            let moved = try run.exercise(
                name,
                client: ["--exchanges", "2", "--request-body", "700000"] + (isWhole ? ["--head", "100000"] : []),
                server: ["--response-body", "850001"] + (isWhole ? ["--head", "150000"] : []), serverOptedIn: true)
            let outcome = try run.stop()
            let sides = moved.client + moved.server
            for side in sides { expectStreams(outcome, side) }
            #expect(outcome.events.filter { $0.truncated == true }.isEmpty, "all contents were compared")
            #expect(outcome.summary.messages.exchanges == 4)
            expectNoLoss(outcome, bytes: sides.reduce(0) { $0 + $1.total })
            try run.expectReplayAgrees(outcome, Self.whole)
        }

        /// Of each of two sends of 3,000,000 bytes the first part is there, and of the rest its length.
        @Test(arguments: [nil, "100000", "65536", "65537", "16M"], Hooks.allCases)
        func `have a gap of exact length beyond it`(_ limit: String?, _ hooks: Hooks) throws {
            let run = try LiveRun(hooks, Self.whole + (limit.map { ["--payload-limit", $0] } ?? []))
            let moved = try run.exercise(
                "large-calls", client: ["--exchanges", "2"], server: ["--response-body", "3000000"],
                clientOptedIn: false, serverOptedIn: true)
            let outcome = try run.stop()
            let captured = ["100000": 100_000, "65536": 65_536, "65537": 65_537, "16M": 3_000_000][limit] ?? 1 << 20
            #expect(moved.server[0].sendCalls == 4, "a head and a body each")
            let gaps = 2 * (3_000_000 - captured)
            #expect(outcome.summary.bytes.gaps == (gaps > 0 ? ["capture_limit": gaps] : [:]))
            expectBalance(outcome, bytes: moved.server[0].total)
            #expect(outcome.responses.compactMap(\.bytes).reduce(0, +) == moved.server[0].sent)
            #expect(outcome.summary.messages.exchanges == 2)
            #expect(outcome.summary.lost.isEmpty)
            if gaps == 0 { expectStreams(outcome, moved.server[0]) }
            try run.expectReplayAgrees(outcome, Self.whole)
        }

        /// The ring buffer has room again in the middle of a call, or has none any more.
        @Test(arguments: Hooks.allCases)
        func `of which parts are lost have gaps of exact length`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks, ["--ring-size", "4M"] + Self.whole)
            let server = try run.server("large-calls", ["--response-body", "1000000"], optedIn: true)
            let client = try run.client("large-calls", server.port, ["--exchanges", "40", "--request-body", "1000000"])
            for _ in 1...5 {
                #expect(kill(run.profilerPid, SIGSTOP) == 0)
                try client.goOn(by: 40)
                #expect(kill(run.profilerPid, SIGCONT) == 0)
                try client.goOn(by: 40)
            }
            let sides =
                try LiveRun.moved(client.succeed().output) + LiveRun.moved(server.child.succeed().output)
            let outcome = try run.stop()
            #expect((outcome.summary.bytes.gaps["event_lost"] ?? 0) > 0, "the ring buffer was full")
            #expect(Set(outcome.summary.bytes.gaps.keys).isSubset(of: ["event_lost", "unseen"]))
            expectBalance(outcome, bytes: sides.reduce(0) { $0 + $1.total })
            #expect(outcome.summary.connections.opened == 2)
            try run.expectReplayAgrees(outcome, Self.whole)
        }
    }
}

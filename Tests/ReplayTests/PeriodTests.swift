import Shared
import TestSupport
import Testing

@testable import replay

/// `--since` and `--until`, as their users write them.
@Suite struct `The options of a period` {
    /// 2026-11-23T10:15:00Z.
    private static let quarterPast: Int64 = 1_795_428_900

    @Test(arguments: [
        ("2026-11-23T10:15:00Z", quarterPast * 1_000_000_000), ("2026-11-23 10:15", quarterPast * 1_000_000_000),
        ("2026-11-23T12:15:00+02:00", quarterPast * 1_000_000_000),
        ("2026-11-23T03:45:00.000000001-06:30", quarterPast * 1_000_000_000 + 1),
        ("2026-11-23", (quarterPast - 36_900) * 1_000_000_000), ("1795428900", quarterPast * 1_000_000_000),
        ("1795428900.25", quarterPast * 1_000_000_000 + 250_000_000),
    ])
    func `take a moment`(_ text: String, _ nanoseconds: Int64) throws {
        #expect(try PeriodOptions.bound(text, "--since") == .moment(Timestamp(nanoseconds: nanoseconds)))
    }

    @Test(
        arguments: [
            ("+90s", 90_000_000_000), ("+1.5m", 90_000_000_000), ("+2h", 7_200_000_000_000), ("+250ms", 250_000_000),
            ("+0s", 0),
        ] as [(String, Int64)])
    func `take a distance from the tape's beginning`(_ text: String, _ nanoseconds: Int64) throws {
        #expect(try PeriodOptions.bound(text, "--since") == .after(nanoseconds))
    }

    @Test(arguments: [
        "", "+", "+5", "+s", "+-5s", "+1.s", "+1e3s", "+99999999999h", "noon", "2026-13-01", "2026-11-23T25:00",
        "10:15",
        "2026-11-23T10:15:00+2:00", "2026-11-23T10:15:00+99:00", "99999999999999", "-+02:00",
        "2026-11-23T10:15:00+ü:00",
    ])
    func `refuse what is no time`(_ text: String) {
        #expect(throws: (any Error).self) { try PeriodOptions.bound(text, "--since") }
    }

    @Test func `hold for each command that reads tapes`() throws {
        let shop = "Fixtures/demo/shop/input.pcap"
        // The first exchange is 0.97 s after the first packet.
        let count = "SELECT (SELECT count(*) FROM exchanges) e, (SELECT sum(count) FROM map_endpoints) m"
        let rows = try ["+0s", "+1s", "+1.1s"].map {
            try Executable.replay(["query", count, shop, "--json", "--since", $0]).output
        }
        #expect(rows[0] == "{\"e\":32,\"m\":32}\n")
        #expect(rows[1] == "{\"e\":28,\"m\":28}\n" && rows[2] == "{\"e\":3,\"m\":3}\n")
        let until = ["--until", "2026-11-23T23:21:58.7Z"]
        #expect(try Executable.replay(["paths", shop] + until).output.contains("\n/  # GET, 1 request"))
        let before = try Executable.replay([shop] + until)
        #expect(before.status == 0 && before.output.contains("32 requests"), "the summary is that of the whole tape")
        let folder = TemporaryFolder()
        let state = folder.path + "/a.state"
        #expect(try Executable.replay(["state", shop, "-o", state] + until).status == 0)
        let refused = try Executable.replay([state] + until)
        #expect(refused.status == 2 && refused.errors.contains("is a state, which has no exchanges one by one"))
        let never = try Executable.replay([shop, "--since", "+2s", "--until", "+1s"])
        #expect(never.status == 2 && never.errors.contains("--until +1s: is not after --since +2s"))
    }
}

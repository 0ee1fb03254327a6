import Testing

@testable import Shared

@Suite struct `Summary as text` {
    private var summary: Summary {
        var summary = Summary(.standard)
        summary.connections.opened = 12
        summary.connections.verdicts[.http] = 9
        summary.connections.verdicts[.postgres] = 3
        summary.connections.closed[.orderly] = 11
        summary.connections.closed[.tapeEnd] = 1
        summary.messages.requests = 1200
        summary.messages.responses = 1199
        (summary.messages.exchanges, summary.messages.distinct) = (1199, 1199)
        summary.messages.unansweredRequests = 1
        summary.bytes.total = 2_000_000
        summary.bytes.parsed = 1_500_000
        summary.bytes.recognised = 499_000
        summary.bytes.gaps[.packetLost] = 1000
        return summary
    }

    /// People read how much was said; each side of it is in the log.
    @Test func `counts an exchange once that both sides have told of`() {
        var summary = Summary(.standard)
        (summary.messages.requests, summary.messages.responses) = (22, 20)
        (summary.messages.exchanges, summary.messages.distinct) = (20, 12)
        (summary.messages.unansweredRequests, summary.messages.distinctUnanswered) = (2, 1)
        (summary.operations.byStatus[.ok], summary.operations.again[.ok]) = (10, 4)
        (summary.operations.byStatus[.error], summary.operations.again[.error]) = (2, 1)
        var report = SummaryReport(TextStyle(width: 100))
        report.add(summary)
        #expect(report.text.contains("  HTTP            12 exchanges · 8 seen by both sides · 1 unanswered\n"))
        #expect(report.text.contains("  Operations      7 · 5 seen by both sides · 1 error\n"))
    }

    @Test func `for people`() {
        var report = SummaryReport(TextStyle(width: 100))
        report.add(summary)
        #expect(
            report.text == """
                  Connections     12 · http 9 · postgres 3
                                  11 closed in order · 1 open at the end
                  HTTP            1,200 requests · 1,199 responses · 1,199 exchanges · 1 unanswered
                  Bytes           2.0 MB in streams · 99.9 % of them seen
                                  parsed                           1.5 MB  75.0 %  ███████████████
                                  recognised                     499.0 kB  25.0 %  █████
                                  gap: packet lost                 1.0 kB   0.1 %  █
                  Lost            1.0 kB packet lost
                  Legend          recognised: the protocol is known, its messages are not taken apart
                                  gap: on the wire and not captured

                """)
    }

    @Test func `names connections that are not open among what was lost`() {
        var damaged = summary
        damaged.losses[.damagedRecord] = 1
        damaged.strayConnections = 3
        damaged.bytes.unparsed[.noConnection] = 2000
        damaged.bytes.total += 2000
        var report = SummaryReport(TextStyle(width: 120))
        report.add(damaged)
        #expect(report.text.contains("unparsed: no connection          2.0 kB"))
        #expect(
            report.text.contains(
                "Lost            1 damaged record of the trace · 3 connections without an open or with events after the close\n"
                    + "                  1.0 kB packet lost\n"))
        let text = SummaryJSON.text(damaged)
        #expect(text.contains("\"unparsed\": {\n      \"no_connection\": 2000\n    }"))
        #expect(text.contains("\"lost\": {\n    \"damaged_record\": 1,\n    \"stray_connections\": 3\n  }"))
    }

    @Test func `says what was not understood, and how much that is`() {
        var summary = summary
        for _ in 0..<4 { summary.notUnderstood.count(.tls, port: 443, bytes: 400_000) }
        summary.notUnderstood.count(nil, port: 9000, bytes: 80_000)
        var report = SummaryReport(TextStyle(width: 100))
        report.add(summary)
        #expect(
            report.text.contains(
                "  Not understood  5 connections, 84.0 % of the bytes: 4 tls, 1 unknown on :9000\n"))
        for port in 1...200 { summary.notUnderstood.count(nil, port: UInt16(port), bytes: 0) }
        report = SummaryReport(TextStyle(width: 120))
        report.add(summary)
        #expect(report.text.contains("201 unknown on :1, :2, :3, 198 on other ports"))
        let json = SummaryJSON.text(summary)
        #expect(
            json.contains(
                "\"not_understood\": {\n    \"connections\": 205,\n    \"bytes\": 1680000,\n    \"by_protocol\": {\n      \"tls\": 4,\n      \"unknown\": 201\n"
            ))
        #expect(json.contains("      \"20\": 1\n    }") && !json.contains("      \"21\""))
    }

    @Test func `lost nothing only where nothing was skipped`() {
        func lost(_ skipped: [String] = [], _ change: (inout Summary) -> Void = { _ in }) -> String {
            var summary = Summary(.standard)
            change(&summary)
            var report = SummaryReport(TextStyle(width: 100))
            report.add(summary, skipped: skipped)
            return report.text.split(separator: "\n").first { $0.contains("Lost") }.map(String.init) ?? ""
        }
        #expect(lost() == "  Lost            nothing")
        #expect(lost(["3 records of a kind"]) == "  Lost            3 records of a kind")
        #expect(lost { $0.limits[.serviceMapEntries] = 2 } == "  Lost            what the limits left out")
        #expect(lost { $0.limits[.pathNodes] = 2 } == "  Lost            nothing")
        #expect(lost { $0.innerBytes.gaps[.unseen] = 7 } == "  Lost            7 B of plaintext unseen")
    }

    /// Exit status 1 goes by it: a request over the limit is in no result, a path over the limit is in a coarser one.
    @Test func `a limit that results are missing for is a loss`() {
        func isLossy(_ limit: Limit) -> Bool {
            var summary = Summary(.standard)
            summary.limits[limit] = 1
            return SummaryReport.isLossy(summary)
        }
        let coarser: Set<Limit> = [.pathNodes, .jsonDepth, .jsonKeys, .series]
        #expect(Set(Limit.allCases.filter { !isLossy($0) }) == coarser)
    }

    @Test(arguments: [40, 60, 80, 100]) func `is nowhere wider than the terminal`(_ width: Int) {
        var summary = summary
        summary.notUnderstood.count(nil, port: 9000, bytes: 80_000)
        for reason in GapReason.allCases { summary.bytes.gaps[reason] = 12_345_678 }
        for reason in UnparsedReason.allCases { summary.bytes.unparsed[reason] = 12_345_678 }
        for how in ConnectionClosed.How.allCases { summary.connections.closed[how] = 1_000_000 }
        summary.strayConnections = 1_000_000
        var report = SummaryReport(TextStyle(width: width, cutsNames: true))
        report.line("Capture", [String(repeating: "/folder", count: 30), "1 packet"])
        report.add(summary)
        for line in report.text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    }

    @Test func `has names as they are, where it is no terminal`() {
        let name = "nats://127.0.0.1:4222/tapedeck?subject=" + String(repeating: "tapedeck.", count: 20)
        var report = SummaryReport(TextStyle(width: 60))
        report.line("Trace", [name, "1 event"])
        #expect(report.text.contains(name) && !report.text.contains("…"))
        report = SummaryReport(TextStyle(width: 60, cutsNames: true))
        report.line("Trace", [name, "1 event"])
        #expect(!report.text.contains(name) && report.text.contains("…"))
    }

    @Test func `long lines go on below`() {
        var report = SummaryReport(TextStyle(width: 40))
        report.line("Name", (0..<20).map { "part \($0)" })
        #expect(report.text.split(separator: "\n").allSatisfy { $0.count <= 40 })
    }

    @Test func `for programs`() {
        let text = SummaryJSON.text(summary) { $0.string("name", "a\"b") }
        #expect(text.hasPrefix("{\n  \"name\": \"a\\\"b\",\n  \"connections\": {\n    \"opened\": 12,"))
        #expect(text.contains("\"gaps\": {\n      \"packet_lost\": 1000\n    }"))
        #expect(text.hasSuffix("\"lost\": {},\n  \"limits_reached\": {}\n}\n"))
    }

    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1050, "1.1 kB"), (999_949, "999.9 kB"),
            (999_950, "1.0 MB"), (123_456_789, "123.5 MB"), (UInt64.max, "18.4 EB"),
        ] as [(UInt64, String)])
    func `bytes`(_ count: UInt64, _ text: String) { #expect(Quantity.bytes(count) == text) }

    @Test(
        arguments: [
            (0, "0 us"), (1_500, "1 us"), (85_000_000, "85 ms"), (3_250_000_000, "3.2 s"),
            (250_000_000_000, "4 min 10 s"),
            (7_500_000_000_000, "2 h 5 min"), (266_400_000_000_000, "3 d 2 h"),
        ] as [(Int64, String)])
    func `durations`(_ nanoseconds: Int64, _ text: String) {
        #expect(Quantity.duration(nanoseconds: nanoseconds) == text)
    }

    @Test(
        arguments: [(0, 10, "0 %"), (10, 10, "100 %"), (1, 100_000, "0.1 %"), (99_999, 100_000, "99.9 %")]
            as [(UInt64, UInt64, String)])
    func `shares are never all or nothing when they are not`(_ part: UInt64, _ whole: UInt64, _ text: String) {
        #expect(Quantity.share(part, of: whole) == text)
    }

    @Test func `numbers have their thousands apart`() {
        #expect(Quantity.count(1_234_567) == "1,234,567")
        #expect(Quantity.count(999) == "999")
        #expect(Quantity.count(1, "reply", "replies") == "1 reply")
        #expect(Quantity.count(2, "reply", "replies") == "2 replies")
    }
}

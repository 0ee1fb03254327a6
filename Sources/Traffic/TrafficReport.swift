import Shared

/// What a run did, for people and for programs.
struct TrafficReport {
    var tally: Tally
    var seed: UInt64
    var duration: Duration
    var wasInterrupted: Bool

    private var routes: [(route: String, count: Tally.Count)] {
        tally.routes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    private var requests: Tally.Count { tally.routes.values.reduce(Tally.Count(), +) }
    private var milliseconds: Int { Int(duration / .milliseconds(1)) }

    func text(_ style: TextStyle) -> String {
        var report = SummaryReport(style)
        let time = Quantity.duration(nanoseconds: Int64(milliseconds) * 1_000_000)
        report.line("Traffic", ["\(time)\(wasInterrupted ? ", then interrupted" : "")", "seed \(seed)"])
        report.line("HTTP", [Self.text(requests, "request")] + routes.map { "\($0.route) \(Self.text($0.count))" })
        for (name, count, unit) in [
            ("PostgreSQL", tally.statements, "statement"), ("Redis", tally.commands, "command"),
        ]
        where count != Tally.Count() {
            let refused = Quantity.count(UInt64(count.refused))
            report.line(
                name, [Self.text(count, unit)] + (count.refused > 0 ? ["\(refused) of them meant to be refused"] : []))
        }
        report.line(
            "Connections",
            [
                Quantity.count(UInt64(tally.connections)), "\(Quantity.bytes(tally.sentBytes)) sent",
                "\(Quantity.bytes(tally.receivedBytes)) received",
            ])
        if tally.skipped > 0 {
            let steps = Quantity.count(UInt64(tally.skipped), "step")
            report.line("Left out", ["\(steps), while a store was away"], tone: .bad)
        }
        return report.text
    }

    private static func text(_ count: Tally.Count, _ unit: String? = nil) -> String {
        let done = UInt64(count.done)
        let text = unit.map { Quantity.count(done, $0) } ?? Quantity.count(done)
        return count.failed > 0 ? text + " and \(Quantity.count(UInt64(count.failed))) failed" : text
    }

    var json: String {
        IndentedJSON.text { json in
            json.number("seed", seed)
            json.number("milliseconds", UInt64(milliseconds))
            json.boolean("interrupted", wasInterrupted)
            json.object("http") { json in
                Self.write(requests, &json)
                json.object("routes") { json in
                    for (route, count) in routes { json.object(route) { Self.write(count, &$0) } }
                }
            }
            for (name, count) in [("postgres", tally.statements), ("redis", tally.commands)] {
                json.object(name) { json in
                    Self.write(count, &json)
                    json.number("expected_errors", UInt64(count.refused))
                }
            }
            json.number("skipped", UInt64(tally.skipped))
            json.number("connections", UInt64(tally.connections))
            json.number("sent_bytes", tally.sentBytes)
            json.number("received_bytes", tally.receivedBytes)
        }
    }

    private static func write(_ count: Tally.Count, _ json: inout IndentedJSON) {
        json.number("done", UInt64(count.done))
        json.number("failed", UInt64(count.failed))
    }
}

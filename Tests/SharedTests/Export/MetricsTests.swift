import Testing

@testable import Shared

@Suite struct `Metrics` {
    @Test(arguments: UInt64(0)..<20) func `count in explicit buckets what is not above their bounds`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bounds = TelemetryNames.Convention.requestBounds
        var histogram = LatencyHistogram()
        // Next to a bound nobody can tell on which side of it what was counted lies.
        let values = (0..<300).map { _ in Int64.random(in: 0...12_000_000_000, using: &random) }.filter { value in
            !bounds.contains { abs(Double($0) - Double(value)) < Double($0) * 0.012 }
        }
        for value in values { histogram.record(value) }
        let counts = histogram.counts(notAbove: bounds)
        for (bound, count) in zip(bounds, counts) {
            #expect(count == UInt64(values.filter { $0 <= Int64(bound) }.count), "\(bound)")
        }
    }

    @Test func `count what is a bound itself below it, and nothing of nothing`() {
        var histogram = LatencyHistogram()
        for value in [0, 5_000_000, 10_000_000] as [Int64] { histogram.record(value) }
        #expect(histogram.counts(notAbove: [5_000_000, 10_000_000, 25_000_000]) == [2, 3, 3])
        #expect(histogram.counts(notAbove: [1]) == [1])
        #expect(LatencyHistogram().counts(notAbove: [1, 2]) == [0, 0])
    }

    @Test(
        arguments: [
            ("web", "web", nil), ("web:8080", "web", 8080), ("10.0.0.1:80", "10.0.0.1", 80),
            ("[2001:db8::1]:443", "2001:db8::1", 443),
            ("2001:db8::1", "2001:db8::1", nil), ("/run/x.sock", "/run/x.sock", nil), ("web:", "web:", nil),
            (":80", ":80", nil), ("web:70000", "web:70000", nil), ("_other", "_other", nil),
        ] as [(String, String, UInt16?)]) func `take a port off a host, and off nothing else`(
            _ destination: String, _ host: String, _ port: UInt16?
        )
    {
        let split = TelemetryNames.split(destination)
        #expect(split.host == host && split.port == port)
    }

    @Test(arguments: UInt64(0)..<40) func `have points in the order of whole milliseconds, and lose no interval`(
        _ seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        let span = Int64(1) << Int64.random(in: 0...50, using: &random)
        let start = Int64.random(in: -1_000_000_000...1_700_000_000_000_000_000, using: &random)
        var (axis, timeline) = (TimeAxis(), Timeline())
        for _ in 0..<100 {
            let moment = Timestamp(nanoseconds: start + .random(in: 0...span, using: &random))
            axis.see(moment)
            timeline.record(moment, isError: false, latency: 1, axis)
        }
        let first = Timestamp(nanoseconds: start - .random(in: 0...1000, using: &random))
        let last = Timestamp(nanoseconds: start + span + .random(in: 0...3_000_000_000, using: &random))
        let times = MetricTimes(axis, first: first, last: last)
        let all = [times.start] + times.ends
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 < $1 })
        #expect(all.allSatisfy { $0.nanoseconds % 1_000_000 == 0 } && times.ends.last == times.end)
        #expect(times.start <= first)
        let intervals = times.intervals(timeline.bins(of: axis))
        #expect(intervals.count == times.ends.count)
        #expect(intervals.reduce(0) { $0 + $1.count } == 100 && intervals.reduce(0) { $0 + $1.latency.count } == 100)
    }

    @Test func `of nothing are no file's business`() {
        let none = ObservedMetrics.all(
            ServiceMapDocument(generatedAt: nil, services: []), Summary(.standard), .intervals, from: "nothing")
        #expect(none.isEmpty)
        #expect(MetricsFile.text(none, .openmetrics) == "# EOF\n")
        #expect(MetricsFile.text(none, .prometheus) == "")
    }

    @Test func `say names of the traffic as values, whatever they hold`() {
        let series = Metric.Series(
            service: "a\"b\\c\nd\u{1}é", attributes: [Metric.Attribute("server.port", 80)],
            points: [Metric.Point(time: Timestamp(nanoseconds: 1_500_000_000), value: .count(7))])
        let metric = Metric(
            name: "tapedeck.requests", unit: .request, description: "Requests.", kind: .counter, series: [series])
        let text = MetricsFile.text([metric], .openmetrics)
        #expect(
            text.contains(
                #"tapedeck_requests_total{service_name="a\"b\\c\nd"# + "\u{FFFD}é\",server_port=\"80\"} 7 1.500\n"))
        #expect(text.split(separator: "\n").count == 4)
    }

    @Test func `write seconds exactly`() {
        #expect(MetricsFile.seconds(nanoseconds: 5_000_000) == "0.005")
        #expect(MetricsFile.seconds(nanoseconds: 1_000_000_000) == "1.0")
        #expect(MetricsFile.seconds(nanoseconds: 1) == "0.000000001")
        #expect(MetricsFile.seconds(nanoseconds: .max) == "18446744073.709551615")
    }
}

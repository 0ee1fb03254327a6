import Foundation
import TestSupport
import Testing

@testable import Collector
@testable import Shared
@testable import profiler

/// Whoever sends telemetry, beside whoever captures; none of it needs root.
@Suite struct `The sender of telemetry` {
    /// How a capture stands of which so many events were lost.
    private func seen(_ count: UInt64) -> MetricsServer.Seen {
        let profiler = Profiler(Profiler.Options())
        profiler.consume(
            CapturedEvent(Timestamp(nanoseconds: 1_000_000_000), .exit(ProcessKey(pid: 1, startTime: 1))),
            payload: RawSpan())
        profiler.consume(
            CapturedEvent(Timestamp(nanoseconds: 2_000_000_000), .lost(Loss(.linkType, count: count))),
            payload: RawSpan())
        return MetricsServer.Seen(map: profiler.serviceMap(), summary: profiler.summary)
    }

    private func endpoint(_ port: Int) throws -> OTLPEndpoint {
        try #require(try OTLPEndpoint("http://127.0.0.1:\(port)", option: "--otlp") { _ in nil })
    }

    @Test func `is given copies beside the capture, and loses nothing`() throws {
        let (folder, port) = (try TemporaryFolder(), try Port.free())
        let collector = try Child(
            Programs.find("python3", package: "python3"),
            [Oracles.script("collector.py"), "\(port)", folder.path + "/requests", "200"])
        _ = try collector.line { $0 == "listening" }
        let sender = OTLPSender(try endpoint(port))
        var pace = CopyPace(every: 0)
        for number in 1...300 {
            sender.show(&pace, now: Int64(number) * 1_000_000_000, waiting: 0) { seen(UInt64(number)) }
            #expect(sender.lostBytes == 0 && sender.rejected == Tally())
        }
        sender.end(seen(1000))
        collector.signal(SIGKILL)
        _ = try collector.wait()
        #expect(sender.lostBytes == 0)
        let requests = try #require(folder.text("requests")).split(separator: "\n")
        // The first copy, and the last.
        #expect(requests.count > 1)
        #expect(requests.allSatisfy { $0.contains("\"/v1/metrics\"") || $0.contains("\"/v1/logs\"") })
        #expect(requests.contains { $0.contains("1000") })
    }

    /// How a capture stands that has seen so many exchanges, one after the other.
    private func exchanges(_ count: Int) -> MetricsServer.Seen {
        var options = Profiler.Options()
        options.spans = count + 1
        let profiler = Profiler(options)
        let id = ConnectionID(1)
        let opened = ConnectionOpened(
            id: id, local: Endpoint(IPAddress(v4: 0x0A00_0001), 40_000),
            remote: Endpoint(IPAddress(v4: 0x0A00_0002), 80), role: .client)
        profiler.consume(CapturedEvent(Timestamp(nanoseconds: 1), .open(opened)), payload: RawSpan())
        let texts = [
            (Direction.send, Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)),
            (Direction.receive, Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)),
        ]
        for number in 0..<count {
            for (direction, text) in texts {
                let at = StreamPosition(id, direction, UInt64(number * text.count), layer: .wire)
                let moment = Timestamp(nanoseconds: 1000 * Int64(number + 1))
                profiler.consume(CapturedEvent(moment, .data(at)), payload: text.span.bytes)
            }
        }
        #expect(profiler.waitingSpans >= count)
        let map = profiler.takeTelemetry()
        #expect(profiler.waitingSpans == 0)
        return MetricsServer.Seen(map: map, summary: profiler.summary)
    }

    /// What comes at once is much more than may wait.
    @Test func `waits for an endpoint that takes what it gets, and gives nothing up`() throws {
        let (folder, port) = (try TemporaryFolder(), try Port.free())
        let collector = try Child(
            Programs.find("python3", package: "python3"),
            [Oracles.script("collector.py"), "\(port)", folder.path + "/requests", "200"])
        _ = try collector.line { $0 == "listening" }
        let sender = OTLPSender(try endpoint(port), mostWaiting: 300_000)
        var pace = CopyPace(every: 0)
        sender.show(&pace, now: 1_000_000_000, waiting: 0) { exchanges(1501) }
        sender.end(seen(1))
        collector.signal(SIGKILL)
        _ = try collector.wait()
        #expect(sender.lostBytes == 0)
        let spans = try #require(folder.text("requests")).split(separator: "\n").map {
            $0.matches(of: /spanId/).count
        }
        #expect(spans.reduce(0, +) == 1501 && spans.allSatisfy { $0 <= 512 }, "\(spans)")
    }

    @Test func `is handed what presses before its time, and once a second at most`() {
        var pace = CopyPace(every: 5_000_000_000)
        #expect(pace.isDue(0))
        pace.handedOver(0, cost: 1_000_000_000)
        #expect(!pace.isDue(49_000_000_000) && pace.isDue(50_000_000_000))
        #expect(!pace.isDue(999_999_999, isPressing: true) && pace.isDue(1_000_000_000, isPressing: true))
    }

    @Test func `counts what nobody got, where the endpoint stays away`() throws {
        let sender = OTLPSender(try endpoint(try Port.free()))
        sender.end(seen(7))
        #expect(sender.lostBytes > 0)
    }
}

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
            sender.show(&pace, now: Int64(number) * 1_000_000_000) { seen(UInt64(number)) }
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

    @Test func `counts what nobody got, where the endpoint stays away`() throws {
        let sender = OTLPSender(try endpoint(try Port.free()))
        sender.end(seen(7))
        #expect(sender.lostBytes > 0)
    }
}

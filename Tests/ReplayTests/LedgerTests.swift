import Console
import Testing

@testable import Shared
@testable import replay

/// How far the streams of a tape's connections have come, by its events alone.
final class StreamEnds: EventSink {
    private struct Stream: Hashable {
        var connection: UInt64
        var layer: StreamLayer
        var direction: Direction
    }

    private var open: Set<UInt64> = []
    private var ends: [Stream: UInt64] = [:]
    /// Bytes of streams that are over.
    private var over: UInt64 = 0
    /// Bytes of connections that were not open, and of pieces that no stream has come to.
    private var outside: UInt64 = 0

    var total: UInt64 { ends.values.reduce(over &+ outside, &+) }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        switch event.kind {
        case .open(let opened):
            close(opened.id)
            open.insert(opened.id.serial)
        case .close(let closed): close(closed.id)
        case .data(let at): reach(at, UInt64(payload.byteCount))
        case .gap(let gap): reach(gap.at, gap.length)
        case .acknowledged(let at), .finished(let at): if open.contains(at.connection.serial) { reach(at, 0) }
        // Each is read as a whole: the fixtures have none that is not DNS.
        case .datagram(let datagram): over &+= UInt64(payload.byteCount) &+ UInt64(datagram.cut?.length ?? 0)
        default: break
        }
    }

    private func reach(_ at: StreamPosition, _ length: UInt64) {
        guard at.layer == .wire else { return }
        guard open.contains(at.connection.serial) else {
            outside &+= length
            return
        }
        let stream = Stream(connection: at.connection.serial, layer: at.layer, direction: at.direction)
        let known = ends[stream, default: 0]
        guard at.position <= known &+ 1 << 26 else {
            outside &+= length
            return
        }
        ends[stream] = max(known, at.position &+ length)
    }

    private func close(_ id: ConnectionID) {
        open.remove(id.serial)
        for direction in Direction.allCases {
            let stream = Stream(connection: id.serial, layer: .wire, direction: direction)
            over &+= ends.removeValue(forKey: stream) ?? 0
        }
    }
}

@Suite struct `The ledger` {
    @Test(arguments: Fixtures.tapes)
    func `knows every byte that the tape knows of`(_ fixture: Fixture) throws {
        let path = fixture.path(fixture.tape)
        let ends = StreamEnds()
        var tape = Tape(sink: ends)
        try tape.read(try Input.open(path))
        tape.finish()
        let result = try Replaying().run([path]) { _ throws(Failure) in true }
        #expect(result.summary.bytes.total == ends.total)
        #expect(result.summary.bytes.isBalanced)
    }

    private func summary(_ segments: [Segment]) -> Summary {
        let profiler = Profiler(Profiler.Options())
        var decoder = PacketDecoder(sink: profiler)
        for (place, segment) in segments.enumerated() {
            let packet = segment.ipv4
            decoder.take(
                linkType: 101, packet.span.bytes, wireLength: packet.count + segment.uncaptured,
                at: Timestamp(nanoseconds: Int64(place) * 1_000_000))
        }
        decoder.finish()
        profiler.finish()
        return profiler.summary
    }

    @Test func `what was confirmed at a stream's end and never captured is a gap`() {
        let ask = handshake + [Segment.client(101, ack: 501, "P", "GET / HTTP/1.1\r\n\r\n")]
        let answered = summary(ask + [.client(119, ack: 601), .client(119, ack: 601, "F")])
        #expect(answered.bytes.gaps[.packetLost] == 100 && answered.bytes.total == 118)
        // Believed in time, too.
        let more = (0..<5).map { _ in Segment.client(119, ack: 601) }
        #expect(summary(ask + more).bytes.gaps[.packetLost] == 100)
    }

    @Test func `a direction of which nothing was captured is a gap`() {
        let oneWay: [Segment] = [
            .client(101, ack: 501, "P", "GET / HTTP/1.1\r\n\r\n"), .client(119, ack: 1501),
            .client(119, ack: 2501, "P", "GET / HTTP/1.1\r\n\r\n"), .client(137, ack: 3501),
        ]
        let found = summary(oneWay)
        #expect(found.bytes.gaps[.packetLost] == 3000 && found.bytes.total == 3036)
        #expect(SummaryReport.isLossy(found))
    }

    @Test func `the number of a FIN that was not captured is no byte`() {
        let segments: [Segment] = [.server(501, ack: 101, "P", "a"), .client(101, ack: 502), .client(101, ack: 503)]
        #expect(summary(handshake + segments).bytes.total == 1)
        #expect(summary(handshake + segments + [.client(101, ack: 503, "F")]).bytes.total == 1)
        // What follows says that it was one.
        let later = segments + [.server(503, ack: 101, "P", "c")]
        #expect(summary(handshake + later).bytes.gaps[.packetLost] == 1)
    }

    @Test func `a forged acknowledgment that later ones contradict makes no gap`() {
        let honest = (0..<5).map { _ in Segment.client(101, ack: 501) }
        #expect(summary(handshake + [.client(101, ack: 900_000_000)] + honest).bytes.total == 0)
        // As the last segment it is not believed either.
        #expect(summary(handshake + [.client(101, ack: 900_000_000)]).bytes.total == 0)
    }

    @Test func `bytes of probes and of resets are counted apart`() {
        let segments =
            handshake + [
                .client(101, ack: 501, "P", "ab"), .client(102, ack: 501, "", "b"),
                .server(501, ack: 103, "R", "go away"),
            ]
        var decoder = PacketDecoder(sink: RecordingSink())
        for segment in segments {
            let packet = segment.ipv4
            decoder.take(linkType: 101, packet.span.bytes, wireLength: packet.count, at: Timestamp(nanoseconds: 0))
        }
        decoder.finish()
        #expect(decoder.flows.statistics.probeBytes == 1 && decoder.flows.statistics.resetBytes == 7)
    }
}

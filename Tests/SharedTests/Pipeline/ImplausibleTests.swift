import Testing

@testable import Shared

/// Numbers on a tape that can't be a stream's, and openings that come too late.
@Suite struct `Implausible events` {
    /// A simultaneous open: the kernel's counter was not begun, and 62 bytes were 477,745,077.
    @Test func `an end far beyond what any link moves in the time is none`() {
        var tape = TapeBuilder()
        tape.open()
        tape.add(
            .gap(StreamGap(at: StreamPosition(tape.connection, .send, 0), length: 477_745_077, reason: .unseen)))
        tape.finish(.send, 477_745_077)
        tape.acknowledge(.receive, 400_000_000)
        tape.close()
        let result = tape.run()
        #expect(result.summary.bytes.total == 0)
        #expect(result.summary.limits[.streamDistance] == 3)
    }

    @Test func `as much as a link moves in the time is believed`() {
        var tape = TapeBuilder()
        tape.open()
        tape.wait(milliseconds: 100)
        tape.add(
            .gap(StreamGap(at: StreamPosition(tape.connection, .send, 0), length: 477_745_077, reason: .unseen)))
        tape.finish(.send, 477_745_077)
        tape.close()
        let result = tape.run()
        #expect(result.summary.bytes.total == 477_745_077)
        #expect(result.summary.limits[.streamDistance] == 0)
    }

    /// As a forged tape has it: by the clock, any number of bytes may have passed.
    @Test(arguments: [UInt64.max, UInt64.max / 2 + 2, UInt64.max - 40], [true, false])
    func `a gap as long as a number can say is no crash`(_ length: UInt64, _ isUnknown: Bool) {
        var tape = TapeBuilder()
        tape.now = Timestamp(nanoseconds: .min)
        tape.open()
        for _ in 0..<(isUnknown ? 40 : 1) {
            tape.send("\u{1}\u{2}\u{3}")
            tape.receive("\u{4}\u{5}")
        }
        tape.now = Timestamp(nanoseconds: .max)
        tape.add(
            .gap(StreamGap(at: StreamPosition(tape.connection, .send, tape.sent), length: length, reason: .unseen)))
        tape.receive("\u{4}\u{5}")
        tape.close()
        #expect(tape.run().summary.bytes.isBalanced)
    }

    @Test func `a connection that is opened again after its end stays closed, and is said`() {
        var tape = TapeBuilder()
        let opened = ConnectionOpened(
            id: ConnectionID(7), local: Endpoint(IPAddress(v4: 1), 1), remote: Endpoint(IPAddress(v4: 2), 80),
            role: .client)
        tape.add(.open(opened))
        tape.add(.close(ConnectionClosed(id: opened.id, how: .orderly)))
        tape.add(.open(opened))
        let result = tape.run()
        #expect(result.summary.connections.opened == 1)
        #expect(result.summary.connections.closed[.tapeEnd] == 0)
        #expect(result.summary.strayConnections == 1)
        #expect(SummaryReport.isLossy(result.summary))
    }

    @Test func `openings are remembered by number and ends, in whatever order they come`() {
        func opened(_ serial: UInt64, _ port: UInt16 = 80) -> ConnectionOpened {
            ConnectionOpened(
                id: ConnectionID(serial), local: Endpoint(IPAddress(v4: 1), 1),
                remote: Endpoint(IPAddress(v4: 2), port), role: .client)
        }
        var openings = Openings()
        let order: [UInt64] = [5, 3, 4, 4, 200_000, 199_999, 200_000, .max, .max, 0, 0]
        #expect(
            order.map { openings.isNew(opened($0)) } == [
                true, true, true, false, true, true, false, true, false, true, false,
            ])
        // Another connection that a made-up trace gives the same number.
        #expect(openings.isNew(opened(3, 99)) && openings.isNew(opened(3)))
    }

    @Test func `a tape is as long as from its first to its last moment, whatever came first`() {
        var tape = TapeBuilder()
        tape.open()
        tape.wait(milliseconds: -500)
        tape.send("GET / HTTP/1.1\r\n\r\n")
        tape.wait(milliseconds: 200)
        tape.close()
        let summary = tape.run().summary
        #expect(summary.lastEvent?.since(summary.firstEvent ?? Timestamp(nanoseconds: 0)) == 500_000_000)
    }
}

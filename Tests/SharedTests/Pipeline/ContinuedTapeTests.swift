import Testing

@testable import Shared

/// A tape that goes on in another file.
@Suite struct `A tape of several files` {
    private static func http(_ tape: inout TapeBuilder, _ path: String) {
        tape.send("GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    }

    private static func summary(_ tape: TapeBuilder) -> TapeResult {
        let profiler = Profiler(Profiler.Options())
        tape.play(into: profiler)
        profiler.finish()
        return TapeResult(profiler)
    }

    @Test func `goes on with open connections, and says nothing new behind the earlier file`() {
        var whole = TapeBuilder()
        whole.open()
        Self.http(&whole, "/1")
        var first = whole
        let (sent, received) = (whole.sent, whole.received)
        Self.http(&whole, "/2")
        whole.close()
        let opened = ConnectionOpened(
            id: whole.connection, local: TapeBuilder.client, remote: TapeBuilder.server(), role: .client)
        let continued = ConnectionContinued(opened, sent: sent, received: received)
        var second = TapeBuilder()
        second.now = first.now
        second.add(.continued(continued))
        second.resume(opened.id, sent: sent, received: received)
        Self.http(&second, "/2")
        second.close()
        let alone = Self.summary(second)
        #expect(alone.summary.messages.exchanges == 1 && alone.summary.bytes.isBalanced)
        #expect(
            alone.summary.bytes.gaps.total == 0
                && alone.summary.bytes.total == whole.sent - sent + whole.received - received)
        #expect(alone.summary.connections.joinedLate == 1 && alone.text.contains("\"url\":\"/2\""))
        first.add(.continued(continued))
        Self.http(&first, "/2")
        first.close()
        let both = Self.summary(first)
        #expect(both == Self.summary(whole))
    }
}

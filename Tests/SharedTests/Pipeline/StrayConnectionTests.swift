import Testing

@testable import Shared

/// Events that no connection takes: the connection is counted, and each byte that they carry.
@Suite struct `Connections that are not open` {
    private static let request = "GET /a HTTP/1.1\r\n\r\n"
    private static let response = "HTTP/1.1 204 No Content\r\n\r\n"

    /// An exchange, with every kind of event that a connection has; its `open` is the first.
    private static func exchange(after tape: TapeBuilder = TapeBuilder()) -> TapeBuilder {
        var tape = tape
        tape.open()
        tape.send(request)
        tape.acknowledge(.send)
        tape.receive(response)
        tape.gap(.receive, 100)
        tape.finish(.send)
        tape.close()
        return tape
    }

    @Test func `because the open is missing are counted, with their bytes`() {
        let tape = Self.exchange().without { if case .open = $0 { true } else { false } }
        let result = tape.run()
        let summary = result.summary
        #expect(tape.cut(every: 1).run() == result)
        #expect(summary.strayConnections == 1)
        #expect(summary.bytes.unparsed[.noConnection] == UInt64(Self.request.utf8.count + Self.response.utf8.count))
        #expect(summary.bytes.gaps[.snaplen] == 100)
        #expect(summary.bytes.unparsed.total + 100 == summary.bytes.total)
        #expect(summary.bytes.isBalanced)
        #expect(summary.connections == Summary(.standard).connections)
        #expect(summary.limits.total == 0)
        #expect(result.log.isEmpty && result.serviceMap.services.isEmpty)
        #expect(SummaryReport.isLossy(summary))
    }

    @Test func `leave the others as they are`() {
        let whole = Self.exchange()
        var mixed = TapeBuilder()
        for entry in whole.entries {
            mixed.add(entry.event.kind, entry.payload)
            mixed.add(.data(StreamPosition(ConnectionID(99), .send, 0)), [1, 2, 3])
            mixed.add(.acknowledged(StreamPosition(ConnectionID(98), .receive, 7)))
        }
        let result = mixed.run()
        #expect(result.log == whole.run().log)
        #expect(result.serviceMap == whole.run().serviceMap)
        var summary = result.summary
        #expect(summary.strayConnections == 2)
        #expect(summary.bytes.unparsed[.noConnection] == UInt64(3 * whole.entries.count))
        summary.strayConnections = 0
        summary.bytes.total &-= summary.bytes.unparsed[.noConnection]
        summary.bytes.unparsed[.noConnection] = 0
        #expect(summary == whole.run().summary)
    }

    @Test func `because the close came first are counted`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send(Self.request)
        tape.close()
        tape.receive(Self.response)
        tape.finish(.receive)
        tape.close()
        let result = tape.run()
        #expect(try result.events().map(\.brief) == ["> GET /a"])
        #expect(result.summary.strayConnections == 1)
        #expect(result.summary.bytes.unparsed[.noConnection] == UInt64(Self.response.utf8.count))
        #expect(result.summary.connections.closed.total == 1)
        #expect(result.summary.bytes.isBalanced)
    }

    @Test func `are counted anew after each close`() {
        var tape = TapeBuilder()
        for _ in 0..<3 {
            tape.send("a")
            tape.send("b")
            tape.close()
        }
        tape.close()
        #expect(tape.run().summary.strayConnections == 4)
    }

    @Test func `and have plaintext are counted, too`() {
        var tape = TapeBuilder()
        tape.open()
        tape.add(.data(StreamPosition(tape.connection, .send, 0, layer: .plaintext)), Array(Self.request.utf8))
        tape.close()
        #expect(tape.run().summary.strayConnections == 0)
        tape.add(.data(StreamPosition(tape.connection, .receive, 0, layer: .plaintext)), [1, 2, 3])
        let summary = tape.run().summary
        #expect(summary.strayConnections == 1 && summary.bytes.unparsed[.noConnection] == 3)
        #expect(summary.messages.requests == 1 && summary.bytes.isBalanced)
    }

    @Test func `yet are counted, and read from their open on`() throws {
        let whole = Self.exchange()
        var tape = TapeBuilder()
        tape.add(whole.entries[1].event.kind, whole.entries[1].payload)
        for entry in whole.entries { tape.add(entry.event.kind, entry.payload) }
        let result = tape.run()
        #expect(result.log == whole.run().log)
        #expect(result.summary.strayConnections == 1)
        #expect(result.summary.bytes.isBalanced)
    }

    @Test func `and have gaps that nobody can mean keep the balance`() {
        var tape = TapeBuilder()
        for length in [UInt64.max, .max, 1 << 63, 0] {
            let at = StreamPosition(ConnectionID(.max), .send, .max)
            tape.add(.gap(StreamGap(at: at, length: length, reason: .unseen)))
        }
        let summary = tape.run().summary
        #expect(summary.strayConnections == 1)
        #expect(summary.bytes.isBalanced)
    }

    // MARK: Refused connections

    private func limits(connections: Int) -> Limits {
        var limits = Limits()
        limits.connections = connections
        return limits
    }

    @Test func `because they were refused are no damage, and their bytes say why`() {
        var tape = TapeBuilder()
        tape.open()
        let summary = Self.exchange(after: tape).run(limits(connections: 1)).summary
        #expect(summary.limits[.connections] == 1 && summary.connections.opened == 1)
        #expect(summary.strayConnections == 0)
        #expect(
            summary.bytes.unparsed[.connectionLimit] == UInt64(Self.request.utf8.count + Self.response.utf8.count))
        #expect(summary.bytes.unparsed[.noConnection] == 0)
        #expect(summary.bytes.gaps[.snaplen] == 100)
        #expect(summary.bytes.isBalanced)
    }

    @Test func `because they were refused and have closed are counted`() {
        var tape = TapeBuilder()
        tape.open()
        tape.open()
        tape.close()
        tape.send("late")
        let summary = tape.run(limits(connections: 1)).summary
        #expect(summary.limits[.connections] == 1)
        #expect(summary.strayConnections == 1 && summary.bytes.unparsed[.noConnection] == 4)
        #expect(summary.bytes.unparsed[.connectionLimit] == 0)
    }

    @Test func `because they were refused are read when they open again`() {
        var tape = TapeBuilder()
        tape.open()
        tape.open()
        tape.send("gone")
        tape.resume(ConnectionID(1), sent: 0, received: 0)
        tape.close()
        tape.open()
        tape.send(Self.request)
        tape.close()
        tape.send("late")
        let summary = tape.run(limits(connections: 1)).summary
        #expect(summary.limits[.connections] == 1 && summary.connections.opened == 2)
        #expect(summary.messages.requests == 1)
        #expect(summary.bytes.unparsed[.connectionLimit] == 4)
        #expect(summary.strayConnections == 1 && summary.bytes.unparsed[.noConnection] == 4)
    }

    @Test func `are all taken for refused where more were refused than are remembered`() {
        var tape = TapeBuilder()
        for _ in 0..<3 { tape.open() }
        for serial in 2...4 as ClosedRange<UInt64> {
            tape.add(.data(StreamPosition(ConnectionID(serial), .send, 0)), [1, 2])
        }
        // One is remembered, and nobody can say of the fourth that it is none of the others.
        #expect(tape.run(limits(connections: 1)).summary.bytes.unparsed[.connectionLimit] == 6)
        #expect(tape.run(limits(connections: 1)).summary.strayConnections == 0)
        #expect(tape.run(limits(connections: 2)).summary.bytes.unparsed[.connectionLimit] == 2)
        #expect(tape.run(limits(connections: 2)).summary.strayConnections == 1)
    }

    @Test func `are bounded: of more than are remembered each event counts`() {
        var tape = TapeBuilder()
        for serial in [7, 7, 8, 9, 9, 7] as [UInt64] {
            tape.add(.data(StreamPosition(ConnectionID(serial), .send, 0)), [1])
        }
        #expect(tape.run(limits(connections: 3)).summary.strayConnections == 3)
        #expect(tape.run(limits(connections: 2)).summary.strayConnections == 4)
        #expect(tape.run(limits(connections: 0)).summary.strayConnections == 6)
    }
}

extension TapeBuilder {
    /// The same tape without some of its events.
    fileprivate func without(_ isUnwanted: (CapturedEvent.Kind) -> Bool) -> TapeBuilder {
        var copy = TapeBuilder()
        for entry in entries where !isUnwanted(entry.event.kind) { copy.add(entry.event.kind, entry.payload) }
        return copy
    }
}

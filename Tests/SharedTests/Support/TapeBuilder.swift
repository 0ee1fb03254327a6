@testable import Shared

/// Makes the events of a tape, one connection at a time, with running stream positions and a running clock.
struct TapeBuilder {
    struct Entry {
        var event: CapturedEvent
        var payload: [UInt8]
    }

    private(set) var entries: [Entry] = []
    /// 2026-04-08T18:24:10.123456789Z, unless told.
    var now = Timestamp(nanoseconds: 1_775_672_650_123_456_789)
    private(set) var connection = ConnectionID(0)
    /// Where each direction's next bytes go.
    private(set) var sent: UInt64 = 0
    private(set) var received: UInt64 = 0

    static let client = Endpoint(IPAddress(v4: 0x0A00_0001), 40_000)

    static func server(_ port: UInt16 = 8080) -> Endpoint { Endpoint(IPAddress(v4: 0x0A00_0002), port) }

    mutating func add(_ kind: CapturedEvent.Kind, _ payload: [UInt8] = []) {
        entries.append(Entry(event: CapturedEvent(now, kind), payload: payload))
    }

    mutating func wait(milliseconds: Int64) { now.nanoseconds += milliseconds * 1_000_000 }

    // MARK: Connections

    /// Begins the next connection.
    mutating func open(
        local: Endpoint = client, remote: Endpoint = server(), role: Role = .client, joinedLate: Bool = false,
        process: ProcessKey? = nil
    ) {
        connection.serial += 1
        (sent, received) = (0, 0)
        add(
            .open(
                ConnectionOpened(
                    id: connection, local: local, remote: remote, role: role, joinedLate: joinedLate, process: process))
        )
    }

    mutating func open(port: UInt16) { open(remote: Self.server(port)) }

    /// Makes an earlier connection the one that the next events are of.
    mutating func resume(_ id: ConnectionID, sent: UInt64, received: UInt64) {
        (connection, self.sent, self.received) = (id, sent, received)
    }

    mutating func close(_ how: ConnectionClosed.How = .orderly) {
        add(.close(ConnectionClosed(id: connection, how: how)))
    }

    // MARK: Streams

    mutating func send(_ text: String) { data(.send, Array(text.utf8)) }
    mutating func receive(_ text: String) { data(.receive, Array(text.utf8)) }

    /// The direction's next bytes.
    mutating func data(_ direction: Direction, _ bytes: [UInt8]) {
        data(direction, bytes, at: advance(direction, UInt64(bytes.count)))
    }

    /// Bytes at any place; the running position stays.
    mutating func data(_ direction: Direction, _ bytes: [UInt8], at position: UInt64) {
        add(.data(StreamPosition(connection, direction, position)), bytes)
    }

    /// Bytes that the source says are missing.
    mutating func gap(_ direction: Direction, _ length: UInt64, _ reason: GapReason = .snaplen) {
        let at = StreamPosition(connection, direction, advance(direction, length))
        add(.gap(StreamGap(at: at, length: length, reason: reason)))
    }

    /// Bytes that exist and of which no event speaks.
    mutating func lose(_ direction: Direction, _ length: UInt64) { _ = advance(direction, length) }

    mutating func acknowledge(_ direction: Direction, _ position: UInt64? = nil) {
        let position = position ?? (direction == .send ? sent : received)
        add(.acknowledged(StreamPosition(connection, direction, position)))
    }

    mutating func finish(_ direction: Direction, _ position: UInt64? = nil) {
        let position = position ?? (direction == .send ? sent : received)
        add(.finished(StreamPosition(connection, direction, position)))
    }

    private mutating func advance(_ direction: Direction, _ count: UInt64) -> UInt64 {
        let position = direction == .send ? sent : received
        if direction == .send { sent &+= count } else { received &+= count }
        return position
    }

    // MARK: The same bytes, cut differently

    /// How many bytes the tape's data events hold.
    var dataBytes: Int { entries.reduce(0) { $0 + $1.payload.count } }

    /// The same tape with each run of bytes cut into pieces of at most `size`.
    func cut(every size: Int) -> TapeBuilder {
        recut { count in stride(from: size, to: count, by: size).map { $0 } }
    }

    /// The same tape with one cut more, at an offset among all bytes of its data events.
    func cut(at offset: Int) -> TapeBuilder {
        var before = 0
        return recut { count in
            defer { before += count }
            return before < offset && offset < before + count ? [offset - before] : []
        }
    }

    /// - Parameter offsets: for a run of so many bytes, where to cut it.
    func recut(_ offsets: (Int) -> [Int]) -> TapeBuilder {
        var copy = self
        copy.entries = []
        for entry in entries {
            guard case .data(let position) = entry.event.kind, !entry.payload.isEmpty else {
                copy.entries.append(entry)
                continue
            }
            var start = 0
            for end in offsets(entry.payload.count) + [entry.payload.count] where end > start {
                var piece = position
                piece.position &+= UInt64(start)
                let event = CapturedEvent(entry.event.timestamp, .data(piece))
                copy.entries.append(Entry(event: event, payload: Array(entry.payload[start..<end])))
                start = end
            }
        }
        return copy
    }

    // MARK: Running

    func run(_ limits: Limits = Limits(), eventLog: Bool = true) -> TapeResult {
        var options = Profiler.Options()
        options.limits = limits
        options.eventLog = eventLog
        let profiler = Profiler(options)
        play(into: profiler)
        profiler.finish()
        return TapeResult(profiler)
    }

    func play(into profiler: Profiler) {
        for entry in entries { profiler.consume(entry.event, payload: entry.payload.span.bytes) }
    }
}

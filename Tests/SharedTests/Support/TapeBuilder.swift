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

    /// The same tape, on which a direction is said to end at an offset among all bytes of the data events, and yet goes on.
    func ending(at offset: Int) -> TapeBuilder {
        var copy = cut(at: offset)
        var before = 0
        guard
            let place = copy.entries.firstIndex(where: { entry in
                before += entry.payload.count
                return before >= offset
            }), case .data(var position) = copy.entries[place].event.kind
        else { return copy }
        position.position &+= UInt64(copy.entries[place].payload.count)
        let event = CapturedEvent(copy.entries[place].event.timestamp, .finished(position))
        copy.entries.insert(Entry(event: event, payload: []), at: place + 1)
        return copy
    }

    // MARK: Less of the same bytes

    /// The same tape without so many bytes from an offset among all bytes of its data events: they are gaps.
    func losing(_ length: Int, at offset: Int) -> TapeBuilder {
        var copy = self
        copy.entries = []
        var before = 0
        for entry in entries {
            guard case .data(let position) = entry.event.kind else {
                copy.entries.append(entry)
                continue
            }
            let count = entry.payload.count
            let lost = max(0, min(count, offset - before))..<max(0, min(count, offset + length - before))
            before += count
            func add(_ range: Range<Int>, _ isLost: Bool) {
                guard !range.isEmpty else { return }
                var place = position
                place.position &+= UInt64(range.lowerBound)
                let kind: CapturedEvent.Kind =
                    isLost
                    ? .gap(StreamGap(at: place, length: UInt64(range.count), reason: .packetLost)) : .data(place)
                copy.entries.append(
                    Entry(
                        event: CapturedEvent(entry.event.timestamp, kind),
                        payload: isLost ? [] : Array(entry.payload[range])))
            }
            guard !lost.isEmpty else {
                add(0..<count, false)
                continue
            }
            add(0..<lost.lowerBound, false)
            add(lost, true)
            add(lost.upperBound..<count, false)
        }
        return copy
    }

    /// The same tape as a capture has it that was started so many bytes later.
    func dropping(first count: Int) -> TapeBuilder {
        var copy = self
        copy.entries = []
        var left = count
        var dropped: (sent: UInt64, received: UInt64) = (0, 0)
        for var entry in entries {
            guard case .data(var position) = entry.event.kind else {
                copy.entries.append(entry)
                continue
            }
            let gone = min(left, entry.payload.count)
            left -= gone
            if position.direction == .send { dropped.sent += UInt64(gone) } else { dropped.received += UInt64(gone) }
            guard gone < entry.payload.count else { continue }
            position.position = position.position &+ UInt64(gone)
            position.position &-= position.direction == .send ? dropped.sent : dropped.received
            entry.payload.removeFirst(gone)
            entry.event.kind = .data(position)
            copy.entries.append(entry)
        }
        return copy
    }

    // MARK: Running

    func run(_ limits: Limits = Limits(), eventLog: Bool = true) -> TapeResult {
        var options = Profiler.Options()
        options.limits = limits
        options.eventLog = eventLog
        return run(options)
    }

    func run(_ options: Profiler.Options) -> TapeResult {
        let profiler = Profiler(options)
        play(into: profiler)
        profiler.finish()
        return TapeResult(profiler)
    }

    func play(into profiler: Profiler) {
        for entry in entries { profiler.consume(entry.event, payload: entry.payload.span.bytes) }
    }
}

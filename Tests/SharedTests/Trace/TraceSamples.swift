@testable import Shared

/// A trace that was read: the events with their bytes, and what the reader counted.
struct TraceContents: Equatable {
    struct Entry: Equatable {
        var event: CapturedEvent
        var payload: [UInt8]
    }

    var entries: [Entry] = []
    var damaged: UInt64 = 0
    var skipped: UInt64 = 0
    var isTruncated = false
    var complaints: [String] = []
    var error: TraceError?

    /// Reads a trace that is shown in pieces of so many bytes, as a pipe would bring it.
    init<Reader: TraceReading>(_ file: [UInt8], _ type: Reader.Type, pieceLength: Int = .max) {
        var reader = Reader()
        var (start, end) = (0, 0)
        var entries: [Entry] = []
        do throws(TraceError) {
            loop: while true {
                let shown = file.span.bytes.extracting(start..<end)
                let step = try reader.next(shown, isEnd: end == file.count) { event, payload in
                    entries.append(Entry(event: copy event, payload: [UInt8](payload)))
                }
                switch step {
                case .taken(let count):
                    precondition(count > 0 && count <= shown.byteCount, "took \(count) of \(shown.byteCount)")
                    start += count
                case .needs(let count):
                    guard shown.byteCount < count else { continue }
                    precondition(end < file.count, "asks for more than there is")
                    end += min(file.count - end, max(count - shown.byteCount, min(pieceLength, file.count)))
                case .end: break loop
                }
            }
        } catch {
            self.error = error
        }
        self.entries = entries
        damaged = reader.damagedFrames
        skipped = reader.skippedFrames
        isTruncated = reader.isTruncated
        complaints = reader.complaints
    }

    init(entries: [Entry]) { self.entries = entries }

    var binary: [UInt8] {
        var writer = TraceWriter(capacity: 64)
        for entry in entries { writer.write(entry.event, payload: entry.payload.span.bytes) }
        var bytes: [UInt8] = []
        writer.drain { bytes.append($0) }
        return bytes
    }

    var text: [UInt8] {
        var writer = TraceTextWriter()
        for entry in entries { writer.write(entry.event, payload: entry.payload.span.bytes) }
        var bytes: [UInt8] = []
        writer.drain { bytes.append($0) }
        return bytes
    }
}

/// Events of every kind with values that come from a seed.
struct TraceSamples {
    private var random: SeededRandom

    static let kinds = 11

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func entries(_ count: Int) -> [TraceContents.Entry] { (0..<count).map { entry($0 % Self.kinds) } }

    mutating func entry(_ kind: Int) -> TraceContents.Entry {
        let time = Timestamp(nanoseconds: Int64(bitPattern: number()))
        var payload: [UInt8] = []
        let event: CapturedEvent.Kind
        switch kind {
        case 0:
            event = .open(
                ConnectionOpened(
                    id: ConnectionID(number()), local: endpoint(), remote: endpoint(), role: one(Role.traceCases),
                    joinedLate: random.chance(oneIn: 2), process: random.chance(oneIn: 2) ? key() : nil))
        case 1:
            payload = bytes(300)
            event = .data(position())
        case 2: event = .gap(StreamGap(at: position(), length: number(), reason: one(GapReason.traceCases)))
        case 3: event = .acknowledged(position())
        case 4: event = .finished(position())
        case 5:
            event = .close(
                ConnectionClosed(
                    id: ConnectionID(number()), how: one(ConnectionClosed.How.traceCases),
                    error: Int32(truncatingIfNeeded: number())))
        case 6:
            event = .process(
                ProcessIdentity(
                    key: key(), comm: text(), commandLine: text(), profile: random.chance(oneIn: 3) ? nil : text(),
                    profileName: random.chance(oneIn: 3) ? nil : text(),
                    environment: random.chance(oneIn: 3) ? .unavailable(text()) : .block(environment())))
        case 7: event = .exit(key())
        case 8: event = .listening(Listening(process: key(), endpoint: endpoint()))
        case 9:
            let subject: ContainerFact.Subject =
                random.chance(oneIn: 2) ? .process(key()) : .endpoint(endpoint())
            let identity = ContainerIdentity(service: text(), image: text(), id: text(), name: text())
            event = .container(ContainerFact(subject: subject, container: identity.id.isEmpty ? nil : identity))
        default: event = .lost(Loss(one(Loss.Reason.traceCases), count: number()))
        }
        return TraceContents.Entry(event: CapturedEvent(time, event), payload: payload)
    }

    // MARK: Values

    /// Small, large, and the ends of the range.
    private mutating func number() -> UInt64 {
        switch random.below(5) {
        case 0: 0
        case 1: .max
        case 2: UInt64(Int64.max)
        case 3: UInt64(random.below(1000))
        default: random.next()
        }
    }

    private mutating func one<T>(_ values: [T]) -> T { values[random.below(values.count)] }

    private mutating func key() -> ProcessKey {
        ProcessKey(pid: Int32(truncatingIfNeeded: number()), startTime: number())
    }

    private mutating func endpoint() -> Endpoint {
        let address =
            random.chance(oneIn: 2)
            ? IPAddress(v4: UInt32(truncatingIfNeeded: number())) : IPAddress(high: number(), low: number())
        return Endpoint(address, UInt16(truncatingIfNeeded: number()))
    }

    private mutating func position() -> StreamPosition {
        StreamPosition(ConnectionID(number()), one(Direction.allCases), number(), layer: one(StreamLayer.allCases))
    }

    private mutating func text() -> String {
        one(["", "nginx", "say \"hi\" \\ \n\u{0}\u{1}\u{7F}", "größer · 日本 🦊", "{\"a\":1}", "a\u{FFFD}b"])
    }

    private mutating func environment() -> [UInt8] {
        switch random.below(4) {
        case 0: []
        case 1: Array("A=1\u{0}B=\"ü\"\u{0}\u{0}".utf8)
        case 2: Array("A=1".utf8) + [0xFF, 0, 0x42, 0]
        default: bytes(40)
        }
    }

    private mutating func bytes(_ longest: Int) -> [UInt8] {
        let count = random.below(longest)
        return random.chance(oneIn: 2) ? random.bytes(count) : random.letters(count)
    }
}

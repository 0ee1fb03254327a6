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
    var lacksEnd = false
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
        lacksEnd = reader.lacksEnd
        complaints = reader.complaints
    }

    init(entries: [Entry]) {
        self.entries = entries
        var promise = EndPromise()
        for entry in entries { promise.note(entry.event.kind) }
        lacksEnd = promise.isDue
    }

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

    static let kinds = 20

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
                    id: ConnectionID(number()), local: anyEndpoint(), remote: anyEndpoint(),
                    role: one(Role.traceCases), joinedLate: random.chance(oneIn: 2), process: optionalKey(),
                    localSequenceNumber: sequenceNumber(), remoteSequenceNumber: sequenceNumber()))
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
                    environment: random.chance(oneIn: 3) ? .unavailable(text()) : .block(environment()),
                    networkNamespace: NetworkNamespace(number())))
        case 7: event = .exit(key())
        case 8:
            event = .listening(
                Listening(process: key(), endpoint: anyEndpoint(), networkNamespace: NetworkNamespace(number())))
        case 9:
            let subject: ContainerFact.Subject =
                random.chance(oneIn: 2) ? .process(key()) : .endpoint(anyEndpoint())
            let identity = ContainerIdentity(service: text(), image: text(), id: text(), name: text())
            event = .container(ContainerFact(subject: subject, container: identity.id.isEmpty ? nil : identity))
        case 10: event = .lost(Loss(one(Loss.Reason.traceCases), count: number()))
        case 11:
            event = .sequenceNumbers(
                SequenceNumbers(ConnectionID(number()), local: sequenceNumber(), remote: sequenceNumber()))
        case 12:
            let names: [UnixSocket.Name] = [
                .unnamed, .path(Array("/run/größer.sock".utf8)), .path([0xFF, 0x2F]), .abstract([]),
                .abstract(random.bytes(107)), .abstract(Array("name".utf8)),
            ]
            event =
                UnixSocket(number: number(), name: one(names), process: optionalKey()).map { .unixSocket($0) } ?? .end
        case 13:
            payload = bytes(300)
            let cut =
                random.chance(oneIn: 3)
                ? CapturedDatagram.Cut(UInt32(truncatingIfNeeded: number()), one(GapReason.traceCases)) : nil
            event = .datagram(
                CapturedDatagram(
                    local: anyEndpoint(), remote: anyEndpoint(), direction: one(Direction.allCases),
                    process: optionalKey(), cut: cut))
        case 14:
            let secret = TLSSecret(
                label: one(["CLIENT_RANDOM", "SERVER_TRAFFIC_SECRET_0", "x"]),
                clientRandom: random.chance(oneIn: 3) ? nil : random.bytes(32),
                secret: random.bytes(1 + random.below(64)),
                connection: random.chance(oneIn: 2) ? nil : ConnectionID(number()), process: optionalKey())
            event = secret.map { .secret($0) } ?? .end
        case 15:
            event = .tape(
                TapeOrigin(
                    id: TapeID(high: number(), low: number()), writer: text(), version: text(),
                    promisesEnd: random.chance(oneIn: 2), bringsSecrets: random.chance(oneIn: 2)))
        case 16:
            event = .continued(
                ConnectionContinued(
                    ConnectionOpened(
                        id: ConnectionID(number()), local: anyEndpoint(), remote: anyEndpoint(),
                        role: one(Role.traceCases), joinedLate: random.chance(oneIn: 2), process: optionalKey(),
                        localSequenceNumber: sequenceNumber(), remoteSequenceNumber: sequenceNumber()),
                    sent: number(), received: number()))
        case 17:
            event = AddressName(address: endpoint().address, name: "n" + text()).map { .name($0) } ?? .end
        case 18: event = .end
        default: event = .expected(position())
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

    private mutating func anyEndpoint() -> Endpoint { random.chance(oneIn: 4) ? Endpoint(unix: number()) : endpoint() }

    private mutating func optionalKey() -> ProcessKey? { random.chance(oneIn: 2) ? key() : nil }

    private mutating func sequenceNumber() -> UInt32? {
        random.chance(oneIn: 2) ? UInt32(truncatingIfNeeded: number()) : nil
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

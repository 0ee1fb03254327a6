import Testing

@testable import Shared

@Suite struct `A trace` {
    /// A small one, and where its frames begin and end.
    static let small = TraceContents(
        entries: {
            var samples = TraceSamples(seed: 11)
            return samples.entries(TraceSamples.kinds)
        }())

    /// For each prefix of the entries the length of its file.
    static let ends = (0...small.entries.count).map { TraceContents(entries: Array(small.entries[..<$0])).binary.count }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `gives every event back, in both forms, however its bytes arrive`(_ seed: UInt64) {
        var samples = TraceSamples(seed: seed)
        let written = TraceContents(entries: samples.entries(66))
        let binary = written.binary
        for pieceLength in [Int.max, 1, 37] {
            #expect(TraceContents(binary, TraceReader.self, pieceLength: pieceLength) == written, "seed \(seed)")
        }
        let text = written.text
        for pieceLength in [Int.max, 100] {
            #expect(TraceContents(text, TraceTextReader.self, pieceLength: pieceLength) == written, "seed \(seed)")
        }
        #expect(TraceContents(text, TraceTextReader.self).binary == binary)
        #expect(TraceContents(binary, TraceReader.self).text == text)
    }

    @Test func `cut anywhere, keeps the events before the cut and says that it was cut`() {
        let file = Self.small.binary
        for length in 0..<file.count {
            let read = TraceContents(Array(file[..<length]), TraceReader.self)
            let whole = Self.ends.lastIndex { $0 <= length }
            #expect(read.entries == Array(Self.small.entries[..<(whole ?? 0)]), "cut at \(length)")
            #expect(read.isTruncated == !Self.ends.contains(length), "cut at \(length)")
            #expect(read.damaged == 0)
        }
    }

    @Test func `with any byte changed, keeps all events but the damaged one`() {
        let file = Self.small.binary
        for place in 0..<file.count {
            for change in [0x01, 0x80, 0xFF] as [UInt8] {
                var damaged = file
                damaged[place] ^= change
                let read = TraceContents(damaged, TraceReader.self)
                guard let hit = Self.ends.firstIndex(where: { place < $0 }), hit > 0 else { continue }
                var expected = Self.small.entries
                expected.remove(at: hit - 1)
                #expect(read.entries == expected, "byte \(place) changed by \(change)")
                // A length that goes beyond the file's end looks like a cut where no frame follows.
                #expect(read.damaged == 1 || read.isTruncated && hit == Self.small.entries.count, "byte \(place)")
            }
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `of any garbage, never traps and always ends`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var file = Self.small.binary
        for _ in 0..<(1 + random.below(60)) {
            let place = random.below(file.count)
            switch random.below(3) {
            case 0: file[place] = UInt8.random(in: 0...255, using: &random)
            case 1: file.removeSubrange(place..<min(file.count, place + random.below(30)))
            default: file.insert(contentsOf: [0xF5, 0x54] + random.bytes(random.below(20)), at: place)
            }
        }
        let whole = TraceContents(file, TraceReader.self)
        #expect(TraceContents(file, TraceReader.self, pieceLength: 5) == whole)
        _ = TraceContents(file, TraceTextReader.self)
        var text = Self.small.text
        for _ in 0..<20 { text[random.below(text.count)] = UInt8.random(in: 0...255, using: &random) }
        let read = TraceContents(text, TraceTextReader.self)
        #expect(TraceContents(text, TraceTextReader.self, pieceLength: 9) == read)
    }

    // MARK: Later versions

    /// The file with one frame more or another in front of its first.
    private func file(_ frames: [UInt8]...) -> [UInt8] {
        let file = Self.small.binary
        return Array(file[..<TraceFormat.headerLength]) + frames.flatMap { $0 }
            + Array(file[TraceFormat.headerLength...])
    }

    private func frame(_ type: UInt16, _ body: [UInt8]) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        let checked = little(Int(type), 2) + little(body.count, 4) + body
        let sum = checked.withUnsafeBytes { TraceChecksum.of($0) }
        return [0xF5, 0x54] + checked + little(Int(sum), 4)
    }

    @Test func `passes over frames of kinds that are not known, and counts them`() {
        let read = TraceContents(file(frame(99, []), frame(0xFFFF, [1, 2, 3])), TraceReader.self)
        #expect(read.entries == Self.small.entries)
        #expect(read.skipped == 2)
        #expect(read.damaged == 0)
    }

    @Test func `ignores what a later version put at the end of a frame`() {
        // All that can be there is there: what follows is later.
        var contents = Self.small
        for place in contents.entries.indices {
            switch contents.entries[place].event.kind {
            case .open(var opened):
                (opened.localSequenceNumber, opened.remoteSequenceNumber) = (1, 2)
                contents.entries[place].event.kind = .open(opened)
            case .process(var process):
                process.networkNamespace = NetworkNamespace(7)
                contents.entries[place].event.kind = .process(process)
            case .listening(var listening):
                listening.networkNamespace = NetworkNamespace(7)
                contents.entries[place].event.kind = .listening(listening)
            default: break
            }
        }
        let file = contents.binary
        let ends = (0...contents.entries.count).map {
            TraceContents(entries: Array(contents.entries[..<$0])).binary.count
        }
        var longer = Array(file[..<TraceFormat.headerLength])
        for (start, end) in zip(ends, ends.dropFirst()) {
            let type = UInt16(file[start + 2]) | UInt16(file[start + 3]) << 8
            longer += frame(type, Array(file[(start + 8)..<(end - 4)]) + [1, 2, 3, 4, 5])
        }
        #expect(TraceContents(longer, TraceReader.self) == contents)
    }

    @Test func `without what the first version did not have is written as then`() {
        let at = Timestamp(nanoseconds: 1)
        let key = ProcessKey(pid: 1, startTime: 2)
        let endpoint = Endpoint(IPAddress(v4: 1), 1)
        // Bodies as version 0.1.0 wrote them: time, fields, nothing behind.
        let lengths: [(CapturedEvent.Kind, Int)] = [
            (.open(ConnectionOpened(id: ConnectionID(1), local: endpoint, remote: endpoint, role: .client)), 66),
            (.listening(Listening(process: key, endpoint: endpoint)), 38),
            (.process(ProcessIdentity(key: key, comm: "", commandLine: "")), 42),
        ]
        for (kind, length) in lengths {
            let entry = TraceContents.Entry(event: CapturedEvent(at, kind), payload: [])
            let file = TraceContents(entries: [entry]).binary
            #expect(file.count == TraceFormat.headerLength + TraceFormat.frameOverhead + length, "\(kind)")
        }
    }

    @Test func `without the end mark that it promises was cut, and without a promise was not`() {
        func contents(_ kinds: CapturedEvent.Kind...) -> TraceContents {
            TraceContents(
                entries: kinds.map {
                    TraceContents.Entry(event: CapturedEvent(Timestamp(nanoseconds: 1), $0), payload: [])
                })
        }
        func tape(_ promisesEnd: Bool) -> CapturedEvent.Kind {
            let id = TapeID(high: 1, low: 2)
            return .tape(TapeOrigin(id: id, writer: "w", version: "1", promisesEnd: promisesEnd))
        }
        let exit = CapturedEvent.Kind.exit(ProcessKey(pid: 1, startTime: 1))
        let cases: [(TraceContents, Bool)] = [
            (contents(), false), (contents(exit), false), (contents(exit, .end), false),
            (contents(tape(true)), true), (contents(tape(true), exit), true), (contents(tape(true), exit, .end), false),
            (contents(tape(false), exit), false),
            // One tape behind another in a file.
            (contents(tape(true), .end, tape(true), .end), false), (contents(tape(true), tape(true), .end), true),
            (contents(tape(true), .end, tape(true)), true), (contents(tape(true), tape(false)), true),
        ]
        for (contents, lacksEnd) in cases {
            for read in [
                TraceContents(contents.binary, TraceReader.self), TraceContents(contents.text, TraceTextReader.self),
            ] {
                #expect(read.lacksEnd == lacksEnd, "\(contents.entries.map(\.event.kind))")
                #expect(!read.isTruncated)
            }
        }
    }

    @Test func `passes over what no source writes: endpoints, names, secrets that can't be`() {
        let time = [UInt8](repeating: 0, count: 8)
        let process = [UInt8](repeating: 0, count: 12)
        func endpoint(_ kind: UInt8, _ port: UInt8) -> [UInt8] {
            [kind] + [UInt8](repeating: 0, count: 16) + [port, 0]
        }
        func text(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count), 0, 0, 0] + bytes }
        let types = TraceFormat.FrameType.self
        let bad: [[UInt8]] = [
            frame(types.listeningUnix.rawValue, time + process + endpoint(2, 0)),
            frame(types.listeningUnix.rawValue, time + process + endpoint(1, 9)),
            // A name that no socket can have: a path of nothing, one with a zero byte, one that is too long.
            frame(types.unixSocket.rawValue, time + time + [0] + process + [1] + text([])),
            frame(types.unixSocket.rawValue, time + time + [0] + process + [1] + text([0x61, 0])),
            frame(
                types.unixSocket.rawValue, time + time + [0] + process + [2] + text([UInt8](repeating: 1, count: 108))),
            frame(types.unixSocket.rawValue, time + time + [0] + process + [0] + text([1])),
            // A datagram that claims more than its frame holds.
            frame(
                types.datagram.rawValue,
                time + endpoint(0, 1) + endpoint(0, 2) + [0, 0] + process + [0, 0, 0, 0, 0] + [9, 0, 0, 0, 1, 2]),
            // Of a key log's line neither a line end in the label nor a short random.
            frame(types.secret.rawValue, time + [0] + time + process + text([0x0A]) + text([]) + text([1])),
            frame(types.secret.rawValue, time + [4] + time + process + text([0x41]) + text([1]) + text([1])),
            frame(types.secret.rawValue, time + [0] + time + process + text([0x41]) + text([]) + text([])),
            frame(types.tape.rawValue, time + [1, 2, 3]),
            frame(types.sequenceNumbers.rawValue, time + time + [3, 0, 0, 0, 0]),
        ]
        for bytes in bad {
            let read = TraceContents(file(bytes), TraceReader.self)
            #expect(read.entries == Self.small.entries)
            #expect(read.damaged == 1)
        }
    }

    @Test func `cuts off of a datagram what is too long for a frame, and says so`() {
        let payload = [UInt8](repeating: 0x61, count: TraceLimits.payloadBytes + 3)
        let endpoint = Endpoint(IPAddress(v4: 1), 1)
        let datagram = CapturedDatagram(
            local: endpoint, remote: endpoint, direction: .send, cut: CapturedDatagram.Cut(.max, .snaplen))
        let event = CapturedEvent(Timestamp(nanoseconds: 1), .datagram(datagram))
        let read = TraceContents(
            TraceContents(entries: [TraceContents.Entry(event: event, payload: payload)]).binary, TraceReader.self)
        #expect(read.entries.map(\.payload.count) == [TraceLimits.payloadBytes])
        guard case .datagram(let found)? = read.entries.first?.event.kind else { return #expect(Bool(false)) }
        #expect(found.cut == CapturedDatagram.Cut(.max, .snaplen))
    }

    @Test func `passes over whole frames whose content means nothing`() {
        let short = frame(TraceFormat.FrameType.open.rawValue, [1, 2, 3])
        let direction = frame(
            TraceFormat.FrameType.finished.rawValue, [UInt8](repeating: 0, count: 25) + [7])
        let read = TraceContents(file(short, direction), TraceReader.self)
        #expect(read.entries == Self.small.entries)
        #expect(read.damaged == 2)
    }

    @Test func `of a later version is refused in words that help`() {
        var file = Self.small.binary
        file[8] = 2
        #expect(TraceContents(file, TraceReader.self).error == .tooNew(version: 2))
        #expect("\(TraceError.tooNew(version: 2))".contains("read it with a newer one"))
        let text = Array("{\"tapedeck_trace\":2}\n".utf8)
        #expect(TraceContents(text, TraceTextReader.self).error == .tooNew(version: 2))
        file = Self.small.binary
        file[14] = 1
        #expect(TraceContents(file, TraceReader.self).error == .unknownFlags(1))
    }

    // MARK: Hostile ones

    /// Claims a megabyte.
    private static let claim: [UInt8] = [0xF5, 0x54, 2, 0, 0, 0, 0x10, 0]

    @Test(arguments: [false, true])
    func `of nothing but long frames' beginnings is checked a few times over, not thousands`(_ betweenFrames: Bool) {
        var file = Array(Self.small.binary[..<TraceFormat.headerLength])
        // An intact frame ends the search, and the claim behind it is met where a frame must begin.
        let intact = frame(99, [])
        // One byte more, lest another frame begins where the claim says.
        let unit = betweenFrames ? intact + Self.claim + [0] : Self.claim
        let count = (4 << 20) / unit.count
        for _ in 0..<count { file += unit }
        let read = TraceReaderOnly(file)
        #expect(read.reader.checkedBytes <= 4 * TraceLimits.frameBytes + 6 * file.count)
        #expect(read.reader.checkedBytes > TraceLimits.frameBytes, "the file is not hostile")
        #expect(read.reader.skippedFrames == (betweenFrames ? UInt64(count) : 0))
    }

    @Test func `that has used up its checks still gives back every frame with another behind it`() {
        var file = Array(Self.small.binary[..<TraceFormat.headerLength])
        for _ in 0..<((2 << 20) / Self.claim.count) { file += Self.claim }
        let end = file.count
        let long = frame(99, [UInt8](repeating: 0, count: TraceLimits.frameBytes))
        for _ in 0..<3 { file += long + frame(99, []) }
        let read = TraceReaderOnly(file)
        #expect(read.reader.checkedBytes >= TraceLimits.checkedBytes(ofPassed: end) - (1 << 20))
        #expect(read.reader.skippedFrames >= 5)
        #expect(read.reader.damagedFrames == 1)
    }

    // MARK: Large events

    @Test func `splits a payload that is too long for one frame`() {
        let payload = [UInt8](repeating: 0x61, count: TraceLimits.payloadBytes + 3)
        let at = StreamPosition(ConnectionID(1), .send, 10)
        let event = CapturedEvent(Timestamp(nanoseconds: 1), .data(at))
        let read = TraceContents(
            TraceContents(entries: [TraceContents.Entry(event: event, payload: payload)]).binary, TraceReader.self)
        #expect(read.entries.map(\.payload.count) == [TraceLimits.payloadBytes, 3])
        let second = StreamPosition(ConnectionID(1), .send, 10 + UInt64(TraceLimits.payloadBytes))
        #expect(read.entries.last?.event.kind == .data(second))
    }
}

/// Reads a file without looking at the events.
private struct TraceReaderOnly {
    private(set) var reader = TraceReader()

    init(_ file: [UInt8]) {
        let bytes = file.span.bytes
        var start = 0
        while case .taken(let count)? = try? reader.next(
            bytes.extracting(start..<bytes.byteCount), isEnd: true, { _, _ in })
        {
            start += count
        }
    }
}

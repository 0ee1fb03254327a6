import Testing

@testable import Shared
@testable import replay

@Suite struct `Flow table` {
    static func syn(_ port: Int) -> Segment { Segment.client(100, "S").ports(port, 80) }

    @Test func `idle connections end by the tape's time, and go on as joined late with their role`() {
        let others = [Segment.client(1), .client(1), .client(1)].map { $0.ports(1, 2) }
        let conversation =
            handshake + [.client(101, ack: 501, "P", "a")] + others + [.client(102, ack: 501, "P", "b")]
        #expect(
            events(of: conversation, seconds: [0, 0, 0, 0, 700, 700, 700, 700]) == [
                opened, "1 > 0 a", "1 close idle", "open 2 client late 10.0.0.1:40000 10.0.0.2:80", "2 > 0 b",
                "2 close tapeEnd",
            ])
    }

    @Test func `of flows with equal endpoints only some are looked for elsewhere`() {
        var table = FlowTable(sink: RecordingSink())
        for number in 0..<1000 as Range<UInt32> {
            let segment = TCPSegment(
                sourcePort: 1, destinationPort: 2, sequence: SequenceNumber(number &* 1_000_003),
                acknowledgment: SequenceNumber(0),
                flags: .syn, payloadLength: 0)
            table.take(
                segment, payload: RawSpan(), from: TapeEnds.client, to: TapeEnds.server,
                on: Network.plain.inside(.vlan, UInt64(number)), at: Timestamp(nanoseconds: 0))
        }
        #expect(table.statistics == FlowStatistics() && table.lastSerial == 1000)
        #expect(table.sharedTuples == 16)
    }

    private enum TapeEnds {
        static let client = Endpoint(IPAddress(v4: 0x0A00_0001), 1)
        static let server = Endpoint(IPAddress(v4: 0x0A00_0002), 2)
    }

    static let years: Double = 10 * 365 * 86400

    @Test func `a wild time closes nothing, be it ahead or behind`() {
        let ask = [Segment.client(101, ack: 501, "P", "aa"), .client(103, ack: 501, "P", "bb")]
        for wild in [Self.years, -Self.years] {
            // Of a connection, and of none.
            for stray in [Segment.client(7).ports(9, 9), .client(101, ack: 501)] {
                let lines = events(of: handshake + ask + [stray] + ask, seconds: [0, 0, 0, 1, 2, wild, 3, 4])
                #expect(lines == [opened, "1 > 0 aa", "1 > 2 bb", "1 > 0 aa", "1 > 2 bb", "1 close tapeEnd"])
            }
        }
    }

    @Test func `a first packet with a wild time does not stop the clock for ever`() {
        let stray = Segment.client(7).ports(9, 9)
        let noise = (0..<300).map { _ in stray }
        let packets = [stray] + handshake + noise + [stray, stray, stray]
        let seconds = [Self.years] + [0, 0, 0] + noise.indices.map { Double($0) * 0.01 } + [900, 900, 900]
        #expect(events(of: packets, seconds: seconds) == [opened, "1 close idle"])
    }

    @Test func `a connection that is heard of now and then does not end`() {
        let probes = (1...20).map { _ in Segment.client(101, ack: 501) }
        let lines = events(of: handshake + probes, seconds: [0, 0, 0] + (1...20).map { Double($0) * 500 })
        #expect(lines == [opened, "1 close tapeEnd"])
    }

    @Test func `a SYN that nobody answers is given up`() {
        let lines = events(of: [Self.syn(1), Self.syn(2), Self.syn(2), Self.syn(2)], seconds: [0, 200, 200, 200])
        #expect(lines[2] == "1 close idle")
    }

    @Test func `the end of the tape closes what is open in the order of opening`() {
        let ports = [9, 3, 7, 1, 5]
        let lines = events(of: ports.map(Self.syn) + [Self.syn(7)])
        #expect(lines.suffix(5) == (1...5).map { "\($0) close tapeEnd" })
    }

    @Test func `a full table lets go of what it has heard of least recently, and says so`() {
        var limits = FlowLimits()
        limits.flows = 10
        let lines = events(of: (1...25).map(Self.syn), limits: limits)
        #expect(lines.count(where: { $0.hasSuffix("close idle") }) == 15)
        #expect(lines.count(where: { $0.hasSuffix("close tapeEnd") }) == 10)
        #expect(lines.contains("lost tableFull 15"))
    }

    @Test func `closed flows are bounded and are the first to go`() {
        var limits = FlowLimits()
        limits.flows = 10
        limits.closedFlows = 4
        var conversation: [Segment] = []
        for port in 1...50 {
            conversation += [Self.syn(port), Segment.server(0, ack: 101, "R").ports(port, 80)]
        }
        let lines = events(of: conversation, limits: limits)
        #expect(lines.count(where: { $0.hasSuffix("close connectFailed 111") }) == 50)
        #expect(!lines.contains { $0.hasPrefix("lost") })
    }

    @Test(
        arguments: [
            ("inside", .client(101, ack: 501, "P", "ask"), 0, false),
            ("before the beginning", .client(95, ack: 501, "P", "old"), 3, false),
            ("partly before the beginning", .client(98, ack: 501, "P", "old new"), 3, false),
            ("a probe of the byte before the beginning", .client(100, ack: 501, "", "x"), 0, false),
            ("behind the end", .server(504, ack: 101, "P", "late"), 4, true),
            ("partly behind the end", .server(501, ack: 101, "P", "byelate"), 4, true),
            ("again, before the end", .server(501, ack: 101, "P", "bye"), 0, false),
            ("more than a window ahead", .client(101 + 1 << 30 + 1, ack: 501, "P", "far"), 3, true),
            ("a window ahead, and nothing else there", .client(101 + 1 << 30, ack: 501, "P", "far"), 3, true),
            ("more than a buffer ahead", .client(101 + 8 << 20 + 1, ack: 501, "P", "far"), 3, true),
            ("as far ahead as a buffer lets it", .client(101 + 8 << 20, ack: 501, "P", "far"), 0, false),
            ("as far away as can be", .client(101 &+ 1 << 31, ack: 501, "P", "far"), 3, true),
            ("more than a window behind", .client(101 &- 1 << 30 &- 9, ack: 501, "P", "far"), 3, true),
        ] as [(String, Segment, UInt64, Bool)])
    func `bytes outside of their stream are counted, and are a loss where they are nowhere else`(
        _ place: String, _ segment: Segment, _ count: UInt64, _ isLost: Bool
    ) {
        var decoder = PacketDecoder(sink: RecordingSink())
        for packet in handshake + [.server(501, ack: 101, "FP", "bye"), segment] {
            let bytes = packet.ipv4
            decoder.take(
                linkType: 101, bytes.span.bytes, wireLength: bytes.count, at: Timestamp(nanoseconds: 0))
        }
        #expect(decoder.flows.statistics.ignoredBytes == count)
        #expect(decoder.flows.statistics.misplacedSegments == (isLost ? 1 : 0))
    }

    @Test(
        arguments: [
            (.client(101, ack: 502, "P", "ask"), false), (.client(102, ack: 502, "P", "ask"), true),
            (.client(104, ack: 502, "P", "more"), true), (.client(103, ack: 502, "", "k"), false),
            (.client(104, ack: 502, "R", "why"), false), (.client(700_000_000, ack: 502, "P", "another"), true),
        ] as [(Segment, Bool)])
    func `data behind a connection's end are a loss, but for what was there`(_ segment: Segment, _ isLost: Bool) {
        let sink = RecordingSink()
        var decoder = PacketDecoder(sink: sink)
        let end: [Segment] = [
            .client(101, ack: 501, "FP", "ask"), .server(501, ack: 105, "F"), .client(105, ack: 502), segment,
        ]
        for packet in handshake + end {
            let bytes = packet.ipv4
            decoder.take(
                linkType: 101, bytes.span.bytes, wireLength: bytes.count, at: Timestamp(nanoseconds: 0))
        }
        decoder.finish()
        #expect(sink.lines.contains("lost misplaced 1") == isLost)
    }

    @Test func `both ends the same endpoint`() {
        let packet = Packet.ipv4(
            Segment.client(100, "S").ports(80, 80).tcp, from: Packet.server, to: Packet.server)
        #expect(events(of: [packet, packet]).count == 2)
    }

    @Test func `clocks that jump, backwards and to the end of time`() {
        let sink = RecordingSink()
        var decoder = PacketDecoder(sink: sink)
        let packets = (handshake + [.client(101, ack: 501, "P", "a"), .client(102, ack: 501, "P", "b")]).map(\.ipv4)
        for time in [0, Int64.max, Int64.min, -1, 1] {
            for packet in packets {
                decoder.take(
                    linkType: 101, packet.span.bytes, wireLength: packet.count, at: Timestamp(nanoseconds: time))
            }
        }
        decoder.finish()
        #expect(sink.lines.contains("1 > 0 a"))
    }

    /// The index against a dictionary, over many insertions and removals in random order.
    @Test func `the index finds what is there and nothing else`() {
        var random = SeededGenerator(seed: 7)
        var index = FlowIndex(seeds: (42, 43))
        var tuples: [(Endpoint, Endpoint)] = []
        var present = Set<Int>()
        for slot in 0..<3000 {
            let a = Endpoint(IPAddress(v4: UInt32(slot % 50)), UInt16(slot / 50))
            tuples.append((a, Endpoint(IPAddress(v4: 0x0A00_0001), 80)))
        }
        for _ in 0..<20_000 {
            let slot = Int.random(in: 0..<tuples.count, using: &random)
            if present.remove(slot) != nil {
                index.remove(slot, index.hash(tuples[slot].0, tuples[slot].1, on: .plain))
            } else {
                present.insert(slot)
                index.insert(slot, index.hash(tuples[slot].0, tuples[slot].1, on: .plain))
            }
        }
        #expect(index.count == present.count)
        for (slot, tuple) in tuples.enumerated() {
            let found = index.find(index.hash(tuple.1, tuple.0, on: .plain)) { tuples[$0] == tuple }
            #expect(found == (present.contains(slot) ? slot : nil))
        }
    }
}

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

import Testing

@testable import Shared
@testable import replay

@Suite struct `Flows` {
    // MARK: - Beginning

    @Test func `whoever sends SYN is the client`() {
        let conversation = handshake + [.client(101, ack: 501, "P", "ask"), .server(501, ack: 104, "P", "answer")]
        #expect(events(of: conversation) == [opened, "1 > 0 ask", "1 < 0 answer", "1 close tapeEnd"])
    }

    @Test func `whoever is answered with SYN-ACK is the client`() {
        let conversation = [
            Segment.server(500, ack: 101, "S"), .client(101, ack: 501), .client(101, ack: 501, "P", "ask"),
        ].map { $0.ports(90, 4000) }
        #expect(
            events(of: conversation) == ["open 1 client 10.0.0.1:90 10.0.0.2:4000", "1 > 0 ask", "1 close tapeEnd"])
    }

    /// What the tape says of the initial sequence numbers of the first connection.
    private func numbers(_ segments: [Segment]) -> (opened: [UInt32?], later: [[UInt32?]]) {
        let sink = RecordingSink()
        var decoder = PacketDecoder(sink: sink)
        for (place, segment) in segments.enumerated() {
            let packet = segment.ipv4
            decoder.take(
                linkType: 101, packet.span.bytes, wireLength: packet.count,
                at: Timestamp(nanoseconds: Int64(place) * 1_000_000))
        }
        decoder.finish()
        let opened = sink.opened.first
        return (
            [opened?.localSequenceNumber, opened?.remoteSequenceNumber], sink.numbers.map { [$0.local, $0.remote] }
        )
    }

    @Test func `initial sequence numbers come from SYN and its answer alone`() {
        let end = Segment.client(101, ack: 501, "P", "ask")
        let cases: [([Segment], opened: [UInt32?], later: [[UInt32?]])] = [
            (handshake + [end], [100, nil], [[100, 500]]),
            // Again and again, they are told once.
            (handshake + [.server(500, ack: 101, "S"), end], [100, nil], [[100, 500]]),
            // Nobody answers.
            ([.client(100, "S"), .client(100, "S")], [100, nil], []),
            ([.client(100, "S"), .server(0, ack: 101, "R")], [100, nil], []),
            // The client tries with another number, and that is answered; or the first one is, after all.
            ([.client(100, "S"), .client(200, "S"), .server(500, ack: 201, "S")], [100, nil], [[200, 500]]),
            ([.client(100, "S"), .client(200, "S"), .server(500, ack: 101, "S")], [100, nil], [[100, 500]]),
            // Both at once.
            ([.client(100, "S"), .server(500, "S")], [100, nil], [[100, 500]]),
            // The answer acknowledges data, too: the number that it answers is not certain.
            ([.server(500, ack: 104, "S"), .client(104, ack: 501, "P", "x")], [nil, 500], []),
            // The answer was lost, or comes late.
            ([.client(100, "S"), end], [100, nil], []),
            (
                [.client(100, "S"), end, .server(501, ack: 104, "P", "a"), .server(500, ack: 101, "S")], [100, nil],
                [[100, 500]]
            ),
            // Joined late, the streams begin where the capture does.
            ([end, .server(500, ack: 101, "S")], [100, 500], []),
            ([.server(501, ack: 101, "P", "x")], [100, 500], []),
            // The capture has the first two in the other order.
            ([.server(500, ack: 101, "S"), .client(100, "S"), end], [nil, 500], [[100, 500]]),
            // They are numbers of 32 bits.
            ([.client(.max, "S"), .server(0, ack: 0, "S")], [.max, nil], [[.max, 0]]),
        ]
        for (segments, opened, later) in cases {
            let found = numbers(segments)
            #expect(found.opened == opened, "\(segments)")
            #expect(found.later == later, "\(segments)")
        }
    }

    @Test func `a client on a low port is the client all the same`() {
        let conversation = handshake.map { $0.ports(80, 40000) }
        #expect(events(of: conversation) == ["open 1 client 10.0.0.1:80 10.0.0.2:40000", "1 close tapeEnd"])
    }

    @Test(arguments: [(40000, 80), (5021, 5020), (60000, 6379), (1024, 27017), (40000, 50)])
    func `joined late, the likelier client is local`(_ client: Int, _ server: Int) {
        let open = "open 1 unknown late 10.0.0.1:\(client) 10.0.0.2:\(server)"
        let ask = Segment.client(7000, ack: 9000, "P", "ask").ports(client, server)
        let answer = Segment.server(9000, ack: 7003, "P", "answer").ports(client, server)
        #expect(events(of: [ask, answer]) == [open, "1 > 0 ask", "1 < 0 answer", "1 close tapeEnd"])
        #expect(events(of: [answer, ask])[0] == open)
    }

    @Test func `joined late, the other stream begins where it was acknowledged`() {
        let conversation: [Segment] = [
            .client(7000, ack: 9000, "P", "ask"), .server(9003, ack: 7003, "P", "wer"),
            .server(9000, ack: 7003, "P", "ans"),
        ]
        #expect(events(of: conversation) == [openedLate, "1 > 0 ask", "1 < 3 wer", "1 < 0 ans", "1 close tapeEnd"])
    }

    @Test func `segments without data open nothing`() {
        #expect(
            events(of: [.client(7, ack: 9), .client(9, "F"), .client(8, "R"), .client(7, ack: 9, "", "x")]) == [])
    }

    @Test func `a connection of which the end alone was captured is one`() {
        let ends: [Segment] = [.server(9, ack: 8, "F"), .client(8, ack: 10, "F"), .server(10, ack: 9)]
        #expect(events(of: ends) == [openedLate, "1 < fin 0", "1 > fin 0", "1 close orderly"])
        #expect(events(of: Array(ends.prefix(1)) + [.client(8, "R")]) == [openedLate, "1 < fin 0", "1 close reset"])
        #expect(events(of: [.client(8, ack: 10, "FR"), .client(8, ack: 10, "FS")]) == [])
    }

    @Test func `scanners' SYN with FIN or RST opens nothing`() {
        #expect(events(of: [.client(7, "SF"), .client(7, "SR"), .client(7, ack: 1, "SFRP", "x")]) == [])
    }

    @Test func `one direction only`() {
        let conversation: [Segment] = [
            .client(100, "S"), .client(101, ack: 501), .client(101, ack: 501, "P", "ask"), .client(104, ack: 507),
            .client(104, ack: 507, "FP", "bye"),
        ]
        #expect(
            events(of: conversation) == [
                opened, "1 > 0 ask", "1 > 3 bye", "1 > fin 6", "1 < ack 6", "1 close tapeEnd",
            ])
    }

    @Test func `simultaneous open`() {
        let conversation: [Segment] = [
            .client(100, "S"), .server(500, "S"), .client(100, ack: 501, "S"), .server(500, ack: 101, "S"),
            .client(101, ack: 501, "P", "ask"), .server(501, ack: 104, "P", "answer"),
        ]
        #expect(events(of: conversation) == [opened, "1 > 0 ask", "1 < 0 answer", "1 close tapeEnd"])
    }

    @Test func `data in SYN (TCP Fast Open), and again behind it`() {
        let conversation: [Segment] = [
            .client(100, "S", "ask"), .server(500, ack: 101, "S"), .client(101, ack: 501, "P", "ask"),
        ]
        #expect(events(of: conversation) == [opened, "1 > 0 ask", "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `SYN again with the same number and with another one`() {
        let conversation: [Segment] = [
            .client(100, "S"), .client(100, "S"), .client(900, "S"), .server(500, ack: 901, "S"),
            .client(901, ack: 501, "P", "ask"),
        ]
        #expect(events(of: conversation) == [opened, "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `SYN again with another number, and the answer to the first`() {
        let conversation: [Segment] = [
            .client(100, "S"), .client(900, "S"), .server(500, ack: 101, "S"), .client(101, ack: 501, "P", "ask"),
        ]
        #expect(events(of: conversation) == [opened, "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `numbers wrap within a stream`() {
        let start: UInt32 = 0xFFFF_FFFD
        let conversation: [Segment] = [
            .client(start &- 1, "S"), .server(500, ack: start, "S"), .client(start, ack: 501, "P", "abcde"),
            .client(2, ack: 501, "P", "fgh"), .server(501, ack: 5), .client(5, ack: 501, "F"),
        ]
        #expect(
            events(of: conversation) == [opened, "1 > 0 abcde", "1 > 5 fgh", "1 > fin 8", "1 close tapeEnd"])
    }

    // MARK: - Data

    @Test func `retransmissions are reported again, keep-alive probes are not`() {
        let conversation: [Segment] =
            handshake + [
                .client(101, ack: 501, "P", "ask"), .client(101, ack: 501, "P", "ask"), .client(103, ack: 501),
                .client(103, ack: 501, "", "\0"), .server(500, ack: 104, "", "x"),
            ]
        #expect(events(of: conversation) == [opened, "1 > 0 ask", "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `bytes before the stream's beginning are left out`() {
        let conversation: [Segment] = [.client(1000, ack: 1, "P", "ask"), .client(997, ack: 1, "P", "olda")]
        #expect(events(of: conversation) == [openedLate, "1 > 0 ask", "1 > 0 a", "1 close tapeEnd"])
        let before: [Segment] = [.client(1000, ack: 1, "P", "ask"), .client(990, ack: 1, "P", "old")]
        #expect(events(of: before) == [openedLate, "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `what snaplen cut is a gap`() {
        let conversation = handshake + [.client(101, ack: 501, "P", "ask").cut(7), .client(111, ack: 501, "P", "more")]
        #expect(
            events(of: conversation) == [opened, "1 > 0 ask", "1 > gap 3+7 snaplen", "1 > 10 more", "1 close tapeEnd"])
    }

    @Test func `all but the header cut off`() {
        let conversation = handshake + [.client(101, ack: 501, "P").cut(1000)]
        #expect(events(of: conversation) == [opened, "1 > gap 0+1000 snaplen", "1 close tapeEnd"])
    }

    @Test func `a header cut off inside its options`() {
        var segment = Segment.client(101, ack: 501, "P").cut(1000)
        segment.options = [UInt8](repeating: 1, count: 12)
        let packet = Array(segment.ipv4.dropLast(8))
        #expect(
            events(of: handshake.map(\.ipv4) + [packet]) == [opened, "1 > gap 0+1000 snaplen", "1 close tapeEnd"])
    }

    @Test func `an acknowledgment of what was not seen is believed when nothing contradicts it`() {
        let lost: [Segment] =
            handshake + [
                .client(101, ack: 501, "P", "a"), .server(501, ack: 111, "P", "x"), .server(502, ack: 111, "P", "y"),
                .server(503, ack: 111, "P", "z"), .server(504, ack: 111, "P", "!"),
            ]
        #expect(
            events(of: lost) == [
                opened, "1 > 0 a", "1 > expected 10", "1 < 0 x", "1 < 1 y", "1 < 2 z", "1 < 3 !", "1 > ack 10",
                "1 close tapeEnd",
            ])
    }

    @Test func `data just behind its acknowledgment were only out of order`() {
        let late: [Segment] =
            handshake + [
                .server(501, ack: 104, "P", "x"), .client(101, ack: 501, "P", "ask"), .server(502, ack: 104),
                .server(502, ack: 104), .server(502, ack: 104), .server(502, ack: 104), .server(502, ack: 104),
            ]
        #expect(events(of: late) == [opened, "1 > expected 3", "1 < 0 x", "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `what is expected follows each segment's own acknowledgment`() {
        let forged: [Segment] =
            handshake + [
                .client(101, ack: 501, "P", "a"), .server(501, ack: 70_000, "P", "x"), .server(502, ack: 102, "P", "y"),
                .server(503, ack: 102, "P", "z"),
            ]
        #expect(
            events(of: forged) == [
                opened, "1 > 0 a", "1 > expected 69899", "1 < 0 x", "1 > expected 1", "1 < 1 y", "1 < 2 z",
                "1 close tapeEnd",
            ])
    }

    @Test func `nothing is expected of a side that is not in the capture`() {
        let oneSided: [Segment] = [.server(501, ack: 101, "P", "x"), .server(502, ack: 110, "P", "y")]
        #expect(events(of: oneSided).allSatisfy { !$0.contains("expected") })
    }

    /// The one byte that ends a request is as likely to come behind the answer as any other.
    @Test func `a number that may be a FIN's is a byte's until the FIN comes`() {
        let asked: [Segment] = handshake + [.client(101, ack: 501, "P", "a"), .server(501, ack: 103, "P", "x")]
        #expect(
            events(of: asked + [.client(102, ack: 502, "P", "\n")]) == [
                opened, "1 > 0 a", "1 > expected 2", "1 < 0 x", "1 > 1 \n", "1 close tapeEnd",
            ])
        #expect(
            events(of: asked + [.client(102, ack: 502, "F")]) == [
                opened, "1 > 0 a", "1 > expected 2", "1 < 0 x", "1 > fin 1", "1 close tapeEnd",
            ])
        // One that has come is no byte.
        let finished: [Segment] =
            handshake + [.client(101, ack: 501, "FP", "a"), .server(501, ack: 103, "P", "x")]
        #expect(events(of: finished).allSatisfy { !$0.contains("expected") })
    }

    @Test func `acknowledgments out of this world are none`() {
        let conversation: [Segment] =
            handshake + [.server(501, ack: 0x8000_0000)]
            + [Segment](repeating: .server(501, ack: 0x7000_0000), count: 8)
        #expect(events(of: conversation) == [opened, "1 close tapeEnd"])
    }

    // MARK: - The end

    @Test(arguments: [true, false])
    func `FIN of both sides, in either order`(_ clientFirst: Bool) {
        let first: [Segment] = [.client(104, ack: 507, "F"), .server(507, ack: 105, "F"), .client(105, ack: 508)]
        let second: [Segment] = [.server(507, ack: 104, "F"), .client(104, ack: 508, "F"), .server(508, ack: 105)]
        let conversation: [Segment] =
            handshake + [
                .client(101, ack: 501, "P", "ask"), .server(501, ack: 104, "P", "answer"),
            ]
        let ends = clientFirst ? ["1 > fin 3", "1 < fin 6"] : ["1 < fin 6", "1 > fin 3"]
        #expect(
            events(of: conversation + (clientFirst ? first : second)) == [opened, "1 > 0 ask", "1 < 0 answer"] + ends
                + ["1 close orderly"])
    }

    @Test func `FIN before the data it ends, which come later`() {
        let conversation: [Segment] =
            handshake + [
                .server(501, ack: 101, "F"), .client(104, ack: 502, "F"), .client(101, ack: 502, "P", "ask"),
            ]
        #expect(
            events(of: conversation) == [opened, "1 < fin 0", "1 > fin 3", "1 > 0 ask", "1 close orderly"])
    }

    @Test func `both FINs, and data before them that never come`() {
        let conversation: [Segment] = handshake + [.server(501, ack: 101, "F"), .client(104, ack: 502, "F")]
        #expect(
            events(
                of: conversation + [Segment.client(1), .client(1), .client(1, "S")].map { $0.ports(1, 2) },
                seconds: [0, 0, 0, 0, 0, 60, 60, 60]
            ).prefix(4)
                == [opened, "1 < fin 0", "1 > fin 3", "1 close orderly"])
    }

    @Test func `nothing comes after FIN, and late segments open nothing`() {
        let conversation: [Segment] =
            handshake + [
                .client(101, ack: 501, "F"), .client(102, ack: 501, "P", "more"), .server(501, ack: 102, "F"),
                .client(102, ack: 502), .server(501, ack: 102, "F"), .client(101, ack: 502, "P", "late data"),
            ]
        #expect(events(of: conversation) == [opened, "1 > fin 0", "1 < fin 0", "1 close orderly", "lost misplaced 2"])
    }

    @Test func `RST where it may be, and where it may not`() {
        let reset: [Segment] = handshake + [.client(101, ack: 501, "P", "ask"), .server(501, ack: 104, "R")]
        #expect(events(of: reset) == [opened, "1 > 0 ask", "1 close reset"])
        let forged: [Segment] = handshake + [.server(0x7000_0000, "R"), .client(101, ack: 501, "P", "ask")]
        #expect(events(of: forged) == [opened, "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `whoever goes on sending has sent no RST`() {
        let forged: [Segment] =
            handshake + [
                .server(501, "R"), .server(501, ack: 101, "P", "here"), .client(101, ack: 505, "P", "ask"),
            ]
        #expect(events(of: forged) == [opened, "1 < 0 here", "1 > 0 ask", "1 close tapeEnd"])
    }

    // MARK: - What only numbers say

    @Test func `one segment far ahead is not believed, and a second one there is`() {
        let far: UInt32 = 101 + 1 << 26
        let alone: [Segment] =
            handshake + [.client(far, ack: 501, "P", "wild"), .client(101, ack: 501, "P", "ask")]
        #expect(events(of: alone) == [opened, "1 > 0 ask", "lost misplaced 1", "1 close tapeEnd"])
        let two: [Segment] =
            handshake + [.client(far, ack: 501, "P", "lost"), .client(far + 4, ack: 501, "P", "there")]
        #expect(events(of: two) == [opened, "1 > \(1 << 26 + 4) there", "lost misplaced 1", "1 close tapeEnd"])
        // Between two wild ones the stream went on where it was.
        let between: [Segment] =
            handshake + [
                .client(far, ack: 501, "P", "wild"), .client(101, ack: 501, "P", "ask"),
                .client(far, ack: 501, "P", "wild"),
            ]
        #expect(events(of: between) == [opened, "1 > 0 ask", "lost misplaced 2", "1 close tapeEnd"])
        // The other side has it already.
        let acknowledged: [Segment] =
            handshake + [.server(501, ack: far), .client(far, ack: 501, "P", "there")]
        #expect(events(of: acknowledged).contains("1 > \(1 << 26) there"))
    }

    @Test(
        arguments: [
            ([.server(531, ack: 101)], ["1 < ack 30", "1 close tapeEnd"]),
            ([.server(531, ack: 101, "R")], ["1 < ack 30", "1 close reset"]),
            // They come after all.
            (
                [.server(531, ack: 101), .server(501, ack: 101, "P", "bytes")],
                ["1 < 0 bytes", "1 < ack 30", "1 close tapeEnd"]
            ),
            // One number further is a FIN's.
            ([.server(502, ack: 101)], ["1 close tapeEnd"]),
            ([.server(501, ack: 101, "F"), .server(502, ack: 101)], ["1 < fin 0", "1 close tapeEnd"]),
            // A forged RST, behind which its sender goes on where it was.
            ([.server(531, ack: 101, "R"), .server(501, ack: 101, "P", "on")], ["1 < 0 on", "1 close tapeEnd"]),
            // Further than anybody would be in one go.
            ([.server(501 + 400_000, ack: 101)], ["1 close tapeEnd"]),
        ] as [([Segment], [String])])
    func `a side's own number at its end tells of bytes that nobody saw`(_ segments: [Segment], _ expected: [String]) {
        #expect(events(of: handshake + segments) == [opened] + expected)
    }

    @Test func `the number of a FIN that comes after its acknowledgment is no byte`() {
        let bare = [Segment](repeating: .client(101, ack: 506), count: 4)
        let late: [Segment] = [.server(501, ack: 101, "P", "late"), .server(505, ack: 101, "F")]
        #expect(
            events(of: handshake + bare + late) == [opened, "1 < ack 5", "1 < 0 late", "1 < fin 4", "1 close tapeEnd"])
        // Where that byte was there, it was no FIN.
        let byte: [Segment] = [.server(501, ack: 101, "P", "later"), .server(505, ack: 101, "F")]
        #expect(events(of: handshake + bare + byte) == [opened, "1 < ack 5", "1 < 0 later", "1 close tapeEnd"])
    }

    // MARK: - The tuple again

    @Test func `a closed tuple is used again`() {
        let end: [Segment] = [.client(101, ack: 501, "F"), .server(501, ack: 102, "F"), .client(102, ack: 502)]
        let again: [Segment] = [
            .client(9000, "S"), .server(7000, ack: 9001, "S"), .client(9001, ack: 7001, "P", "ask"),
        ]
        #expect(
            events(of: handshake + end + again) == [
                opened, "1 > fin 0", "1 < fin 0", "1 close orderly", opened.replacing("1 client", with: "2 client"),
                "2 > 0 ask", "2 close tapeEnd",
            ])
    }

    /// Whoever connects again after a minute may do so while nothing is captured.
    @Test func `a tuple is used again without a handshake`() {
        let again: [Segment] = [.client(90_000, ack: 70_000, "P", "ask"), .server(70_000, ack: 90_003, "P", "answer")]
        let second = [
            opened.replacing("1 client", with: "2 client late"), "2 > 0 ask", "2 < 0 answer", "2 close tapeEnd",
        ]
        let ended: [Segment] = [.client(101, ack: 501, "F"), .server(501, ack: 102, "F")]
        #expect(
            events(of: handshake + ended + again, seconds: [0, 0, 0, 0, 0, 61, 61])
                == [opened, "1 > fin 0", "1 < fin 0", "1 close orderly"] + second)
        #expect(
            events(of: handshake + [.server(501, ack: 101, "R")] + again, seconds: [0, 0, 0, 0, 61, 61])
                == [opened, "1 close reset"] + second)
        // Nothing of the end was captured: elsewhere in both streams.
        let far: [Segment] = [
            .client(0x7000_0000, ack: 0x6000_0000, "P", "ask"), .server(0x6000_0000, ack: 0x7000_0003, "P", "answer"),
        ]
        #expect(events(of: handshake + far, seconds: [0, 0, 0, 61, 61]) == [opened, "1 close superseded"] + second)
        // An open connection goes on after a pause.
        let goesOn: [Segment] = handshake + [.client(101, ack: 501, "P", "ask")]
        #expect(events(of: goesOn, seconds: [0, 0, 0, 61]) == [opened, "1 > 0 ask", "1 close tapeEnd"])
        // What is late by less is of the old one.
        let late = events(
            of: handshake + ended + [.client(101, ack: 502, "P", "ask")], seconds: [0, 0, 0, 0, 0, 59])
        #expect(late.count(where: { $0.hasPrefix("open") }) == 1)
    }

    @Test func `an open tuple is used again: believed when the SYN is answered`() {
        let again: [Segment] = [
            .client(9000, "S"), .server(7000, ack: 9001, "S"), .client(9001, ack: 7001, "P", "ask"),
        ]
        #expect(
            events(of: handshake + again) == [
                opened, "1 close superseded", opened.replacing("1 client", with: "2 client"), "2 > 0 ask",
                "2 close tapeEnd",
            ])
        let injected: [Segment] = [.client(9000, "S"), .client(101, ack: 501, "P", "ask")]
        #expect(events(of: handshake + injected) == [opened, "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `a SYN after a long silence is a new connection`() {
        #expect(
            events(of: handshake + [.client(9000, "S")], seconds: [0, 0, 0, 61]) == [
                opened, "1 close superseded", opened.replacing("1 client", with: "2 client"), "2 close tapeEnd",
            ])
    }
}

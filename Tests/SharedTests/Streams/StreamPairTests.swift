import Testing

@testable import Shared

/// Two directions put in order: what is held back for the other, and when waiting is given up.
@Suite struct `Reassembly of two directions` {
    private static func at(_ direction: Direction, _ position: UInt64) -> StreamPosition {
        StreamPosition(ConnectionID(1), direction, position)
    }

    /// Takes what came at a second, and says what comes out: `>` is sent, `<` received.
    private static func take(
        _ pair: inout StreamPair, _ direction: Direction, _ position: UInt64, _ text: String, second: Int64 = 0
    ) -> [String] {
        let time = Timestamp(nanoseconds: second * 1_000_000_000)
        var out: [String] = []
        if case .next(let from) = pair.accept(Array(text.utf8).span.bytes, at: at(direction, position), time) {
            out.append((direction == .send ? ">" : "<") + text.dropFirst(from))
        }
        return out + ready(&pair)
    }

    private static func ready(_ pair: inout StreamPair) -> [String] {
        var out: [String] = []
        while let (piece, direction) = pair.takeReady() {
            out.append((direction == .send ? ">" : "<") + String(decoding: piece.bytes, as: UTF8.self))
        }
        return out
    }

    private static func hopeless(_ pair: borrowing StreamPair, second: Int64) -> StreamPair.Hopeless? {
        pair.hopelessHole(Timestamp(nanoseconds: second * 1_000_000_000), Limits())
    }

    @Test func `gives out at once what is next on either side`() {
        var pair = StreamPair()
        #expect(Self.take(&pair, .send, 0, "ab") == [">ab"])
        #expect(Self.take(&pair, .receive, 0, "x") == ["<x"])
        #expect(Self.take(&pair, .send, 1, "bc") == [">c"])
        #expect(!pair.isWaiting && pair.retransmitted == 1 && pair.retransmittedDifferent == 0)
    }

    @Test(arguments: [Direction.send, .receive])
    func `holds back a side while the other has a hole`(_ holed: Direction) {
        let other: Direction = holed == .send ? .receive : .send
        let (mark, otherMark) = holed == .send ? (">", "<") : ("<", ">")
        var pair = StreamPair()
        #expect(Self.take(&pair, holed, 2, "cd", second: 1) == [])
        #expect(Self.take(&pair, other, 0, "xy", second: 2) == [])
        #expect(Self.take(&pair, holed, 0, "ab", second: 3) == [mark + "ab", mark + "cd", otherMark + "xy"])
    }

    @Test func `gives out what both sides have ready in the order in which it was said`() {
        var pair = StreamPair()
        #expect(Self.take(&pair, .receive, 2, "34", second: 1) == [])
        #expect(Self.take(&pair, .send, 0, "ab", second: 2) == [])
        #expect(Self.take(&pair, .send, 2, "cd", second: 4) == [])
        #expect(Self.take(&pair, .receive, 4, "56", second: 3) == [])
        #expect(Self.take(&pair, .receive, 0, "12", second: 5) == ["<12", "<34", ">ab", "<56", ">cd"])
    }

    @Test func `gives out what came before the other side's hole showed, once its own is given up`() {
        var pair = StreamPair()
        #expect(Self.take(&pair, .send, 1, "b", second: 1) == [])
        #expect(Self.take(&pair, .send, 3, "d", second: 4) == [])
        #expect(Self.take(&pair, .receive, 1, "2", second: 3) == [])
        #expect(pair.skipHole(.send) == 1)
        #expect(Self.ready(&pair) == [">b"])
        #expect(pair.skipHole(.send) == 1)
        #expect(Self.ready(&pair) == [])
        #expect(pair.skipHole(.receive) == 1)
        #expect(Self.ready(&pair) == ["<2", ">d"])
    }

    @Test func `tells of each end once, when all before it was delivered`() {
        var pair = StreamPair()
        #expect(pair.knowsEnd == false)
        pair.end(at: Self.at(.receive, 2))
        pair.end(at: Self.at(.send, 0))
        #expect(pair.knowsEnd == true)
        #expect(pair.takeEnded() == .send)
        #expect(pair.takeEnded() == nil)
        _ = Self.take(&pair, .receive, 0, "ab")
        #expect(pair.takeEnded() == .receive)
        #expect(pair.takeEnded() == nil)
        pair.reset()
        #expect(pair.knowsEnd == false && pair.takeEnded() == nil)
    }

    @Test func `waits for a hole until its bytes were confirmed and it is old`() {
        var pair = StreamPair()
        #expect(Self.hopeless(pair, second: 9) == nil)
        _ = Self.take(&pair, .receive, 3, "d", second: 1)
        #expect(Self.hopeless(pair, second: 900) == nil)
        pair.acknowledge(Self.at(.receive, 3))
        #expect(Self.hopeless(pair, second: 3) == nil)
        let hopeless = StreamPair.Hopeless(direction: .receive, wasAcknowledged: true, isOverLimit: false)
        #expect(Self.hopeless(pair, second: 4) == hopeless)
        #expect(pair.skipHole(.send) == 0)
        #expect(pair.skipHole(.receive) == 3)
        #expect(Self.ready(&pair) == ["<d"])
        #expect(Self.hopeless(pair, second: 4) == nil)
    }

    @Test func `gives a hole up at once when too much waits, on whichever side`() {
        var pair = StreamPair()
        _ = Self.take(&pair, .send, 1, "b")
        _ = Self.take(&pair, .receive, 0, String(repeating: "x", count: Limits().outOfOrderBytes))
        #expect(Self.hopeless(pair, second: 0) == nil)
        _ = Self.take(&pair, .receive, UInt64(Limits().outOfOrderBytes), "y")
        #expect(
            Self.hopeless(pair, second: 0)
                == StreamPair.Hopeless(direction: .send, wasAcknowledged: false, isOverLimit: true))
    }
}

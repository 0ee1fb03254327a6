import Testing

@testable import Shared

/// One direction put in order: tables, and thousands of seeded cases against a model that knows every byte.
@Suite struct `Reassembly of one direction` {
    /// Feeds segments, gives up every hole at the end, and says what came out: bytes, or -1 for one that is missing.
    struct Delivery: Equatable {
        var stream: [Int] = []
        var gaps: [Range<Int>] = []

        mutating func append(_ bytes: ArraySlice<UInt8>) { stream += bytes.map(Int.init) }

        mutating func appendGap(_ count: Int) {
            gaps.append(stream.count..<stream.count + count)
            stream += [Int](repeating: -1, count: count)
        }
    }

    private static func feed(
        _ reassembler: inout Reassembler, _ bytes: [UInt8], at position: UInt64, hold: Bool = false,
        into delivery: inout Delivery
    ) -> Reassembler.Acceptance {
        let result = reassembler.accept(bytes.span.bytes, at: position, Timestamp(nanoseconds: 0), hold: hold)
        if case .next(let from) = result { delivery.append(bytes[from...]) }
        if !hold { takeReady(&reassembler, into: &delivery) }
        return result
    }

    private static func takeReady(_ reassembler: inout Reassembler, into delivery: inout Delivery) {
        while let piece = reassembler.takeReady() {
            if piece.reason == nil { delivery.append(piece.bytes[...]) } else { delivery.appendGap(Int(piece.length)) }
        }
    }

    private static func end(_ reassembler: inout Reassembler, into delivery: inout Delivery) {
        while true {
            let missing = reassembler.skipHole()
            if missing == 0 { return }
            delivery.appendGap(Int(missing))
            takeReady(&reassembler, into: &delivery)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var segments: [(position: UInt64, text: String)]
        var expected: String
        var retransmitted: UInt64 = 0
        var different: UInt64 = 0
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "in order", segments: [(0, "ab"), (2, "cd")], expected: "abcd"),
        Case(name: "swapped", segments: [(2, "cd"), (0, "ab")], expected: "abcd"),
        Case(name: "backwards", segments: [(4, "ef"), (2, "cd"), (0, "ab")], expected: "abcdef"),
        Case(name: "the same again", segments: [(0, "abcd"), (0, "abcd")], expected: "abcd", retransmitted: 4),
        Case(
            name: "other bytes again", segments: [(0, "abcd"), (1, "XcY")], expected: "abcd", retransmitted: 3,
            different: 2),
        Case(name: "a tail that is new", segments: [(0, "abcd"), (2, "cdef")], expected: "abcdef", retransmitted: 2),
        Case(
            name: "the same while it waits", segments: [(2, "cd"), (2, "cd"), (0, "ab")], expected: "abcd",
            retransmitted: 2),
        Case(
            name: "other bytes while it waits", segments: [(2, "cd"), (2, "cX"), (0, "ab")], expected: "abcd",
            retransmitted: 2, different: 1),
        Case(
            name: "around what waits", segments: [(3, "d"), (1, "bcDef"), (0, "a")], expected: "abcdef",
            retransmitted: 1, different: 1),
        Case(
            name: "over what waits, from the start", segments: [(2, "c"), (4, "e"), (0, "abCdEf")], expected: "abcdef",
            retransmitted: 2, different: 2),
        Case(
            name: "a keep-alive probe", segments: [(0, "abc"), (2, "c"), (3, "d")], expected: "abcd", retransmitted: 1),
        Case(name: "nothing at all", segments: [(0, ""), (5, ""), (0, "a"), (0, "")], expected: "a"),
        Case(name: "a hole", segments: [(0, "ab"), (4, "ef")], expected: "ab--ef"),
        Case(name: "two holes", segments: [(1, "b"), (3, "d")], expected: "-b-d"),
    ]

    @Test(arguments: cases) func `delivers`(_ example: Case) {
        var reassembler = Reassembler()
        var delivery = Delivery()
        for (position, text) in example.segments {
            _ = Self.feed(&reassembler, Array(text.utf8), at: position, into: &delivery)
        }
        Self.end(&reassembler, into: &delivery)
        let seen = delivery.stream.map { $0 < 0 ? "-" : String(UnicodeScalar(UInt8($0))) }.joined()
        #expect(seen == example.expected)
        #expect(reassembler.retransmitted == example.retransmitted)
        #expect(reassembler.retransmittedDifferent == example.different)
    }

    @Test(arguments: [7000, 4000, 37, 1])
    func `compares what comes again with the last bytes, however these came`(_ pieceBytes: Int) {
        var reassembler = Reassembler()
        var delivery = Delivery()
        for start in stride(from: 0, to: 7000, by: pieceBytes) {
            let piece = [UInt8](repeating: 0x61, count: min(pieceBytes, 7000 - start))
            _ = Self.feed(&reassembler, piece, at: UInt64(start), into: &delivery)
        }
        _ = Self.feed(&reassembler, [UInt8](repeating: 0x62, count: 7000), at: 0, into: &delivery)
        #expect(reassembler.retransmitted == 7000)
        #expect(reassembler.retransmittedDifferent == UInt64(History.limit))
    }

    @Test func `gives the same stream for every order of six segments`() {
        let stream = Array("abcdefghijkl".utf8)
        var orders = 0
        permute([0, 1, 2, 3, 4, 5]) { order in
            orders += 1
            var reassembler = Reassembler()
            var delivery = Delivery()
            for index in order {
                // Each overlaps the next one by a byte.
                let range = index * 2..<min(12, index * 2 + 3)
                _ = Self.feed(&reassembler, Array(stream[range]), at: UInt64(range.lowerBound), into: &delivery)
            }
            #expect(delivery.stream == stream.map(Int.init), "order \(order)")
            #expect(reassembler.retransmitted == 5 && reassembler.retransmittedDifferent == 0, "order \(order)")
        }
        #expect(orders == 720)
    }

    private func permute(_ rest: [Int], _ chosen: [Int] = [], _ body: ([Int]) -> Void) {
        if rest.isEmpty { return body(chosen) }
        for index in rest.indices {
            var others = rest
            let next = others.remove(at: index)
            permute(others, chosen + [next], body)
        }
    }

    @Test(arguments: 0..<40) func `agrees with a model that knows every byte`(_ batch: UInt64) {
        for number in 0..<250 {
            var random = SeededRandom(seed: batch * 1_000_003 + UInt64(number))
            guard agrees(&random) else { return }
        }
    }

    /// One random stream with reordering, duplicates, overlaps, forgeries and loss.
    private func agrees(_ random: inout SeededRandom) -> Bool {
        let length = 1 + random.below(160)
        let stream = random.bytes(length)
        var segments = random.cuts(length, longest: 1 + random.below(24)).filter { _ in !random.chance(oneIn: 8) }
        for _ in 0..<random.below(8) {
            let start = random.below(length)
            segments.append(start..<min(length, start + 1 + random.below(30)))
        }
        segments.shuffle(using: &random)
        let forges = random.chance(oneIn: 2)

        var first = [Int](repeating: -1, count: length)
        var (repeated, different): (UInt64, UInt64) = (0, 0)
        var reassembler = Reassembler()
        var delivery = Delivery()
        for range in segments {
            var bytes = Array(stream[range])
            if forges, random.chance(oneIn: 3) { bytes[random.below(bytes.count)] ^= 0x5A }
            for (offset, byte) in zip(range, bytes) {
                if first[offset] < 0 {
                    first[offset] = Int(byte)
                } else {
                    repeated += 1
                    if first[offset] != Int(byte) { different += 1 }
                }
            }
            _ = Self.feed(&reassembler, bytes, at: UInt64(range.lowerBound), into: &delivery)
        }
        reassembler.end = UInt64(length)
        Self.end(&reassembler, into: &delivery)
        let good =
            delivery.stream == first && reassembler.retransmitted == repeated
            && reassembler.retransmittedDifferent == different && reassembler.waitingBytes == 0
            && !reassembler.isWaiting
        #expect(good, "seed \(random.seed)")
        return good
    }

    @Test func `knows a gap that the source reports, and bytes that came first`() {
        var reassembler = Reassembler()
        var delivery = Delivery()
        _ = Self.feed(&reassembler, Array("cd".utf8), at: 2, into: &delivery)
        let isPlausible = reassembler.acceptGap(at: 0, length: 6, .snaplen, Timestamp(nanoseconds: 0))
        #expect(isPlausible)
        Self.takeReady(&reassembler, into: &delivery)
        #expect(delivery.gaps == [0..<2, 4..<6])
        #expect(delivery.stream == [-1, -1, 0x63, 0x64, -1, -1])
        // What was given up does not come back.
        #expect(Self.feed(&reassembler, Array("abcdefg".utf8), at: 0, into: &delivery) == .next(from: 6))
    }

    @Test func `keeps what is next while it is told to hold`() {
        var reassembler = Reassembler()
        var delivery = Delivery()
        #expect(Self.feed(&reassembler, [1, 2], at: 0, hold: true, into: &delivery) == .kept)
        #expect(!reassembler.hasHole && reassembler.isWaiting && reassembler.waitingBytes == 2)
        #expect(Self.feed(&reassembler, [3], at: 2, into: &delivery) == .kept)
        #expect(delivery.stream == [1, 2, 3] && reassembler.waitingBytes == 0)
    }

    @Test(arguments: [
        UInt64.max, UInt64.max - 1, UInt64.max / 2, 1 << 63, 1 << 40, Reassembler.plausibleDistance + 1,
    ])
    func `refuses bytes too far ahead to belong to the stream`(_ position: UInt64) {
        var reassembler = Reassembler()
        var delivery = Delivery()
        #expect(Self.feed(&reassembler, [1, 2, 3], at: position, into: &delivery) == .implausible(3))
        let isPlausible = reassembler.acceptGap(at: position, length: UInt64.max, .snaplen, Timestamp(nanoseconds: 0))
        #expect(!isPlausible)
        reassembler.end = position
        #expect(reassembler.skipHole() == 0 && !reassembler.isWaiting)
        #expect(Self.feed(&reassembler, [9], at: 0, into: &delivery) == .next(from: 0))
    }

    @Test func `waits for bytes a whole window ahead`() {
        var reassembler = Reassembler()
        var delivery = Delivery()
        #expect(Self.feed(&reassembler, [7], at: Reassembler.plausibleDistance, into: &delivery) == .kept)
        #expect(reassembler.skipHole() == Reassembler.plausibleDistance)
        Self.takeReady(&reassembler, into: &delivery)
        #expect(delivery.stream == [7])
    }

    @Test func `survives positions at the end of the numbers`() {
        var reassembler = Reassembler()
        let isPlausible = reassembler.acceptGap(at: 0, length: UInt64.max - 2, .snaplen, Timestamp(nanoseconds: 0))
        #expect(isPlausible)
        #expect(reassembler.takeReady()?.length == UInt64.max - 2)
        for position in [UInt64.max - 2, .max - 1, .max, 0, 1] {
            _ = reassembler.accept([1, 2, 3, 4, 5, 6].span.bytes, at: position, Timestamp(nanoseconds: 0), hold: false)
            while reassembler.takeReady() != nil {}
            _ = reassembler.skipHole()
        }
        #expect(reassembler.waitingBytes == 0)
    }

    @Test func `is as new after a reset`() {
        var reassembler = Reassembler()
        var delivery = Delivery()
        _ = Self.feed(&reassembler, [1, 2], at: 0, into: &delivery)
        _ = Self.feed(&reassembler, [1, 3], at: 0, into: &delivery)
        _ = Self.feed(&reassembler, [9], at: 50, into: &delivery)
        reassembler.end = 60
        reassembler.reset()
        var fresh = Delivery()
        #expect(Self.feed(&reassembler, [5, 6], at: 0, into: &fresh) == .next(from: 0))
        Self.end(&reassembler, into: &fresh)
        #expect(fresh.stream == [5, 6] && reassembler.retransmitted == 0 && reassembler.retransmittedDifferent == 0)
    }
}

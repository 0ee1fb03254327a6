import Testing

@testable import Shared

/// The bytes that are kept for comparison, beside a model that keeps all of them.
@Suite struct `The history of a stream` {
    /// How far back a stream is compared.
    private static let reach = History.limit

    /// Pieces of all sizes, so that the ring goes round in the middle of what is kept, and of what is compared.
    @Test(arguments: 0..<60) func `agrees with a model, however the pieces lie in the ring`(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var reassembler = Reassembler()
        // Before `forgotten` nothing is known any more.
        var (stream, forgotten): ([UInt8], Int) = ([], 0)
        var different: UInt64 = 0
        let longest = [3, 70, 1500, 9000][random.below(4)]
        for round in 0..<400 {
            switch random.below(12) {
            case 0:
                // A hole, which nothing fills.
                let length = 1 + random.below(longest)
                let late = random.bytes(1 + random.below(longest))
                let position = stream.count + length
                accept(&reassembler, late, at: position)
                #expect(reassembler.skipHole() == UInt64(length))
                #expect(reassembler.takeReady()?.bytes == late)
                stream += [UInt8](repeating: 0, count: length) + late
                forgotten = position
            case 1 where random.chance(oneIn: 8):
                reassembler.reset()
                (stream, forgotten, different) = ([], 0, 0)
            case 2..<6:
                // What comes again begins in what is kept or before it, and may go on behind the end.
                let start = max(0, stream.count - random.below(2 * Self.reach))
                var again = Array(stream[start...].prefix(1 + random.below(longest)))
                for _ in 0..<random.below(4) where !again.isEmpty { again[random.below(again.count)] ^= 0x5A }
                let known = max(forgotten, stream.count - Self.reach)
                for (place, byte) in zip(start..., again) where place >= known && byte != stream[place] {
                    different += 1
                }
                let more = start + again.count == stream.count ? random.bytes(random.below(20)) : []
                accept(&reassembler, again + more, at: start)
                stream += more
            default:
                let piece = random.bytes(random.below(1 + random.below(longest)))
                accept(&reassembler, piece, at: stream.count)
                stream += piece
            }
            #expect(reassembler.next == UInt64(stream.count), "seed \(seed), round \(round)")
            #expect(reassembler.retransmittedDifferent == different, "seed \(seed), round \(round)")
            if reassembler.retransmittedDifferent != different { return }
        }
    }

    private func accept(_ reassembler: inout Reassembler, _ bytes: [UInt8], at position: Int) {
        _ = reassembler.accept(bytes.span.bytes, at: UInt64(position), Timestamp(nanoseconds: 0), hold: false)
    }

    @Test func `holds no memory before the first byte, and little for few`() {
        var history = History()
        #expect(history.capacity == 0)
        history.append(RawSpan())
        #expect(history.capacity == 0)
        history.append([1, 2, 3].span.bytes)
        #expect(history.capacity == 64)
        let many = [UInt8](repeating: 1, count: 100_000)
        history.append(many.span.bytes)
        #expect(history.capacity == History.limit && history.count == History.limit)
        history.removeAll()
        #expect(history.count == 0)
    }
}

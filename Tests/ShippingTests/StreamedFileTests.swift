import Foundation
import Shared
import Testing

@testable import Shipping

/// Files that come in pieces.
@Suite struct `A streamed file` {
    private func file() throws -> StreamedFile {
        try StreamedFile(ShippedFile(host: "h", digits: String(repeating: "a", count: 32), number: 1))
    }

    private func content(_ file: StreamedFile) throws -> [UInt8] {
        try file.arrange()
        return try Array(Data(contentsOf: URL(fileURLWithPath: file.path)))
    }

    /// SplitMix64.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
    }

    @Test(arguments: UInt64(0)..<200) func `is whole, whatever comes first, again or overlapping`(seed: UInt64) throws {
        var random = Random(state: seed)
        let whole = (0..<Int.random(in: 1...5000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        var pieces: [Range<Int>] = []
        // All of it, cut anew some times; a part of them in another order.
        for _ in 0...Int.random(in: 0...2, using: &random) {
            var at = 0
            while at < whole.count {
                let end = min(at + Int.random(in: 1...900, using: &random), whole.count)
                pieces.append(at..<end)
                at = end
            }
        }
        if seed % 2 == 0 { pieces.shuffle(using: &random) }
        let file = try file()
        for range in pieces {
            let piece = Array(whole[range])
            #expect(try file.add(piece.span.bytes, at: UInt64(range.lowerBound)))
        }
        #expect(try content(file) == whole)
    }

    @Test func `refuses places that can't be`() throws {
        let file = try file()
        let piece: [UInt8] = [1, 2]
        #expect(try !file.add(piece.span.bytes, at: .max))
        #expect(try !file.add(piece.span.bytes, at: UInt64(Int64.max)))
        #expect(try file.add(piece.span.bytes, at: 0))
        #expect(try content(file) == piece)
    }

    // MARK: What never came

    /// A trace of some losses, which are short, each at its second.
    private static let events = 20

    private func trace() -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var writer = TraceWriter()
        writer.drain { new in frames.append(new.withUnsafeBytes { Array($0) }) }
        for second in 0..<Self.events {
            let time = Timestamp(nanoseconds: Int64(second + 100) * 1_000_000_000)
            writer.write(CapturedEvent(time, .lost(Loss(.ringFull, count: UInt64(second)))), payload: RawSpan())
            writer.drain { new in frames.append(new.withUnsafeBytes { Array($0) }) }
        }
        return frames
    }

    /// Seconds of the events, and of what stands for a part that never came.
    private func read(_ bytes: [UInt8]) throws -> (seconds: [Int64], missing: [Int64], reader: TraceReader) {
        var (reader, at) = (TraceReader(), 0)
        var (seconds, missing): ([Int64], [Int64]) = ([], [])
        while true {
            let rest = bytes.span.bytes.extracting(at..<bytes.count)
            let step = try reader.next(rest, isEnd: true) { event, _ in
                guard case .lost(let loss) = event.kind else { return }
                let second = event.timestamp.nanoseconds / 1_000_000_000
                if loss.reason == .missingPart { missing.append(second) } else { seconds.append(second) }
            }
            guard case .taken(let count) = step else { return (seconds, missing, reader) }
            at += count
        }
    }

    private func streamed(_ frames: [[UInt8]], without: (Int) -> Bool, cut: Int = 0) throws -> [UInt8] {
        let file = try file()
        var position: UInt64 = 0
        for (number, frame) in frames.enumerated() {
            let bytes = Array(frame.dropFirst(number > 0 && without(number - 1) ? cut : 0))
            let start = position + UInt64(frame.count - bytes.count)
            if !without(number) { #expect(try file.add(bytes.span.bytes, at: start)) }
            position += UInt64(frame.count)
        }
        return try content(file)
    }

    @Test(arguments: [0, 5]) func `says on a trace what never came, in its place`(cut: Int) throws {
        let holes = try read(try streamed(trace(), without: { $0 == 3 || $0 == 4 || $0 == 9 }, cut: cut))
        // Frames 3 and 4 are seconds 102 and 103; the one behind a hole is cut where pieces end within frames.
        let gone = cut == 0 ? [2, 3, 8] : [2, 3, 4, 8, 9]
        #expect(holes.seconds == (0..<Int64(Self.events)).filter { !gone.contains(Int($0)) }.map { $0 + 100 })
        #expect(holes.missing == (cut == 0 ? [104, 109] : [105, 110]))
        #expect(holes.reader.damagedFrames == (cut == 0 ? 0 : 2))
    }

    @Test func `says so of the beginning, too, and has a header all the same`() throws {
        let late = try read(try streamed(trace(), without: { $0 < 6 }))
        #expect(late.seconds == (105..<120).map { $0 } && late.missing == [105] && late.reader.damagedFrames == 0)
    }

    @Test func `that is no trace ends where something never came`() throws {
        let file = try file()
        let (first, last) = (Array("a capture".utf8), Array("its end".utf8))
        #expect(try file.add(first.span.bytes, at: 0) && file.add(last.span.bytes, at: 100))
        #expect(try content(file) == first)
        let headless = try self.file()
        #expect(try headless.add(last.span.bytes, at: 100))
        #expect(try content(headless) == [])
    }
}

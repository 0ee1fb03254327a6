import Foundation
import Testing

@testable import Shared
@testable import replay

/// Captures in which packets stand out of order, across the two directions, too: several queues of a network card, several
/// processors, files that were merged.
@Suite struct `Packets out of order` {
    /// One request after the other, each with its answer, in segments that acknowledge what their senders had.
    private static func conversation(_ exchanges: Int, _ random: inout SeededGenerator) -> [Segment] {
        var (sent, received): (UInt32, UInt32) = (101, 501)
        var segments = handshake
        for index in 0..<exchanges {
            let body = "body-of-\(index)"
            let request = Array("GET /\(index) HTTP/1.1\r\nHost: shop\r\n\r\n".utf8)
            let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
            for range in cuts(request.count, &random) {
                segments.append(
                    .client(
                        sent + UInt32(range.lowerBound), ack: received, "P",
                        String(decoding: request[range], as: UTF8.self)))
            }
            sent += UInt32(request.count)
            for range in cuts(answer.count, &random) {
                segments.append(
                    .server(
                        received + UInt32(range.lowerBound), ack: sent, "P",
                        String(decoding: answer[range], as: UTF8.self)))
            }
            received += UInt32(answer.count)
        }
        return segments + [
            .client(sent, ack: received, "F"), .server(received, ack: sent + 1, "F"),
            .client(sent + 1, ack: received + 1),
        ]
    }

    /// Two bytes at least: one behind all that was seen is taken for a FIN's number.
    private static func cuts(_ count: Int, _ random: inout SeededGenerator) -> [Range<Int>] {
        var cuts: [Range<Int>] = []
        var at = 0
        while at < count {
            let next = at + Int.random(in: 2...60, using: &random)
            let end = next + 2 > count ? count : next
            cuts.append(at..<end)
            at = end
        }
        return cuts
    }

    /// What the event log says of packets that come a millisecond apart: URL and status, and the body of an answer.
    private static func events(_ segments: [Segment]) throws -> (lines: [String], ledger: Summary.ByteLedger) {
        let profiler = Profiler(Profiler.Options())
        var decoder = PacketDecoder(sink: profiler)
        for (place, segment) in segments.enumerated() {
            let packet = segment.ipv4
            let time = Timestamp(nanoseconds: Int64(place) * 1_000_000)
            decoder.take(linkType: 101, packet.span.bytes, wireLength: packet.count, at: time)
        }
        decoder.finish()
        let outputs = PipelineOutputs(profiler)
        let lines = try outputs.log.split(separator: "\n").map { line in
            let fields = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let status = (fields["status_code"] as? Int).map { "\($0) " } ?? ""
            return status + (fields["url"] as? String ?? "?") + ((fields["body"] as? String).map { " " + $0 } ?? "")
        }
        return (lines, outputs.summary.bytes)
    }

    private static func shuffle(_ segments: inout [Segment], _ random: inout SeededGenerator) {
        // The handshake stays in front: a capture that lacks it begins where its first packet is.
        // The ends stay at the end: nothing is expected behind both FINs and their acknowledgment.
        let range = handshake.count..<segments.count - 3
        for index in range.reversed() where Int.random(in: 0..<3, using: &random) == 0 {
            let place = min(range.upperBound - 1, index + Int.random(in: 0..<4, using: &random))
            segments.insert(segments.remove(at: index), at: place)
        }
    }

    @Test(arguments: 0..<20) func `are read in the order in which they were said`(_ batch: UInt64) throws {
        for number in 0..<25 {
            let seed = 11 << 40 | batch << 20 | UInt64(number)
            var random = SeededGenerator(seed: seed)
            let exchanges = Int.random(in: 1...6, using: &random)
            var segments = Self.conversation(exchanges, &random)
            Self.shuffle(&segments, &random)
            let (lines, ledger) = try Self.events(segments)
            #expect(lines == (0..<exchanges).flatMap { ["/\($0)", "200 /\($0) body-of-\($0)"] }, "seed \(seed)")
            #expect(ledger.isBalanced && ledger.gaps.total == 0, "seed \(seed)")
        }
    }

    @Test(arguments: 0..<20) func `with some lost are paired rightly or not at all`(_ batch: UInt64) throws {
        for number in 0..<25 {
            let seed = 12 << 40 | batch << 20 | UInt64(number)
            var random = SeededGenerator(seed: seed)
            let exchanges = Int.random(in: 3...11, using: &random)
            var segments = Self.conversation(exchanges, &random)
            for index in (handshake.count..<segments.count).reversed() where Int.random(in: 0..<8, using: &random) == 0
            {
                segments.remove(at: index)
            }
            Self.shuffle(&segments, &random)
            let (lines, ledger) = try Self.events(segments)
            for line in lines where line.hasPrefix("200 /") {
                let words = line.split(separator: " ")
                guard words.count > 2, let body = words.last, body.hasPrefix("body-of-"), body.count > 8 else {
                    continue
                }
                let (told, asked) = (words[1], "/\(body.dropFirst(8))")
                // Of a request line that was lost in part it says so.
                let isCut = told.hasSuffix("**") && asked.hasPrefix(told.dropLast(2))
                #expect(told == asked || isCut, "\(line), seed \(seed)")
            }
            #expect(ledger.isBalanced, "seed \(seed)")
        }
    }
}

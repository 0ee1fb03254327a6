import Testing

@testable import Shared
@testable import replay

/// What a network and a capture do to packets, and what nobody does: whatever is left, every byte has its place.
@Suite struct `Damaged packets` {
    private static let rounds = 6

    @Test(arguments: `Fixtures`.all)
    func `leave a ledger that balances, and outputs that do not depend on cuts`(_ fixture: Fixture) throws {
        let packets = try RecordedPacket.all(of: fixture)
        for round in 0..<Self.rounds {
            var random = SeededGenerator(seed: UInt64(packets.count) << 32 | UInt64(round))
            let damaged = packets.damaged(&random)
            let whole = outputs(of: damaged, pieceBytes: .max)
            #expect(whole.summary.bytes.isBalanced, "round \(round): \(whole.summary.bytes)")
            let cut = outputs(of: damaged, pieceBytes: .random(in: 1..<40, using: &random))
            #expect(cut.log == whole.log, "round \(round)")
            #expect(cut.map == whole.map, "round \(round)")
            #expect(cut.summary == whole.summary, "round \(round)")
        }
    }

    private func outputs(of packets: [RecordedPacket], pieceBytes: Int) -> PipelineOutputs {
        let sink = ResegmentingSink(Profiler(Profiler.Options()), pieceBytes: pieceBytes)
        var decoder = PacketDecoder(sink: sink)
        for packet in packets {
            decoder.take(
                linkType: packet.linkType, packet.bytes.span.bytes, wireLength: packet.wireLength, at: packet.timestamp)
        }
        decoder.finish()
        return PipelineOutputs(sink.profiler)
    }
}

struct RecordedPacket {
    var timestamp: Timestamp
    var linkType: Int32
    var wireLength: Int
    var bytes: [UInt8]

    /// The packets of a fixture; none of a trace.
    static func all(of fixture: Fixture) throws -> [RecordedPacket] {
        let input = try Input.open(fixture.path(fixture.tape), readsAhead: false)
        guard input.isCapture else { return [] }
        guard !PcapngFile.isPcapng(input.bytes.head) else {
            var file = PcapngFile(input.bytes)
            return packets(&file)
        }
        var file = try PcapFile(input.bytes)
        return packets(&file)
    }

    private static func packets<Source: PacketSource & ~Copyable>(_ file: inout Source) -> [RecordedPacket] {
        var packets: [RecordedPacket] = []
        while let next = file.next() {
            packets.append(
                RecordedPacket(
                    timestamp: next.timestamp, linkType: next.linkType, wireLength: next.wireLength,
                    bytes: Array(next.bytes)))
        }
        return packets
    }
}

extension [RecordedPacket] {
    /// A copy of which about one packet in eight is damaged.
    fileprivate func damaged(_ random: inout SeededGenerator) -> [RecordedPacket] {
        var packets = self
        for _ in 0..<(1 + count / 8) where !packets.isEmpty {
            let place = Int.random(in: 0..<packets.count, using: &random)
            let length = packets[place].bytes.count
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where length > 0:
                // Behind the addresses, so that most stay on their connection.
                let changed = Int.random(in: Swift.min(34, length - 1)..<length, using: &random)
                packets[place].bytes[changed] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: packets[place].bytes.removeLast(Int.random(in: 0...length / 2, using: &random))
            case 2: packets.remove(at: place)
            case 3: packets.insert(packets[place], at: .random(in: 0...packets.count, using: &random))
            default:
                let moved = packets.remove(at: place)
                packets.insert(moved, at: .random(in: 0...packets.count, using: &random))
            }
        }
        return packets
    }
}

import Foundation
import Testing

@testable import Shared
@testable import replay

/// Captures that begin in the middle of what happened.
@Suite struct `A capture that begins later` {
    /// A PUSH_PROMISE is not told from garbage where nothing else was heard.
    private static let fixtures = `Fixtures`.all.filter { fixture in
        let isPushed = fixture.folder.hasSuffix("/http2/push")
        return !isPushed && (fixture.folder.contains("/http2/") || fixture.folder.contains("/grpc/"))
    }

    /// Who is heard first is the server as often as the client.
    @Test(arguments: fixtures) func `turns nobody round`(_ fixture: Fixture) throws {
        let packets = try RecordedPacket.all(of: fixture)
        guard (2..<300).contains(packets.count) else { return }
        let known = Set(try servers(packets))
        for first in stride(from: 1, to: packets.count, by: 1 + packets.count / 40) {
            for server in try servers(Array(packets[first...])) {
                #expect(known.contains(server), "from packet \(first) on")
            }
        }
    }

    /// The port of each message's server.
    private func servers(_ packets: [RecordedPacket]) throws -> [Int] {
        let profiler = Profiler(Profiler.Options())
        var decoder = PacketDecoder(sink: profiler)
        for packet in packets {
            decoder.take(
                linkType: packet.linkType, packet.bytes.span.bytes, wireLength: packet.wireLength, at: packet.timestamp)
        }
        decoder.finish()
        return try PipelineOutputs(profiler).log.split(separator: "\n").compactMap { line in
            let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            guard event["event_type"] as? String == "http" else { return nil }
            let isResponse = event["status_code"] != nil || event["duration_ms"] != nil
            return event[isResponse ? "source_port" : "dest_port"] as? Int
        }
    }
}

import Testing

@testable import Shared
@testable import replay

/// Cuts what packets carry into pieces of so many bytes on its way to the pipeline.
final class ResegmentingSink: EventSink {
    let profiler: Profiler
    private let pieceBytes: Int

    init(_ profiler: Profiler, pieceBytes: Int) {
        self.profiler = profiler
        self.pieceBytes = pieceBytes
    }

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        guard case .data(var at) = event.kind else { return profiler.consume(event, payload: payload) }
        var start = 0
        while start < payload.byteCount {
            let end = min(start + pieceBytes, payload.byteCount)
            let piece = CapturedEvent(event.timestamp, .data(at))
            profiler.consume(piece, payload: payload.extracting(start..<end))
            at.position += UInt64(end - start)
            start = end
        }
    }
}

/// All that the pipeline makes of a tape, which ends here.
struct PipelineOutputs {
    let log: String
    let map: String
    /// What each service sends and receives.
    let messages: [String]
    let summary: Summary

    init(_ profiler: Profiler) {
        profiler.finish()
        var log: [UInt8] = []
        profiler.drainEventLog { bytes in bytes.withUnsafeBytes { log.append(contentsOf: $0) } }
        self.log = String(decoding: log, as: UTF8.self)
        map = ServiceMapFile.yaml(profiler.serviceMap())
        messages = AsyncAPIFile.descriptions(profiler.serviceMap(), from: "").map(\.text)
        summary = profiler.summary
    }
}

/// How the network cut a stream is nobody's business behind the reassembler.
@Suite struct `Segmentation` {
    @Test(arguments: `Fixtures`.tapes)
    func `does not change an output`(_ fixture: Fixture) throws {
        let file = try #require(TextFile.bytes(fixture.path(fixture.tape)))
        let whole = try outputs(of: file, pieceBytes: .max)
        for pieceBytes in [1, 7, 100] {
            let cut = try outputs(of: file, pieceBytes: pieceBytes)
            #expect(cut.log == whole.log, "pieces of \(pieceBytes) bytes")
            #expect(cut.map == whole.map, "pieces of \(pieceBytes) bytes")
            #expect(cut.summary == whole.summary, "pieces of \(pieceBytes) bytes")
        }
    }

    /// That somebody asks for what messages look like changes nothing of what is told otherwise.
    @Test(
        arguments: `Fixtures`.tapes.filter {
            ["/amqp/", "/kafka/", "/nats/", "/redis/", "/demo/"].contains(where: $0.folder.contains)
        })
    func `does not change descriptions of messages, nor do they change the rest`(_ fixture: Fixture) throws {
        let file = try #require(TextFile.bytes(fixture.path(fixture.tape)))
        let plain = try outputs(of: file, pieceBytes: .max)
        let whole = try outputs(of: file, pieceBytes: .max, payloads: true)
        #expect(plain.log == whole.log && plain.map == whole.map && plain.summary == whole.summary)
        for pieceBytes in [1, 100] {
            #expect(try outputs(of: file, pieceBytes: pieceBytes, payloads: true).messages == whole.messages)
        }
    }

    private func outputs(of file: [UInt8], pieceBytes: Int, payloads: Bool = false) throws -> PipelineOutputs {
        var options = Profiler.Options()
        options.payloads = payloads
        let sink = ResegmentingSink(Profiler(options), pieceBytes: pieceBytes)
        var tape = Tape(sink: sink)
        try tape.read(Input(bytes: try Self.decompressed(file), name: "fixture"))
        tape.finish()
        return PipelineOutputs(sink.profiler)
    }

    private static func decompressed(_ file: [UInt8]) throws -> PeekedBytes {
        let bytes = PeekedBytes(MemoryBytes(file))
        return GzipBytes.isGzip(bytes.head) ? PeekedBytes(GzipBytes(bytes)) : bytes
    }
}

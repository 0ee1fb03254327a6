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
    let summary: Summary

    init(_ profiler: Profiler) {
        profiler.finish()
        var log: [UInt8] = []
        profiler.drainEventLog { bytes in bytes.withUnsafeBytes { log.append(contentsOf: $0) } }
        self.log = String(decoding: log, as: UTF8.self)
        map = ServiceMapFile.yaml(profiler.serviceMap())
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

    private func outputs(of file: [UInt8], pieceBytes: Int) throws -> PipelineOutputs {
        let sink = ResegmentingSink(Profiler(Profiler.Options()), pieceBytes: pieceBytes)
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

@testable import Shared

/// The whole of `replay` on the bytes of a file: pcap, pcapng, a trace in either form, compressed or not.
///
/// Every byte of the ledger has its place, the same file gives the same outputs, and it does not matter how the network
/// cut the streams nor how the file was read.
func fuzzReplay(_ file: [UInt8]) {
    guard let whole = ReplayOutputs(file) else { return }
    require(whole.summary.bytes.isBalanced, "the ledger does not balance: \(whole.summary.bytes)")
    guard let again = ReplayOutputs(file) else { fatalError("the same file is refused") }
    requireEqual(whole.texts, again.texts, "the same file, another output")
    require(whole.summary == again.summary, "the same file, another summary")
    guard let cut = ReplayOutputs(file, cutBy: SeededRandom(of: file)) else { fatalError("cut, the file is refused") }
    require(cut.summary.bytes.isBalanced, "cut, the ledger does not balance: \(cut.summary.bytes)")
    // A message says that other bytes came again if they came before it was over, and that depends on the cuts.
    guard whole.summary.bytes.retransmittedDifferent == 0 else { return }
    requireEqual(whole.texts, cut.texts, "cut differently, another output")
}

private struct ReplayOutputs {
    /// Event log, service map and environments.
    var texts: String
    var summary: Summary

    /// - Returns: `nil` where it is no tape.
    init?(_ file: [UInt8], cutBy random: SeededRandom? = nil) {
        let profiler = Profiler(Profiler.Options())
        var tape = Tape(sink: CuttingSink(profiler, random))
        do { try tape.read(Input(bytes: Self.decompressed(file, random), name: "fuzzed")) } catch { return nil }
        tape.finish()
        profiler.finish()
        var bytes: [UInt8] = []
        profiler.drainEventLog { bytes.append($0) }
        bytes += ServiceMapFile.bytes(profiler.serviceMap())
        profiler.drainEnvironment { bytes.append($0) }
        texts = String(decoding: bytes, as: UTF8.self)
        summary = profiler.summary
    }

    private static func decompressed(_ file: [UInt8], _ random: SeededRandom?) -> PeekedBytes {
        let bytes = PeekedBytes(FuzzedBytes(file, cutBy: random))
        return GzipBytes.isGzip(bytes.head) ? PeekedBytes(GzipBytes(bytes)) : bytes
    }
}

/// Cuts what data events carry on its way to the pipeline.
private final class CuttingSink: EventSink {
    private let profiler: Profiler
    private var random: SeededRandom?

    init(_ profiler: Profiler, _ random: SeededRandom?) {
        self.profiler = profiler
        self.random = random
    }

    func consume(_ event: CapturedEvent, payload: RawSpan) {
        guard case .data(var at) = event.kind, let longest = random?.below(100) else {
            return profiler.consume(event, payload: payload)
        }
        for piece in random?.cuts(payload.byteCount, longest: 1 + longest) ?? [] {
            profiler.consume(CapturedEvent(event.timestamp, .data(at)), payload: payload.extracting(piece))
            at.position &+= UInt64(piece.count)
        }
        if payload.byteCount == 0 { profiler.consume(event, payload: payload) }
    }
}

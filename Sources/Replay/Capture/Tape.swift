import Console
import Shared

/// Captures that are read one after another as one tape: connections go on from one file into the next, as they do
/// when a capture is rotated.
final class Tape<Sink: EventSink> {
    private var decoder: PacketDecoder<Sink>
    private(set) var files: [CaptureFile] = []

    init(sink: Sink) { decoder = PacketDecoder(sink: sink) }

    var packets: PacketStatistics { decoder.statistics }
    var flows: FlowStatistics { decoder.flows.statistics }

    /// Reads an input to its end.
    /// - Parameter afterSome: called after every few packets, to take away what they brought; says whether to go on.
    /// - Throws: `Failure` where the input is no capture. One that ends too early is no error; `files` says why it did.
    func read(_ input: Input, afterSome: () throws(Failure) -> Bool = { () throws(Failure) in true }) throws(Failure) {
        var file = CaptureFile(name: input.name)
        if PcapngFile.isPcapng(input.bytes.head) {
            var capture = PcapngFile(input.bytes)
            try read(&capture, &file, afterSome)
            finish(file)
            return
        }
        var opened: PcapFile?
        do throws(CaptureFailure) {
            opened = try PcapFile(input.bytes)
        } catch {
            guard input.isCutInHeader(error.reason) else { throw input.isNoCapture(error.reason) }
            file.failure = input.bytes.failure ?? error.reason
        }
        if var capture = opened.take() { try read(&capture, &file, afterSome) }
        finish(file)
    }

    private func finish(_ file: CaptureFile) {
        if file.failure != nil { decoder.fileWasTruncated() }
        files.append(file)
    }

    private func read<Source: PacketSource & ~Copyable>(
        _ capture: inout Source, _ file: inout CaptureFile, _ afterSome: () throws(Failure) -> Bool
    ) throws(Failure) {
        while let packet = capture.next() {
            file.packets &+= 1
            decoder.take(
                linkType: packet.linkType, packet.bytes.bytes, wireLength: packet.wireLength, at: packet.timestamp)
            if file.packets % Self.some == 0, try !afterSome() { return }
        }
        file.failure = capture.failure
    }

    /// Packets between two calls of `afterSome`.
    private static var some: UInt64 { 32 }

    /// The tape has ended.
    func finish() { decoder.finish() }
}

/// What became of an input.
struct CaptureFile: Equatable, Sendable {
    var name: String
    var packets: UInt64 = 0
    /// Why the file ended too early.
    var failure: String?
}

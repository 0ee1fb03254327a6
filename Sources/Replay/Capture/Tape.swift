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
    /// - Parameter every: called now and then, after about so many packets as a screen can be drawn again for.
    /// - Throws: where the input is no capture at all. A capture that ends too early is noted in `files`.
    func read(_ input: Input, every: () throws -> Void = {}) throws {
        var file = CaptureFile(name: input.name)
        do throws(CaptureFailure) {
            var capture = try PcapFile(input.bytes)
            try Self.read(&capture, &file, into: &decoder, every)
        } catch {
            guard file.packets > 0 else { throw Self.noCapture(input, error) }
            file.failure = error.reason
            decoder.fileWasTruncated()
        }
        files.append(file)
    }

    private static func read(
        _ capture: inout PcapFile, _ file: inout CaptureFile, into decoder: inout PacketDecoder<Sink>,
        _ every: () throws -> Void
    ) throws(CaptureFailure) {
        while let packet = try capture.next() {
            file.packets &+= 1
            decoder.take(
                linkType: packet.linkType, packet.bytes.bytes, wireLength: packet.wireLength, at: packet.timestamp)
        }
    }

    /// The tape has ended.
    func finish() { decoder.finish() }

    private static func noCapture(_ input: Input, _ failure: CaptureFailure) -> Failure { Failure("") }
}

struct CaptureFile: Equatable, Sendable {
    var name: String
    var packets: UInt64 = 0
    /// Why the file ended too early.
    var failure: String?
}

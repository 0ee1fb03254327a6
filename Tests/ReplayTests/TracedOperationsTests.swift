import Foundation
import TestSupport
import Testing

@testable import Shared
@testable import replay

/// Which trace operations belong to, as the headers of messages and the comments of statements say: real clients' captures.
@Suite struct `Traced operations` {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    /// By protocol what is asked, and the number of the span that asks; 0: no trace that it names.
    static let expected: [(name: String, spans: [(name: String, sender: Int)])] = [
        (
            "nats",
            [
                ("subscribe stock.check", 0), ("subscribe orders.*", 0), ("publish orders.first", 1),
                ("publish orders.second", 2), ("publish orders.none", 0), ("publish orders.refused0", 0),
                ("publish orders.refused1", 0), ("publish orders.refused2", 0), ("publish orders.refused3", 0),
                ("process orders.first", 1), ("process orders.second", 2), ("process orders.none", 0),
                ("process orders.refused0", 0), ("process orders.refused1", 0), ("process orders.refused2", 0),
                ("process orders.refused3", 0), ("request stock.check", 3), ("process stock.check", 3),
            ]
        ),
        (
            "amqp",
            [
                ("queue.declare orders", 0), ("publish orders", 1), ("publish orders", 2), ("publish orders", 3),
                ("publish orders", 0), ("publish orders", 0), ("publish orders", 0), ("publish orders", 0),
                ("publish orders", 0), ("publish orders", 0), ("get orders", 1), ("consume orders", 0),
                ("deliver orders", 2), ("deliver orders", 0), ("deliver orders", 3), ("deliver orders", 0),
                ("deliver orders", 0), ("deliver orders", 0), ("deliver orders", 0), ("deliver orders", 0),
                ("cancel", 0),
            ]
        ),
        (
            "kafka",
            [
                ("CreateTopics orders", 0), ("InitProducerId", 0), ("send orders", 1), ("send orders", 2),
                // Three of one trace, and two of two.
                ("send orders", 3), ("send orders", 0),
                // Pressed.
                ("send orders", 0), ("send orders", 5), ("send orders", 0), ("send orders", 0),
                ("ListOffsets orders", 0), ("poll orders", 1),
            ]
        ),
        (
            "postgres",
            [
                ("select items", 1), ("select items", 2), ("select items", 3), ("select items", 0),
                ("select items", 0), ("select items", 4), ("select items", 0), ("select items", 0), ("select", 0),
                ("select", 5), ("select", 0), ("select", 0), ("select", 0), ("select", 0), ("select", 0),
                ("select items", 6), ("select items", 0),
            ]
        ),
        (
            "mysql",
            [
                ("select items", 1), ("select items", 0), ("select", 0), ("select", 2), ("select items", 3),
                ("select items", 0),
            ]
        ),
    ]

    private static func capture(_ name: String) throws -> [UInt8] {
        try #require(TextFile.bytes("Fixtures/\(name)/traces/input.pcap"))
    }

    private static func options(spans: Int) -> Profiler.Options {
        var options = Profiler.Options()
        options.spans = spans
        return options
    }

    private struct Span: Equatable {
        var name: String
        var trace: String
        var parent: String?
    }

    private static func spans(_ profiler: Profiler) throws -> [Span] {
        var progress = OTLPProgress()
        return try progress.spans(profiler.serviceMap().traces).map { element in
            let span = try #require(try JSONSerialization.jsonObject(with: Data(element.text)) as? [String: Any])
            return Span(
                name: try #require(span["name"] as? String), trace: try #require(span["traceId"] as? String),
                parent: span["parentSpanId"] as? String)
        }
    }

    @Test(arguments: expected.map(\.name), [1, 7, 100, .max])
    func `belong to the trace that their client named, however they were cut`(_ name: String, _ pieceBytes: Int) throws
    {
        let sink = ResegmentingSink(Profiler(Self.options(spans: 1000)), pieceBytes: pieceBytes)
        var tape = Tape(sink: sink)
        try tape.read(Input(bytes: PeekedBytes(MemoryBytes(try Self.capture(name))), name: name))
        tape.finish()
        sink.profiler.finish()
        let spans = try Self.spans(sink.profiler)
        let wanted = try #require(Self.expected.first { $0.name == name }).spans
        #expect(spans.map(\.name) == wanted.map(\.name))
        let parents = wanted.map { $0.sender == 0 ? nil : TraceContext.hexadecimal(UInt64($0.sender)) }
        #expect(spans.map(\.parent) == parents)
        for (span, one) in zip(spans, wanted) { #expect((span.trace == Self.trace) == (one.sender > 0), "\(span)") }
        #expect(sink.profiler.summary.bytes.isBalanced)
    }

    /// Loses packets of so many bytes here and there.
    private final class LosingSink: EventSink {
        let profiler: Profiler
        private let pieceBytes: Int
        private var random: SeededGenerator

        init(_ profiler: Profiler, pieceBytes: Int, seed: UInt64) {
            self.profiler = profiler
            self.pieceBytes = pieceBytes
            random = SeededGenerator(seed: seed)
        }

        func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
            guard case .data(var at) = event.kind else { return profiler.consume(event, payload: payload) }
            var start = 0
            while start < payload.byteCount {
                let end = min(start + pieceBytes, payload.byteCount)
                if Int.random(in: 0..<20, using: &random) == 0 {
                    let gap = StreamGap(at: at, length: UInt64(end - start), reason: .packetLost)
                    profiler.consume(CapturedEvent(event.timestamp, .gap(gap)), payload: RawSpan())
                } else {
                    profiler.consume(
                        CapturedEvent(event.timestamp, .data(at)), payload: payload.extracting(start..<end))
                }
                at.position += UInt64(end - start)
                start = end
            }
        }
    }

    /// Whoever looks for traces sees the same operations as whoever does not.
    @Test(arguments: ["nats", "amqp", "kafka"], 0..<20 as Range<UInt64>)
    func `are the same where nobody asks for their traces, whatever is missing`(_ name: String, _ seed: UInt64) throws {
        let file = try Self.capture(name)
        var outputs: [PipelineOutputs] = []
        for spans in [0, 1000] {
            let sink = LosingSink(
                Profiler(Self.options(spans: spans)), pieceBytes: [40, 400, 1448][Int(seed % 3)], seed: seed)
            var tape = Tape(sink: sink)
            try tape.read(Input(bytes: PeekedBytes(MemoryBytes(file)), name: name))
            tape.finish()
            outputs.append(PipelineOutputs(sink.profiler))
        }
        #expect(outputs[0].log == outputs[1].log)
        #expect(outputs[0].map == outputs[1].map)
        #expect(outputs[0].summary.bytes.isBalanced && outputs[1].summary.bytes.isBalanced)
    }

    @Test(arguments: ["nats", "amqp", "kafka"], 0..<20 as Range<UInt64>)
    func `are read of hostile bytes, too, and stay within them`(_ name: String, _ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var file = try Self.capture(name)
        for _ in 0..<200 {
            file[.random(in: 24..<file.count, using: &random)] = .random(in: .min ... .max, using: &random)
        }
        let profiler = Profiler(Self.options(spans: 1000))
        var tape = Tape(sink: profiler)
        try? tape.read(Input(bytes: PeekedBytes(MemoryBytes(file)), name: "damaged"))
        tape.finish()
        profiler.finish()
        for span in try Self.spans(profiler) {
            #expect(span.trace.utf8.count == 32 && (span.parent?.utf8.count ?? 16) == 16)
        }
        #expect(profiler.summary.bytes.isBalanced)
    }
}

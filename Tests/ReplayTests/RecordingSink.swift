@testable import Shared
@testable import replay

/// Writes events down as short lines, so that a test reads like a trace.
///
///     open 1 client 10.0.0.1:40000 10.0.0.2:80
///     1 > 0 hello          data sent, from position 0
///     1 < gap 5+3 snaplen
///     1 < ack 10
///     1 > fin 5
///     1 close orderly
final class RecordingSink: EventSink {
    private(set) var lines: [String] = []
    private(set) var timestamps: [Timestamp] = []
    /// Not among the lines: a fact beside every handshake.
    private(set) var numbers: [SequenceNumbers] = []
    private(set) var opened: [ConnectionOpened] = []
    /// Until when the tape has lasted; no line either.
    private(set) var end: Timestamp?

    func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
        switch event.kind {
        case .sequenceNumbers(let numbers): return self.numbers.append(numbers)
        case .end:
            end = event.timestamp
            return
        default: break
        }
        timestamps.append(event.timestamp)
        switch event.kind {
        case .open(let opened):
            self.opened.append(opened)
            let late = opened.joinedLate ? " late" : ""
            lines.append("open \(opened.id.serial) \(opened.role)\(late) \(text(opened.local)) \(text(opened.remote))")
        case .data(let at):
            let content = payload.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            lines.append("\(place(at)) \(at.position) \(content)")
        case .gap(let gap): lines.append("\(place(gap.at)) gap \(gap.at.position)+\(gap.length) \(gap.reason)")
        case .acknowledged(let at): lines.append("\(place(at)) ack \(at.position)")
        case .expected(let at): lines.append("\(place(at)) expected \(at.position)")
        case .finished(let at): lines.append("\(place(at)) fin \(at.position)")
        case .close(let closed):
            let error = closed.error != 0 ? " \(closed.error)" : ""
            lines.append("\(closed.id.serial) close \(closed.how)\(error)")
        case .process: lines.append("process")
        case .exit, .listening, .container, .name, .unixSocket, .secret, .tape, .sequenceNumbers, .continued, .end:
            lines.append("fact")
        case .datagram: lines.append("datagram")
        case .lost(let loss): lines.append("lost \(loss.reason) \(loss.count)")
        }
    }

    private func place(_ at: StreamPosition) -> String {
        "\(at.connection.serial) \(at.direction == .send ? ">" : "<")"
    }

    private func text(_ endpoint: Endpoint) -> String {
        guard let v4 = endpoint.address.v4 else {
            return String(endpoint.address.high, radix: 16) + ":" + String(endpoint.address.low, radix: 16)
                + ".\(endpoint.port)"
        }
        return (0..<4).map { "\(v4 >> (24 - 8 * UInt32($0)) & 0xFF)" }.joined(separator: ".") + ":\(endpoint.port)"
    }
}

/// The events of packets that come a millisecond apart, or at the given times.
func events(
    of packets: [[UInt8]], linkType: Int32 = 101, seconds: [Double] = [], limits: FlowLimits = FlowLimits(),
    finishes: Bool = true
) -> [String] {
    let sink = RecordingSink()
    var decoder = PacketDecoder(sink: sink, limits: limits)
    for (place, packet) in packets.enumerated() {
        let time = place < seconds.count ? Int64(seconds[place] * 1e9) : Int64(place) * 1_000_000
        decoder.take(
            linkType: linkType, packet.span.bytes, wireLength: packet.count, at: Timestamp(nanoseconds: time))
    }
    if finishes { decoder.finish() }
    return sink.lines
}

func events(
    of segments: [Segment], seconds: [Double] = [], limits: FlowLimits = FlowLimits(), finishes: Bool = true
) -> [String] {
    events(of: segments.map(\.ipv4), seconds: seconds, limits: limits, finishes: finishes)
}

let opened = "open 1 client 10.0.0.1:40000 10.0.0.2:80"
let openedLate = "open 1 unknown late 10.0.0.1:40000 10.0.0.2:80"

/// The three segments of a handshake; the client's stream begins at 101, the server's at 501.
let handshake: [Segment] = [.client(100, "S"), .server(500, ack: 101, "S"), .client(101, ack: 501)]

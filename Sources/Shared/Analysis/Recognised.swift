/// Reads a protocol that is named and not taken apart: all bytes are taken, none is understood.
final class Recognised: Analyzer {
    init(_ run: Run) {}

    func begin(_ start: Start) {}

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        .took(bytes.byteCount)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        .took(tail.byteCount)
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int { tail.byteCount }

    func finish(_ out: any Output) {}

    var held: Int { 0 }

    var takesApart: Bool { false }
}

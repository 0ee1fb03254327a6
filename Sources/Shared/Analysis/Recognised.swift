/// Reads a protocol that is named and not taken apart: all bytes are taken, none is understood.
package final class Recognised: Analyzer {
    package init(_ run: Run) {}

    package func begin(_ start: Start) {}

    package func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        .took(bytes.byteCount)
    }

    package func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        .took(tail.byteCount)
    }

    package func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int { tail.byteCount }

    package func finish(_ out: any Output) {}

    package var held: Int { 0 }
}

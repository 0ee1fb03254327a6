/// A TCP sequence number (RFC 9293, section 3.4): a place on a circle of 2^32, so order only means something
/// between numbers less than half the circle apart.
struct SequenceNumber: Equatable, Sendable {
    var value: UInt32

    init(_ value: UInt32) { self.value = value }

    /// The signed distance from `b` to `a`, the shorter way round: positive where `a` is later.
    @inline(__always)
    static func - (a: SequenceNumber, b: SequenceNumber) -> Int32 {
        Int32(bitPattern: a.value &- b.value)
    }

    /// The number `count` bytes later.
    @inline(__always)
    static func + (a: SequenceNumber, count: UInt32) -> SequenceNumber {
        SequenceNumber(a.value &+ count)
    }
}

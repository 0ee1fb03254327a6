/// When some bytes came.
struct Arrival: Sendable {
    /// The moment of the first of them, which may have waited for the others.
    var first: Timestamp
    /// The moment of the last.
    var last: Timestamp

    @inline(__always)
    init(first: Timestamp, last: Timestamp) {
        self.first = first
        self.last = last
    }

    /// Bytes that came at once.
    @inline(__always)
    init(_ moment: Timestamp) { self.init(first: moment, last: moment) }
}

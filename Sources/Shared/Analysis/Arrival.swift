/// When some bytes came.
package struct Arrival: Sendable {
    /// The moment of the first of them, which may have waited for the others.
    package var first: Timestamp
    /// The moment of the last.
    package var last: Timestamp

    @inline(__always)
    package init(first: Timestamp, last: Timestamp) {
        self.first = first
        self.last = last
    }

    /// Bytes that came at once.
    @inline(__always)
    package init(_ moment: Timestamp) { self.init(first: moment, last: moment) }
}

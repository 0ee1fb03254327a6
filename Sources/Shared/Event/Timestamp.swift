/// A moment on the tape: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Never a `Double` (53 bits do not hold today's nanoseconds) and never a `Date`.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Nanoseconds from `earlier` to `self`; it wraps where hostile clocks lie 292 years apart.
    package func since(_ earlier: Timestamp) -> Int64 { nanoseconds &- earlier.nanoseconds }
}

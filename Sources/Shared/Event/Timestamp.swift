/// A moment on the tape: nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Never a `Double` (53 bits do not hold today's nanoseconds) and never a `Date`.
///
/// The small values of events are public and not `package`: the compiler inlines nothing of the latter in other modules,
/// `@inlinable` or not, and each packet makes a dozen of them.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Nanoseconds from `earlier` to `self`; it wraps where hostile clocks lie 292 years apart.
    public func since(_ earlier: Timestamp) -> Int64 { nanoseconds &- earlier.nanoseconds }
}

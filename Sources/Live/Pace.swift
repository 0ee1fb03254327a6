/// How long the reader sleeps between two looks at the ring buffer.
///
/// Short looks disturb least: whoever is put aside for a tenth of a millisecond has not run out of work for its peers,
/// and no processor falls idle. So the pause is such that few records wait, and long where little happens.
struct Pace {
    /// The pause before the next look, 1 to 100 milliseconds.
    private(set) var milliseconds: Int32 = 10

    private static let allowed: ClosedRange<Int32> = 1...100
    /// So many records a look are aimed at: about a tenth of a millisecond of work.
    private static let wanted = 32...128

    /// - Parameter count: the records that the last look has found.
    mutating func took(_ count: Int) {
        if count > Self.wanted.upperBound {
            milliseconds = Swift.max(Self.allowed.lowerBound, milliseconds / 2)
        } else if count < Self.wanted.lowerBound {
            milliseconds = Swift.min(Self.allowed.upperBound, milliseconds * 2)
        }
    }
}

import Glibc

/// How long the reader sleeps between two looks at the ring buffer.
///
/// Short looks disturb least: whoever is put aside for a tenth of a millisecond has not run out of work for its peers,
/// and no processor falls idle. So the pause is such that few records wait, and long where little happens.
struct Pace {
    /// The pause before the next look, 500 to 100,000 microseconds.
    private(set) var microseconds: Int32 = 10_000

    private static let allowed: ClosedRange<Int32> = 500...100_000
    /// So many records a look are aimed at: about a tenth of a millisecond of work.
    private static let wanted = 32...128

    /// - Parameter count: the records that the last look has found.
    mutating func took(_ count: Int) {
        if count > Self.wanted.upperBound {
            microseconds = Swift.max(Self.allowed.lowerBound, microseconds / 2)
        } else if count < Self.wanted.lowerBound {
            microseconds = Swift.min(Self.allowed.upperBound, microseconds * 2)
        }
    }

    /// Sleeps, at the most until much waits in the ring buffer.
    /// - Parameter descriptor: becomes readable then.
    func wait(for descriptor: Int32) {
        // poll counts in milliseconds, and in less than one no ring buffer fills.
        guard microseconds >= 1000 else {
            usleep(UInt32(microseconds))
            return
        }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, microseconds / 1000)
    }
}

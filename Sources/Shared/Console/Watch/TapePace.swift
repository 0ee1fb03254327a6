package import Shared

/// When the moments of a tape are due, where it is played at a speed.
package struct TapePace {
    package enum Speed: Equatable {
        /// So many times as fast as it was recorded.
        case times(Double)
        /// As fast as it can be read.
        case most

        package var text: String {
            switch self {
            case .most: "as fast as can be"
            case .times(let factor):
                factor == factor.rounded() ? "\(Int64(factor))x" : "\(factor)x"
            }
        }

        /// Twice as fast, or half.
        func changed(faster: Bool) -> Speed {
            switch self {
            case .most: faster ? .most : .times(Self.fastest)
            case .times(let factor):
                if faster {
                    factor >= Self.fastest ? .most : .times(min(factor * 2, Self.fastest))
                } else {
                    .times(max(factor / 2, Self.slowest))
                }
            }
        }

        package static let fastest = 4096.0
        package static let slowest = 0.0625
    }

    package private(set) var speed: Speed
    package private(set) var isPaused = false
    /// A moment of the tape, and when that was by the clock; nothing before the first.
    private var anchor: (tape: Int64, clock: Int64)?
    /// When it was paused.
    private var pausedAt: Int64 = 0

    package init(_ speed: Speed) { self.speed = speed }

    /// When a moment is due, by a clock of nanoseconds; `nil`: now.
    package mutating func due(_ moment: Timestamp, now: Int64) -> Int64? {
        guard case .times(let factor) = speed else {
            anchor = nil
            return nil
        }
        let tape = moment.nanoseconds
        // The first, and one that lies before those that were played.
        guard let anchor, tape >= anchor.tape else {
            anchor = (tape, now)
            return nil
        }
        let wait = Double(tape) - Double(anchor.tape)
        let due = Double(anchor.clock) + wait / factor
        guard due > Double(now) else {
            // What is late does not make what follows come too soon: it goes on from here.
            self.anchor = (tape, now)
            return nil
        }
        return Int64(min(due, Double(Int64.max / 2)))
    }

    package mutating func change(faster: Bool, now: Int64) {
        let next = speed.changed(faster: faster)
        if case .times(let factor) = speed, let known = anchor {
            // Until now it was played at the old one.
            let clock = isPaused ? pausedAt : now
            let played = Double(clock &- known.clock) * factor
            anchor = (known.tape &+ Int64(max(min(played, 4e18), 0)), clock)
        }
        speed = next
    }

    package mutating func pause(now: Int64) {
        if isPaused {
            if let known = anchor { anchor = (known.tape, known.clock &+ (now &- pausedAt)) }
        } else {
            pausedAt = now
        }
        isPaused.toggle()
    }
}

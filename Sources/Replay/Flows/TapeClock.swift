/// The tape's time for what waits: it follows the packets, but none that is alone with its time.
///
/// A packet may have any time at all: from a clock that was set, from a damaged record. Were it believed at once, all
/// connections would have been silent for years. So a time that is ahead is believed when the packets that follow have it,
/// too; and where the packets are behind for long, it was the clock that was ahead, and it is set back.
struct TapeClock: Sendable {
    /// Nanoseconds by which a packet may be ahead and is believed all the same.
    private static let step: Int64 = 1_000_000_000
    /// How many packets have to confirm a time that is further ahead.
    private static let confirmations = 2
    /// Nanoseconds by which packets out of order are behind, and far more.
    private static let lateness: Int64 = 60_000_000_000
    /// After how many packets in a row that are further behind the clock is set back.
    private static let latePackets = 256

    private(set) var now = Int64.min
    /// The earliest of the times that are ahead and not believed yet, and how many there were.
    private var claim = Int64.max
    private var claims = 0
    private var late = 0

    /// A packet has this time.
    @inline(__always)
    mutating func hear(_ time: Int64) {
        if UInt64(bitPattern: time &- now) <= UInt64(Self.step), time >= now {
            now = time
            if claims != 0 { claims = 0 }
        } else {
            hearOther(time)
        }
    }

    @inline(never)
    private mutating func hearOther(_ time: Int64) {
        if now == .min {
            now = time
        } else if time < now {
            claims = 0
            late = now &- time > Self.lateness ? late &+ 1 : 0
            guard late >= Self.latePackets else { return }
            now = time
            late = 0
        } else {
            // What follows may not be before it, but for what is out of order.
            if claims == 0 || time < claim &- Self.step { claims = 0 }
            claim = claims == 0 ? time : min(claim, time)
            claims = claims &+ 1
            guard claims > Self.confirmations else { return }
            now = claim
            claims = 0
        }
    }
}

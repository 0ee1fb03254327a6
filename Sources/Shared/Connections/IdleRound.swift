/// Visits the open connections one after the other, again and again, so that what a silent one holds only in order to go on
/// fast is let go of.
///
/// A few at once, and the more connections are open the more often: an event is never much dearer than the others, whatever its
/// moment is.
struct IdleRound {
    /// When some are visited again, in nanoseconds.
    private(set) var due = Int64.min
    private var place = 0

    /// In which time all are visited.
    ///
    /// One that was silent from one visit to the next is idle: for at least so long, as a live connection of which nothing is
    /// known (`QuietConnections`), and for twice that at most.
    private static let nanoseconds: Int64 = 10_000_000_000
    private static let atOnce = 256

    mutating func visit(_ connections: borrowing ConnectionTable, _ now: Timestamp, _ body: (Channel) -> Void) {
        for _ in 0..<Swift.min(Self.atOnce, connections.places) {
            if place >= connections.places { place = 0 }
            if let channel = connections.connection(at: place) { body(channel) }
            place &+= 1
        }
        let rounds = Int64(Swift.max(1, connections.places / Self.atOnce))
        let (next, overflow) = now.nanoseconds.addingReportingOverflow(Self.nanoseconds / rounds)
        due = overflow ? .max : next
    }
}

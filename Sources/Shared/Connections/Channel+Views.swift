/// What other views of the same connection ask of a channel: how far it has come, and whether it says the same.
extension Channel {
    /// Before this place in the client's stream no exchange begins that is still to come.
    var passed: UInt64 {
        if let giving { return giving }
        guard mode == .reading else {
            let direction = connection.direction(.client)
            return (direction == .send ? heard.sent : heard.received) &- undecided(direction)
        }
        return Swift.min(analyzer?.oldestAsk ?? .max, clientTail.position)
    }

    /// Where the oldest request begins that waits for its answer.
    var openAsk: UInt64? { giving == nil && mode == .reading ? analyzer?.oldestAsk : nil }

    /// What one view of several says must be what the others say.
    @inline(never)
    func compare(_ bytes: RawSpan, at place: StreamPosition) {
        guard let other = connection.views?.preferredChannel, other !== self else { return }
        if other.streams.differs(bytes, at: place) { isNoCopy() }
    }

    private func isNoCopy() {
        run.summary.connections.copies &-= 1
        run.summary.connections.opened &+= 1
        connection.views?.leave(connection)
        connection.leaveViews()
    }
}

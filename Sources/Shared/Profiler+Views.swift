/// Several views of one connection: of both its sides, and of a capture that met it in several places.
extension Profiler {
    /// Looks for the other side's view of the same connection.
    func pair(_ channel: Channel) {
        let view = views.open(channel.connection.opened)
        guard view.isPaired else { return }
        pair(channel, view.open.flatMap { connections[$0] })
    }

    func pair(_ channel: Channel, _ other: Channel?) {
        other?.connection.pair(with: channel.connection.opened.process)
        channel.connection.pair(with: other?.connection.opened.process)
        guard let other else { return }
        naming.paired(channel.connection, other.connection)
        join(channel, other)
    }

    /// From now on what two views of one connection see is counted once.
    private func join(_ channel: Channel, _ other: Channel) {
        let (own, others) = (channel.connection, other.connection)
        guard own.views == nil else { return }
        // Of a view that joined late nobody knows where its streams begin, unless both have begun with the same segment.
        guard !own.opened.joinedLate && !others.opened.joinedLate || own.isJoined(with: others) else { return }
        let views = other.connection.views ?? Views(run, sinks)
        if other.connection.views == nil { views.join(other) }
        views.join(channel)
    }

    func learn(_ numbers: SequenceNumbers, _ now: Timestamp) {
        guard let channel = connections[numbers.connection] else { return stray(numbers.connection) }
        channel.connection.learn(numbers)
        findByNumbers(channel, now)
    }

    /// Looks for the same connection behind other addresses: translation leaves sequence numbers alone.
    func findByNumbers(_ channel: Channel, _ now: Timestamp) {
        let connection = channel.connection
        connection.numbered = connection.numbered ?? now
        guard let (found, mayBeLate) = views.number(connection), connection.views == nil else { return }
        guard !found.hasEnded else {
            if connection.opened.process == nil, mayBeLate { setApart(connection) }
            return
        }
        guard let other = connections[found.id] else { return }
        guard !connection.opened.joinedLate else {
            let isCaptured = connection.opened.process == nil && other.connection.opened.process == nil
            if isCaptured, connection.isJoined(with: other.connection) { addCopy(channel, of: other) }
            return
        }
        switch (connection.opened.process, other.connection.opened.process) {
        case (.some, .some): if connection.opened.role != other.connection.opened.role { pair(channel, other) }
        case (nil, .some), (.some, nil): addCopy(channel, of: other)
        case (nil, nil): if connection.isAsOld(as: other.connection) || mayBeLate { addCopy(channel, of: other) }
        }
    }

    /// A capture has met a connection's packets in several places; where it met them first, they count.
    private func addCopy(_ channel: Channel, of other: Channel) {
        join(channel, other)
        guard let more = channel.connection.views?.markCopies() else { return }
        run.summary.connections.opened &-= UInt64(bitPattern: Int64(more))
        run.summary.connections.copies &+= UInt64(bitPattern: Int64(more))
    }

    /// All that there is to tell of a connection was told: of one that another host has captured as well, by a clock that is
    /// further behind than it lasted; of a connect that failed, and was met in several places.
    func setApart(_ connection: Connection) {
        guard !connection.isCopy else { return }
        connection.isCopy = true
        run.summary.connections.opened &-= 1
        run.summary.connections.copies &+= 1
    }
}

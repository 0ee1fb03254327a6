/// What is said in datagrams, without a stream: a client and a server that exchange some for a while.
extension Profiler {
    /// Takes a message without a stream; what no protocol has on this port is counted and not read.
    @inline(never)
    func read(_ datagram: CapturedDatagram, _ payload: RawSpan, _ now: Timestamp) {
        guard let channel = conversations.channel(of: datagram) ?? begin(datagram, payload, now) else {
            return run.summary.unread.count(datagram, bytes: payload.byteCount)
        }
        channel.datagram(payload, datagram, now)
    }

    private func begin(_ datagram: CapturedDatagram, _ payload: RawSpan, _ now: Timestamp) -> Channel? {
        // The first versions knew nothing of datagrams.
        guard run.needs.contains(.operations), datagram.local.kind == .internet, datagram.remote.kind == .internet,
            let row = run.registry.atHome(on: datagram.remote.port) ?? run.registry.atHome(on: datagram.local.port),
            let found = run.registry[row].datagrams?.examine(datagram: payload, isWhole: datagram.cut == nil)
        else { return nil }
        while conversations.count >= Conversations.most, let oldest = conversations.oldest() {
            end(conversation: oldest, .idle, now)
        }
        let localIsClient = (found.side == .client) == (datagram.direction == .send)
        let opened = ConnectionOpened(
            id: conversations.number(), local: datagram.local, remote: datagram.remote,
            role: localIsClient ? .client : .server, process: datagram.process)
        run.summary.connections.opened &+= 1
        let channel = channel(for: opened)
        channel.connection.openedAt = now
        if let other = conversations.insert(channel) {
            other.connection.pair(with: opened.process)
            channel.connection.pair(with: other.connection.opened.process)
            naming.paired(channel.connection, other.connection)
        }
        naming.opened(channel.connection)
        channel.begin(datagrams: row, found.evidence, now)
        wait(for: channel, since: now)
        return channel
    }

    func end(conversation id: ConnectionID, _ how: ConnectionClosed.How, _ now: Timestamp) {
        guard let channel = conversations.remove(id) else { return }
        channel.close(ConnectionClosed(id: id, how: how), now)
        letGo(channel)
    }
}

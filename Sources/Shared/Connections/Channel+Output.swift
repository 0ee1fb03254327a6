/// What a channel's analyzer says.
extension Channel: Output {
    @inline(__always)
    func began(_ ask: Ask, _ text: RawSpan) -> Token { sinks.state.began(ask, text, of: connection, origin) }

    func position(_ side: Side) -> UInt64 { tail(side).position }

    func numberExchange() -> UInt64 {
        run.exchanges &+= 1
        return run.exchanges
    }

    func message(_ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan) {
        // Nobody's own view, of what another tells.
        if connection.isCopy { return }
        run.summary.count(message)
        guard run.needs.contains(.messages) else { return }
        let origin = origin(of: exchange)
        for sink in sinks.others { sink.message(message, exchange, text, of: connection, origin) }
    }

    func exchange(_ exchange: Exchange, _ text: RawSpan) {
        if !connection.isCopy { run.summary.count(exchange) }
        if run.needs.contains(.ends) { for sink in sinks.others { sink.over(exchange) } }
        // What a connection is for does not show by it.
        if exchange.isHousekeeping {
            if !connection.isCountedElsewhere { run.summary.messages.countOnce(exchange) }
            return
        }
        connection.hasExchange = true
        connection.given = exchange.position &+ 1
        if isDecrypted { connection.isDecrypted = true }
        if layer == .wire, let views = connection.views {
            giving = exchange.position
            views.take(exchange, text, of: connection, origin(of: exchange))
            giving = nil
            return
        }
        guard !connection.isCountedElsewhere else { return }
        run.summary.messages.countOnce(exchange)
        sinks.state.exchange(exchange, text, of: connection, origin(of: exchange))
    }

    func said(_ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan) {
        // Nobody's own view, of what another tells.
        if connection.isCopy { return }
        // The first versions knew nothing of them.
        guard run.needs.contains(.operations) else { return }
        run.summary.count(said: message)
        guard run.needs.contains(.messages), message.details?.kind != .control else { return }
        let origin = origin(of: exchange)
        for sink in sinks.others { sink.message(message, exchange, text, of: connection, origin) }
    }

    func said(_ exchange: Exchange, _ text: RawSpan) {
        // The first versions knew nothing of them.
        guard run.needs.contains(.operations) else { return }
        if run.needs.contains(.ends) { for sink in sinks.others { sink.over(exchange) } }
        connection.hasExchange = true
        if layer == .plaintext, depth == 0 { connection.isDecrypted = true }
        guard !connection.isCountedElsewhere else { return }
        sinks.state.exchange(exchange, text, of: connection, origin(of: exchange))
    }

    @inline(__always)
    private func origin(of exchange: Exchange?) -> Origin {
        var origin = origin
        if let exchange, exchange.row != .none { origin.row = exchange.row }
        return origin
    }

    func operation(_ operation: borrowing ServiceOperation, _ text: RawSpan) {
        // Nobody's own view, of what another tells.
        if connection.isCopy { return }
        run.summary.operations.count(operation, isAgain: connection.isCountedElsewhere)
        guard run.needs.contains(.operations) else { return }
        let origin = origin
        sinks.state.operation(operation, text, of: connection, origin)
        for sink in sinks.others { sink.operation(operation, text, of: connection, origin) }
    }

    func unparsed(_ count: Int, _ why: UnparsedReason) {
        unparsed &+= UInt64(count)
        account { $0.unparsed[why] &+= UInt64(count) }
    }

    func know(_ facts: TLSFacts, isComplete: Bool, _ at: Timestamp) {
        var facts = facts
        facts.at = at
        // Of layers within each other the outermost is the one that goes to the destination.
        if isOuter, depth > 0 || layer == .wire || connection.tls == nil { connection.tls = facts }
        connection.serverName = facts.serverName ?? connection.serverName
        if isComplete, !connection.isDecrypted { report(facts, at) }
    }

    func resolved(_ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp) {
        // The first versions knew nothing of them.
        guard run.needs.contains(.operations) else { return }
        sinks.state.resolved(name, address, seconds: seconds, at, by: connection)
    }

    func shared<T: AnyObject>(_ make: () -> T) -> T {
        run.acquaintances.object(between: connection.client.address, and: connection.server, make)
    }

    func waitForSecret(of session: SessionSecrets.ClientRandom) {
        run.secrets.wait(for: session, connection.opened.process, self, connection.number)
    }

    func findSecret(
        _ label: SessionSecrets.Label, of session: SessionSecrets.ClientRandom, tried: inout UInt64,
        _ isRight: ([UInt8]) -> Bool
    ) -> Bool {
        let outcome = run.secrets.place(label, of: session, connection.opened.process, tried: &tried, isRight)
        if case .added(let isNewSession) = outcome { run.summary.tls.count(isNewSession: isNewSession) }
        return outcome != nil && outcome != .overLimit
    }

    func stayedClosed(_ why: TLSClosed) {
        run.summary.tls.closed[why] &+= 1
        connection.closedTLS = why
    }

    func reached(_ limit: Limit) { run.summary.limits[limit] &+= 1 }

    var retransmittedDifferent: UInt64 { streams.retransmittedDifferent }

    var gapMoment: Timestamp { missingMoment }

    func isOver(_ side: Side) -> Bool { streams.hasEnded(connection.direction(side)) }

    func hasAll(of side: Side) -> Bool { !hasMissed || isClosedInOrder || isOver(side) }

    // MARK: Inner layers

    func open(_ successor: Successor) -> InnerID? {
        guard depth < run.limits.layers else {
            reached(.layers)
            return nil
        }
        let id = InnerID(raw: innerCount)
        innerCount &+= 1
        let channel = Channel(
            connection, run, pool, sinks, layer: .plaintext, depth: depth + 1,
            isDecrypted: isDecrypted || run.registry[self.row].role == .envelope,
            isOuter: isOuter && run.registry[self.row].role == .service)
        switch successor {
        case .row(let row, let start): channel.begin(row, start)
        case .detect(let announcement):
            connection.namedDestination = connection.namedDestination ?? announcement.destination
        }
        inner.append((id, channel))
        return id
    }

    func deliver(_ bytes: RawSpan, _ side: Side, _ at: Timestamp, to inner: InnerID) {
        guard bytes.byteCount > 0 else { return }
        if showsOpened { sinks.all { $0.opened(bytes, connection.direction(side), of: connection) } }
        channel(of: inner)?.deliver(bytes, connection.direction(side), at)
    }

    func gap(_ length: UInt64, _ reason: GapReason, _ side: Side, _ at: Timestamp, in inner: InnerID) {
        if showsOpened { sinks.all { $0.missing(length, connection.direction(side), of: connection) } }
        channel(of: inner)?.deliverGap(length, reason, connection.direction(side), at)
    }

    /// What the layer within gets came out of TLS, and somebody wants to see it.
    private var showsOpened: Bool {
        run.needs.contains(.plaintext) && !isDecrypted && run.registry[row].role == .envelope
    }

    func close(_ inner: InnerID, _ at: Timestamp) {
        let place = place(of: inner)
        guard place < self.inner.count, self.inner[place].id == inner else { return }
        self.inner.remove(at: place).channel.end(at)
    }

    private func channel(of id: InnerID) -> Channel? {
        let place = place(of: id)
        return place < inner.count && inner[place].id == id ? inner[place].channel : nil
    }

    /// They stand in the order in which they were opened.
    private func place(of id: InnerID) -> Int {
        var (low, high) = (0, inner.count)
        while low < high {
            let middle = (low &+ high) / 2
            if inner[middle].id.raw < id.raw { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}

extension Channel: SecretWaiter {
    func secretCame(for number: UInt64, _ at: Timestamp) {
        guard connection.number == number, mode == .reading else { return }
        analyzer?.wake(at, self)
    }

    func isWaiting(_ number: UInt64) -> Bool {
        connection.number == number && mode == .reading && (analyzer?.held ?? 0) > 0
    }
}

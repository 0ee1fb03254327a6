/// The exchanges of one connection that the tape has more than once: both its sides are profiled, or a capture met its
/// packets in several places.
///
/// Each exchange is counted once. Views of it are known by where its request begins in the client's stream. The view that is
/// preferred counts, which is the client's own, unless something of it was not captured and another view is whole. An
/// exchange that one view has waits until every other view has passed the place, which is when it can't give one from
/// there any more.
final class Views {
    private var members: [Member] = []
    /// Exchanges of which some view has not told yet, by their place.
    private var waiting: [Waiting] = []
    /// What begins before this place in the client's stream is decided.
    private var decided: UInt64 = 0
    /// Which member the connection is an edge by, and how certain that is.
    private var edge: (member: Int, confidence: Int)?
    /// The view by which the connection goes, of those that ever were: other views of it may be whole where this one is not,
    /// but they met it behind other addresses.
    private(set) var front: Connection?
    private var frontPreference: Preference?
    /// One of the views gave an exchange.
    private(set) var hasExchange = false
    private let run: Run
    private let sinks: Sinks

    private struct Member {
        /// Not held, since it holds this.
        ///
        /// `nil`: it has ended, or was taken for a view and is none.
        private var reference: Unmanaged<Channel>?
        let preference: Preference

        init(_ channel: Channel, _ preference: Preference) {
            reference = .passUnretained(channel)
            self.preference = preference
        }

        var channel: Channel? { reference?.takeUnretainedValue() }

        mutating func leave() { reference = nil }
    }

    /// Which view counts among those that are whole: the least.
    private struct Preference: Comparable {
        var kind: Kind
        /// Of several the one that opened first.
        var number: UInt64

        enum Kind: UInt8 {
            case client, server
            /// Of a capture, which is nobody's own.
            case capture
        }

        static func < (a: Preference, b: Preference) -> Bool {
            (a.kind.rawValue, a.number) < (b.kind.rawValue, b.number)
        }
    }

    private struct Waiting {
        /// `nil`: it was counted already, and waits to be told again.
        var exchange: Exchange?
        /// What is kept of its text, where its ranges lie.
        var text: [UInt8] = []
        var position: UInt64
        var connection: Connection
        var origin: Origin
        /// The member whose exchange it is.
        var from: Int
        var told: UInt32
        /// When the first view told of it.
        var since: Timestamp

        /// Keeps of the text what the exchange names of it.
        @inline(never)
        mutating func keep(_ whole: RawSpan) {
            guard var kept = exchange else { return }
            let line = whole.extracting(kept.line)
            let kind = whole.extracting(kept.kind)
            kept.kind = .empty
            kept.moveText(by: -kept.line.range.lowerBound)
            if kind.byteCount > 0 { kept.kind = ByteRange(line.byteCount, line.byteCount &+ kind.byteCount) }
            text = [UInt8](line) + [UInt8](kind)
            exchange = kept
        }
    }

    /// So many exchanges wait for another view: far more than are on their way through a ring buffer.
    private static let limit = 4096
    /// So long a view may lag behind another: one that is silent for longer has lost its records.
    private static let patience: Int64 = 10_000_000_000
    /// More views of one connection are not told apart.
    private static let memberLimit = 32

    init(_ run: Run, _ sinks: Sinks) {
        self.run = run
        self.sinks = sinks
    }

    // MARK: Members

    /// Takes another view.
    func join(_ channel: Channel) {
        guard members.count < Self.memberLimit else { return }
        let connection = channel.connection
        let kind: Preference.Kind =
            connection.opened.process == nil ? .capture : connection.localIsClient ? .client : .server
        // What it gave before it was known that there is another view is counted.
        decided = max(decided, connection.given)
        let preference = Preference(kind: kind, number: connection.number)
        members.append(Member(channel, preference))
        if frontPreference.map({ preference < $0 }) ?? true { (front, frontPreference) = (connection, preference) }
        if connection.isReported, edge == nil { edge = (members.count &- 1, connection.confidence) }
        hasExchange = hasExchange || connection.hasExchange
        connection.join(self, members.count &- 1)
        choose()
    }

    /// Of what captures met in several places, only the preferred place is told of.
    /// - Returns: how many more are not told of than before.
    func markCopies() -> Int {
        var more = 0
        for number in members.indices {
            guard let connection = members[number].channel?.connection else { continue }
            let isCopy = members[number].preference.kind == .capture && number != preferred
            if isCopy != connection.isCopy { more &+= isCopy ? 1 : -1 }
            connection.isCopy = isCopy
        }
        return more
    }

    /// A view has ended, or was none.
    func leave(_ connection: Connection) {
        guard let own = connection.viewNumber, members[own].channel != nil else { return }
        members[own].leave()
        settle()
        choose()
        // It holds this.
        if members.allSatisfy({ $0.channel == nil }) { front = nil }
    }

    /// Whose exchanges count where all are whole.
    private(set) var preferred = 0

    private func choose() {
        guard let best = members.indices.filter({ members[$0].channel != nil }).min(by: precedes) else { return }
        preferred = best
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool { members[a].preference < members[b].preference }

    /// The preferred view, as long as it is open.
    var preferredChannel: Channel? { members[preferred].channel }

    /// Nothing of it is kept for a view that has ended.
    func isDone(with connection: Connection) -> Bool { waiting.isEmpty && front !== connection }

    // MARK: Edges

    /// Takes what one of the views found out about the connection as an edge: it is one, by the view that knows most.
    func take(_ event: ConnectionEvent, of connection: Connection, _ origin: Origin) {
        guard let own = connection.viewNumber else { return }
        if let edge, edge.member != own {
            let isBetter =
                edge.confidence != event.confidence ? event.confidence > edge.confidence : precedes(own, edge.member)
            // What a view told that has ended is not taken back.
            guard isBetter, let other = members[edge.member].channel else { return }
            sinks.state.withdraw(other.connection)
        }
        edge = (own, event.confidence)
        sinks.state.connection(event, of: connection, origin)
    }

    /// Another view is open that may still find out what is talked.
    func mayKnowMore(than connection: Connection) -> Bool {
        members.contains { member in
            guard let other = member.channel?.connection else { return false }
            return other !== connection && !other.isCopy
        }
    }

    // MARK: Exchanges

    /// Takes an exchange of one of the views.
    func take(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {
        guard let number = connection.viewNumber, exchange.position >= decided else { return }
        hasExchange = true
        let now = exchange.requestLastByte
        let place = place(of: exchange.position)
        if place < waiting.count, waiting[place].position == exchange.position {
            tell(exchange, text, place, number, connection, origin)
        } else {
            let isCounted = number == preferred && exchange.isWhole
            if isCounted { count(exchange, text, of: connection, origin) }
            var entry = Waiting(
                exchange: isCounted ? nil : exchange, position: exchange.position, connection: connection,
                origin: origin, from: number, told: 1 &<< UInt32(number), since: now)
            if !isCounted, keepsText(of: exchange) { entry.keep(text) }
            waiting.insert(entry, at: place)
        }
        settle(now)
    }

    /// Whether its text is asked for when it counts: what its content calls itself is nowhere else, nor is a target for a report.
    @inline(__always)
    private func keepsText(of exchange: borrowing Exchange) -> Bool { !exchange.kind.isEmpty || run.keepsTargets }

    /// Another view tells of an exchange that waits.
    private func tell(
        _ exchange: Exchange, _ text: RawSpan, _ place: Int, _ own: Int, _ connection: Connection, _ origin: Origin
    ) {
        waiting[place].told |= 1 &<< UInt32(own)
        guard let known = waiting[place].exchange else { return }
        let isBetter =
            exchange.isWhole != known.isWhole ? exchange.isWhole : precedes(own, waiting[place].from)
        guard isBetter else { return }
        waiting[place].exchange = exchange
        waiting[place].text = []
        if keepsText(of: exchange) { waiting[place].keep(text) }
        waiting[place].connection = connection
        waiting[place].origin = origin
        waiting[place].from = own
    }

    /// Where an exchange stands that begins there, or would.
    private func place(of position: UInt64) -> Int {
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low &+ high) / 2
            if waiting[middle].position < position { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// Counts what waits for nobody any more.
    func settle(_ now: Timestamp? = nil) {
        var count = 0
        while count < waiting.count {
            let entry = waiting[count]
            let isLate = now.map { $0.since(entry.since) > Self.patience } ?? false
            let isFull = waiting.count &- count > Self.limit
            guard isLate || isFull || isDecided(entry) else { break }
            // What began before it and goes on, as streams do, is not decided with it.
            if !isFull, mayGive(before: entry.position) {
                if isLate { countLate(now) }
                break
            }
            if let exchange = entry.exchange {
                self.count(exchange, entry.text.span.bytes, of: entry.connection, entry.origin)
            }
            decided = max(decided, entry.position &+ 1)
            count &+= 1
        }
        if count > 0 { waiting.removeFirst(count) }
    }

    private func count(_ exchange: Exchange, _ text: RawSpan, of connection: Connection, _ origin: Origin) {
        run.summary.messages.countOnce(exchange)
        sinks.state.exchange(exchange, text, of: connection, origin)
    }

    /// Counts what has waited for too long, behind what is still open.
    private func countLate(_ now: Timestamp?) {
        guard let now else { return }
        for place in waiting.indices {
            let entry = waiting[place]
            guard now.since(entry.since) > Self.patience, let exchange = entry.exchange else { continue }
            waiting[place].exchange = nil
            count(exchange, entry.text.span.bytes, of: entry.connection, entry.origin)
        }
    }

    /// One of the views has a request open that began before this place.
    private func mayGive(before position: UInt64) -> Bool {
        members.contains { member in
            guard let oldest = member.channel?.openAsk else { return false }
            return oldest < position
        }
    }

    private func isDecided(_ entry: Waiting) -> Bool {
        for number in members.indices where entry.told & 1 &<< UInt32(number) == 0 {
            if let channel = members[number].channel, channel.passed <= entry.position { return false }
        }
        return true
    }
}

/// PostgreSQL's protocol 3: what is asked in statements and function calls, and what became of it (PostgreSQL documentation,
/// "Message Flow").
///
/// Answers come in order, cycle by cycle (`PostgresQueue`). What is bound to a statement, what rows hold and what a login says
/// beside the database's name is stepped over. After a loss, and where the capture joined late, a cycle is read in doubt: it counts
/// as answered only where the server's messages fit it exactly, up to ReadyForQuery.
final class PostgresAnalyzer: Analyzer {
    let run: Run
    let memo: SQLMemo
    let readsText: Bool
    var queue = PostgresQueue()

    // MARK: What the client has told

    var prepared = PostgresNames()
    var portals = PostgresNames()
    /// Of the name "", which each Parse overwrites.
    let unnamed = PostgresStatement()
    let unnamedPortal = PostgresStatement()
    let unknown = PostgresStatement()
    var scratch = UniqueBytes()
    /// The database, as ranges of operations have it.
    var namespace: [UInt8] = []
    private var opening = Opening.none
    /// A Sync is still to come.
    var cycleIsOpen = false
    /// The server passes over what comes before the next Sync.
    var isSkipped = false
    /// Of messages since the last Execute.
    var request = (bytes: UInt64(0), first: Timestamp?.none)

    // MARK: What the server has told

    /// Since it has told by which key it may be cancelled.
    var session: PostgresSession?
    /// standard_conforming_strings is off.
    var hasBackslashes = false
    /// ReadyForQuery was its last message.
    var serverIsIdle = false
    var response = (bytes: UInt64(0), first: Timestamp?.none)
    var suspended: [Suspended] = []

    // MARK: Places and pairs

    private(set) var isLost: InlineArray<2, Bool> = [false, false]
    /// Bytes of the server that were searched when the client began to ask again: its answer begins behind them.
    private var searched = 0
    /// What the last search gave back: bytes before it may have gone away since.
    private var searchStart = 0
    private var answerBegins: Int?
    /// Each answer is known as a request's own.
    var isPaired = false
    /// The first cycle in the queue is its, if its messages fit until ReadyForQuery.
    var isDoubtful = false
    var isMismatched = false
    /// Nothing of the client is missing right before the messages that come: the cycle that they begin has no part before them.
    var isBehindCycle = false
    /// The first cycle in the queue is there from its beginning.
    var beginsWhole = false
    /// Entries of the first cycle that are answered in doubt.
    var answered = 0
    /// The first cycle is answered, if it was the only one: what is said next shows it.
    var isHeld = false
    var proof = OrderProof()
    var lastMoment = Timestamp(nanoseconds: 0)

    private enum Opening {
        /// Messages have a type.
        case none
        /// The client's first message, which has none.
        case awaited
        /// The server's answer to a request for encryption.
        case asked
        /// The client's first bytes of a capture that joined late.
        case unproven
        /// GSSAPI encrypts all that follows.
        case encrypted
    }

    /// A portal that gives its rows in parts.
    struct Suspended {
        var portal: [UInt8]
        var entry: PostgresQueue.Entry
        var text: [UInt8]
    }

    init(_ run: Run) {
        self.run = run
        memo = run.shared { SQLMemo(.postgreSQL) }
        readsText = run.needs.contains(.operations)
    }

    func begin(_ start: Start) {
        queue.removeAll()
        forgetStatements()
        namespace = []
        opening = start == .opening ? .awaited : .unproven
        cycleIsOpen = false
        isSkipped = false
        request = (0, nil)
        session = nil
        hasBackslashes = false
        serverIsIdle = false
        response = (0, nil)
        suspended = []
        isLost = [false, start == .middle]
        searched = 0
        searchStart = 0
        answerBegins = nil
        wasSearched = false
        isPaired = start == .opening
        isDoubtful = false
        isMismatched = false
        isBehindCycle = start == .opening
        beginsWhole = start == .opening
        answered = 0
        isHeld = false
        proof = OrderProof(isFromStart: start == .opening)
    }

    func forgetStatements() {
        prepared.removeAll()
        portals.removeAll()
        unnamed.forget()
        unnamedPortal.forget()
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if opening != .none, let step = open(bytes, side, at, out) { return step }
        if side == .server, isLost[1] {
            // Where the capture joined, nobody knows what the server's first bytes are.
            if !wasSearched { return .lost(took: 0, .betweenMessages) }
            isLost[1] = false
        }
        wasSearched = false
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            let rest = bytes.extracting(used...)
            guard rest.byteCount >= PostgresFraming.headerBytes else {
                return .took(used, next: PostgresFraming.headerBytes &- rest.byteCount)
            }
            guard let type = rest.u8(at: 0), let length = PostgresFraming.length(rest, at: 0, side) else {
                lose(side, out)
                return .lost(took: used, .betweenMessages)
            }
            let wanted = Swift.min(length, side == .client ? Self.wanted(ofClient: type) : Self.wanted(ofServer: type))
            guard rest.byteCount >= wanted else { return .took(used, next: wanted &- rest.byteCount) }
            let message = PostgresMessage(
                type: type, length: length, at: Arrival(first: began, last: at.last))
            let body = rest.extracting(first: Swift.min(length, wanted))
            if side == .client { hear(client: message, body, out) } else { hear(server: message, body, out) }
            guard rest.byteCount >= length else {
                return .skip(took: bytes.byteCount, UInt64(length &- rest.byteCount))
            }
            used &+= length
            began = at.last
        }
        return .took(used)
    }

    /// A search has ended at the bytes that come.
    private var wasSearched = false

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if opening != .none {
            guard side == .server || opening != .asked else { return .took(tail.byteCount) }
            // An answer that was not captured: the client's next bytes show what it was.
            if side == .server, opening == .asked || opening == .awaited { return .took(tail.byteCount) }
            if opening == .encrypted { return .took(tail.byteCount) }
        }
        if side == .client, opening == .none, let step = cutStatement(length, tail, at, out) { return step }
        opening = .none
        lose(side, out)
        return .lost(took: 0, .betweenMessages)
    }

    /// A statement's text of which bytes are missing, and whose end is known.
    private func cutStatement(_ length: UInt64, _ tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step? {
        guard let type = tail.u8(at: 0), type == UInt8(ascii: "Q") || type == UInt8(ascii: "P"),
            tail.byteCount > PostgresFraming.headerBytes,
            let whole = PostgresFraming.length(tail, at: 0, .client)
        else { return nil }
        let missing = UInt64(whole &- tail.byteCount)
        guard whole > tail.byteCount, length <= missing else { return nil }
        // Of a Parse without its name nobody knows what it defines.
        if type == UInt8(ascii: "P"), tail.firstIndex(of: 0, from: PostgresFraming.headerBytes) == nil { return nil }
        let isAnswered = proof.hasAnsweredUnseen
        hear(client: PostgresMessage(type: type, length: whole, at: at, hasGap: true), tail, out)
        // Its answer came before the news of the gap, when nobody knew of it.
        if isAnswered, isPaired { giveUp(out) }
        return .skip(took: tail.byteCount, missing &- length)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        if side == .client {
            let found = PostgresFraming.search(bytes, side, from: from.next)
            if case .at = found { isLost[0] = false }
            return found
        }
        let moved = searchStart &- from.start
        var found = Found.none(from)
        let begins = answerBegins.map { $0 &- moved }
        if let begins {
            answerBegins = begins
            if bytes.byteCount &- begins < PostgresFraming.headerBytes {
                found = .none(Search(start: begins, next: begins))
            } else {
                answerBegins = nil
                let isMessage = PostgresFraming.length(bytes, at: begins, .server) != nil
                found = isMessage ? .at(begins) : PostgresFraming.search(bytes, side, from: begins)
            }
        } else {
            found = PostgresFraming.search(bytes, side, from: from.next)
        }
        // What was passed over answers nobody knows what.
        if answerBegins == nil, found != .at(begins ?? -1) { proof.hear(isSurplus: queue.isEmpty) }
        switch found {
        case .at: wasSearched = true
        case .none(let search):
            searchStart = search.start
            searched = bytes.byteCount
        }
        return found
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        return 0
    }

    func finish(_ out: any Output) {
        if isHeld { settleCycle(isExact: out.hasAll(of: .server), out) }
        giveUp(out)
        for one in suspended { tellSuspended(one, out) }
        suspended = []
    }

    var held: Int { queue.heldText &+ prepared.heldBytes &+ portals.heldBytes }

    // MARK: The opening

    /// - Returns: `nil` where messages with a type follow at once.
    private func open(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step? {
        switch (opening, side) {
        case (.none, _): return nil
        case (.encrypted, _): return .took(bytes.byteCount)
        case (.asked, .server):
            opening = .awaited
            switch bytes.u8(at: 0) {
            case UInt8(ascii: "S"): return toTLS(1)
            case UInt8(ascii: "G"):
                opening = .encrypted
                return .took(bytes.byteCount)
            case UInt8(ascii: "N"): return .took(1, next: 0)
            // A server of old answers with an error.
            default: return nil
            }
        case (.asked, .client):
            // The answer was not captured, or comes late: TLS begins with a handshake's record.
            if bytes.u8(at: 0) == 0x16 { return toTLS(0) }
            return .hold(took: 0)
        case (.awaited, .server): return nil
        case (.unproven, .server): return nil
        case (.unproven, .client):
            guard bytes.u8(at: 0) == 0 else {
                opening = .none
                // What the server has ended by then is not what begins.
                let wasIdle = serverIsIdle
                lose(.client, out)
                serverIsIdle = wasIdle
                return .lost(took: 0, .betweenMessages)
            }
            isPaired = true
            proof = OrderProof()
            isLost[1] = false
            isBehindCycle = true
            beginsWhole = true
            return startup(bytes, at, out)
        case (.awaited, .client): return startup(bytes, at, out)
        }
    }

    private func toTLS(_ took: Int) -> Step {
        guard let tls = run.registry.id(named: "tls") else {
            opening = .encrypted
            return .took(took, next: 0)
        }
        return .handOver(took: took, .row(tls))
    }

    /// StartupMessage, SSLRequest, GSSENCRequest or CancelRequest.
    private func startup(_ bytes: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        if bytes.u8(at: 0) == 0x16 { return toTLS(0) }
        guard let length = bytes.big(UInt32.self, at: 0), let code = bytes.big(UInt32.self, at: 4) else {
            return .took(0, next: 8 &- bytes.byteCount)
        }
        switch code {
        case 80_877_103, 80_877_104:
            opening = .asked
            return .hold(took: 8)
        default: break
        }
        // Protocol 3, or a CancelRequest.
        guard 8...Self.longestStartup ~= Int(length), code &>> 16 == 3 || code == 80_877_102 else {
            opening = .none
            lose(.client, out)
            return .lost(took: 0, .betweenMessages)
        }
        guard bytes.byteCount >= Int(length) else { return .took(0, next: Int(length) &- bytes.byteCount) }
        opening = .none
        let message = PostgresMessage(type: 0, length: Int(length), at: at)
        if code == 80_877_102 {
            cancel(message, bytes.extracting(first: Int(length)), out)
        } else {
            login(message, bytes.extracting(first: Int(length)), out)
        }
        return .took(Int(length), next: 0)
    }

    /// MAX_STARTUP_PACKET_LENGTH.
    private static let longestStartup = 10_000

    // MARK: Loss

    /// Messages of a side are missing, and nobody knows how many.
    private func lose(_ side: Side, _ out: any Output) {
        // Lost on both sides, or twice: what is answered then is not what waits.
        if !isPaired || proof.isAlone { giveUp(out) }
        proof.lose(side)
        isPaired = false
        isLost[side == .client ? 0 : 1] = true
        let isOne = queue.openCycles <= 1 && proof.habit == .waits
        if side == .client {
            // A name may stand for another statement by now.
            forgetStatements()
            request = (0, nil)
            isSkipped = false
            isBehindCycle = false
            serverIsIdle = false
            if !isOne || cycleIsOpen { giveUp(out) } else { isDoubtful = !queue.isEmpty }
            cycleIsOpen = false
        } else {
            searched = 0
            searchStart = 0
            answerBegins = nil
            wasSearched = false
            serverIsIdle = false
            response = (0, nil)
            if !isOne {
                giveUp(out)
            } else if !queue.isEmpty {
                isDoubtful = true
                queue.update(Swift.min(answered, queue.count &- 1)) { $0.incomplete.insert(.response) }
            }
        }
    }

    /// The client begins to ask anew, behind ReadyForQuery of what it asked before, unless it has never waited for that.
    /// - Parameter isWhole: what it begins with has nothing before it.
    func beginCycle(_ out: any Output, isWhole: Bool = false) {
        let beginsWhole = isWhole || isBehindCycle || serverIsIdle
        // What came before has ended, whoever wanted to end it.
        if queue.isEmpty { session?.isCancelled = false }
        if isHeld { settleCycle(isExact: true, out) }
        guard !isPaired else {
            if !proof.ask(isWaiting: queue.openCycles > 0) {
                giveUp(out)
                isPaired = false
            }
            self.beginsWhole = true
            return
        }
        // Where the server's place is lost, its answer may have been among what was passed over since.
        let isUnheard = !isLost[1] && !serverIsIdle && !isMismatched || answerBegins != nil
        let isKnown = proof.ask(isWaiting: queue.openCycles > 0 && isDoubtful && isUnheard)
        giveUp(out)
        self.beginsWhole = beginsWhole
        // Of several at once each has its own.
        isPaired = isKnown && proof.habit != .waits && !isLost[1]
        isDoubtful = !isPaired && (isKnown || proof.isAlone)
        if isDoubtful, isLost[1], answerBegins == nil {
            answerBegins = searched
            response = (0, nil)
        }
    }

    /// What waits is told of as it is.
    func giveUp(_ out: any Output) {
        while !queue.isEmpty {
            if queue[0].isOperation { tell(queue[0], status: .unanswered, out) }
            queue.popFront()
        }
        answered = 0
        isDoubtful = false
        isMismatched = false
        isHeld = false
        response = (0, nil)
    }
}

/// A message, as far as it is known when its first bytes are there.
struct PostgresMessage {
    var type: UInt8
    /// With its type.
    var length: Int
    var at: Arrival
    /// Bytes of it were not captured.
    var hasGap = false
}

/// MySQL's and MariaDB's protocol: what is asked in statements and commands, and what became of it (MySQL Source Code
/// Documentation, "Client/Server Protocol").
///
/// Answers come in order. How a result ends is read from its packets, which tell it in either form (CLIENT_DEPRECATE_EOF), so that a
/// capture that joined late is read like any other. Rows are stepped over: of each its length and its first byte are looked at.
/// After a loss, and joined late, the answer to a command is read in doubt: it begins behind the command with sequence number 1,
/// and counts where all its packets follow each other to its end.
///
/// Once both sides compress, their packets are those of a layer within this one, which another of these analyzers reads.
final class MySQLAnalyzer: Analyzer {
    let run: Run
    let memo: SQLMemo
    let readsText: Bool
    var queue = OperationQueue<MySQLAsk>()
    var phase = Phase.greeting
    var layer: MySQLLayer?

    // MARK: What the client has told

    var statements = KeptStatements()
    /// MariaDB's clients execute it before they know its number.
    var lastPrepared = KeptStatement()
    var cursors: [(number: UInt32, entry: QueuedOperation<MySQLAsk>, text: KeptStatement)] = []
    var namespace: [UInt8] = []

    // MARK: What the server has told

    /// Until the login what the server can, then what both can; `nil` where it was not seen.
    var capabilities: MySQLCapabilities?
    var system: StaticString = ""
    var hasBackslashes = true
    var reply = Reply.first
    /// Nobody knows whether an EOF follows the definitions of a statement that was prepared.
    var endMayFollow = false
    var response = (bytes: UInt64(0), first: Timestamp?.none)

    // MARK: Places and pairs

    /// The packet before was as long as any: the next is a part of it.
    private var isContinued: InlineArray<2, Bool> = [false, false]
    private(set) var isLost: InlineArray<2, Bool> = [false, false]
    /// Compressed packets were found where the place was lost.
    private var startsPacked = false
    /// Bytes of the server that were searched when a command was heard: its answer begins behind them.
    private var searched = 0
    /// What the last search gave back: bytes before it may have gone away since.
    private var searchStart = 0
    private var answerBegins: Int?
    /// Each answer is known as a command's own.
    var isPaired = false
    /// The first command in the queue is read in doubt.
    var isDoubtful = false
    /// The first command is answered, if it was the only one: what is said next shows it.
    var isHeld = false
    var proof = OrderProof()
    /// Entries of the first command that are answered in doubt.
    var answered = 0
    /// In doubt: the number that the server's next packet has; `nil` where it isn't known.
    var expected: UInt8?
    var lastMoment = Timestamp(nanoseconds: 0)

    enum Phase {
        /// The server's first packet.
        case greeting
        /// The client's first packet.
        case login
        case authentication
        case commands
        /// Joined late: anything may come.
        case unproven
    }

    /// What comes next of an answer.
    enum Reply: Equatable {
        case first
        /// So many definitions of columns.
        case definitions(UInt64)
        case behindDefinitions
        case rows
        /// The definitions of a statement's parameters and columns that are to come.
        case prepared(UInt32, UInt32)
        /// The client sends a file's content (LOCAL INFILE).
        case loading
        /// Events of the binary log, as long as the connection lasts.
        case stream
    }

    init(_ run: Run) {
        self.run = run
        memo = run.shared { MySQLMemo() }.memo
        readsText = run.needs.contains(.operations)
    }

    func begin(_ start: Start) {
        queue.removeAll()
        layer = nil
        statements.removeAll()
        lastPrepared = KeptStatement()
        cursors = []
        namespace = []
        capabilities = nil
        system = ""
        hasBackslashes = true
        reply = .first
        endMayFollow = false
        response = (0, nil)
        isContinued = [false, false]
        startsPacked = false
        searched = 0
        searchStart = 0
        answerBegins = nil
        isPaired = true
        isDoubtful = false
        isHeld = false
        proof = OrderProof()
        answered = 0
        expected = nil
        switch start {
        case .within(let known):
            phase = .commands
            let session = MySQLSession(known)
            capabilities = session.capabilities
            system = session.system
            namespace = session.namespace
            isPaired = session.isWhole
            proof = OrderProof(isFromStart: session.isWhole)
            isLost = [!session.isWhole, !session.isWhole]
        case .opening, .continued:
            phase = .greeting
            isLost = [false, false]
        case .middle:
            phase = .unproven
            isPaired = false
            proof = OrderProof(isFromStart: false)
            isLost = [true, true]
        }
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if startsPacked, side == .client {
            startsPacked = false
            pack(isWhole: false, out)
        }
        if layer != nil { return unpack(bytes, side, at, out) }
        if isLost[Self.place(side)] { return .lost(took: 0, .betweenMessages) }
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            let rest = bytes.extracting(used...)
            guard rest.byteCount >= MySQLPacket.headerBytes, let length = MySQLPacket.length(rest),
                let sequence = rest.u8(at: 3)
            else { return .took(used, next: MySQLPacket.headerBytes &- rest.byteCount) }
            let size = MySQLPacket.headerBytes &+ length
            let wanted = Swift.min(size, MySQLPacket.headerBytes &+ self.wanted(rest, length, sequence, side))
            guard rest.byteCount >= wanted else { return .took(used, next: wanted &- rest.byteCount) }
            let packet = MySQLPacket(length: length, sequence: sequence, at: Arrival(first: began, last: at.last))
            let body = rest.extracting(MySQLPacket.headerBytes..<wanted)
            switch hear(packet, body, side, out) {
            case .took: break
            case .lost:
                lose(side, out)
                return .lost(took: used, .betweenMessages)
            case .encrypted:
                guard let tls = run.registry.id(named: "tls") else { break }
                return .handOver(took: used &+ size, .row(tls))
            case .packed:
                // What is compressed begins behind this packet, and the rest of it is not shown.
                return rest.byteCount >= size
                    ? .took(used &+ size, next: 0)
                    : .skip(took: bytes.byteCount, UInt64(size &- rest.byteCount))
            case .packedAlready: return .took(used, next: 0)
            }
            guard rest.byteCount >= size else {
                return .skip(took: bytes.byteCount, UInt64(size &- rest.byteCount))
            }
            used &+= size
            began = at.last
        }
        return .took(used)
    }

    /// What became of a packet.
    enum Heard {
        case took, lost
        /// TLS follows.
        case encrypted
        /// Compressed packets follow.
        case packed
        /// This is a compressed packet.
        case packedAlready
    }

    /// How many bytes of a packet's content are looked at.
    private func wanted(_ bytes: RawSpan, _ length: Int, _ sequence: UInt8, _ side: Side) -> Int {
        if isContinued[Self.place(side)] { return 0 }
        return side == .client ? wanted(ofClient: bytes, length, sequence) : wanted(ofServer: bytes, length)
    }

    private func hear(_ packet: MySQLPacket, _ body: RawSpan, _ side: Side, _ out: any Output) -> Heard {
        let place = Self.place(side)
        let isPart = isContinued[place]
        isContinued[place] = packet.length == MySQLPacket.longest
        if side == .client {
            if isPart {
                continueRequest(packet)
                return .took
            }
            return hear(client: packet, body, out)
        }
        if isPart {
            response.bytes &+= packet.size
            expected = expected.map { $0 &+ 1 }
            return .took
        }
        return hear(server: packet, body, out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if layer != nil { return unpackGap(length, side, tail, at, out) }
        if side == .client, let step = cutStatement(length, tail, at, out) { return step }
        lose(side, out)
        return .lost(took: 0, .betweenMessages)
    }

    /// A statement's text of which bytes are missing, and whose end is known.
    private func cutStatement(_ length: UInt64, _ tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step? {
        guard phase == .commands, !isLost[0], !isContinued[0], let whole = MySQLPacket.length(tail),
            tail.u8(at: 3) == 0,
            let command = tail.u8(at: MySQLPacket.headerBytes).flatMap(MySQLCommand.init),
            command == .query || command == .prepare, whole < MySQLPacket.longest
        else { return nil }
        let missing = UInt64(MySQLPacket.headerBytes &+ whole &- tail.byteCount)
        guard length <= missing else { return nil }
        let packet = MySQLPacket(length: whole, sequence: 0, at: at, hasGap: true)
        _ = hear(client: packet, tail.extracting(MySQLPacket.headerBytes...), out)
        return .skip(took: tail.byteCount, missing &- length)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        if layer != nil { return searchLayer(bytes, side, from) }
        let found = side == .client ? searchClient(bytes, from) : searchServer(bytes, from)
        if case .at = found { isLost[Self.place(side)] = false }
        return found
    }

    private func searchClient(_ bytes: RawSpan, _ from: Search) -> Found {
        if phase == .unproven, from.next == 0 {
            switch MySQLDetector.login41(bytes) {
            case .yes:
                phase = .login
                start()
                return .at(0)
            case .open: return .none(from)
            case .no: break
            }
        }
        let found = MySQLPacket.search(bytes, from: from.next)
        if case .at(let place) = found {
            phase = .commands
            startsPacked = MySQLCompressed.client(bytes, at: place) == .yes
        }
        return found
    }

    /// A connection begins, in which nothing was asked before.
    private func start() {
        isPaired = true
        proof = OrderProof()
    }

    /// What the server says is passed over until a command was heard, which the next bytes may answer.
    private func searchServer(_ bytes: RawSpan, _ from: Search) -> Found {
        let moved = searchStart &- from.start
        var found = Found.none(from)
        if phase == .unproven {
            switch MySQLDetector.greeting(bytes) {
            case .yes:
                phase = .greeting
                start()
                return .at(0)
            case .open: return remember(.none(from), bytes)
            case .no: phase = .commands
            }
        }
        if let begins = answerBegins.map({ $0 &- moved }) {
            answerBegins = begins
            if bytes.byteCount &- begins <= MySQLPacket.headerBytes {
                found = .none(Search(start: begins, next: begins))
            } else {
                answerBegins = nil
                if bytes.u8(at: begins &+ 3) == 1 {
                    expected = 1
                    reply = .first
                    return .at(begins)
                }
                found = .none(Search(start: bytes.byteCount, next: bytes.byteCount))
            }
        } else {
            found = searchEvents(bytes, from.next)
        }
        // What was passed over answers nobody knows what.
        if answerBegins == nil { proof.hear(isSurplus: queue.isEmpty) }
        return remember(found, bytes)
    }

    private func remember(_ found: Found, _ bytes: RawSpan) -> Found {
        if case .none(let search) = found {
            searchStart = search.start
            searched = bytes.byteCount
        }
        return found
    }

    private func searchEvents(_ bytes: RawSpan, _ from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch MySQLEvents.event(bytes, at: at) {
            case .yes:
                reply = .stream
                return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: at, next: at))
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        return 0
    }

    func finish(_ out: any Output) {
        if isHeld, out.hasAll(of: .server) { settleCommand(out) }
        giveUp(out)
        endCursors(out)
        layer?.letGo(run)
        layer = nil
    }

    var held: Int { queue.text.count &+ statements.heldBytes &+ namespace.count }

    static func place(_ side: Side) -> Int { side == .client ? 0 : 1 }

    // MARK: Loss

    /// Packets of a side are missing, and nobody knows how many.
    private func lose(_ side: Side, _ out: any Output) {
        isLost[Self.place(side)] = true
        isContinued[Self.place(side)] = false
        if phase == .greeting || phase == .login || phase == .authentication, side == .client { phase = .commands }
        let isOne = queue.count <= 1 && proof.habit == .waits
        // Another answer may be among what is missing, or another request.
        if isHeld || proof.isAlone { giveUp(out) }
        proof.lose(side)
        isPaired = false
        if side == .client {
            // Numbers and the database may be others by now.
            statements.removeAll()
            lastPrepared = KeptStatement()
            namespace = []
            endCursors(out)
            if isOne, !queue.isEmpty, !isLost[1] {
                isDoubtful = true
                expected = reply == .first ? 1 : nil
            } else {
                giveUp(out)
            }
        } else {
            searched = 0
            searchStart = 0
            answerBegins = nil
            response = (0, nil)
            if phase == .greeting { phase = .login }
            if isOne, !queue.isEmpty {
                queue.update(0) { $0.operation.incomplete.insert(.response) }
                isDoubtful = false
            } else {
                giveUp(out)
            }
            reply = .first
        }
    }

    /// The client asks for something that is answered.
    func beginCommand(_ out: any Output) {
        if isHeld { settleCommand(out) }
        guard !isPaired else {
            if !proof.ask(isWaiting: !queue.isEmpty) { doubt(out) }
            return
        }
        // Where the server's place is lost, its answer may have been among what was passed over since.
        let isUnheard = !isLost[1] || answerBegins != nil
        let isKnown = proof.ask(isWaiting: isDoubtful && isUnheard && !queue.isEmpty)
        giveUp(out)
        // Of several at once each has its own.
        isPaired = isKnown && proof.habit != .waits && !isLost[1]
        isDoubtful = !isPaired && (isKnown || proof.isAlone)
        reply = .first
        expected = 1
        if isLost[1] { answerBegins = isDoubtful ? searched : nil }
    }

    /// What waits is not all that was asked, as the client shows that it does not wait for answers.
    private func doubt(_ out: any Output) {
        giveUp(out)
        isPaired = false
    }

    /// What the server says answers nothing that is known.
    func mismatch(_ out: any Output) -> Heard {
        isDoubtful = false
        return .lost
    }

    /// What waits is told of as it is.
    func giveUp(_ out: any Output) {
        while let entry = queue.front {
            if entry.detail.isTold { tell(entry, entry.isStreaming ? .ok : .unanswered, out) }
            queue.popFront()
        }
        answered = 0
        isDoubtful = false
        isHeld = false
        reply = .first
        response = (0, nil)
    }
}

extension QueuedOperation where Detail == MySQLAsk {
    /// It goes on until the connection ends.
    fileprivate var isStreaming: Bool { detail.command.isStream && operation.responseFirst != nil }
}

/// What all of a run remember of statements, apart from other dialects'.
private final class MySQLMemo {
    let memo = SQLMemo(.mySQL)
}

/// What has to be known of a command while its answer is read.
struct MySQLAsk {
    var command: MySQLCommand
    /// Of the statements of a text, and of everything else, the one that the answer ends with.
    var isLast = true
    /// It is an operation; else only its answer matters.
    var isTold = true
    var verb = SQLWord.none
    /// Of what was prepared.
    var number: UInt32 = 0
    /// A cursor is asked for.
    var hasCursor = false
    /// A cursor has more rows.
    var isSuspended = false
    /// The database from the answer on.
    var database: [UInt8] = []
    /// What became of it, in doubt.
    var status: ServiceOperation.Status?
}

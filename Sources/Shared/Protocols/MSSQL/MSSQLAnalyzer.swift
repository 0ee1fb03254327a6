/// TDS: what is asked of SQL Server in batches and procedures, and what became of it ([MS-TDS] 2.2).
///
/// A message is the packets up to the one that says that it ends; one is outstanding at a time, or one for each session under MARS
/// ([MC-SMP]). Results are stepped over by the packets' headers: an answer is read where it begins, up to its rows, and where it ends.
/// What TLS encloses is a layer within (`MSSQLEnvelope`).
final class MSSQLAnalyzer: Analyzer {
    let run: Run
    /// One for all connections: nothing of a statement stays in it.
    let reader: SQLReader
    let readsText: Bool
    var queue = OperationQueue<Ask>()
    /// The messages that are being read: of the one session that there is, or that spoke last.
    var client = Half()
    private var server = Half()
    /// Under MARS each session has its own, of both sides.
    private var sessions: [UInt16: (client: Half, server: Half)] = [:]
    var statements = KeptStatements()
    var namespace: [UInt8] = []
    /// Of DONE; `nil` where nobody knows the version.
    var doneBytes: Int?
    var isLost: InlineArray<2, Bool> = [false, false]
    /// Bytes of the server that were searched when a request was heard: its answer begins behind them.
    var searched = 0
    private var searchStart = 0
    var answerBegins: Int?
    var envelope = MSSQLEnvelope()
    var scratch = UniqueBytes()
    var lastMoment = Timestamp(nanoseconds: 0)

    /// What has to be known of a request while its answer is read.
    struct Ask {
        var session: UInt16
        var isTold = true
        var isLogin = false
        var isPrelogin = false
        /// The statement that a handle will stand for.
        var prepares = false
        var verb = SQLWord.none
    }

    /// The message of one side that is being read.
    final class Half {
        /// Bytes of the packet that are to come, without its header; `nil` between packets.
        var left: Int?
        /// Bytes of a record of TLS that are to come, which stands between packets.
        var record = 0
        /// The message's content is TLS's.
        var isEnvelope = false
        var type: UInt8 = 0
        var isLastPacket = false
        /// A message has begun.
        var isOpen = false
        var session: UInt16 = 0
        var size: UInt64 = 0
        var first = Timestamp(nanoseconds: 0)
        /// Of the client the message, of the server what is at its beginning.
        var head = UniqueBytes()
        /// Of the server what is at the end of the last packet.
        var tail = UniqueBytes()
        var isCut = false
        var hasGap = false
        /// The gap is in the last packet.
        var isEndLost = false

        func close() {
            left = nil
            record = 0
            isEnvelope = false
            isOpen = false
            head.removeAll(keepingAtMost: 4 << 10)
            tail.removeAll(keepingAtMost: 4 << 10)
            size = 0
            isCut = false
            hasGap = false
            isEndLost = false
        }
    }

    init(_ run: Run) {
        self.run = run
        reader = run.shared { SQLReader() }
        readsText = run.needs.contains(.operations)
    }

    func begin(_ start: Start) {
        queue.removeAll()
        sessions.removeAll()
        client.close()
        server.close()
        statements.removeAll()
        namespace = []
        doneBytes = nil
        envelope = MSSQLEnvelope()
        isLost = start == .middle ? [true, true] : [false, false]
        searched = 0
        searchStart = 0
        answerBegins = nil
    }

    func trim() {
        for half in [client, server] where !half.isOpen {
            half.head.removeAll(keepingAtMost: 0)
            half.tail.removeAll(keepingAtMost: 0)
        }
        scratch.removeAll(keepingAtMost: 0)
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if isLost[Self.place(side)] { return .lost(took: 0, .betweenMessages) }
        if envelope.isAll[Self.place(side)] {
            deliver(bytes, side, out)
            return .took(bytes.byteCount)
        }
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            let half = side == .client ? client : server
            let rest = bytes.extracting(used...)
            let enclosed = encloses(half, rest, side, out)
            if enclosed > 0 {
                let count = Swift.min(enclosed, rest.byteCount)
                deliver(rest.extracting(first: count), side, out)
                used &+= count
                passed(count, half, side, at, out)
                if half.record == 0 { began = at.last }
                continue
            }
            guard let left = half.left else {
                switch open(half, rest, side, began) {
                case .session(let session):
                    choose(session, side, out)
                    used &+= Self.sessionBytes
                    continue
                case .took(let count): used &+= count
                case .needs(let more): return .took(used, next: more)
                case .record(let size):
                    begin(record: size, half, side, began)
                    continue
                case .lost:
                    lose(side, out)
                    return .lost(took: used, .betweenMessages)
                }
                if half.left == 0 { endPacket(half, side, at, out) }
                began = at.last
                continue
            }
            let passed = keep(half, rest.extracting(first: Swift.min(left, rest.byteCount)), side)
            half.left = left &- passed
            used &+= Swift.min(passed, rest.byteCount)
            let isOver = half.left == 0
            if isOver { endPacket(half, side, at, out) }
            if passed > rest.byteCount { return .skip(took: bytes.byteCount, UInt64(passed &- rest.byteCount)) }
            if isOver { began = at.last }
        }
        return .took(used)
    }

    private enum Opened {
        case took(Int)
        case needs(Int)
        case record(Int)
        case session(UInt16)
        case lost
    }

    /// SMID, flags, session, length, sequence number, window ([MC-SMP] 2.2.1).
    private static let sessionBytes = 16
    /// Drivers open as many as statements are open at once.
    private static let mostSessions = 1024

    /// The packet that follows is of this session.
    private func choose(_ session: UInt16, _ side: Side, _ out: any Output) {
        if sessions[session] == nil {
            if sessions.count >= Self.mostSessions { sessions.removeAll() }
            let halves = (client: Half(), server: Half())
            halves.client.session = session
            halves.server.session = session
            sessions[session] = halves
        }
        guard let halves = sessions[session] else { return }
        if side == .client { client = halves.client } else { server = halves.server }
    }

    private static let headerBytes = 8

    private func open(_ half: Half, _ bytes: RawSpan, _ side: Side, _ first: Timestamp) -> Opened {
        guard let type = bytes.u8(at: 0) else { return .needs(1) }
        if type == 0x53 {
            // MARS: whose packet follows; a window or an end has none.
            guard bytes.byteCount >= Self.sessionBytes else { return .needs(Self.sessionBytes &- bytes.byteCount) }
            return .session(bytes.little(UInt16.self, at: 2) ?? 0)
        }
        if 0x14...0x17 ~= type {
            guard bytes.byteCount >= 5 else { return .needs(5 &- bytes.byteCount) }
            guard bytes.u8(at: 1) == 3, let length = bytes.big(UInt16.self, at: 3) else { return .lost }
            return .record(5 &+ Int(length))
        }
        guard bytes.byteCount >= Self.headerBytes else { return .needs(Self.headerBytes &- bytes.byteCount) }
        guard Self.isPacket(bytes, 0, side), let length = bytes.big(UInt16.self, at: 2), let status = bytes.u8(at: 1)
        else {
            return .lost
        }
        if !half.isOpen {
            half.close()
            half.isOpen = true
            half.first = first
            half.type = type
        }
        half.isLastPacket = status & 1 != 0
        half.size &+= UInt64(length)
        half.left = Int(length) &- Self.headerBytes
        return .took(Self.headerBytes)
    }

    /// Type, status bits, length and a window that is always 0 (2.2.3.1).
    private static func isPacket(_ bytes: RawSpan, _ at: Int, _ side: Side) -> Bool {
        guard let type = bytes.u8(at: at), let status = bytes.u8(at: at &+ 1),
            let length = bytes.big(UInt16.self, at: at &+ 2),
            bytes.u8(at: at &+ 7) == 0, status & ~0x1F == 0, length >= 8
        else { return false }
        switch type {
        case 0x04: return side == .server
        case 0x12: return true
        case 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x0E, 0x0F, 0x10, 0x11: return side == .client
        default: return false
        }
    }

    /// Keeps what is looked at of a packet's content.
    /// - Returns: how many bytes are done with; more than are there where what follows is not looked at.
    private func keep(_ half: Half, _ bytes: RawSpan, _ side: Side) -> Int {
        let left = half.left ?? 0
        let limit = side == .client ? Self.longestRequest : Self.looked
        if half.head.count < limit {
            let count = Swift.min(bytes.byteCount, limit &- half.head.count)
            half.head.append(bytes.extracting(first: count))
            if side == .server, half.isLastPacket { keepTail(half, bytes.extracting(first: count), left) }
            return count
        }
        if side == .client {
            half.isCut = true
            return left
        }
        guard half.isLastPacket else { return left }
        guard left <= Self.looked else { return left &- Self.looked }
        keepTail(half, bytes, left)
        return bytes.byteCount
    }

    private func keepTail(_ half: Half, _ bytes: RawSpan, _ left: Int) {
        let skipped = Swift.max(0, left &- Self.looked)
        if skipped < bytes.byteCount { half.tail.append(bytes.extracting(skipped...)) }
    }

    /// At the beginning and at the end of an answer.
    static let looked = 512
    /// A statement as long as is read, in UTF-16, and what precedes it.
    private static let longestRequest = 2 * SQLStatement.longest + 1024

    func endPacket(_ half: Half, _ side: Side, _ at: Arrival, _ out: any Output) {
        half.left = nil
        guard half.isLastPacket else { return }
        if side == .client { ask(half, at, out) } else { answer(half, at, out) }
        half.close()
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        let half = side == .client ? client : server
        if let step = gapInEnvelope(length, half, tail, side, at, out) { return step }
        // Within a packet: where it ends is known.
        if !isLost[Self.place(side)], let left = half.left, left > 0, length <= UInt64(left), tail.byteCount == 0 {
            half.hasGap = true
            half.isCut = half.isCut || side == .client || half.head.count < Self.looked
            half.isEndLost = half.isLastPacket
            let rest = left &- Int(length)
            endPacket(half, side, at, out)
            return .skip(took: 0, UInt64(rest))
        }
        lose(side, out)
        return .lost(took: 0, .betweenMessages)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        let found = side == .client ? searchClient(bytes, from.next) : searchServer(bytes, from)
        switch found {
        case .at: isLost[Self.place(side)] = false
        case .none(let search):
            if side == .server {
                searchStart = search.start
                searched = bytes.byteCount
            }
        }
        return found
    }

    /// A request: ALL_HEADERS proves it, or a number of a procedure.
    private func searchClient(_ bytes: RawSpan, _ from: Int) -> Found {
        var at = from
        while at < bytes.byteCount {
            switch MSSQLDetector.begins(bytes.extracting(at...)) {
            case .yes: return .at(at)
            case .open: return .none(Search(start: at, next: at))
            case .no: at &+= 1
            }
        }
        return .none(Search(start: at, next: at))
    }

    /// What the server says is passed over until a request was heard, which the next bytes answer, with packet number 1.
    private func searchServer(_ bytes: RawSpan, _ from: Search) -> Found {
        let all = Found.none(Search(start: bytes.byteCount, next: bytes.byteCount))
        guard let begins = answerBegins.map({ $0 &- (searchStart &- from.start) }) else { return all }
        answerBegins = begins
        searchStart = from.start
        guard bytes.byteCount &- begins >= Self.headerBytes else { return .none(Search(start: begins, next: begins)) }
        answerBegins = nil
        let isAnswer = Self.isPacket(bytes, begins, .server) && bytes.u8(at: begins &+ 6) == 1
        return isAnswer || bytes.u8(at: begins) == 0x53 ? .at(begins) : all
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        return 0
    }

    func finish(_ out: any Output) {
        // What ends with the connection is told of before it.
        if let tls = envelope.tls { out.close(tls, lastMoment) }
        envelope.tls = nil
        while !queue.isEmpty { giveUp(0, out) }
        client.close()
        server.close()
    }

    var held: Int {
        queue.text.count &+ statements.heldBytes &+ client.head.count &+ server.head.count &+ server.tail.count
    }

    static func place(_ side: Side) -> Int { side == .client ? 0 : 1 }

    // MARK: Loss

    private func lose(_ side: Side, _ out: any Output) {
        isLost[Self.place(side)] = true
        (side == .client ? client : server).close()
        sessions.removeAll()
        if side == .client {
            statements.removeAll()
            namespace = []
        } else {
            searched = 0
            searchStart = 0
            answerBegins = nil
            while !queue.isEmpty { giveUp(0, out) }
        }
    }

    func giveUp(_ place: Int, _ out: any Output) {
        if queue[place].detail.isTold { tell(queue[place], .unanswered, nil, out) }
        queue.remove(place)
    }
}

/// Reads DNS over TCP and UDP (RFC 1035, section 4; RFC 7766): a question and its answer are one operation, whose name is the
/// type that is asked for, and its target the name.
///
/// They pair by number and question. Over UDP a question that comes again is another attempt, an answer that comes again is
/// none, and an answer that did not fit goes on over TCP.
final class DNSAnalyzer: Analyzer {
    private let run: Run
    /// The oldest first.
    private var waiting: [DNSLookup] = []
    private var spares: [DNSLookup] = []
    /// Answered lately, over UDP: packets come twice, and clients ask again while the answer is on its way.
    private var answered: [(id: UInt16, question: UInt32, at: Timestamp)] = []
    private(set) var hasRead = false
    /// A message of the side was read: until then its bytes may begin within one.
    private var isProven: InlineArray<2, Bool> = [false, false]
    private var now = Timestamp(nanoseconds: 0)
    /// Names while they are read.
    private var scratch = UniqueBytes()

    /// Questions that wait on one connection, and answers that are remembered: resolvers have far fewer to one server.
    static let most = 512
    private static let mostAnswered = 64
    /// Nanoseconds after which an answer over UDP is not waited for: clients ask again after five seconds
    /// (resolv.conf(5), `timeout`), and have given up a question by then.
    private static let patience: Int64 = 10_000_000_000

    init(_ run: Run) { self.run = run }

    func begin(_ start: Start) {
        for lookup in waiting { giveBack(lookup) }
        waiting.removeAll(keepingCapacity: true)
        answered.removeAll(keepingCapacity: true)
        hasRead = false
        isProven = [false, false]
    }

    var held: Int { waiting.reduce(0) { $0 &+ $1.text.count } }

    // MARK: TCP

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        now = at.last
        let least = 2 &+ DNSMessage.headerLength
        guard bytes.byteCount >= least else { return .took(0, next: least &- bytes.byteCount) }
        let length = 2 &+ Int(bytes.big(UInt16.self, at: 0) ?? 0)
        let isPossible = isProven[Int(side.rawValue)] || DNSDetector.framed(bytes, at: 0, from: side) != .no
        guard length >= least, isPossible else { return .lost(took: 0, .betweenMessages) }
        guard bytes.byteCount >= length else { return .took(0, next: length &- bytes.byteCount) }
        let content = bytes.extracting(2..<length)
        guard let message = DNSMessage(content, isWhole: true) else {
            guard hasRead else { return .lost(took: 0, .betweenMessages) }
            // The next length is where this one says, so nothing else is lost.
            out.unparsed(length, .betweenMessages)
            return .took(length, next: 0)
        }
        read(
            Said(message: message, side: side, first: at.first, last: at.last, bytes: length, isWhole: true), content,
            out)
        return .took(length, next: 0)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        now = at.last
        guard let announced = tail.big(UInt16.self, at: 0), Int(announced) >= DNSMessage.headerLength else {
            return .lost(took: 0, .betweenMessages)
        }
        let whole = 2 &+ Int(announced)
        let rest = UInt64(max(0, whole &- tail.byteCount))
        let content = tail.extracting(2..<min(whole, tail.byteCount))
        if let message = DNSMessage(content, isWhole: false) {
            let said = Said(
                message: message, side: side, first: at.first, last: at.last, bytes: whole, isWhole: false)
            read(said, content, out)
        } else {
            out.unparsed(tail.byteCount, .betweenMessages)
        }
        guard length <= rest else { return .lost(took: tail.byteCount, .betweenMessages) }
        return .skip(took: tail.byteCount, rest &- length)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        var place = from.next
        while place < bytes.byteCount {
            switch DNSDetector.framed(bytes, at: place, from: side) {
            case .yes where isMessage(bytes, at: place): return .at(place)
            case .yes: place &+= 1
            case .open: return .none(Search(start: place, next: place))
            case .no: place &+= 1
            }
        }
        return .none(Search(start: place, next: place))
    }

    /// A message, as far as it is there.
    private func isMessage(_ bytes: RawSpan, at place: Int) -> Bool {
        let end = place &+ 2 &+ Int(bytes.big(UInt16.self, at: place) ?? 0)
        let isWhole = end <= bytes.byteCount
        return DNSMessage(bytes.extracting(place &+ 2..<min(end, bytes.byteCount)), isWhole: isWhole) != nil
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        now = max(now, at)
        guard tail.byteCount > 2, let message = DNSMessage(tail.extracting(2...), isWhole: false) else { return 0 }
        let said = Said(
            message: message, side: side, first: at, last: at, bytes: tail.byteCount, isWhole: false)
        read(said, tail.extracting(2...), out)
        return tail.byteCount
    }

    func finish(_ out: any Output) {
        while let lookup = waiting.first { giveUp(0, lookup, out) }
    }

    // MARK: UDP

    func datagram(_ bytes: RawSpan, isWhole: Bool, _ side: Side, _ at: Timestamp, _ out: any Output) {
        now = at
        while let lookup = waiting.first, at.since(lookup.operation.requestLast) > Self.patience {
            giveUp(0, lookup, out)
        }
        guard let message = DNSMessage(bytes, isWhole: isWhole) else {
            return out.unparsed(bytes.byteCount, .betweenMessages)
        }
        var said = Said(
            message: message, side: side, first: at, last: at, bytes: bytes.byteCount, isWhole: isWhole)
        said.isDatagram = true
        read(said, bytes, out)
    }

    // MARK: Messages

    private struct Said {
        var message: DNSMessage
        var side: Side
        var first: Timestamp
        var last: Timestamp
        /// On the wire.
        var bytes: Int
        var isWhole: Bool
        var isDatagram = false
    }

    private func read(_ said: Said, _ bytes: RawSpan, _ out: any Output) {
        hasRead = true
        isProven[Int(said.side.rawValue)] = true
        let question = question(said.message, bytes)
        if said.message.isAnswer { answer(said, question, bytes, out) } else { ask(said, question, bytes, out) }
    }

    /// What tells questions from others: a message's first name, as it is compared, with type and class.
    /// - Returns: `nil` where the message has none, or it was not captured.
    private func question(_ message: DNSMessage, _ bytes: RawSpan) -> UInt32? {
        scratch.removeAll()
        guard message.questions > 0, message.records != nil, let end = DNSName.end(bytes, DNSMessage.headerLength),
            DNSName.append(bytes, at: DNSMessage.headerLength, to: &scratch), bytes.byteCount >= end &+ 4
        else { return nil }
        scratch.append(bytes.extracting(end..<end &+ 4))
        var hash: UInt32 = 0
        scratch.withBytes { hash = $0.hash(seed: UInt64(message.opcode.rawValue)) }
        return hash
    }

    private func ask(_ said: Said, _ question: UInt32?, _ bytes: RawSpan, _ out: any Output) {
        let id = said.message.id
        if said.isDatagram {
            let isKnown = waiting.contains { $0.id == id && $0.side == said.side && $0.question == question ?? 0 }
            if isKnown || isAnswered(id, question ?? 0, said.last) { return }
        }
        let lookup = begin(said, question, bytes)
        if let question, said.side == .client {
            let attempts = out.shared { DNSAttempts() }
            let before = said.isDatagram ? attempts.takeUnanswered(id, question) : attempts.takeTruncated(question)
            if let before {
                before.next = lookup
                lookup.follows = true
                lookup.operation.requestFirst = before.operation.requestFirst
            }
            if said.isDatagram { attempts.add(lookup) }
        }
        if waiting.count == Self.most {
            out.reached(.pipelinedRequests)
            giveUp(0, waiting[0], out)
        }
        waiting.append(lookup)
    }

    /// A lookup as its question says, or its answer where that is all that was seen.
    private func begin(_ said: Said, _ question: UInt32?, _ bytes: RawSpan) -> DNSLookup {
        let message = said.message
        let lookup = spares.popLast() ?? DNSLookup()
        lookup.removeAll()
        lookup.id = message.id
        lookup.question = question ?? 0
        lookup.side = said.side
        lookup.operation.side = said.side
        lookup.operation.pairing = .id
        lookup.setRequest(UInt64(said.bytes), said.first, said.last)
        if !said.isWhole { lookup.operation.incomplete.insert(message.isAnswer ? .response : .request) }
        if let name = message.opcode.name {
            lookup.setName(name)
        } else if question != nil {
            lookup.operation.name = lookup.store { DNSType.append(message.type, to: &$0) }
            let isIncremental = message.type == DNSType.incrementalTransfer
            if isIncremental || message.type == DNSType.transfer {
                lookup.transfer = DNSTransfer(isIncremental: isIncremental)
            }
        }
        if question == nil { lookup.operation.incomplete.insert(.text) }
        storeTargets(message, bytes, lookup)
        return lookup
    }

    private func storeTargets(_ message: DNSMessage, _ bytes: RawSpan, _ lookup: DNSLookup) {
        let isWhole = run.statements == .full
        guard message.records != nil else { return }
        lookup.name = lookup.store { _ = DNSName.append(bytes, at: DNSMessage.headerLength, to: &$0) }
        let start = lookup.text.count
        var at = DNSMessage.headerLength
        for number in 0..<message.questions {
            scratch.removeAll()
            guard let end = DNSName.end(bytes, at), DNSName.append(bytes, at: at, to: &scratch) else { break }
            at = end &+ 4
            if number > 0 { lookup.text.append(0) }
            scratch.withBytes { DNSName.appendTarget($0, isWhole: isWhole, to: &lookup.text) }
        }
        lookup.operation.targets = ByteRange(start, lookup.text.count)
    }

    // MARK: Answers

    private func answer(_ said: Said, _ question: UInt32?, _ bytes: RawSpan, _ out: any Output) {
        let id = said.message.id
        let found = waiting.firstIndex {
            $0.id == id && $0.side != said.side && (question == nil || $0.question == question)
        }
        guard let found else {
            // The rest of a transfer names its question in the first message alone.
            if said.isDatagram, isAnswered(id, question, said.last) { return }
            return push(said, question, bytes, out)
        }
        let lookup = waiting[found]
        // A packet that came twice.
        if lookup.isTruncated, said.message.isTruncated { return }
        take(said, bytes, lookup, out)
        if said.message.isTruncated, said.isDatagram {
            lookup.isTruncated = true
            return
        }
        if let transfer = lookup.transfer, lookup.operation.code.isEmpty, said.isWhole, !transfer.isComplete { return }
        waiting.remove(at: found)
        if said.isDatagram { remember(lookup, said.last) }
        // It is answered, whatever became of the attempts that followed.
        var next = lookup.next
        while let attempt = next {
            attempt.isOver = true
            next = attempt.next
        }
        if said.isDatagram { out.shared { DNSAttempts() }.remove(lookup) }
        if lookup.isOver { return giveBack(lookup) }
        tell(lookup, out)
    }

    /// An answer whose question was not seen says all the same what was asked.
    private func push(_ said: Said, _ question: UInt32?, _ bytes: RawSpan, _ out: any Output) {
        let lookup = begin(said, question, bytes)
        lookup.operation.requestBytes = 0
        lookup.operation.pairing = .none
        take(said, bytes, lookup, out)
        lookup.operation.incomplete.insert(.request)
        if said.isDatagram { remember(lookup, said.last) }
        tell(lookup, out)
    }

    /// Takes what an answer says.
    private func take(_ said: Said, _ bytes: RawSpan, _ lookup: DNSLookup, _ out: any Output) {
        let first = lookup.operation.responseFirst ?? said.first
        lookup.setResponse(lookup.operation.responseBytes &+ UInt64(said.bytes), first, said.last)
        if !said.isWhole { lookup.operation.incomplete.insert(.response) }
        var code = UInt16(said.message.headerCode)
        var records = said.message.records
        if records == nil { lookup.operation.incomplete.insert(.response) }
        var answers = DNSAnswers(
            takesNames: lookup.transfer == nil && said.message.opcode == .query, at: said.last)
        let start = lookup.text.count
        while let record = records?.next(bytes) {
            if record.type == DNSType.options, record.section == .other {
                // The upper bits of the code (RFC 6891, section 6.1.3).
                code |= UInt16(truncatingIfNeeded: record.timeToLive >> 24) << 4
            }
            guard record.section == .answer else { continue }
            lookup.transfer?.take(record.type == DNSType.startOfAuthority ? Self.serial(record, bytes) : nil)
            answers.take(record, bytes, lookup, out)
        }
        if lookup.text.count > start { lookup.operation.answers = ByteRange(start, lookup.text.count) }
        lookup.operation.timeToLive = answers.timeToLive ?? lookup.operation.timeToLive
        if code != 0 { lookup.operation.code = lookup.store { DNSCode.append(code, to: &$0) } }
    }

    /// Of a start of authority, behind two names (RFC 1035, section 3.3.13).
    private static func serial(_ record: DNSRecord, _ bytes: RawSpan) -> UInt32? {
        guard let server = DNSName.end(bytes, record.data.lowerBound), let mail = DNSName.end(bytes, server) else {
            return nil
        }
        return bytes.big(UInt32.self, at: mail)
    }

    // MARK: The end of a lookup

    private func tell(_ lookup: DNSLookup, _ out: any Output) {
        lookup.tell(lookup.operation.code.isEmpty ? .ok : .error, "", out)
        giveBack(lookup)
    }

    private func giveUp(_ place: Int, _ lookup: DNSLookup, _ out: any Output) {
        waiting.remove(at: place)
        out.shared { DNSAttempts() }.remove(lookup)
        if lookup.isOver || lookup.next != nil { return giveBack(lookup) }
        if lookup.operation.responseFirst != nil {
            lookup.operation.incomplete.insert(.response)
            return tell(lookup, out)
        }
        lookup.operation.ended = now
        lookup.tell(.unanswered, "", out)
        giveBack(lookup)
    }

    /// Keeps it for the next question, unless an attempt before it may still speak of it.
    private func giveBack(_ lookup: DNSLookup) {
        lookup.next = nil
        if spares.count < 16, !lookup.follows { spares.append(lookup) }
    }

    private func remember(_ lookup: DNSLookup, _ at: Timestamp) {
        if answered.count == Self.mostAnswered { answered.removeFirst() }
        answered.append((lookup.id, lookup.question, at))
    }

    private func isAnswered(_ id: UInt16, _ question: UInt32?, _ at: Timestamp) -> Bool {
        answered.contains {
            $0.id == id && (question == nil || $0.question == question) && at.since($0.at) <= Self.patience
        }
    }
}

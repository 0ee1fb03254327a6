/// What a subject says beside its words: JetStream's interface and acknowledgements (JetStream API reference), inboxes.
enum NATSSubject {
    case plain
    /// Of a client's own, for answers.
    case inbox
    /// `$JS.API.…`: what is asked, and where the rest begins, which says of what.
    case interface(Range<Int>, rest: Int)
    /// A pull consumer's `CONSUMER.MSG.NEXT`.
    case next(rest: Int)
    /// `$JS.ACK.…`.
    case acknowledgement

    init(_ subject: RawSpan) {
        if subject.has("_INBOX.") || subject.has("_R_.") {
            self = .inbox
        } else if subject.has("$JS.ACK.") {
            self = .acknowledgement
        } else if subject.has("$JS."), let start = Self.interface(subject) {
            let rest = Self.end(subject, start)
            let verb = start..<Swift.max(start, rest)
            self =
                subject.isWord("CONSUMER.MSG.NEXT", at: verb)
                ? .next(rest: rest &+ 1) : .interface(verb, rest: rest &+ 1)
        } else {
            self = .plain
        }
    }

    /// Where the interface's words begin: behind `$JS.API.`, or `$JS.<domain>.API.`.
    private static func interface(_ subject: RawSpan) -> Int? {
        if subject.has("API.", at: 4) { return 8 }
        guard let dot = subject.firstIndex(of: UInt8(ascii: "."), from: 4), subject.has("API.", at: dot &+ 1) else {
            return nil
        }
        return dot &+ 5
    }

    /// Where the words end that say what is asked; what comes behind them are names.
    private static func end(_ subject: RawSpan, _ start: Int) -> Int {
        let verbs: [StaticString] = [
            "CONSUMER.DURABLE.CREATE", "CONSUMER.MSG.NEXT", "CONSUMER.LEADER.STEPDOWN", "CONSUMER.CREATE",
            "CONSUMER.NAMES",
            "CONSUMER.LIST", "CONSUMER.INFO", "CONSUMER.DELETE", "CONSUMER.PAUSE", "CONSUMER.RESET", "CONSUMER.UNPIN",
            "STREAM.MSG.GET", "STREAM.MSG.DELETE", "STREAM.LEADER.STEPDOWN", "STREAM.PEER.REMOVE", "STREAM.CREATE",
            "STREAM.UPDATE", "STREAM.NAMES", "STREAM.LIST", "STREAM.INFO", "STREAM.DELETE", "STREAM.PURGE",
            "STREAM.SNAPSHOT", "STREAM.RESTORE", "DIRECT.GET", "ACCOUNT.PURGE", "META.LEADER.STEPDOWN", "INFO",
        ]
        for verb in verbs where subject.has(verb, at: start) {
            let end = start &+ verb.utf8CodeUnitCount
            if end == subject.byteCount || subject.u8(at: end) == UInt8(ascii: ".") { return end }
        }
        return start
    }
}

/// The contract of a protocol's detector.
///
/// A detector is a pure function of what both sides said so far, and it must be *stable*: once it has answered
/// `.yes` or `.no` for some bytes, it gives the same answer when more bytes follow on either side. That is what
/// makes a verdict independent of how the network cut the stream: one byte at a time or all at once.
protocol Detector: SendableMetatype {
    /// How much it takes to convince it: decides who is asked first.
    static var strictness: Strictness { get }

    /// Judges the first bytes of both sides.
    ///
    /// Both spans begin where a message of that side should begin: at the stream's start or, where the capture
    /// joined late, where that side took its turn to speak. Either may be empty: servers may speak first,
    /// and a capture may hold one direction only. The bytes come from outside and may be anything.
    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding

    /// Looks for messages within what one side said, where a capture joined in the middle of one.
    ///
    /// Asked once of bytes that are all that will be looked at: a place that proves the protocol by itself counts, and
    /// nothing less.
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence?

    /// How all that one side said looks to whom the port says that it is this protocol.
    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness
}

extension Detector {
    static func search(_ bytes: RawSpan, from side: Side) -> Evidence? { nil }

    static func likeness(_ bytes: RawSpan, from side: Side, isStreamStart: Bool) -> Likeness { .no }
}

/// The contract of a detector of datagrams: each is judged by itself.
protocol DatagramDetector: SendableMetatype {
    /// - Parameter isWhole: all of it was captured.
    /// - Returns: who says it, and why it is sure; `nil` for what is another protocol's.
    static func examine(datagram: RawSpan, isWhole: Bool) -> (side: Side, evidence: Evidence)?
}

/// How bytes look in the light of the port on which they were said, once no more will come.
///
/// On its own port a protocol has to show less: one message that is whole, of a form that others rarely have, confirms it.
enum Likeness: Equatable, Sendable {
    /// Another protocol, or what nobody knows.
    case no
    /// The protocol may begin so, or go on so; it is too little to tell.
    case open
    /// A whole message.
    case whole

    init(_ fit: Fit) { self = fit == .no ? .no : .open }

    /// Messages one behind the other, of which the last may be cut.
    /// - Parameter message: what is at an offset, and how long it is.
    init(of bytes: RawSpan, _ message: (_ offset: Int) -> (fit: Fit, length: Int?)) {
        var offset = 0
        for _ in 0..<64 where offset < bytes.byteCount {
            let (fit, length) = message(offset)
            guard fit != .no else {
                self = .no
                return
            }
            guard fit == .yes, let length, length > 0, offset &+ length <= bytes.byteCount else { break }
            offset &+= length
        }
        self = offset > 0 ? .whole : .open
    }
}

/// What a detector may know besides the bytes.
struct DetectionContext: Sendable {
    /// The spans are the beginnings of the streams: greetings and handshakes are to be expected here.
    ///
    /// Otherwise the connection was joined in the middle and the spans begin at a turn, in any state of the protocol.
    var isStreamStart: Bool
    /// No more bytes will come for the judgement (the connection ended, or detection reached its limit): an answer of
    /// `.needMore` counts as `.no`.
    ///
    /// Evidence that is good enough alone, but for which a detector would rather have seen the other side's answer, may
    /// be accepted now.
    var isFinal: Bool
    /// The streams began with something that nobody understands: what is lenient has to be strict.
    var followsOthers = false
    /// The streams began with what the server said.
    var beginsWithServer = false
}

/// What a detector says of some bytes.
enum Finding: Equatable, Sendable {
    /// It is another protocol, whatever follows.
    case no
    /// All bytes so far fit, and they do not prove it yet.
    case needMore
    case yes(Evidence)
}

/// Why a detector is sure.
struct Evidence: Equatable, Sendable {
    /// What was recognised in the payload, as it stands in `detection_reason` after the port:
    /// "valid Postgres startup/SSLRequest header".
    var reason: StaticString

    init(_ reason: StaticString) { self.reason = reason }

    static func == (a: Evidence, b: Evidence) -> Bool { a.reason.description == b.reason.description }
}

/// Detectors are asked from the strictest to the loosest: one that needs more bytes holds back those after it, so the
/// verdict does not depend on how many bytes came at once.
enum Strictness: CaseIterable, Sendable {
    /// A line that nothing else writes, and that refuses most other bytes at once: HTTP's request line.
    case requestLine
    /// Fixed bytes at the start.
    case signature
    /// Typed messages whose first has fixed parts.
    case typedMessages
    /// Frames whose lengths and numbers have to agree.
    case frames
    /// Lines that begin with one of few verbs.
    case verbs
    /// Lines of commands with arguments that agree with them.
    case commands
    /// Lines of words: it would wait for an answer to what stricter ones know.
    case words
    /// Can't be refused before the server has spoken.
    case answers
}

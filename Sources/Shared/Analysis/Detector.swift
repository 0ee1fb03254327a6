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

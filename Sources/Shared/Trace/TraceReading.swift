/// What reads a form of the trace: ``TraceReader`` the binary one, ``TraceTextReader`` the text.
///
/// It does no I/O: the caller shows it the bytes from where it has got to, and learns from the answer how to go on.
package protocol TraceReading: Sendable {
    init()

    /// Events that were read.
    var events: UInt64 { get }
    /// Places at which a frame, or a line, or more can't be read.
    var damagedFrames: UInt64 { get }
    /// Whole frames, or lines, of kinds that only later versions know.
    var skippedFrames: UInt64 { get }
    /// The file ends inside a frame or a line.
    var isTruncated: Bool { get }
    /// An end mark was promised and has not come yet: where the file ends, it was cut.
    var lacksEnd: Bool { get }
    /// The time of the last event, if there was one.
    var lastTimestamp: Timestamp? { get }
    /// The time of the event that begins here, if it can be told from the first 16 bytes.
    static func time(_ bytes: RawSpan) -> Timestamp?
    /// What is wrong where, of the first damages, if more can be said than that there are some.
    var complaints: [String] { get }

    /// Reads the next event, if it is there.
    ///
    /// - Parameters:
    ///   - bytes: the file from where the reader has got to, as much of it as is at hand.
    ///   - isEnd: the file ends with these bytes.
    ///   - take: gets the event and, of a `data` event, the bytes; not called where there is none.
    mutating func next(
        _ bytes: RawSpan, isEnd: Bool, _ take: (borrowing CapturedEvent, RawSpan) -> Void
    ) throws(TraceError) -> TraceStep
}

extension TraceReader: TraceReading {
    package var complaints: [String] { [] }

    package static func time(_ bytes: RawSpan) -> Timestamp? {
        guard bytes.little(UInt16.self, at: 0) == TraceFormat.marker else { return nil }
        return bytes.little(Int64.self, at: TraceFormat.frameHeaderLength).map { Timestamp(nanoseconds: $0) }
    }
}

/// What became of the promises of end marks in a file.
package struct EndPromise: Equatable, Sendable {
    package init() {}

    /// An end mark was promised and has not come yet.
    private var isGiven = false
    /// Another tape has begun before it came.
    private var isBroken = false

    /// Whether an end mark is missing, if nothing more follows.
    package var isDue: Bool { isGiven || isBroken }

    package mutating func note(_ kind: borrowing CapturedEvent.Kind) {
        switch kind {
        case .tape(let origin):
            isBroken = isDue
            isGiven = origin.promisesEnd
        case .end: isGiven = false
        default: break
        }
    }
}

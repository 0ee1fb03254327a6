import Command
import Digest
import Shared

/// The first event and the end mark of a tape that is written down anew.
///
/// One trace in another form stays the same tape, with the marks that it has or without any. Captures, and several inputs,
/// become a tape with an origin of its own, which stands at the time of the first event: marks change no output.
struct TapeMarks {
    /// The tape's own origin; `nil`: the input's marks are taken over.
    var origin: TapeOrigin?
    private var hasBegun = false
    private var promise = EndPromise()
    private var lastTimestamp = Timestamp(nanoseconds: 0)

    /// What has to be written before this event.
    mutating func before(_ event: borrowing CapturedEvent) -> CapturedEvent? {
        guard let origin, !hasBegun, passes(event) else { return nil }
        hasBegun = true
        let first = CapturedEvent(event.timestamp, .tape(origin))
        promise.note(first.kind)
        return first
    }

    /// Whether an event of the inputs is written.
    mutating func passes(_ event: borrowing CapturedEvent) -> Bool {
        lastTimestamp = event.timestamp
        switch event.kind {
        case .tape, .end:
            guard origin == nil else { return false }
            promise.note(event.kind)
        default: break
        }
        return true
    }

    /// The end mark, where one was promised and the inputs have brought none: one that was cut is whole as it is written
    /// now, with the loss on it.
    var end: CapturedEvent? { promise.isDue ? CapturedEvent(lastTimestamp, .end) : nil }
}

extension TapeOrigin {
    /// The origin of a tape that `replay` makes: the same inputs give the same.
    /// - Parameters:
    ///   - head: the first input's first `headBytes`, decompressed; the rest is not known when the tape begins.
    ///   - inputs: how many are read as one tape.
    static func converted(head: [UInt8], inputs: Int) -> TapeOrigin {
        let digest = BodyDigest(of: (head + Array("\(inputs)".utf8)).span.bytes).sha256
        let (high, low) = (digest.prefix(16), digest.dropFirst(16).prefix(16))
        let id = TapeID(high: UInt64(high, radix: 16) ?? 0, low: UInt64(low, radix: 16) ?? 0)
        return TapeOrigin(id: id, writer: "replay", version: ProgramVersion.number)
    }
}

import Glibc

/// What is known of a connect while nobody has answered its SYN.
///
/// Only evidence makes it a failed one: somebody said so, or the client has waited in vain. What was not captured is no
/// evidence: a capture may end behind a SYN, or hold nothing else of a connection that was made.
struct ConnectAttempt: Equatable, Sendable {
    /// When the first SYN came, nanoseconds of the tape.
    private let since: Int64
    /// SYN was sent again, as it is only where nobody has answered.
    private var isRepeated = false
    /// Why it failed, an error number of the kernel's; 0 where nobody has said so.
    var error: Int32 = 0

    /// Copies of one SYN, from several interfaces, are nearer than this.
    ///
    /// A client that still waits repeats it after a second (RFC 6298, section 2.1), and with the same number.
    static let repetition: Int64 = 1_000_000_000 - clockTick
    /// Timers run in ticks, and captures have their delays.
    private static let clockTick: Int64 = 200_000_000
    /// SYN was repeated, and the second repetition was due (RFC 6298, section 5.5: after 1 s and 2 s more).
    private static let afterRepetition: Int64 = 3_000_000_000
    /// Three repetitions were due, after 1, 3 and 7 s: the client has given up.
    private static let withoutRepetition: Int64 = 10_000_000_000

    /// What it says that nothing has come.
    enum Silence {
        case nothing
        /// Until then nothing was captured, which an answer may be, too: packets are left out.
        case notCaptured(until: Int64)
        /// Until then nothing has come.
        case unanswered(until: Int64)
    }

    init(since: Int64) { self.since = since }

    /// SYN has come once more.
    mutating func repeats(after silence: Int64) {
        if silence >= Self.repetition { isRepeated = true }
    }

    /// Judges what nobody has answered, and says why it has failed in `error`.
    /// - Parameters:
    ///   - lastHeard: when the last SYN came.
    ///   - isReplaced: the client has begun another connect with the same endpoints.
    mutating func hasFailed(_ silence: Silence, lastHeard: Int64, isReplaced: Bool) -> Bool {
        if error != 0 { return true }
        let end: Int64
        let patience: Int64
        switch silence {
        case .nothing: return false
        case .notCaptured(let until): (end, patience) = (until, isRepeated ? Self.afterRepetition : .max)
        case .unanswered(let until):
            (end, patience) = (until, isRepeated ? Self.afterRepetition : Self.withoutRepetition)
        }
        let isLong = max(end, lastHeard) &- since >= patience
        if isLong { error = ETIMEDOUT }
        return isLong || isReplaced
    }
}

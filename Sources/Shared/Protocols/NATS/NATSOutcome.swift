/// How an answer went, as far as its first bytes say: ADR-4 (headers with a status), JetStream API reference (errors and
/// acknowledgements).
struct NATSOutcome {
    var kind = Kind.none
    var code = 0

    enum Kind: UInt8 {
        case none
        /// `NATS/1.0 503`: the server itself answers.
        case status
        /// JetStream has stored what was published.
        case stored
        /// `"error":{…"err_code":10059`.
        case error
        case progress, nak, term
    }

    init() {}

    /// - Parameter isInterface: the answer is JetStream's for certain.
    init(message payload: RawSpan, headers: Int, isInterface: Bool) {
        if headers > 0 {
            guard payload.has("NATS/1.0 "), let number = payload.decimal(9..<Swift.min(12, payload.byteCount)) else {
                return
            }
            (kind, code) = (.status, number)
        } else if payload.has("{\"stream\":\"") {
            kind = .stored
        } else if isInterface || payload.has("{\"error\":{\"code\":") {
            guard payload.has("{") else { return }
            let word: StaticString = "\"err_code\":"
            var at = 0
            while let quote = payload.firstIndex(of: UInt8(ascii: "\""), from: at) {
                if payload.has(word, at: quote) {
                    let start = quote &+ word.utf8CodeUnitCount
                    let end = Swift.min(payload.skipDigits(start), start &+ 9)
                    guard let number = payload.decimal(start..<end) else { return }
                    (kind, code) = (.error, number)
                    return
                }
                at = quote &+ 1
            }
        }
    }

    init(acknowledgement payload: RawSpan) {
        if payload.has("+WPI") { kind = .progress }
        if payload.has("-NAK") { kind = .nak }
        if payload.has("+TERM") { kind = .term }
    }

    /// Bytes of an answer that are looked at.
    static let longest = 512
}

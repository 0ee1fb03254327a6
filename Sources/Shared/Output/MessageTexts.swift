/// What the event log says of a message's bytes (of a request `bytes` and all that follows, of a response `body`, `headers`,
/// `raw_payload`, and `method` and `url` for the line of its request), of messages that were written lately: copying a text
/// is many times as fast as escaping it twice.
struct MessageTexts: ~Copyable {
    private var memo = ByteMemo<ByteRange>(places: 1024, longest: 4 << 10, budget: 4 << 20)
    /// Falls with each text that is remembered and rises with each that is used: where no message comes twice, only
    /// some are remembered.
    private var credit = fullCredit
    private static let fullCredit = 1024
    private static let sampling = 16

    init() {}

    /// Appends the text of the message if the same one was written before.
    mutating func append(_ message: RawSpan, to json: inout JSONWriter) -> Bool {
        guard let text = memo.find(message) else { return false }
        memo.withText(text) { json.raw($0) }
        credit = Swift.min(credit &+ Self.sampling, Self.fullCredit)
        return true
    }

    /// Remembers what was written of the message, from `start` on.
    mutating func remember(_ message: RawSpan, as json: borrowing JSONWriter, from start: Int) {
        guard message.byteCount <= memo.longest else { return }
        credit &-= 1
        guard credit > 0 || credit % Self.sampling == 0 else { return }
        memo.remember(message, text: json.bytes.extracting(start...))
    }
}

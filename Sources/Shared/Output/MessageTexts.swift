/// What the event log says of a message's bytes (of a request `bytes` and all that follows, of a response `body`, `headers`,
/// `raw_payload`, and `method` and `url` for the line of its request), of messages that were written lately: health checks,
/// static files and cached answers come again and again, and copying their text is many times as fast as escaping it twice.
///
/// A table of fixed size; a message that falls on a place takes it. Messages are compared whole, so a hash that collides
/// costs time and never changes an output.
package struct MessageTexts: ~Copyable {
    /// Longer messages are written each time.
    private static let longestMessage = 4 << 10
    private static let places = 1024
    /// All messages and texts together; where another would be too much, all are forgotten.
    private static let budget = 4 << 20

    /// Where a message and its text lie in `held`.
    private struct Entry {
        /// Of the message: where it differs, its bytes, which are in no cache, need not be looked at.
        var hash: UInt32 = 0
        var message = ByteRange.empty
        var text = ByteRange.empty
    }

    private var entries = Array(repeating: Entry(), count: places)
    /// Messages and texts, one after the other; those whose place was taken lie there until all are forgotten.
    private var held = UniqueBytes()
    /// Falls with each text that is remembered and rises with each that is used: where no message comes twice, only
    /// some are remembered.
    private var credit = fullCredit
    private static let fullCredit = 1024
    private static let sampling = 16

    package init() {}

    /// Appends the text of the message if the same one was written before.
    package mutating func append(_ message: RawSpan, to json: inout JSONWriter) -> Bool {
        guard message.byteCount <= Self.longestMessage else { return false }
        let hash = message.hash(seed: 0)
        let entry = entries[Self.place(of: hash)]
        guard entry.hash == hash, held.bytes.extracting(entry.message.range).equals(message) else { return false }
        json.raw(held.bytes.extracting(entry.text.range))
        credit = Swift.min(credit &+ Self.sampling, Self.fullCredit)
        return true
    }

    /// Remembers what was written of the message, from `start` on.
    package mutating func remember(_ message: RawSpan, as json: borrowing JSONWriter, from start: Int) {
        guard message.byteCount <= Self.longestMessage else { return }
        credit &-= 1
        guard credit > 0 || credit % Self.sampling == 0 else { return }
        let text = json.bytes.extracting(start...)
        if held.count &+ message.byteCount &+ text.byteCount > Self.budget { forget() }
        let hash = message.hash(seed: 0)
        entries[Self.place(of: hash)] = Entry(hash: hash, message: hold(message), text: hold(text))
    }

    private mutating func hold(_ bytes: RawSpan) -> ByteRange {
        let start = held.count
        held.append(bytes)
        return ByteRange(start, held.count)
    }

    private mutating func forget() {
        for place in entries.indices { entries[place] = Entry() }
        held.removeAll()
    }

    private static func place(of hash: UInt32) -> Int { Int(hash) % places }
}

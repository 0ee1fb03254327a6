/// What the event log says of a message's bytes (of a request `bytes` and all that follows, of a response `body`, `headers`,
/// `raw_payload`), of messages that were written lately: health checks, static files and cached answers come again and again, and copying their text is many times as fast
/// as escaping it twice.
///
/// A table of fixed size; a message that falls on a place takes it. Messages are compared whole, so a hash that collides
/// costs time and never changes an output.
package struct MessageTexts: ~Copyable {
    /// Longer messages are written each time.
    private static let longestMessage = 4 << 10
    private static let places = 1024
    /// All messages and texts together; where another would be too much, all are forgotten.
    private static let budget = 4 << 20

    private struct Entry {
        var message: [UInt8] = []
        var text: [UInt8] = []

        func append(_ message: RawSpan, to json: inout JSONWriter) -> Bool {
            guard self.message.span.bytes.equals(message) else { return false }
            json.raw(text.span.bytes)
            return true
        }
    }

    private var entries = Array(repeating: Entry(), count: places)
    private var bytesHeld = 0
    /// Falls with each text that is remembered and rises with each that is used: where no message comes twice, only
    /// some are remembered.
    private var credit = fullCredit
    private static let fullCredit = 1024
    private static let sampling = 16

    package init() {}

    /// Appends the text of the message if the same one was written before.
    package mutating func append(_ message: RawSpan, to json: inout JSONWriter) -> Bool {
        guard message.byteCount <= Self.longestMessage else { return false }
        guard entries[Self.place(of: message)].append(message, to: &json) else { return false }
        credit = Swift.min(credit &+ Self.sampling, Self.fullCredit)
        return true
    }

    package mutating func remember(_ message: RawSpan, _ text: RawSpan) {
        guard message.byteCount <= Self.longestMessage else { return }
        credit &-= 1
        guard credit > 0 || credit % Self.sampling == 0 else { return }
        let place = Self.place(of: message)
        bytesHeld -= entries[place].message.count + entries[place].text.count
        bytesHeld += message.byteCount + text.byteCount
        if bytesHeld > Self.budget {
            for other in entries.indices { entries[other] = Entry() }
            bytesHeld = message.byteCount + text.byteCount
        }
        entries[place].message.removeAll(keepingCapacity: true)
        entries[place].message.append(message)
        entries[place].text.removeAll(keepingCapacity: true)
        entries[place].text.append(text)
    }

    private static func place(of message: RawSpan) -> Int { Int(message.hash(seed: 0)) % places }
}

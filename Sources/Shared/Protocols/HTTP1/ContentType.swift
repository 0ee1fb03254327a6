/// What the Content-Type field of one direction's messages says (RFC 9110, section 8.3).
///
/// A client or server says the same of nearly all of its messages: what was read of the last value holds for the next one
/// that is the same, byte for byte.
struct ContentType: ~Copyable {
    private var value = UniqueBytes()
    private var known = MediaKind()
    private var knownEvents: EventStream.Kind?
    /// The last message has no such field.
    private var isAbsent = true

    init() {}

    /// What the body is.
    var media: MediaFamily { isAbsent ? .other : known.family }
    /// Of a multipart body.
    var boundary: [UInt8] { isAbsent ? [] : known.boundary }
    /// The body goes on for as long as somebody listens.
    var events: EventStream.Kind? { isAbsent ? nil : knownEvents }

    /// - Parameter next: the value in the message that begins; empty where it has none.
    @inline(__always)
    mutating func read(_ next: RawSpan) {
        isAbsent = next.byteCount == 0
        if !isAbsent, !value.bytes.equals(next) { interpret(next) }
    }

    private mutating func interpret(_ next: RawSpan) {
        value.removeAll()
        value.append(next)
        known = MediaKind(next, 0..<next.byteCount)
        knownEvents = EventStream.Kind(next)
    }
}

/// What a client listens to, by the numbers that it gave its subscriptions.
final class NATSSubscriptions {
    private var entries: [(number: Int, subject: [UInt8])] = []

    init() {}

    /// Of more, answers are known by their inboxes alone.
    private static let most = 256

    func removeAll() { entries.removeAll() }

    func add(_ number: Int, _ subject: RawSpan) {
        guard entries.count < Self.most, subject.byteCount <= 256 else { return }
        entries.append((number, [UInt8](subject)))
    }

    func remove(_ number: Int) { entries.removeAll { $0.number == number } }

    /// The subscription on which a message to this subject comes; 0: one to several subjects, so that its number says nothing.
    func find(_ subject: RawSpan) -> Int? {
        for entry in entries {
            let pattern = entry.subject
            if pattern.span.bytes.equals(subject) { return entry.number }
            if Self.matches(pattern, subject) { return 0 }
        }
        return nil
    }

    /// `*` is a word, `>` the rest.
    private static func matches(_ pattern: [UInt8], _ subject: RawSpan) -> Bool {
        var (at, place) = (0, 0)
        while at < pattern.count, place < subject.byteCount {
            if pattern[at] == UInt8(ascii: ">") { return true }
            if pattern[at] == UInt8(ascii: "*") {
                while place < subject.byteCount, subject.byte(place) != UInt8(ascii: ".") { place &+= 1 }
                at &+= 1
            } else {
                guard pattern[at] == subject.byte(place) else { return false }
                at &+= 1
                place &+= 1
            }
        }
        return at == pattern.count && place == subject.byteCount
    }
}

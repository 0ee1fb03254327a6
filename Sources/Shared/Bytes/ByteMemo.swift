/// What was found out about bytes that were met lately: health checks, static files and cached answers come again and
/// again, and comparing is many times as fast as reading or writing them twice.
///
/// The one memo of bytes in `Shared`: of bodies with their shapes (`Run.bodies`) and of messages with their text in the event
/// log (`MessageTexts`).
///
/// A table of fixed size; what falls on a place takes it. Bytes are compared whole, so a hash that collides costs time
/// and never changes an output.
struct ByteMemo<Value>: ~Copyable {
    /// Longer ones are not remembered.
    let longest: Int
    private let budget: Int
    private var entries: [Entry?]
    /// The bytes, one after the other; those whose place was taken lie there until all are forgotten.
    private var held = UniqueBytes()

    private struct Entry {
        /// Where it differs, the bytes, which are in no cache, need not be looked at.
        var hash: UInt32
        var bytes: ByteRange
        var value: Value
    }

    /// - Parameters:
    ///   - budget: bytes that are held; where another would be too much, all are forgotten.
    init(places: Int, longest: Int, budget: Int) {
        entries = Array(repeating: nil, count: places)
        self.longest = longest
        self.budget = budget
    }

    /// What was remembered of the same bytes.
    /// - Parameter owner: whose bytes they are, where the same bytes are another thing to each; the value knows it, too.
    @inline(__always)
    func find(_ bytes: RawSpan, of owner: UInt32 = 0) -> Value? {
        guard bytes.byteCount <= longest else { return nil }
        let hash = Self.hash(of: bytes, owner)
        guard let entry = entries[place(of: hash)], entry.hash == hash,
            held.bytes.extracting(entry.bytes).equals(bytes)
        else { return nil }
        return entry.value
    }

    mutating func remember(_ bytes: RawSpan, of owner: UInt32 = 0, _ value: Value) {
        guard bytes.byteCount <= longest else { return }
        makeRoom(bytes.byteCount)
        let hash = Self.hash(of: bytes, owner)
        entries[place(of: hash)] = Entry(hash: hash, bytes: hold(bytes), value: value)
    }

    private mutating func hold(_ bytes: RawSpan) -> ByteRange {
        let start = held.count
        held.append(bytes)
        return ByteRange(start, held.count)
    }

    private mutating func makeRoom(_ count: Int) {
        guard held.count &+ count > budget else { return }
        for place in entries.indices { entries[place] = nil }
        held.removeAll()
    }

    @inline(__always)
    private func place(of hash: UInt32) -> Int { Int(hash) % entries.count }

    /// They are compared in any case.
    private static func hash(of bytes: RawSpan, _ owner: UInt32) -> UInt32 { bytes.sampledHash(UInt64(owner) << 32) }
}

extension ByteMemo where Value == ByteRange {
    /// Remembers a text that stands for the bytes.
    mutating func remember(_ bytes: RawSpan, text: RawSpan) {
        guard bytes.byteCount <= longest else { return }
        makeRoom(bytes.byteCount &+ text.byteCount)
        let range = hold(text)
        remember(bytes, range)
    }
}

extension ByteMemo {
    /// Remembers a value whose ranges lie in a text, which it is told of when its place is known.
    mutating func remember(_ bytes: RawSpan, text: RawSpan, _ value: (ByteRange) -> Value) {
        guard bytes.byteCount <= longest else { return }
        makeRoom(bytes.byteCount &+ text.byteCount)
        let range = hold(text)
        remember(bytes, value(range))
    }

    /// Lends a text that a value was told of.
    @inline(__always)
    func withText(_ range: ByteRange, _ body: (RawSpan) -> Void) { body(held.bytes.extracting(range)) }
}

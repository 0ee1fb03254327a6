/// The bytes of the head that a stream has read last.
///
/// On a connection that is kept alive most heads are the one before, byte for byte; what was read of that one holds for
/// them, and comparing is many times as fast as reading.
///
/// No `ByteMemo`, which is asked for bytes whose length is known: here the head that is known says how long the next one
/// would be, and there is one for each stream.
struct KnownHead: ~Copyable {
    /// Longer ones are read each time.
    private static let longest = 4 << 10

    private var head = UniqueBytes()

    init() {}

    /// The length of the known head, if the bytes begin with it.
    @inline(__always)
    func length(in input: RawSpan) -> Int? {
        let count = head.count
        guard count > 0, count <= input.byteCount else { return nil }
        return input.extracting(first: count).equals(head.bytes) ? count : nil
    }

    mutating func remember(_ head: RawSpan) {
        guard head.byteCount <= Self.longest else { return }
        self.head.removeAll()
        self.head.append(head)
    }

    mutating func forget() { head.removeAll() }
}

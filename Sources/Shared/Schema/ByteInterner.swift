/// Byte strings, each held once and known by a small number: object keys, names, methods, paths.
///
/// All bytes lie in one arena, the numbers are found by a `HashIndex`, so that looking up a string that is already
/// there allocates nothing. What is not valid UTF-8 is known by the number of its repaired form (U+FFFD for each
/// ill-formed part, as `String(decoding:)` has it): two strings that would be written alike are one.
struct ByteInterner: ~Copyable {
    /// No string: the interner is full.
    static var full: UInt32 { UInt32.max }

    /// How many strings are held, repaired ones and what they were repaired from included.
    private(set) var count = 0
    /// How many strings are held at most; then `number(of:)` gives `full`.
    let maximumCount: Int
    /// How many bytes all strings have at most.
    let maximumBytes: Int

    private struct Entry {
        var start: UInt32
        var length: UInt32
        /// The number of the repaired form; its own number where nothing had to be repaired.
        var canonical: UInt32
    }

    private var arena: UnsafeMutableRawPointer
    private var arenaCapacity = 1 << 10
    private var arenaCount = 0
    private var entries: UnsafeMutablePointer<Entry>
    private var entryCapacity = 64
    private var index = HashIndex()

    /// - Parameters:
    ///   - maximumCount: strings that are held, below 2^32 - 1.
    ///   - maximumBytes: of all of them together, below 4 GiB.
    init(maximumCount: Int, maximumBytes: Int) {
        self.maximumCount = min(maximumCount, Int(UInt32.max) - 1)
        self.maximumBytes = min(maximumBytes, Int(UInt32.max))
        arena = .allocate(byteCount: arenaCapacity, alignment: 8)
        entries = .allocate(capacity: entryCapacity)
    }

    deinit {
        arena.deallocate()
        entries.deallocate()
    }

    /// The number of a string; `full` where it is new and there is no room for it.
    mutating func number(of bytes: RawSpan) -> UInt32 {
        let hash = bytes.hash(seed: index.seed)
        let found = find(bytes, hash: hash)
        if found != Self.full { return found }
        return insert(bytes, hash: hash)
    }

    /// The number of a string if it is already held, else `full`.
    borrowing func find(_ bytes: RawSpan) -> UInt32 { find(bytes, hash: bytes.hash(seed: index.seed)) }

    private borrowing func find(_ bytes: RawSpan, hash: UInt32) -> UInt32 {
        let (entries, arena) = (entries, arena)
        let found = index.find(hash) { number in
            let entry = entries[number]
            return entry.length == bytes.byteCount
                && bytes.isEqual(to: UnsafeRawPointer(arena + Int(entry.start)))
        }
        return found.map { entries[$0].canonical } ?? Self.full
    }

    @inline(never)
    private mutating func insert(_ bytes: RawSpan, hash: UInt32) -> UInt32 {
        guard count < maximumCount, bytes.byteCount <= maximumBytes &- arenaCount else { return Self.full }
        var canonical = UInt32(count)
        if let repaired = bytes.repairedUTF8() {
            canonical = number(of: repaired.span.bytes)
            guard canonical != Self.full, count < maximumCount, bytes.byteCount <= maximumBytes &- arenaCount else {
                return Self.full
            }
        }
        growIfNeeded(by: bytes.byteCount)
        bytes.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(start: arena + arenaCount, count: source.count).copyMemory(from: source)
        }
        entries[count] = Entry(
            start: UInt32(arenaCount), length: UInt32(bytes.byteCount), canonical: canonical)
        arenaCount += bytes.byteCount
        index.insert(count, hash)
        count += 1
        return canonical
    }

    private mutating func growIfNeeded(by length: Int) {
        if arenaCount + length > arenaCapacity {
            let capacity = max(arenaCapacity * 2, arenaCount + length)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
            larger.copyMemory(from: arena, byteCount: arenaCount)
            arena.deallocate()
            arena = larger
            arenaCapacity = capacity
        }
        if count == entryCapacity {
            let larger = UnsafeMutablePointer<Entry>.allocate(capacity: entryCapacity * 2)
            larger.moveInitialize(from: entries, count: count)
            entries.deallocate()
            entries = larger
            entryCapacity *= 2
        }
    }

    /// Gives a string's bytes to `body`.
    ///
    /// They are valid only as long as it runs.
    @inline(__always)
    borrowing func withBytes<Result>(of number: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        precondition(Int(number) < count)
        let entry = entries[Int(number)]
        return body(UnsafeRawBufferPointer(start: arena + Int(entry.start), count: Int(entry.length)))
    }

    borrowing func text(of number: UInt32) -> String {
        withBytes(of: number) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether one string comes before another in the order of their bytes.
    borrowing func precedes(_ a: UInt32, _ b: UInt32) -> Bool {
        withBytes(of: a) { left in withBytes(of: b) { right in left.precedes(right) } }
    }
}

/// A source's bytes in one place, as many of them as a format's next record needs.
struct ByteWindow: ~Copyable {
    private let source: any ByteSource
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// The source has no more bytes than are at hand.
    private(set) var isAtEnd = false

    private static var usualBytes: Int { 256 << 10 }

    init(_ source: any ByteSource) {
        self.source = source
        memory = .allocate(byteCount: Self.usualBytes, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// What is at hand; valid until the next `fill`.
    var bytes: UnsafeRawBufferPointer {
        @inline(__always) get { UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[start..<end]) }
    }

    /// Why no more bytes come, if not because the file ends.
    var failure: String? { source.failure }

    /// Passes so many of the bytes at hand.
    @inline(__always)
    mutating func take(_ count: Int) { start += count }

    /// Has `count` bytes at hand, unless the source ends before.
    /// - Returns: whether it has.
    @discardableResult @inline(__always)
    mutating func fill(_ count: Int) -> Bool { end - start >= count || read(count) }

    @inline(never)
    private mutating func read(_ count: Int) -> Bool {
        if start + count > memory.count { makeRoom(count) }
        while end - start < count, !isAtEnd {
            let read = source.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
            if read == 0 { isAtEnd = true }
            end += read
        }
        return end - start >= count
    }

    /// Twice as large as what is asked for, so that bytes are moved once each, however large the records are.
    private mutating func makeRoom(_ count: Int) {
        let rest = bytes
        if count * 2 > memory.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count * 2, alignment: 16)
            larger.copyMemory(from: rest)
            memory.deallocate()
            memory = larger
        } else {
            // The regions may overlap.
            memory.copyMemory(from: rest)
        }
        end -= start
        start = 0
    }
}

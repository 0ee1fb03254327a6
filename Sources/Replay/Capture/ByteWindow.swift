/// A source's bytes in one place, as many of them as a format's next record needs.
struct ByteWindow: ~Copyable {
    private let source: any ByteSource
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private var start = 0
    private var end = 0
    /// The source has no more bytes than are at hand.
    private(set) var isAtEnd = false

    private static var usualBytes: Int { 256 << 10 }

    init(_ source: any ByteSource) {
        self.source = source
        capacity = Self.usualBytes
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// How many bytes are at hand.
    var count: Int {
        @inline(__always) get { end &- start }
    }

    /// What is at hand; valid until the next `fill`.
    var bytes: UnsafeRawBufferPointer {
        @inline(__always) get { UnsafeRawBufferPointer(start: memory + start, count: count) }
    }

    /// A part of what is at hand, all of which must be; valid until the next `fill`.
    @inline(__always)
    func bytes(_ low: Int, _ high: Int) -> UnsafeRawBufferPointer {
        precondition(0 <= low && low <= high && high <= count)
        return UnsafeRawBufferPointer(start: memory + (start &+ low), count: high &- low)
    }

    /// A number among the bytes at hand, in the byte order of this machine.
    @inline(__always)
    func load<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as _: Number.Type) -> Number {
        precondition(0 <= offset && offset <= count &- MemoryLayout<Number>.size)
        return memory.loadUnaligned(fromByteOffset: start &+ offset, as: Number.self)
    }

    /// Why no more bytes come, if not because the file ends.
    var failure: String? { source.failure }

    /// Passes so many of the bytes at hand.
    @inline(__always)
    mutating func take(_ length: Int) {
        precondition(0 <= length && length <= count)
        start = start &+ length
    }

    /// Has `wanted` bytes at hand, unless the source ends before.
    /// - Returns: whether it has.
    @discardableResult @inline(__always)
    mutating func fill(_ wanted: Int) -> Bool { count >= wanted || read(wanted) }

    @inline(never)
    private mutating func read(_ wanted: Int) -> Bool {
        if start + wanted > capacity { makeRoom(wanted) }
        while count < wanted, !isAtEnd {
            let read = source.read(into: UnsafeMutableRawBufferPointer(start: memory + end, count: capacity - end))
            if read == 0 { isAtEnd = true }
            end += read
        }
        return count >= wanted
    }

    /// Twice as large as what is asked for, so that bytes are moved once each, however large the records are.
    private mutating func makeRoom(_ wanted: Int) {
        if wanted * 2 > capacity {
            let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted * 2, alignment: 16)
            larger.copyMemory(from: memory + start, byteCount: count)
            memory.deallocate()
            memory = larger
            capacity = wanted * 2
        } else {
            // The regions may overlap.
            memory.copyMemory(from: memory + start, byteCount: count)
        }
        end -= start
        start = 0
    }
}

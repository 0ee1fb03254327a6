/// Bytes that have one owner and grow at their end, as an array does.
///
/// An array counts its references and asks before each change whether it is the only one; for a few bytes that takes
/// longer than copying them.
package struct UniqueBytes: ~Copyable {
    private var base: UnsafeMutableRawPointer
    package private(set) var capacity: Int
    package private(set) var count = 0

    init(capacity: Int = 0) {
        self.capacity = capacity
        base = capacity > 0 ? .allocate(byteCount: capacity, alignment: 16) : Self.nothing
    }

    deinit { if capacity > 0 { base.deallocate() } }

    /// What bytes begin at that have no memory; nothing is read or written there.
    private static var nothing: UnsafeMutableRawPointer {
        @inline(__always) get { UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped }
    }

    package var isEmpty: Bool { count == 0 }

    package var bytes: RawSpan {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let written = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count))
            return _overrideLifetime(written, borrowing: self)
        }
    }

    /// Lends the bytes where they are a property of an object, which `bytes` can't be lent from for the time of a call.
    @inline(__always)
    func withBytes(_ body: (RawSpan) -> Void) { body(bytes) }

    // MARK: Appending

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    package mutating func append(_ bytes: RawSpan) {
        reserve(bytes.byteCount)
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            (base + count).copyMemory(from: start, byteCount: source.count)
        }
        count &+= bytes.byteCount
    }

    /// Appends as many of the bytes as the limit of all leaves room for.
    @inline(__always)
    package mutating func append(_ bytes: RawSpan, limit: Int) {
        let room = limit &- count
        if room >= bytes.byteCount {
            append(bytes)
        } else if room > 0 {
            append(bytes.extracting(first: room))
        }
    }

    @inline(__always)
    package mutating func append(_ text: StaticString) {
        reserve(text.utf8CodeUnitCount)
        (base + count).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        count &+= text.utf8CodeUnitCount
    }

    /// Appends the first bytes, eight at the most, of a word whose lowest byte is the first.
    @inline(__always)
    package mutating func append(_ word: UInt64, bytes length: Int) {
        assert((0...8).contains(length))
        reserve(8)
        base.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
        count &+= length
    }

    /// Appends a number in decimal digits; it is not below 0.
    mutating func append(decimal value: some FixedWidthInteger) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }

    /// Appends what stands in `range` already.
    package mutating func append(copyOf range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        reserve(range.count)
        (base + count).copyMemory(from: base + range.lowerBound, byteCount: range.count)
        count &+= range.count
    }

    /// Appends bytes that `write` sets, for which there is so much room; it says how many they are.
    @inline(__always)
    package mutating func append(upTo room: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int) {
        reserve(room)
        let length = write(UnsafeMutableRawBufferPointer(start: base + count, count: room))
        assert((0...room).contains(length))
        count &+= length
    }

    // MARK: Removing

    package mutating func removeAll() { count = 0 }

    /// Removes all, and lets go of memory that is larger than most need.
    @inline(__always)
    package mutating func removeAll(keepingAtMost kept: Int) {
        count = 0
        if capacity > kept, capacity > 0 { letGo() }
    }

    /// Lets go of memory that holds nothing.
    mutating func letGoIfEmpty() { if count == 0, capacity > 0 { letGo() } }

    @inline(never)
    private mutating func letGo() {
        base.deallocate()
        capacity = 0
        base = Self.nothing
    }

    package mutating func removeFirst(_ length: Int) {
        precondition(length >= 0 && length <= count)
        base.copyMemory(from: base + length, byteCount: count &- length)
        count &-= length
    }

    /// Removes what was appended since there were so many.
    mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
    }

    // MARK: Memory

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if capacity &- count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = Swift.max(capacity * 2, count + more, 64)
        let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        new.copyMemory(from: base, byteCount: count)
        if capacity > 0 { base.deallocate() }
        base = new
        capacity = larger
    }
}

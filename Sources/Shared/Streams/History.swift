/// The last bytes of a stream that were delivered, to tell a retransmission from a forgery.
///
/// A ring that each byte is written to once. It grows with what was delivered, from nothing: most connections say little,
/// and many are open.
struct History: ~Copyable {
    /// How many bytes are kept: most of an Ethernet segment.
    ///
    /// More of them would tell more forgeries, and would be most of what an idle connection holds, since they stay for as
    /// long as it is open.
    static let limit = 1024

    private var memory: UnsafeMutableRawPointer?
    /// How large `memory` is: a power of two, and `limit` at most.
    ///
    /// The ring goes round only at `limit`.
    private(set) var capacity = 0
    /// Where the next byte goes.
    private var end = 0
    /// How many bytes are kept.
    private(set) var count = 0

    init() {}

    deinit { memory?.deallocate() }

    mutating func removeAll() {
        end = 0
        count = 0
    }

    /// Keeps bytes that follow the last ones, in place of the oldest.
    @inline(__always)
    mutating func append(_ bytes: RawSpan) {
        let length = bytes.byteCount
        if let memory, length <= capacity &- end {
            copy(bytes, to: memory + end)
            end = (end &+ length) & (Self.limit &- 1)
            count = Swift.min(count &+ length, Self.limit)
        } else if length > 0 {
            appendRound(bytes)
        }
    }

    @inline(never)
    private mutating func appendRound(_ bytes: RawSpan) {
        let bytes = bytes.extracting(last: Self.limit)
        let memory = grown(count &+ bytes.byteCount)
        let before = Swift.min(bytes.byteCount, capacity &- end)
        copy(bytes.extracting(first: before), to: memory + end)
        copy(bytes.extracting(before..<bytes.byteCount), to: memory)
        end = (end &+ bytes.byteCount) & (Self.limit &- 1)
        count = Swift.min(count &+ bytes.byteCount, Self.limit)
    }

    /// The ring with room for so many bytes, or for `limit`.
    private mutating func grown(_ wanted: Int) -> UnsafeMutableRawPointer {
        if let memory, wanted <= capacity || capacity == Self.limit { return memory }
        var larger = Swift.max(capacity, 64)
        while larger < Swift.min(wanted, Self.limit) { larger *= 2 }
        let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        // It has not gone round yet.
        if let memory { new.copyMemory(from: memory, byteCount: count) }
        memory?.deallocate()
        memory = new
        capacity = larger
        return new
    }

    @inline(__always)
    private func copy(_ bytes: RawSpan, to place: UnsafeMutableRawPointer) {
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            place.copyMemory(from: start, byteCount: source.count)
        }
    }

    /// How many of these bytes differ from those that are kept.
    /// - Parameter back: how far before the end of what is kept they begin; all of them must be kept.
    func differences(from bytes: RawSpan, back: Int) -> UInt64 {
        precondition(back <= count && bytes.byteCount <= back)
        guard let memory, capacity > 0, bytes.byteCount > 0 else { return 0 }
        let start = end &- back
        // Where it has not gone round, `start` is not negative.
        let first = start >= 0 ? start : start &+ capacity
        let before = Swift.min(bytes.byteCount, capacity &- first)
        let kept = UnsafeRawBufferPointer(start: memory, count: capacity).bytes
        return bytes.extracting(first: before).differences(from: kept.extracting(first..<(first &+ before)))
            &+ bytes.extracting(before..<bytes.byteCount)
            .differences(from: kept.extracting(first: bytes.byteCount &- before))
    }
}

/// Buffers that messages have given back, for those that come.
///
/// What waits for its next message holds none, and taking one from here allocates nothing.
struct BufferPool: ~Copyable {
    /// The first `count` hold memory, the others none.
    private let places: UnsafeMutablePointer<UniqueBytes>
    private(set) var count = 0

    /// As many messages as are usually read at once.
    private static let limit = 16
    /// Larger ones are rare, and not kept.
    private static let longest = 256 << 10

    init() {
        places = .allocate(capacity: Self.limit)
        for place in 0..<Self.limit { (places + place).initialize(to: UniqueBytes()) }
    }

    deinit {
        places.deinitialize(count: Self.limit)
        places.deallocate()
    }

    /// Gives memory to bytes that have none, if there is some.
    @inline(__always)
    mutating func lend(to bytes: inout UniqueBytes) {
        guard bytes.capacity == 0, count > 0 else { return }
        count &-= 1
        swap(&bytes, &places[count])
    }

    /// Takes the memory of bytes that are not needed any more.
    @inline(__always)
    mutating func take(from bytes: inout UniqueBytes) {
        guard bytes.capacity > 0 else { return }
        if count < Self.limit, bytes.capacity <= Self.longest {
            bytes.removeAll()
            swap(&bytes, &places[count])
            count &+= 1
        } else {
            bytes.removeAll(keepingAtMost: 0)
        }
    }
}

import Console
import Glibc
import Synchronization

/// A BPF ring buffer of the kernel, mapped and read in place.
///
/// libbpf's reader neither stops before a record nor tells how much waits, and confirms each record by itself: then the
/// writers, which look at the reader's position, miss their cache each time.
///
/// The map's first page holds the position of the reader, the second that of the writers; the bytes follow, twice, so
/// that no record is torn at the end. A record begins with a word of 32 bits, its length and two flags, and as much of
/// no meaning here; the next one begins at a multiple of 8 (kernel/bpf/ringbuf.c; include/uapi/linux/bpf.h,
/// BPF_RINGBUF_BUSY_BIT).
struct RingBuffer: ~Copyable {
    private let reader: UnsafeMutableRawPointer
    private let writers: UnsafeMutableRawPointer
    private let bytes: UnsafeMutableRawPointer
    private let size: UInt
    /// Bytes that were read since the buffer was made.
    private(set) var position: UInt = 0

    private static let busy: UInt32 = 1 << 31
    private static let discarded: UInt32 = 1 << 30
    private static let header: UInt = 8

    /// - Parameter size: the map's, bytes; a power of two.
    init(_ descriptor: Int32, size: UInt32) throws(Failure) {
        let page = Int(getpagesize())
        self.size = UInt(size)
        let first = mmap(nil, page, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let first, first != MAP_FAILED else { throw Failure("can't map the ring buffer's position") }
        let rest = mmap(nil, page + 2 * Int(size), PROT_READ, MAP_SHARED, descriptor, off_t(page))
        guard let rest, rest != MAP_FAILED else {
            munmap(first, page)
            throw Failure("can't map the ring buffer")
        }
        reader = first
        writers = rest
        bytes = rest + page
    }

    deinit {
        let page = Int(getpagesize())
        munmap(reader, page)
        munmap(writers, page + 2 * Int(size))
    }

    /// Where the writers are: bytes since the buffer was made.
    @inline(__always)
    var end: UInt { writers.assumingMemoryBound(to: Atomic<UInt>.self).pointee.load(ordering: .acquiring) }

    /// Whether more than a quarter of it waits to be read.
    var isFilling: Bool { end &- position > size / 4 }

    /// Gives the records before `end` to `take`, in place, until it wants no more.
    /// - Returns: whether it has them all; not so, too, where one is still being written.
    @inline(__always)
    mutating func read(until end: UInt, _ take: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        var confirmed = position
        defer { if confirmed != position { confirm() } }
        while position != end {
            let place = bytes + Int(position & (size &- 1))
            let word = place.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
            if word & Self.busy != 0 { return false }
            let length = UInt(word & ~Self.discarded)
            let record = UnsafeRawBufferPointer(start: place + Int(Self.header), count: Int(length))
            let goesOn = word & Self.discarded != 0 || take(record)
            position &+= (length &+ Self.header &+ 7) & ~7
            if position &- confirmed >= size / 8 {
                confirmed = position
                confirm()
            }
            if !goesOn { return false }
        }
        return true
    }

    /// Gives what was read back to the writers.
    private func confirm() {
        reader.assumingMemoryBound(to: Atomic<UInt>.self).pointee.store(position, ordering: .releasing)
    }
}

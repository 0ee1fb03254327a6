private import CLibbpf
import Console
import Glibc
import Synchronization

/// The kernel's records, in the order of their making: a small ring buffer that stays in the processors' caches, and a
/// large one that takes what comes while the small one is full (bpf/ring.h).
///
/// Whose turn it is, the kernel side says. What the other buffer holds comes first, and of the one whose turn it is only
/// what was there before the other one was emptied: so whatever was made because of a record comes after it.
struct RecordQueue: ~Copyable {
    private var ring: RingBuffer
    private var spill: RingBuffer
    private let shares: Shares
    private let turn: UnsafeMutablePointer<Atomic<UInt32>>
    private let poll: Int32

    /// The small buffer's size, bytes, if no smaller one was asked for.
    private static let ringBytes: UInt32 = 512 << 10

    /// Of a queue for which `size` bytes were asked.
    static func ringBytes(_ size: UInt32) -> UInt32 { Swift.min(size, ringBytes) }

    /// - Parameters:
    ///   - turn: the kernel side's; lives as long as the queue.
    ///   - size: of the large buffer, bytes.
    init(
        ring: Int32, spill: Int32, shares: consuming Shares, size: UInt32, turn: UnsafeMutablePointer<UInt32>
    ) throws(Failure) {
        let poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        for descriptor in [ring, spill] {
            var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: descriptor))
            guard epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
                let reason = String(cString: strerror(errno))
                close(poll)
                throw Failure("can't wait for the ring buffers: \(reason)")
            }
        }
        let small = try RingBuffer(ring, size: Self.ringBytes(size))
        let large = try RingBuffer(spill, size: size)
        self.ring = small
        self.spill = large
        self.shares = shares
        self.turn = UnsafeMutableRawPointer(turn).assumingMemoryBound(to: Atomic<UInt32>.self)
        self.poll = poll
    }

    deinit { close(poll) }

    /// A descriptor that becomes readable when much waits.
    var descriptor: Int32 { poll }

    /// Whether a quarter of the large buffer waits.
    var isFilling: Bool { spill.isFilling }

    /// Gives the waiting records to `take`, in place, until it wants no more.
    /// - Returns: whether all were read that were there when the reading began.
    @inline(__always)
    mutating func read(_ take: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        while true {
            let turn = self.turn.pointee.load(ordering: .acquiring)
            let (ringEnd, spillEnd) = (ring.end, spill.end)
            if turn & 1 == 0 {
                // If it still is the small one's turn, the large one holds nothing that came after.
                guard self.turn.pointee.load(ordering: .acquiring) == turn else { continue }
                return readSpill(until: spillEnd, take) && ring.read(until: ringEnd, take)
            }
            guard ring.read(until: ring.end, take), readSpill(until: spillEnd, take) else { return false }
            if spill.end == spillEnd { self.turn.pointee.store(turn &+ 1, ordering: .releasing) }
        }
    }

    @inline(__always)
    private mutating func readSpill(until end: UInt, _ take: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        guard spill.position != end else { return true }
        return spill.read(until: end) { record in
            shares.give(back: record)
            return take(record)
        }
    }
}

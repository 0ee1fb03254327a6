private import CLibbpf
import Console
import Glibc
import Synchronization

/// How much of the large ring buffer each process has taken (bpf/ring.h): one that floods it leaves room for the others.
///
/// The kernel side adds up what it puts in; what is read is added up here.
struct Shares: ~Copyable {
    private let places: UnsafeMutableRawPointer

    private static let size = Int(TAPEDECK_SHARES) * MemoryLayout<tapedeck_share>.stride

    /// - Parameter descriptor: of the map.
    init(_ descriptor: Int32) throws(Failure) {
        let place = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let place, place != MAP_FAILED else {
            throw Failure("can't map what each process has of the ring buffer")
        }
        places = place
    }

    deinit { munmap(places, Self.size) }

    /// Its record was taken out.
    @inline(__always)
    func give(back record: UnsafeRawBufferPointer) {
        guard record.count >= MemoryLayout<tapedeck_header>.size else { return }
        let share = Int(record.loadUnaligned(as: tapedeck_header.self).share) % Int(TAPEDECK_SHARES)
        let consumed = MemoryLayout<tapedeck_share>.offset(of: \.consumed) ?? 0
        let place = places + share * MemoryLayout<tapedeck_share>.stride + consumed
        let count = place.assumingMemoryBound(to: Atomic<UInt64>.self)
        // Nobody else writes it.
        let before = count.pointee.load(ordering: .relaxed)
        count.pointee.store(before &+ UInt64(record.count), ordering: .relaxed)
    }
}

import Console
import Glibc

/// How much waits in a BPF ring buffer, which libbpf 1.1 does not tell.
///
/// The map's first page holds the position of the reader, the second that of the writers, bytes
/// (kernel/bpf/ringbuf.c, struct bpf_ringbuf).
struct RingFill: ~Copyable {
    private let pages: UnsafeMutableRawPointer
    private let page = Int(getpagesize())
    private let size: UInt64

    init(_ descriptor: Int32, size: UInt32) throws(Failure) {
        self.size = UInt64(size)
        let place = mmap(nil, 2 * Int(getpagesize()), PROT_READ, MAP_SHARED, descriptor, 0)
        guard let place, place != MAP_FAILED else { throw Failure("can't map the ring buffer's positions") }
        pages = place
    }

    deinit { munmap(pages, 2 * page) }

    var isAboveQuarter: Bool {
        let read = pages.load(as: UInt.self)
        let written = pages.load(fromByteOffset: page, as: UInt.self)
        return UInt64(written &- read) > size / 4
    }
}

import Dispatch
import Synchronization

/// Reads and decompresses on a thread of its own, a few blocks ahead of whoever takes the bytes.
///
/// They are the same bytes in the same order, so nothing behind can tell.
final class ReadAhead: ByteSource {
    private static let blocks = 4
    private static let blockBytes = 512 << 10

    /// What both threads see.
    ///
    /// A block belongs to the reading thread from `free`'s signal on and to the taking thread from `filled`'s on; so do
    /// its `Filling` and the source. All of it lies in memory that nobody counts references to or asks who else has it, as
    /// an array's is: both threads would write there. Hence no lock, and `@unchecked`.
    private final class Ring: @unchecked Sendable {
        /// What is in a block.
        struct Filling {
            var count = 0
            /// The source's position behind it.
            var filePosition: UInt64 = 0
        }

        let source: any ByteSource
        let free = DispatchSemaphore(value: 0)
        let filled = DispatchSemaphore(value: 0)
        private let memory = UnsafeMutableRawPointer.allocate(
            byteCount: ReadAhead.blocks * ReadAhead.blockBytes, alignment: 4096)
        private let fillings = UnsafeMutablePointer<Filling>.allocate(capacity: ReadAhead.blocks)
        /// Set by the taking thread, before it signals `free` for the last time.
        let isCancelled = Atomic(false)

        init(_ source: any ByteSource) {
            self.source = source
            fillings.initialize(repeating: Filling(), count: ReadAhead.blocks)
            // Dispatch traps where a semaphore goes that stands lower than it began, so it begins at 0.
            for _ in 0..<ReadAhead.blocks { free.signal() }
        }

        deinit {
            memory.deallocate()
            fillings.deallocate()
        }

        func block(_ number: Int) -> UnsafeMutableRawBufferPointer {
            UnsafeMutableRawBufferPointer(
                start: memory + number * ReadAhead.blockBytes, count: ReadAhead.blockBytes)
        }

        func filling(_ number: Int) -> Filling { fillings[number] }

        func run() {
            var number = 0
            while true {
                free.wait()
                if isCancelled.load(ordering: .relaxed) { return }
                let count = source.read(into: block(number))
                fillings[number] = Filling(count: count, filePosition: source.filePosition)
                filled.signal()
                if count == 0 { return }
                number = (number + 1) % ReadAhead.blocks
            }
        }
    }

    private let ring: Ring
    /// The block that bytes are taken from; none before the first.
    private var current = -1
    private var filling = Ring.Filling()
    private var taken = 0
    private var isAtEnd = false
    private(set) var failure: String?

    var filePosition: UInt64 { filling.filePosition }

    init(_ source: any ByteSource) {
        ring = Ring(source)
        let ring = ring
        DispatchQueue(label: "read ahead").async { ring.run() }
    }

    deinit {
        guard !isAtEnd else { return }
        ring.isCancelled.store(true, ordering: .relaxed)
        ring.free.signal()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard !isAtEnd else { return 0 }
        if taken == filling.count {
            if current >= 0 { ring.free.signal() }
            ring.filled.wait()
            current = (current + 1) % Self.blocks
            taken = 0
            filling = ring.filling(current)
            if filling.count == 0 {
                isAtEnd = true
                failure = ring.source.failure
                return 0
            }
        }
        let count = min(buffer.count, filling.count - taken)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: ring.block(current)[taken..<(taken + count)]))
        taken += count
        return count
    }
}

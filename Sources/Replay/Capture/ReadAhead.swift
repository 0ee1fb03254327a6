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
    /// the fields behind it. Hence no lock, and `@unchecked`.
    private final class Ring: @unchecked Sendable {
        let source: any ByteSource
        let free = DispatchSemaphore(value: 0)
        let filled = DispatchSemaphore(value: 0)
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: ReadAhead.blocks * ReadAhead.blockBytes, alignment: 4096)
        var counts = [Int](repeating: 0, count: ReadAhead.blocks)
        var positions = [UInt64](repeating: 0, count: ReadAhead.blocks)
        /// Set by the taking thread, before it signals `free` for the last time.
        let isCancelled = Atomic(false)

        init(_ source: any ByteSource) {
            self.source = source
            // Dispatch traps where a semaphore goes that stands lower than it began, so it begins at 0.
            for _ in 0..<ReadAhead.blocks { free.signal() }
        }

        deinit { memory.deallocate() }

        func block(_ number: Int) -> UnsafeMutableRawBufferPointer {
            let start = number * ReadAhead.blockBytes
            return UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + ReadAhead.blockBytes)])
        }

        func run() {
            var number = 0
            while true {
                free.wait()
                if isCancelled.load(ordering: .relaxed) { return }
                let count = source.read(into: block(number))
                counts[number] = count
                positions[number] = source.filePosition
                filled.signal()
                if count == 0 { return }
                number = (number + 1) % ReadAhead.blocks
            }
        }
    }

    private let ring: Ring
    private var current = -1
    private var taken = 0
    private var isAtEnd = false
    private(set) var filePosition: UInt64 = 0
    private(set) var failure: String?

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
        if current < 0 || taken == ring.counts[current] {
            if current >= 0 { ring.free.signal() }
            ring.filled.wait()
            current = (current + 1) % Self.blocks
            taken = 0
            filePosition = ring.positions[current]
            if ring.counts[current] == 0 {
                isAtEnd = true
                failure = ring.source.failure
                return 0
            }
        }
        let count = min(buffer.count, ring.counts[current] - taken)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: ring.block(current)[taken..<(taken + count)]))
        taken += count
        return count
    }
}

import Shared

/// The flows of a table, each at a number of its own while it is there.
///
/// An array would ask at each packet whether it is the only one that holds its elements.
struct FlowSlots: ~Copyable {
    /// A flow and its place in the queue of its stage.
    struct Slot {
        var flow: Flow
        var queue: Flow.Stage
        var older: Int32 = -1
        var newer: Int32 = -1
        /// When the flow came to the back of its queue.
        var queuedAt: Int64
    }

    /// Slots in a block: so they never move, and there is room for hardly more than there are.
    private static var blockSlots: Int { 1 << blockBits }
    private static var blockBits: Int { 9 }

    private var blocks: UnsafeMutablePointer<UnsafeMutablePointer<Slot>>
    private var blockCount = 0
    /// How many blocks `blocks` has room for.
    private var blockCapacity = 0
    /// Slots that hold a flow, or held one.
    private var count = 0
    private var free: [Int32] = []

    init() { blocks = .allocate(capacity: 0) }

    deinit {
        for block in 0..<blockCount { blocks[block].deallocate() }
        blocks.deallocate()
    }

    subscript(_ number: Int) -> Slot {
        @inline(__always)
        _read {
            precondition(0 <= number && number < count)
            yield blocks[number >> Self.blockBits][number & (Self.blockSlots &- 1)]
        }
        @inline(__always)
        _modify {
            precondition(0 <= number && number < count)
            yield &blocks[number >> Self.blockBits][number & (Self.blockSlots &- 1)]
        }
    }

    /// Puts a flow into a free slot.
    mutating func insert(_ slot: Slot) -> Int {
        if let reused = free.popLast() {
            self[Int(reused)] = slot
            return Int(reused)
        }
        let number = count
        if number == blockCount * Self.blockSlots { addBlock() }
        (blocks[number >> Self.blockBits] + (number & (Self.blockSlots &- 1))).initialize(to: slot)
        count = number &+ 1
        return number
    }

    /// The flow at this number is over; another may have the number.
    mutating func remove(_ number: Int) { free.append(Int32(truncatingIfNeeded: number)) }

    private mutating func addBlock() {
        if blockCount == blockCapacity {
            blockCapacity = max(8, blockCapacity * 2)
            let larger = UnsafeMutablePointer<UnsafeMutablePointer<Slot>>.allocate(capacity: blockCapacity)
            larger.moveInitialize(from: blocks, count: blockCount)
            blocks.deallocate()
            blocks = larger
        }
        (blocks + blockCount).initialize(to: .allocate(capacity: Self.blockSlots))
        blockCount += 1
    }
}

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

    private var memory: UnsafeMutablePointer<Slot>
    private var capacity = 0
    /// Slots that hold a flow, or held one.
    private var count = 0
    private var free: [Int32] = []

    init() { memory = .allocate(capacity: 0) }

    deinit { memory.deallocate() }

    subscript(_ number: Int) -> Slot {
        @inline(__always)
        _read {
            precondition(0 <= number && number < count)
            yield memory[number]
        }
        @inline(__always)
        _modify {
            precondition(0 <= number && number < count)
            yield &memory[number]
        }
    }

    /// Puts a flow into a free slot.
    mutating func insert(_ slot: Slot) -> Int {
        if let reused = free.popLast() {
            memory[Int(reused)] = slot
            return Int(reused)
        }
        if count == capacity { grow() }
        (memory + count).initialize(to: slot)
        count &+= 1
        return count &- 1
    }

    /// The flow at this number is over; another may have the number.
    mutating func remove(_ number: Int) { free.append(Int32(truncatingIfNeeded: number)) }

    /// The endpoints of flows by number, for the index.
    var tuples: (Int) -> (Endpoint, Endpoint) {
        let memory = memory
        return { (memory[$0].flow.local, memory[$0].flow.remote) }
    }

    private mutating func grow() {
        let larger = max(64, capacity * 2)
        let new = UnsafeMutablePointer<Slot>.allocate(capacity: larger)
        new.moveInitialize(from: memory, count: count)
        memory.deallocate()
        memory = new
        capacity = larger
    }
}

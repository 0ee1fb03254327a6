/// Counts by a small number, kept only where they are not zero, in the order of the numbers.
///
/// Most have one or two: the first lies in place and costs no memory of its own. Counting what was counted before allocates
/// nothing. Adding is exact, in any order.
struct SparseCounts: Equatable, Sendable {
    /// The number above 48 bits of its count; 0: there is none.
    private var first: UInt64 = 0
    /// The others, each with a greater number than the one before.
    private var rest: [UInt64] = []

    private static var countBits: UInt64 { 48 }
    /// Counts go no further, which is more than a century of a million a second.
    private static var mostOfOne: UInt64 { 1 << countBits - 1 }

    init() {}

    var isEmpty: Bool { first == 0 }

    /// How many numbers are held.
    var distinct: Int { isEmpty ? 0 : 1 + rest.count }

    /// Of all numbers together.
    var total: UInt64 { reduce(0) { $0 &+ $2 } }

    @inline(__always)
    mutating func count(_ number: UInt16) {
        if first >> Self.countBits == UInt64(number), first & Self.mostOfOne &- 1 < Self.mostOfOne &- 1 {
            first &+= 1
        } else {
            add(1, to: number)
        }
    }

    mutating func add(_ count: UInt64, to number: UInt16) {
        guard count > 0 else { return }
        guard !isEmpty else {
            first = Self.packed(UInt64(number), count)
            return
        }
        let key = UInt64(number)
        let own = first >> Self.countBits
        if key == own {
            first = Self.raised(first, by: count)
        } else if key < own {
            insert(first, at: 0)
            first = Self.packed(key, count)
        } else {
            add(count, to: key, at: place(of: key))
        }
    }

    /// - Parameter place: of the first entry of `rest` whose number is not below this one.
    private mutating func add(_ count: UInt64, to key: UInt64, at place: Int) {
        if place < rest.count, rest[place] >> Self.countBits == key {
            rest[place] = Self.raised(rest[place], by: count)
        } else {
            insert(Self.packed(key, count), at: place)
        }
    }

    /// As an array's own `insert`, which takes three times as long for one number.
    private mutating func insert(_ entry: UInt64, at place: Int) {
        rest.append(entry)
        rest.withUnsafeMutableBufferPointer { entries in
            guard let base = entries.baseAddress else { return }
            (base + place + 1).update(from: base + place, count: entries.count - 1 - place)
            base[place] = entry
        }
    }

    private static func packed(_ key: UInt64, _ count: UInt64) -> UInt64 { key << countBits | min(count, mostOfOne) }

    @inline(__always)
    private static func raised(_ entry: UInt64, by count: UInt64) -> UInt64 {
        let own = entry & mostOfOne
        return entry &+ min(count, mostOfOne &- own)
    }

    /// Of the first entry of `rest` whose number is not below this one.
    @inline(__always)
    private func place(of key: UInt64) -> Int {
        var (low, high) = (0, rest.count)
        while low < high {
            let middle = (low &+ high) &>> 1
            if rest[middle] >> Self.countBits < key { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    mutating func merge(_ other: SparseCounts) {
        // Both are in order, so that each place lies behind the one before.
        var place = 0
        other.visit { number, count in
            let key = UInt64(number)
            guard count > 0, !isEmpty, first >> Self.countBits < key else { return add(count, to: number) }
            while place < rest.count, rest[place] >> Self.countBits < key { place &+= 1 }
            add(count, to: key, at: place)
        }
    }

    /// In the order of the numbers.
    func visit(_ body: (_ number: UInt16, _ count: UInt64) -> Void) {
        guard !isEmpty else { return }
        body(UInt16(truncatingIfNeeded: first >> Self.countBits), first & Self.mostOfOne)
        for entry in rest { body(UInt16(truncatingIfNeeded: entry >> Self.countBits), entry & Self.mostOfOne) }
    }

    func reduce<Result>(_ start: Result, _ join: (Result, _ number: UInt16, _ count: UInt64) -> Result) -> Result {
        var result = start
        visit { result = join(result, $0, $1) }
        return result
    }
}

extension SparseCounts {
    /// Each number as what it is above the one before.
    func write(_ state: inout StateWriter) {
        state.number(distinct)
        var last: UInt16 = 0
        visit { number, count in
            state.number(number &- last)
            state.number(count)
            last = number
        }
    }

    init(_ state: inout StateReader) throws(StateFault) {
        var last: UInt64 = 0
        for _ in 0..<(try state.count()) {
            last &+= try state.number()
            guard let number = UInt16(exactly: last) else { throw .damaged }
            add(try state.number(), to: number)
        }
    }
}

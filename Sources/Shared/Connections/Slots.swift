/// Small numbers for open connections: sinks keep what they know of one in an array, at its number.
struct Slots {
    private var next = 0
    private var free: [Int] = []

    /// A number that nobody has.
    mutating func take() -> Int {
        if let free = free.popLast() { return free }
        next += 1
        return next - 1
    }

    mutating func giveBack(_ slot: Int) { free.append(slot) }
}

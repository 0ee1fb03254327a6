/// Lets the kernel's records wait in the ring buffer until the runtime has named a container that has just started.
///
/// A short pause at the first process of a container: until the runtime has told where it is reached, and of Podman's
/// even the name comes a quarter of a second late. It ends with the answer, after a moment, or where much waits in the
/// ring buffer. Where a runtime has not answered at all in such a moment there is no other pause until it does.
struct NamePause {
    /// So old a record becomes at most, nanoseconds: pauses do not add up.
    private static let longest: Int64 = 1_000_000_000

    private var awaited: [String] = []
    private var deadline: Int64 = 0
    private var answersBefore = 0
    private var isInVain = false

    /// - Parameters:
    ///   - containers: those that were asked for.
    ///   - made: when the kernel has made the last record.
    ///   - answers: how many questions the runtime has answered so far.
    mutating func begin(for containers: [String], made: Int64, answers: Int) {
        if isInVain, answers == answersBefore { return }
        awaited = containers
        deadline = made &+ Self.longest
        answersBefore = answers
        isInVain = false
    }

    /// Whether the records have to wait still.
    mutating func goesOn(now: Int64, answers: Int, isNamed: ([String]) -> Bool, hasRoom: Bool) -> Bool {
        guard !awaited.isEmpty else { return false }
        let isOver = now >= deadline
        if !isOver, hasRoom, !isNamed(awaited) { return true }
        isInVain = isOver && answers == answersBefore
        awaited = []
        return false
    }

    var isOn: Bool { !awaited.isEmpty }
}

/// What a state was made of.
package struct StateSource: Equatable, Sendable {
    /// Captures and traces.
    package var tapes: UInt64 = 0
    /// Not all of them were read to their ends.
    package var isIncomplete = false
    /// Parts of a state that only later versions know; no part of what is written.
    package var skipped: UInt64 = 0

    package init() {}

    package init(tapes: UInt64, isIncomplete: Bool) {
        self.tapes = tapes
        self.isIncomplete = isIncomplete
    }

    func write(_ state: inout StateWriter, _ summary: inout Summary, isRaw: Bool) {
        state.flag(isRaw)
        state.number(tapes)
        state.flag(isIncomplete)
        state.optional(summary.firstEvent) { $0.moment($1) }
        state.optional(summary.lastEvent) { $0.moment($1) }
        var counters: [(name: String, count: UInt64)] = []
        summary.forEachCounter { name, count in if count > 0 { counters.append((name, count)) } }
        state.sorted(counters) { state, counter in
            state.text(counter.name)
            state.number(counter.count)
        }
    }

    mutating func read(_ state: inout StateReader, _ summary: inout Summary, isRaw: Bool) throws(StateFault) {
        let wasRaw = try state.flag()
        guard wasRaw == isRaw else { throw .otherPaths(isRaw: wasRaw) }
        tapes = try state.number()
        isIncomplete = try state.flag()
        for _ in 0..<2 {
            if let moment = try state.optional({ state throws(StateFault) in try state.moment() }) {
                summary.saw(moment)
            }
        }
        var counters: [String: UInt64] = [:]
        for _ in 0..<(try state.count()) { counters[try state.string()] = try state.number() }
        skipped &+= UInt64(summary.add(counters).count)
    }
}

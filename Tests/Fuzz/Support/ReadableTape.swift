@testable import Shared

/// A tape is accounted for, has a log that is JSON, and gives the same again, also with its streams cut elsewhere.
func requireReadable(_ tape: TapeBuilder, _ input: [UInt8]) {
    let whole = tape.run()
    require(whole.summary.bytes.isBalanced, "the ledger does not balance: \(whole.summary.bytes)")
    require(whole.summary.innerBytes.isBalanced, "that of the layers within does not: \(whole.summary.innerBytes)")
    require(whole.isValidLog, "the event log is no JSON: \(whole.text)")
    requireEqual(whole.text, tape.run().text, "the same tape, another event log")
    var random = SeededRandom(of: input)
    let longest = 1 + random.below(random.chance(oneIn: 2) ? 3 : 60)
    let cut = tape.recut { count in random.cuts(count, longest: longest).map(\.upperBound).dropLast() }.run()
    requireEqual(whole.text, cut.text, "cut every \(longest) at most, another event log")
    require(whole == cut, "cut every \(longest) at most, another map or summary: \(whole.summary) \(cut.summary)")
}

extension TapeBuilder {
    /// A frame, of which a part is missing where the input says so.
    mutating func data(_ direction: Direction, _ frame: [UInt8], losing how: UInt8) {
        guard how & 2 != 0 else { return data(direction, frame) }
        let start = Int(how >> 2 & 7) * frame.count / 8
        let length = min(frame.count - start, 1 + Int(how >> 5))
        data(direction, Array(frame[..<start]))
        gap(direction, UInt64(length))
        data(direction, Array(frame[(start + length)...]))
    }
}

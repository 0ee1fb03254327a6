import Testing

@testable import Shared

/// A conversation with one service, on a tape of its own; a millisecond lies between two turns.
protocol TapedTalk {
    var tape: TapeBuilder { get set }
    /// How the conversation is read.
    static var options: Profiler.Options { get }
    mutating func raw(_ direction: Direction, _ bytes: [UInt8])
}

extension TapedTalk {
    static var options: Profiler.Options { Profiler.Options() }

    mutating func raw(_ direction: Direction, _ bytes: [UInt8]) {
        tape.wait(milliseconds: 1)
        tape.data(direction, bytes)
    }

    mutating func gap(_ direction: Direction, _ length: UInt64) { tape.gap(direction, length) }

    /// The tape with the connection's end.
    var ended: TapeBuilder {
        var tape = tape
        tape.wait(milliseconds: 1)
        tape.close()
        return tape
    }

    func result(_ options: Profiler.Options = Self.options) -> TapeResult { ended.run(options) }
}

/// How far what is said by chance is from what a peer would say.
struct Babble {
    /// Turns of a conversation at most.
    var turns = 40
    /// One turn in so many has a bit changed, and one in eight is no part at all where `hasNoise`.
    var damagedOneIn = 12
    var hasNoise = true
}

/// Parts of a protocol by chance, from either side, broken and with bytes missing: whatever it is, it is read, accounted for, and
/// read the same however it is cut.
/// - Parameter start: begins a conversation; `true`: it is joined late.
func expectReadable<Talk: TapedTalk>(
    _ parts: [[UInt8]], seeds: Range<UInt64> = 0..<150, _ babble: Babble = Babble(),
    _ location: SourceLocation = #_sourceLocation, start: (_ isLate: Bool) -> Talk
) {
    for seed in seeds {
        var random = SeededRandom(seed: seed)
        var talk = start(random.chance(oneIn: 3))
        for _ in 0..<random.below(babble.turns) {
            var bytes = parts[random.below(parts.count)]
            if babble.hasNoise, random.chance(oneIn: 8) { bytes = random.bytes(random.below(9)) }
            if !bytes.isEmpty, random.chance(oneIn: babble.damagedOneIn) {
                bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            }
            talk.raw(random.chance(oneIn: 2) ? .send : .receive, bytes)
            if random.chance(oneIn: 20) {
                talk.gap(random.chance(oneIn: 2) ? .send : .receive, UInt64(1 + random.below(30)))
            }
        }
        let result = talk.result()
        #expect(result.summary.bytes.isBalanced && result.isValidLog, "seed \(seed)", sourceLocation: location)
        let cut = talk.ended.cut(every: 1).run(Talk.options)
        #expect(cut.text == result.text, "seed \(seed), cut", sourceLocation: location)
        #expect(cut.summary == result.summary, "seed \(seed), cut", sourceLocation: location)
    }
}

/// A capture that joined late tells the last of the operations that the whole tells, or says what it does not know.
func expectSuffixes(
    of tape: TapeBuilder, withTargets: Bool = false, _ location: SourceLocation = #_sourceLocation
) throws {
    let whole = try tape.run().operationLines(withTargets: withTargets)
    for offset in stride(from: 1, to: tape.dataBytes, by: 3) {
        let operations = try tape.dropping(first: offset).run().operationLines(withTargets: withTargets)
        let known = operations.filter { $0.contains(" ok ") && !$0.contains("!") }
        #expect(
            Array(whole.suffix(known.count)) == known, "from \(offset): \(operations)", sourceLocation: location)
    }
}

/// Operations before and behind a gap anywhere are right, and most of them are there.
/// - Parameter wrong: of operations, those that were never asked for.
func expectRightAroundGaps(
    of tape: TapeBuilder, withTargets: Bool = false, _ location: SourceLocation = #_sourceLocation,
    wrong: ([String]) -> [String]
) throws {
    let whole = try tape.run().operationLines(withTargets: withTargets)
    for offset in stride(from: 0, to: tape.dataBytes, by: 5) {
        for length in [1, 60] {
            let result = tape.losing(length, at: offset).run()
            let operations = try result.operationLines(withTargets: withTargets)
            #expect(wrong(operations).isEmpty, "\(length) lost at \(offset): \(operations)", sourceLocation: location)
            #expect(
                operations.filter(whole.contains).count >= 3, "\(length) lost at \(offset): \(operations)",
                sourceLocation: location)
            #expect(result.summary.bytes.isBalanced, sourceLocation: location)
        }
    }
}

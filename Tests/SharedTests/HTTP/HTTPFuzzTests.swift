import Testing

@testable import Shared

/// Bytes that nobody meant: no trap, nothing lost from the ledger, a log that is JSON, and the same for every cut.
@Suite struct `HTTP of random and broken bytes` {
    private static let corpus: [Talk] =
        `HTTP conversations`.pairing + `HTTP conversations`.switching + `HTTP heads`.startLines + `HTTP heads`.fields
        + `HTTP framing`.chunks + `HTTP framing`.lengths + `HTTP framing`.responses + `HTTP content codings`.talks
        + `HTTP with gaps`.talks

    /// - Returns: whether all is well; else the test has failed already.
    private func check(_ tape: TapeBuilder, _ random: inout SeededRandom) -> Bool {
        let whole = tape.run()
        #expect(whole.summary.bytes.isBalanced, "seed \(random.seed): \(whole.summary.bytes)")
        #expect(whole.isValidLog, "seed \(random.seed)")
        let size = 1 + random.below(random.chance(oneIn: 2) ? 3 : 60)
        var other = random
        let cut = tape.recut { count in other.cuts(count, longest: size).map(\.upperBound).dropLast() }.run()
        #expect(cut.text == whole.text, "seed \(random.seed), cut every \(size) at most")
        #expect(cut.summary == whole.summary, "seed \(random.seed), cut every \(size) at most")
        return cut == whole && whole.isValidLog && whole.summary.bytes.isBalanced
    }

    @Test(arguments: 0..<20) func `survives random bytes`(_ batch: UInt64) {
        for number in 0..<50 {
            var random = SeededRandom(seed: 77 + batch << 32 | UInt64(number))
            var tape = TapeBuilder()
            tape.open(port: [80, 5432, 6379, 9092, 3306].randomElement(using: &random)!)
            for _ in 0..<1 + random.below(6) {
                let bytes = random.chance(oneIn: 2) ? random.bytes(random.below(200)) : words(&random)
                tape.data(random.chance(oneIn: 2) ? .send : .receive, bytes)
            }
            tape.close()
            guard check(tape, &random) else { return }
        }
    }

    private static let vocabulary = [
        "GET ", "/", " HTTP/1.1", "\r\n", "\r\n\r\n", "\n", "\r", "HTTP/1.1 200", " OK", "Content-Length: ", "3", "0",
        ":",
        " ", "Transfer-Encoding: chunked", "CONNECT ", "Upgrade: x", "HTTP/1.1 101 x", "\t", "H", "abc", ";",
        "FFFFFFFFFFFFFFFF",
    ]

    /// Text of the grammar's own words in no order.
    private func words(_ random: inout SeededRandom) -> [UInt8] {
        (0..<random.below(30)).flatMap { _ in Array(Self.vocabulary.randomElement(using: &random)!.utf8) }
    }

    @Test(arguments: 0..<40) func `survives words of the grammar in any order behind a request`(_ batch: UInt64) {
        for number in 0..<50 {
            var random = SeededRandom(seed: 99 + batch << 32 | UInt64(number))
            var tape = TapeBuilder()
            tape.open()
            tape.send("GET / HTTP/1.1\r\n\r\n")
            tape.data(.send, words(&random))
            tape.data(.receive, words(&random))
            tape.data(.send, words(&random))
            tape.close()
            guard check(tape, &random) else { return }
        }
    }

    @Test(arguments: 0..<60) func `survives conversations with flipped bits, cuts and splices`(_ batch: UInt64) {
        for number in 0..<50 {
            var random = SeededRandom(seed: 55 + batch << 32 | UInt64(number))
            let talk = Self.corpus.randomElement(using: &random)!
            let turns = talk.turns.map { mutate($0, &random) }
            guard check(Talk(talk.name, turns, []).tape, &random) else { return }
        }
    }

    private func mutate(_ turn: Talk.Turn, _ random: inout SeededRandom) -> Talk.Turn {
        switch turn {
        case .c(let text): .client(mutate(Array(text.utf8), &random))
        case .s(let text): .server(mutate(Array(text.utf8), &random))
        case .client(let bytes): .client(mutate(bytes, &random))
        case .server(let bytes): .server(mutate(bytes, &random))
        case .clientGap, .serverGap, .clientEnd, .serverEnd: turn
        }
    }

    private func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        guard !bytes.isEmpty, !random.chance(oneIn: 3) else { return bytes }
        switch random.below(4) {
        case 0:
            for _ in 0...random.below(4) { bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8)) }
        case 1: bytes.removeLast(random.below(bytes.count))
        case 2:
            let start = random.below(bytes.count)
            bytes.removeSubrange(start..<min(bytes.count, start + 1 + random.below(10)))
        default: bytes.insert(contentsOf: words(&random), at: random.below(bytes.count))
        }
        return bytes
    }
}

import Console
import Foundation
import Testing

@testable import Shared
@testable import replay

/// The recorded captures, whatever they hold: what must be true of every one.
@Suite struct `Fixtures` {
    static let all = (try? Fixture.below("Fixtures")) ?? []
    /// Those with traffic, which a state has not.
    static let tapes = all.filter { $0.tape != "input.state" }

    @Test func `are there`() { #expect(Self.all.count > 100) }

    /// `Fixtures/record.sh --readme` writes the table, from the notes beside each.
    @Test(arguments: all)
    func `each has a row in Fixtures/README.md`(_ fixture: Fixture) throws {
        let table = try String(contentsOfFile: "Fixtures/README.md", encoding: .utf8)
        let name = fixture.folder.split(separator: "/").suffix(2).joined(separator: "/")
        #expect(table.contains("| [\(name)](\(name)/recorded.md) | "))
    }

    @Test(arguments: all)
    func `every byte is accounted for, and reading ahead changes nothing`(_ fixture: Fixture) throws {
        var outputs: [[UInt8]] = []
        for readsAhead in [false, true] {
            var replaying = Replaying()
            replaying.readsAhead = readsAhead
            var log: [UInt8] = []
            let result = try replaying.run([fixture.path(fixture.tape)]) { bytes throws(Failure) in
                bytes.withUnsafeBytes { log.append(contentsOf: $0) }
                return true
            }
            #expect(result.summary.bytes.isBalanced)
            #expect(result.capture.files.allSatisfy { $0.packets + ($0.events ?? 0) + ($0.tapes ?? 0) > 0 })
            log += Array(ServiceMapFile.yaml(result.map).utf8)
            log += Array(SummaryJSON.text(result.summary) { result.capture.write(&$0) }.utf8)
            outputs.append(log)
        }
        #expect(outputs[0] == outputs[1])
    }

    @Test(arguments: all)
    func `cut or damaged anywhere, a capture never crashes the pipeline`(_ fixture: Fixture) throws {
        let file = try #require(TextFile.bytes(fixture.path(fixture.tape)))
        var random = SeededGenerator(seed: UInt64(file.count))
        for round in 0..<12 {
            var damaged = file
            if round % 2 == 0 {
                damaged = Array(file.prefix(.random(in: 24..<file.count, using: &random)))
            } else {
                for _ in 0..<20 {
                    damaged[.random(in: 24..<file.count, using: &random)] = .random(in: .min ... .max, using: &random)
                }
            }
            let profiler = Profiler(Profiler.Options())
            var tape = Tape(sink: profiler)
            try? tape.read(Input(bytes: PeekedBytes(MemoryBytes(damaged)), name: "damaged"))
            tape.finish()
            profiler.finish()
            #expect(profiler.summary.bytes.isBalanced, "seed \(file.count), round \(round)")
        }
    }
}

extension Fixture: CustomTestStringConvertible {
    var testDescription: String { folder }
}

import Testing

@testable import Shared

/// A protocol that is given to `Profiler` in a registry of its own, through the whole chain to map and log.
@Suite struct `A protocol of one's own` {
    private static func run(_ tape: TapeBuilder, registry: Registry = .withToy) -> TapeResult {
        var options = Profiler.Options()
        options.registry = registry
        let profiler = Profiler(options)
        tape.play(into: profiler)
        profiler.finish()
        return TapeResult(profiler)
    }

    private static func talk(_ turns: (inout TapeBuilder) -> Void) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open(port: 7007)
        turns(&tape)
        tape.close()
        return tape
    }

    private func checkCuts(_ tape: TapeBuilder, _ whole: TapeResult) {
        #expect(whole.summary.bytes.isBalanced && whole.summary.innerBytes.isBalanced)
        #expect(Self.run(tape.cut(every: 1)) == whole)
        for offset in 1..<tape.dataBytes { #expect(Self.run(tape.cut(at: offset)) == whole, "cut at \(offset)") }
    }

    @Test func `comes out as messages, exchanges and an entry of the map`() throws {
        let tape = Self.talk {
            $0.send("TOY 1 GET a\nTOY 2 GET b\n")
            $0.receive("TOY 2 VALUE 3\nxyz\nTOY 1 VALUE 0\n\n")
        }
        let whole = Self.run(tape)
        let events = try whole.events()
        #expect(events.map(\.brief) == ["> GET a", "> GET b", "< 200 GET b", "< 200 GET a"])
        #expect(whole.serviceMap.services[0].endpoints.map(\.path) == ["a", "b"])
        #expect(whole.summary.messages.exchanges == 2)
        #expect(whole.summary.connections.verdicts.nonZero.map(\.name) == ["toy"])
        #expect(whole.summary.bytes.parsed == whole.summary.bytes.total)
        checkCuts(tape, whole)
    }

    @Test func `is unknown where its line is missing`() throws {
        let tape = Self.talk { $0.send("TOY 1 GET a\n") }
        let whole = Self.run(tape, registry: .standard)
        #expect(try whole.events().map(\.brief) == ["= unknown 0"])
        #expect(whole.summary.connections.verdicts.unrecognised == 1)
    }

    @Test func `steps over a gap among bytes that it skips`() throws {
        let tape = Self.talk {
            $0.send("TOY 1 GET a\nTOY 2 GET b\n")
            $0.receive("TOY 1 VALUE 100\nxx")
            $0.gap(.receive, 98)
            $0.receive("\nTOY 2 VALUE 0\n\n")
        }
        let whole = Self.run(tape)
        #expect(whole.summary.messages.exchanges == 2)
        #expect(whole.summary.bytes.gaps.total == 98)
        checkCuts(tape, whole)
    }

    @Test func `finds its place again behind a gap, and pairs by number`() throws {
        let tape = Self.talk {
            $0.send("TOY 1 GET a\nTOY 2 GET b\n")
            $0.receive("TOY 1 VAL")
            $0.gap(.receive, 500)
            $0.receive("rest\nTOY 2 VALUE 0\n\n")
        }
        let whole = Self.run(tape)
        #expect(try whole.events().map(\.brief) == ["> GET a", "> GET b", "< 200 GET b"])
        #expect(whole.summary.messages.unansweredRequests == 1)
        #expect(whole.summary.bytes.unparsed[.betweenMessages] == 14)
        checkCuts(tape, whole)
    }

    @Test func `carries another protocol in a layer with a ledger of its own`() throws {
        let request = "GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"
        let response = "HTTP/1.1 204 No Content\r\n\r\n"
        let tape = Self.talk {
            $0.send("TOY 1 INSIDE \(request.utf8.count)\n\(request)TOY 2 GET a\n")
            $0.receive("TOY 1 INSIDE \(response.utf8.count)\n\(response)TOY 2 VALUE 0\n\n")
        }
        let whole = Self.run(tape)
        #expect(
            try whole.events().map(\.brief) == ["> GET /inner", "> GET a", "< 204 GET /inner", "< 200 GET a"])
        #expect(whole.summary.innerBytes.parsed == UInt64(request.utf8.count + response.utf8.count))
        #expect(whole.summary.bytes.parsed == whole.summary.bytes.total)
        #expect(whole.summary.connections.opened == 1)
        checkCuts(tape, whole)
    }

    @Test func `nests no deeper than the limit`() {
        func frame(_ depth: Int) -> String {
            guard depth > 0 else { return "TOY 9 GET deep\n" }
            let inside = frame(depth - 1)
            return "TOY 1 INSIDE \(inside.utf8.count)\n\(inside)"
        }
        let depth = Limits().layers + 3
        let whole = Self.run(Self.talk { $0.send(frame(depth)) })
        #expect(whole.summary.limits[.layers] == 1)
        #expect(whole.summary.bytes.isBalanced && whole.summary.innerBytes.isBalanced)
    }
}

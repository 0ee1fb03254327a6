import Testing

@testable import Shared

/// Memory is bounded by what is open, never by how long the tape is (docs/design.md, rule 3).
@Suite struct `Memory of the pipeline` {
    private static let request = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    private static let response = "HTTP/1.1 204 No Content\r\n\r\n"

    private static func profiler() -> Profiler {
        var options = Profiler.Options()
        options.eventLog = false
        return Profiler(options)
    }

    /// Opens, uses and closes `count` connections, a few of them at a time.
    private func connections(_ count: Int, in profiler: Profiler, from serial: UInt64) {
        for number in 0..<count {
            var tape = TapeBuilder()
            tape.resume(ConnectionID(serial + UInt64(number)), sent: 0, received: 0)
            tape.open(port: number % 4 == 3 ? 5432 : 8080)
            switch number % 4 {
            case 0, 1:
                tape.send(Self.request)
                tape.receive(Self.response)
            case 2: tape.data(.send, [0xEE, 0xDD, UInt8(truncatingIfNeeded: number)])
            default: break
            }
            tape.close()
            tape.play(into: profiler)
        }
    }

    @Test func `sees growth where there is some`() {
        let profiler = Self.profiler()
        let before = ReachableElements.count(from: profiler)
        var tape = TapeBuilder()
        for _ in 0..<100 {
            tape.open()
            tape.send(Self.request)
        }
        tape.play(into: profiler)
        #expect(ReachableElements.count(from: profiler) >= before + 100)
    }

    @Test func `does not grow with the number of connections that closed`() {
        let profiler = Self.profiler()
        connections(1000, in: profiler, from: 0)
        let before = ReachableElements.count(from: profiler)
        connections(100_000, in: profiler, from: 1000)
        #expect(ReachableElements.count(from: profiler) <= before + 10)
        #expect(profiler.summary.connections.closed[.orderly] == 101_000)
        #expect(profiler.summary.bytes.isBalanced)
    }

    /// Plays rounds of events of one connection.
    private static func play(
        _ rounds: Int, into profiler: Profiler, _ tape: inout TapeBuilder, _ add: (inout TapeBuilder) -> Void
    ) {
        for _ in 0..<rounds {
            var next = TapeBuilder()
            next.resume(tape.connection, sent: tape.sent, received: tape.received)
            add(&next)
            next.play(into: profiler)
            tape = next
        }
    }

    private static func opened(_ profiler: Profiler) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open()
        tape.play(into: profiler)
        return tape
    }

    @Test func `does not grow with the number of requests on a connection that never rests`() async {
        await #expect(processExitsWith: .success) {
            let profiler = Self.profiler()
            var tape = Self.opened(profiler)
            // The pipeline is never empty: responses are always ten behind.
            Self.play(1, into: profiler, &tape) { $0.send(String(repeating: Self.request, count: 10)) }
            func rounds(_ count: Int) {
                Self.play(count, into: profiler, &tape) {
                    $0.send(String(repeating: Self.request, count: 100))
                    $0.receive(String(repeating: Self.response, count: 100))
                }
            }
            rounds(100)
            let before = HeapBytes.inUse
            var largest = 0
            for _ in 0..<50 {
                rounds(10)
                largest = max(largest, HeapBytes.inUse)
            }
            // The queue is made compact every 1024 requests, of some 200 bytes each.
            precondition(largest <= before + 1024 * 256, "\(largest) bytes, and \(before) before")
            precondition(profiler.summary.messages.exchanges == 60_000)
        }
    }

    @Test func `does not grow with requests that nobody answers`() async {
        await #expect(processExitsWith: .success) {
            let profiler = Self.profiler()
            var tape = Self.opened(profiler)
            let add: (inout TapeBuilder) -> Void = { $0.send(String(repeating: Self.request, count: 100)) }
            Self.play(100, into: profiler, &tape, add)
            let before = HeapBytes.inUse
            Self.play(300, into: profiler, &tape, add)
            precondition(HeapBytes.inUse <= before + 1024 * 256, "\(HeapBytes.inUse) bytes, and \(before) before")
            precondition(profiler.summary.limits[.pipelinedRequests] == 40_000 - 4096)
        }
    }

    @Test func `does not grow with long targets that nobody answers`() async {
        await #expect(processExitsWith: .success) {
            let profiler = Self.profiler()
            var tape = Self.opened(profiler)
            let before = HeapBytes.inUse
            let request = "GET /" + String(repeating: "u", count: 100_000) + " HTTP/1.1\r\n\r\n"
            Self.play(300, into: profiler, &tape) { $0.send(request) }
            // Twice the budget, while what waits is moved; and the map's texts, of which one is that long.
            precondition(HeapBytes.inUse <= before + 5 << 20, "\(HeapBytes.inUse) bytes, and \(before) before")
            precondition(profiler.summary.limits[.pipelinedRequests] > 250)
        }
    }

    @Test func `holds little for connections that are open and idle`() async {
        await #expect(processExitsWith: .success) {
            let profiler = Profiler(Profiler.Options())
            let body = "{\"a\":\"" + String(repeating: "b", count: 30_000) + "\"}"
            let response = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
            func open(_ count: Int, from first: UInt64) {
                for number in 0..<UInt64(count) {
                    var tape = TapeBuilder()
                    tape.resume(ConnectionID(first &+ number), sent: 0, received: 0)
                    tape.open()
                    tape.send(Self.request)
                    tape.receive(response)
                    tape.cut(every: 1400).play(into: profiler)
                    profiler.drainEventLog { _ in }
                }
            }
            open(100, from: 0)
            let before = HeapBytes.inUse
            open(1000, from: 1000)
            let each = (HeapBytes.inUse - before) / 1000
            precondition(each <= 7_500, "\(each) bytes for each")
        }
    }

    /// What makes the next request cheap is let go of after ten to twenty seconds, and all goes on as before.
    @Test func `holds less for connections that were idle for long`() async {
        await #expect(processExitsWith: .success) {
            let profiler = Profiler(Profiler.Options())
            let response = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + String(repeating: "b", count: 2000)
            var now = TapeBuilder().now
            func ask(_ number: UInt64, round: UInt64) {
                var tape = TapeBuilder()
                tape.now = now
                let (asked, answered) = (UInt64(Self.request.utf8.count), UInt64(response.utf8.count))
                tape.resume(ConnectionID(number), sent: round * asked, received: round * answered)
                if round == 0 { tape.open() }
                if round == 0 { tape.resume(ConnectionID(number + 1), sent: 0, received: 0) }
                tape.send(Self.request)
                tape.receive(response)
                now = tape.now
                tape.cut(every: 700).play(into: profiler)
                profiler.drainEventLog { _ in }
            }
            for number in 0..<100 as Range<UInt64> { ask(number, round: 0) }
            let before = HeapBytes.inUse
            for number in 1000..<2000 as Range<UInt64> { ask(number, round: 0) }
            let busy = (HeapBytes.inUse - before) / 1000
            // Another one goes on, and nothing else.
            for second in 1...60 as ClosedRange<UInt64> {
                now.nanoseconds += 1_000_000_000
                ask(1, round: second)
            }
            let idle = (HeapBytes.inUse - before) / 1000
            precondition(idle <= 4_000 && idle + 1_500 <= busy, "\(idle) bytes for each, and \(busy) before")
            for number in 1000..<2000 as Range<UInt64> { ask(number + 1, round: 1) }
            profiler.finish()
            let summary = profiler.summary
            precondition(summary.messages.exchanges == 1100 + 60 + 1000 && summary.bytes.isBalanced)
            precondition(summary.bytes.unparsed.total == 0 && summary.bytes.retransmitted == 0)
        }
    }

    @Test(arguments: ["CONNECT h:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n"])
    func `does not grow while the answer to a request to switch never comes`(_ request: String) async {
        await #expect(processExitsWith: .success) { [request] in
            let profiler = Self.profiler()
            var tape = Self.opened(profiler)
            let before = HeapBytes.inUse
            Self.play(1, into: profiler, &tape) { $0.send(request) }
            Self.play(1000, into: profiler, &tape) { $0.data(.send, [UInt8](repeating: 0xEE, count: 1000)) }
            precondition(HeapBytes.inUse < before + 300_000, "\(HeapBytes.inUse) bytes, and \(before) before")
            profiler.finish()
            precondition(profiler.summary.bytes.isBalanced)
        }
    }

    @Test(arguments: [1, 2 << 20])
    func `does not overflow the stack with requests to switch, one behind another`(_ pieceBytes: Int) {
        let requests = 50_000
        let bytes = Array(String(repeating: "CONNECT h:1 HTTP/1.1\r\n\r\n", count: requests).utf8)
        let profiler = Self.profiler()
        var tape = TapeBuilder()
        tape.open()
        tape.data(.send, bytes)
        tape.recut { stride(from: pieceBytes, to: $0, by: pieceBytes).map { $0 } }.play(into: profiler)
        profiler.finish()
        #expect(profiler.summary.messages.requests == UInt64(requests))
        #expect(profiler.summary.bytes.isBalanced)
    }

    /// Behind an answer of 101 it is found out afresh what is talked.
    @Test(arguments: [(Role.client, false), (.unknown, true)])
    func `does not overflow the stack with answers that switch, one behind another`(_ role: Role, _ isLate: Bool) {
        let count = 3000
        var tape = TapeBuilder()
        tape.open(role: role, joinedLate: isLate)
        tape.receive(String(repeating: "HTTP/1.1 101 x\r\n\r\n", count: count))
        tape.send(String(repeating: "GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n", count: count))
        tape.close()
        let whole = tape.run()
        #expect(whole.summary.bytes.isBalanced)
        #expect(whole.summary.messages.responses > 500)
        for size in [7, 700, 50_000] { #expect(tape.cut(every: size).run() == whole, "cut every \(size)") }
    }

    @Test func `is all let go of with the pipeline`() {
        let seen = Seen()
        let row = ProtocolRow(
            name: "http", category: .http, ports: [], role: .exchanges, document: "",
            detectors: [HTTP1Detector.self],
            make: { run in
                let analyzer = HTTP1Analyzer(run)
                seen.analyzer = analyzer
                return analyzer
            })
        var options = Profiler.Options()
        options.registry = Registry([row])
        var profiler: Profiler? = Profiler(options)
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET / HTTP/1.1\r\n\r\n")
        tape.close()
        if let profiler { tape.play(into: profiler) }
        #expect(seen.analyzer != nil, "it waits to be used again")
        profiler = nil
        #expect(seen.analyzer == nil)
    }

    /// The analyzer that was made last; one thread makes them.
    private final class Seen: @unchecked Sendable {
        weak var analyzer: HTTP1Analyzer?
    }
}

import Testing

@testable import Shared

/// Work follows the bytes, whoever wrote them: eight times as much takes eight times as long.
@Suite(.serialized) struct `Work of the pipeline` {
    /// Inputs of about so many bytes that once took time with the square of their length.
    static let inputs: [(name: String, tape: @Sendable (Int) -> TapeBuilder)] = [
        ("a head of many lines with a list each", { head("Transfer-Encoding: x", $0) }),
        ("a head of many lines without a colon", { head("no colon", $0) }),
        ("a head of many lines with a length each", { head("Content-Length: 0", $0) }),
        ("a lost stream whose segments end as a version begins", { lost("H", $0, 1400) }),
        ("a lost stream whose segments end within a version", { lost("HTTP/1", $0, 1400) }),
        ("a lost stream of single bytes as a version begins", { lost("H", $0 / 10, 1) }),
        ("requests without a colon, one behind the other", { pipelined("GET /a HTTP/1.1\r\n\r\n", $0) }),
        ("requests for the answer to which the rest waits", { pipelined("CONNECT h HTTP/1.1\r\n\r\n", $0) }),
        ("errors about what is talked, one behind the other", { errors($0) }),
    ]

    private static func errors(_ count: Int) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open()
        for _ in 0..<count / 20 {
            tape.send("GET /a HTTP/1.1\r\nx")
            tape.receive("no")
        }
        return tape
    }

    private static func head(_ line: String, _ count: Int) -> TapeBuilder {
        let lines = String(repeating: line + "\r\n", count: count / (line.utf8.count + 2))
        return Talk("", [.c("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n")], []).tape
    }

    private static func lost(_ end: String, _ count: Int, _ size: Int) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open()
        tape.send("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: foo\r\n\r\n")
        let segment = String(repeating: "a", count: max(0, size - end.utf8.count)) + end
        for _ in 0..<count / max(size, end.utf8.count) { tape.send(segment) }
        return tape
    }

    private static func pipelined(_ request: String, _ count: Int) -> TapeBuilder {
        Talk("", [.c(String(repeating: request, count: count / request.utf8.count))], []).tape
    }

    @Test(arguments: inputs.indices) func `follows the bytes`(_ number: Int) {
        let (name, tape) = Self.inputs[number]
        let tapes = [1: tape(30_000), 8: tape(240_000)]
        // How often analyzers were asked, which no other work on the machine changes.
        var steps: [Int: UInt64] = [:]
        let growth = Growth { times in
            let profiler = Profiler(Profiler.Options())
            tapes[times]!.play(into: profiler)
            profiler.finish()
            steps[times] = profiler.steps
        }
        #expect(growth.isProportional, "\(name): \(growth)")
        let bytes = UInt64(tapes[8]!.dataBytes)
        #expect(steps[8]! <= 4 * bytes + 16, "\(name): \(steps[8]!) steps for \(bytes) bytes")
        #expect(steps[8]! <= 10 * steps[1]! + 16, "\(name): \(steps[1]!) steps, then \(steps[8]!)")
    }
}

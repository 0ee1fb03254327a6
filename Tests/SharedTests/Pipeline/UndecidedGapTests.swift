import Testing

@testable import Shared

/// What lies before and behind a gap is never told as one, wherever the gap is and whatever is known of the protocol by then.
@Suite struct `Bytes around a gap` {
    enum Words: CaseIterable {
        case http, redis, memcached, nats, postgres

        var port: UInt16 { 9999 }

        /// Requests and their answers, of which each has numbers of its own that a glued one would mix.
        var turns: [(ask: String, reply: String)] {
            switch self {
            case .http:
                [11_111, 22_222, 33_333].map {
                    (
                        "POST /orders/\($0) HTTP/1.1\r\nHost: a\r\nX-Number: \($0)\r\nContent-Length: 5\r\n\r\n\($0)",
                        "HTTP/1.1 200 OK\r\nX-Number: \($0)\r\nContent-Length: 5\r\n\r\n\($0)"
                    )
                }
            case .redis:
                ["aaaaaaaa", "bbbbbbbb", "cccccccc"].map {
                    ("*3\r\n$3\r\nSET\r\n$8\r\n\($0)\r\n$8\r\n\($0)\r\n", "+OK\r\n")
                }
            case .memcached:
                ["aaaaaaaa", "bbbbbbbb", "cccccccc"].map { ("set \($0) 0 0 8\r\n\($0)\r\n", "STORED\r\n") }
            case .nats:
                ["aaaaaaaa", "bbbbbbbb", "cccccccc"].map { ("PUB \($0).\($0) 8\r\n\($0)\r\n", "+OK\r\n") }
            case .postgres:
                ["aaaaaaaa", "bbbbbbbb", "cccccccc"].map {
                    (
                        text(PostgresTalk.Client.query("select \($0) from \($0)").bytes),
                        text(
                            [PostgresTalk.Server.row("x"), .complete("SELECT 1"), .ready].flatMap(\.bytes))
                    )
                }
            }
        }

        private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

        func tape(joinedLate: Bool, serverFirst: Bool) -> TapeBuilder {
            var tape = TapeBuilder()
            tape.open(
                remote: TapeBuilder.server(port), role: joinedLate ? .unknown : .client, joinedLate: joinedLate)
            if serverFirst { tape.receive("the rest of a long answer\n") }
            for turn in turns {
                tape.wait(milliseconds: 1)
                tape.send(turn.ask)
                tape.wait(milliseconds: 1)
                tape.receive(turn.reply)
            }
            tape.close()
            return tape
        }

        /// What is told as whole.
        func told(_ result: TapeResult) throws -> Set<String> {
            var told: Set<String> = []
            for event in try result.events() where event.fields["incomplete"] == nil {
                switch event.string("event_type") {
                case "http":
                    let number = event.header("X-Number") as? String ?? "-"
                    let isAnswer = event.number("status_code") != nil
                    told.insert("\(isAnswer ? "answer" : event.string("url") ?? "-") \(number)")
                // A key or command of which a part is missing is told as that.
                case "operation" where !event.line.contains("{…}") && event.string("operation") != "_OTHER":
                    let targets = event.fields["targets"] as? [String] ?? []
                    told.insert("\(event.string("operation") ?? "-") \(targets) \(event.string("statement") ?? "-")")
                default: break
                }
            }
            return told
        }
    }

    @Test(arguments: Words.allCases, [true, false])
    func `are not told as one`(_ words: Words, _ isLate: Bool) throws {
        var known: Set<String> = []
        for serverFirst in [false, true] {
            known.formUnion(try words.told(words.tape(joinedLate: isLate, serverFirst: serverFirst).run()))
        }
        #expect(known.count >= 3)
        for serverFirst in [false, true] {
            let tape = words.tape(joinedLate: isLate, serverFirst: serverFirst)
            for offset in stride(from: 0, to: tape.dataBytes, by: 2) {
                let result = tape.losing([1, 7, 24][offset / 2 % 3], at: offset).run()
                let glued = try words.told(result).subtracting(known)
                #expect(glued.isEmpty, "lost at \(offset), server first: \(serverFirst): \(glued)")
                #expect(result.summary.bytes.isBalanced)
            }
        }
    }

    /// Joined late and still undecided: the server's bytes are no answer, and the request has a gap in its target.
    @Test func `are two requests that nobody saw whole`() throws {
        var tape = TapeBuilder()
        tape.open(role: .unknown, joinedLate: true)
        tape.receive("the rest of a long answer\n")
        tape.send("GET /orders/12")
        tape.gap(.send, 16)
        tape.send(" HTTP/1.1\r\nHost: a\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        tape.send("GET /6 HTTP/1.1\r\nHost: a\r\n\r\n")
        tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
        tape.close()
        let result = tape.run()
        // What stands behind the gap is not glued to what stands before it.
        let told = try result.events().filter { $0.string("url") != nil }.map(\.brief)
        #expect(
            told == [
                "> GET /orders/12 !head_incomplete", "< 200 GET /orders/12** !bytes_between_messages !resynchronised",
                "> GET /6 !resynchronised", "< 204 GET /6",
            ])
        #expect(result.summary.bytes.isBalanced)
    }
}

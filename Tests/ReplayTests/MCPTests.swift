import Foundation
import TestSupport
import Testing

@testable import replay

/// `replay mcp`: asked by a real client of the protocol, and by whatever else may come over standard input.
@Suite struct `The agent's door` {
    private static let tapes = ["Fixtures/demo/live/input.tape", "Fixtures/demo/shop/input.pcap"]

    private struct Conversation: Decodable {
        struct Answer: Decodable {
            var text: String
            var error: Bool
        }
        var version: String
        var server: String
        var tools: [String]
        var readOnly: Bool
        var answers: [String: Answer]
    }

    @Test(.timeLimit(.minutes(30))) func `answers a client of the protocol`() throws {
        let outcome = try Child(
            try Oracles.python.get(), [Oracles.script("mcp_client.py"), Executable.replay] + Self.tapes, patience: 200
        ).wait()
        try #require(outcome.status == 0, "\(outcome.errors)")
        let talk = try JSONDecoder().decode(Conversation.self, from: Data(outcome.output.utf8))
        #expect(MCPServer.versions.contains(talk.version) && talk.server == "tapedeck" && talk.readOnly)
        #expect(talk.tools == MCPTools.Tool.allCases.map(\.rawValue))
        let said = { (name: String) in talk.answers[name]?.error == false ? talk.answers[name]?.text ?? "" : "" }
        let refused = { (name: String) in talk.answers[name]?.error == true ? talk.answers[name]?.text ?? "" : "" }
        #expect(said("services").contains("\"name\": \"request-logger\""))
        #expect(said("one service").contains("\"more\": {") && !said("one service").contains("request-logger"))
        #expect(said("summary").contains("\"packets\""))
        #expect(said("rows").contains(#"{"service":"traffic-generator","method":"GET","path":"/slow","count":5}"#))
        #expect(said("many rows").hasPrefix("{\"one\":1}\n{\"one\":1}\n{\"one\":1}\n… and more rows"))
        #expect(said("no rows") == "no rows\n")
        #expect(said("endpoint").contains("5 requests") && said("connection").contains("10.77.0.22:4222"))
        #expect(!said("endpoint").contains("not known") && !said("connection").contains("? →"))
        #expect(said("exchange").contains(", exchange 5\n") && said("exchange").contains("request 5: "))
        #expect(said("difference").contains("+ dependency"))
        #expect(said("openapi").contains("title: http-service") && said("policies").contains("kind: NetworkPolicy"))
        #expect(said("policies").contains("left out: 1 caller without a name"))
        for (name, reason) in [
            ("no service", "service nobody"), ("no query", "syntax error"), ("no writing", "only SELECT is there"),
            ("no end", "takes too long"), ("no connection", "38 connections"),
            ("no exchange", "no request of the recordings has that number"),
            ("no recording", "none of the recordings"), ("no format", "none of schema, openapi"),
            ("missing", "sql is missing"), ("unknown", "all is not known"), ("wrong", "connection is no integer"),
        ] {
            #expect(refused(name).contains(reason), "\(name): \(talk.answers[name]?.text ?? "")")
        }
    }

    private func talk(_ lines: String, _ arguments: [String] = ["Fixtures/demo/shop/input.pcap"]) throws -> [String] {
        let outcome = try Executable.replay(["mcp"] + arguments, input: Array(lines.utf8))
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        return outcome.output.split(separator: "\n").map(String.init)
    }

    @Test func `hides credentials, unless they are wanted`() throws {
        let question =
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":"#
            + #"{"sql":"SELECT headers FROM http"}}}"#
        let hidden = try #require(try talk(question, ["Fixtures/http/wget/input.pcap"]).first)
        let shown = try #require(try talk(question, ["Fixtures/http/wget/input.pcap", "--credentials"]).first)
        #expect(shown.contains("YW5uYTpzZWNyZXQ=") && hidden.contains("Authorization"))
        #expect(!hidden.contains("YW5uYTpzZWNyZXQ="))
    }

    @Test func `answers what is garbled by errors, and goes on`() throws {
        let long = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"" + String(repeating: "x", count: MCP.mostBytes) + "\"}"
        let deep = String(repeating: "[", count: 100_000)
        let lines = [
            "nonsense", "{\"jsonrpc\":\"2.0\"", "[]", "7", "null", "{}", #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            #"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, #"{"jsonrpc":"2.0","id":2,"method":7}"#,
            #"{"jsonrpc":"2.0","id":3,"method":"steal"}"#, #"{"jsonrpc":"2.0","id":4,"method":"tools/call"}"#,
            #"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"query","arguments":[]}}"#, long, deep,
            "\u{0}\u{1}", #"{"jsonrpc":"2.0","id":1e400,"method":"ping"}"#,
        ]
        // No answers: notifications, answers to what was never asked, blank lines.
        let silent = [
            #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, #"{"jsonrpc":"2.0","method":"steal"}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{}}"#, "", " \t\r",
        ]
        let ping = #"{"jsonrpc":"2.0","id":"last","method":"ping"}"#
        let answers = try talk((lines + silent + [ping]).joined(separator: "\n"))
        let codes = answers.dropLast().map { line in
            line.firstMatch(of: /"code":(-?\d+)/).map { Int($0.1) ?? 0 } ?? (line.contains("\"isError\":true") ? 1 : 0)
        }
        #expect(
            codes == [
                -32700, -32700, -32600, -32600, -32600, -32600, -32600, -32600, -32600, -32601, -32602, 1, -32600,
                -32700,
                -32700, -32700,
            ], "\(answers.map { $0.prefix(120) })")
        #expect(answers.last == #"{"id":"last","jsonrpc":"2.0","result":{}}"#)
        #expect(
            answers[9].contains("\"id\":3") && answers[6].contains("\"id\":1") && answers[7].contains("\"id\":null"))
    }

    /// JSON-RPC 2.0, section 6; the revision 2025-03-26 of the protocol has to be able to receive them.
    @Test func `answers a batch by a list`() throws {
        func ping(_ id: Int) -> String { #"{"jsonrpc":"2.0","id":\#(id),"method":"ping"}"# }
        let note = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        let begin = #"{"jsonrpc":"2.0","id":5,"method":"initialize","params":{}}"#
        let many = Array(repeating: ping(1), count: MCPServer.mostOfBatch + 1).joined(separator: ",")
        let answers = try talk(
            [
                "[\(ping(1)),\(note),7,\(ping(2))]", "[\(note)]", "[[\(ping(1))]]", "[\(begin)]", "[\(many)]",
                ping(3),
            ].joined(separator: "\n"))
        try #require(answers.count == 5, "\(answers)")
        #expect(
            answers[0]
                == #"[{"id":1,"jsonrpc":"2.0","result":{}},{"error":{"code":-32600,"message":"a message is an object"},"#
                + #""id":null,"jsonrpc":"2.0"},{"id":2,"jsonrpc":"2.0","result":{}}]"#)
        #expect(answers[1].hasPrefix("[{\"error\"") && answers[2].contains("initialize stands alone"))
        #expect(answers[2].contains("\"id\":5") && answers[3].contains("from one to 100 messages; this has 101"))
        #expect(answers[4] == #"{"id":3,"jsonrpc":"2.0","result":{}}"#)
    }

    @Test func `takes whatever bytes come`() throws {
        let good = Array(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"export","arguments":{"format":"dot"}}}"#
                .utf8)
        var input: [UInt8] = []
        for seed in UInt64(0)..<400 {
            var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
            func below(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            var bytes = good
            for _ in 0..<(1 + below(4)) {
                let place = below(bytes.count)
                switch below(3) {
                case 0: bytes[place] = UInt8(below(256))
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array("{}[]\",:0e-\\u".utf8)[below(12)], at: place)
                }
            }
            input += bytes.filter { $0 != 0x0A } + [0x0A]
        }
        let outcome = try Executable.replay(["mcp", Self.tapes[1]], input: input)
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        for line in outcome.output.split(separator: "\n") {
            let answer = try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
            #expect((answer["result"] == nil) != (answer["error"] == nil), "\(line.prefix(200))")
        }
    }

    @Test func `is for files that are there`() throws {
        let missing = try Executable.replay(["mcp", "/nowhere.tape"])
        #expect(missing.status == 2 && missing.errors.contains("/nowhere.tape"))
        let own = try Executable.replay(["mcp", "-"])
        #expect(own.status == 2 && own.errors.contains("name files"))
    }
}

import Foundation
import Testing

@testable import replay

/// `replay redact`, as its users run it.
@Suite struct `A trace without credentials` {
    private let folder = TemporaryFolder()

    private func path(_ name: String) -> String { folder.path + "/" + name }

    /// Values that have to go, some too short to be looked for alone, one of them said a second time where it has no name.
    private static let secrets = [
        "hunter2-very-long", "supersecrettoken123", "k1", "tail-of-a-path-9", "ak-9f8e7d6c", "98765", "sid=abc123",
        "form-secret",
        "pg-pass-word", "argument-pass",
    ]

    /// One connection, whose bytes come in pieces of the length.
    private static func trace(pieces length: Int) -> String {
        let requests = [
            "GET /login?password=hunter2-very-long&x=1 HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer supersecrettoken123\r\n\r\n",
            "POST /reset/token/tail-of-a-path-9 HTTP/1.1\r\nHost: shop\r\nX-Api-Key:k1\r\nContent-Type: application/json\r\n"
                + "Content-Length: 50\r\n\r\n{\"note\":\"once more hunter2-very-long, and no more\"}",
            "POST /form HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 25\r\n\r\n"
                + "user=ann&pass=form-secret",
        ]
        let body = "{\"api_key\":\"ak-9f8e7d6c\",\"pin\":{\"secret\":98765},\"name\":\"ann\"}"
        let responses = [
            "HTTP/1.1 200 OK\r\nSet-Cookie: sid=abc123; Path=/\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ]
        var lines = [
            #"{"tapedeck_trace":1}"#,
            #"{"type":"process","timestamp":"2026-01-01T00:00:00Z","pid":7,"start_time":1,"comm":"shop","command_line":"shop --password argument-pass","profile":"t","environment":["DB_PASSWORD=pg-pass-word","HOME=/root"]}"#,
            #"{"type":"open","timestamp":"2026-01-01T00:00:00Z","connection":1,"local":"10.0.0.1:4000","remote":"10.0.0.2:80","role":"client"}"#,
        ]
        var (sent, received) = (0, 0)
        func say(_ text: String, _ direction: String, _ position: inout Int) {
            var rest = Substring(text)
            while !rest.isEmpty {
                let piece = rest.prefix(length)
                rest = rest.dropFirst(length)
                let json = String(decoding: (try? JSONEncoder().encode(String(piece))) ?? Data(), as: UTF8.self)
                lines.append(
                    #"{"type":"data","timestamp":"2026-01-01T00:00:01Z","connection":1,"direction":"\#(direction)","position":\#(position),"text":\#(json)}"#
                )
                position += piece.utf8.count
            }
        }
        for (request, response) in zip(requests, responses) {
            say(request, "send", &sent)
            say(response, "receive", &received)
        }
        lines.append(#"{"type":"close","timestamp":"2026-01-01T00:00:02Z","connection":1,"how":"orderly"}"#)
        return lines.joined(separator: "\n") + "\n"
    }

    @Test(arguments: [1, 3, 7, 4000])
    func `has others of the same length in their places, however the bytes came`(_ length: Int) throws {
        let input = folder.write("in.jsonl", Array(Self.trace(pieces: length).utf8))
        let run = try Executable.replay(["redact", input, path("out.tape"), "--json"])
        #expect(run.status == 0 && run.errors == "", "\(run.errors)")
        #expect(run.output.contains("\"streams\": 0"), "\(run.output)")
        func read(_ tape: String) throws -> (log: String, environment: String, map: String) {
            let files = ["log", "env", "map"].map { path(tape + $0) }
            let run = try Executable.replay([
                path(tape), "-q", "-o", files[0], "--env-output", files[1], "--service-map", files[2],
            ])
            #expect(run.status == 0, "\(run.errors)")
            return (folder.text(tape + "log") ?? "", folder.text(tape + "env") ?? "", folder.text(tape + "map") ?? "")
        }
        let (before, after) = (try read("in.jsonl"), try read("out.tape"))
        let tape = try Data(contentsOf: URL(fileURLWithPath: path("out.tape")))
        for secret in Self.secrets {
            #expect((before.log + before.environment).contains(secret), "\(secret) is there to be hidden")
            #expect(tape.range(of: Data(secret.utf8)) == nil || secret == "k1", "\(secret) on the tape")
            #expect(!after.log.contains(secret) && !after.environment.contains(secret), "\(secret) in an output")
        }
        // What is no credential stays: as many messages, as long, with what they are about.
        #expect(after.log.split(separator: "\n").count == before.log.split(separator: "\n").count)
        #expect(after.log.contains("\"name\\\":\\\"ann\\\"") && after.log.contains("user=ann&pass=xxxxxxxxxxx"))
        #expect(after.log.contains("\\\"secret\\\":11111}") && after.environment.contains("HOME: \"/root\""))
        // The same again hides nothing more.
        let again = try Executable.replay(["redact", path("out.tape"), path("again.jsonl")])
        #expect(again.output.contains("nothing looks like a credential"), "\(again.output)")
    }

    @Test func `has gaps where they lie coded`() throws {
        // {"token":"abcdefghijklmnop"}, by gzip.
        let coded = "H4sIAAAAAAACA6tWKsnPTs1TslJKTEpOSU1Lz8jMys7JzcsvUKoFABJ5WykcAAAA"
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 48\r\n\r\n"
        let response = (Data(head.utf8) + (try #require(Data(base64Encoded: coded)))).base64EncodedString()
        let trace = """
            {"tapedeck_trace":1}
            {"type":"open","timestamp":"2026-01-01T00:00:00Z","connection":1,"local":"10.0.0.1:4000","remote":"10.0.0.2:80","role":"client"}
            {"type":"data","timestamp":"2026-01-01T00:00:01Z","connection":1,"direction":"send","position":0,"text":"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"}
            {"type":"data","timestamp":"2026-01-01T00:00:01Z","connection":1,"direction":"receive","position":0,"base64":"\(response)"}
            {"type":"close","timestamp":"2026-01-01T00:00:02Z","connection":1,"how":"orderly"}

            """
        let input = folder.write("in.jsonl", Array(trace.utf8))
        let shown = try Executable.replay([input, "-q", "-o", "-"]).output
        #expect(shown.contains("abcdefghijklmnop"))
        let run = try Executable.replay(["redact", input, path("out.jsonl")])
        #expect(run.status == 0 && run.output.contains("of 1 stream became gaps"), "\(run.output) \(run.errors)")
        let written = try #require(folder.text("out.jsonl"))
        #expect(written.contains("\"reason\":\"redacted\"") && written.contains("GET / HTTP/1.1"))
        #expect(!written.contains(String(response.suffix(40))))
        let after = try Executable.replay([path("out.jsonl"), "-q", "-o", "-"])
        #expect(after.status == 0 && !after.output.contains("abcdefghijklmnop"))
    }

    /// What the pipeline makes no message of holds no less: an unknown protocol, the rest of a head behind a loss, SQL.
    @Test(arguments: [
        ("{\"password\":\"s3cret-value\"}\n", 0), ("xyz: 1\r\nAuthorization: Bearer s3cret-value\r\n\r\n", 0),
        ("GET / HTTP/1.1\r\nHost: a\r\nCookie: s3cret-value\r\n\r\n", 45),
        ("CREATE USER a PASSWORD 's3cret-value'", 0), ("create user a identified by 's3cret-value'", 0),
        ("update a set password = E's3cret-value'", 0), ("{\"tokens\":[\"s3cret-value\"]}", 0),
    ])
    func `has none in what is no message`(_ text: String, _ lost: Int) throws {
        // Four bytes are lost at the place.
        let (before, after) = (String(text.prefix(lost)), String(text.dropFirst(lost == 0 ? 0 : lost + 4)))
        var lines = [
            #"{"tapedeck_trace":1}"#,
            #"{"type":"open","timestamp":"2026-01-01T00:00:00Z","connection":1,"local":"10.0.0.1:4000","remote":"10.0.0.2:7","role":"client","joined_late":true}"#,
        ]
        for (position, part) in [(0, before), (lost == 0 ? 0 : lost + 4, after)] where !part.isEmpty {
            let json = String(decoding: try JSONEncoder().encode(part), as: UTF8.self)
            lines.append(
                #"{"type":"data","timestamp":"2026-01-01T00:00:01Z","connection":1,"direction":"send","position":\#(position),"text":\#(json)}"#
            )
        }
        let input = folder.write("in.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
        #expect(try Executable.replay(["redact", input, path("out.jsonl")]).status == 0)
        let written = try #require(folder.text("out.jsonl"))
        #expect(!written.contains("et-value") && written.contains("xxxx"), "\(written)")
    }

    /// Half a password looks like nothing, and a header without its name is none.
    @Test(arguments: [
        ("*2\r\n$4\r\nAUTH\r\n$20\r\nfirst-half", 5, "last-half5\r\n"),
        ("*2\r\n$4\r\nAUTH\r\n$20\r\nfirst-half", 900, ""),
        ("*2\r\n$4\r\nAU", 9, "first-half-last-half\r\n"),
        ("GET /x HTTP/1.1\r\nHost: a\r\nX-Api-", 5, "first-half-last-half\r\n\r\n"),
    ])
    func `has nothing of what stands beside a loss`(_ before: String, _ missing: Int, _ behind: String) throws {
        let isHTTP = before.hasPrefix("GET")
        let (ask, answer) =
            isHTTP
            ? ("GET /far HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n")
            : ("*2\r\n$3\r\nGET\r\n$3\r\nfar\r\n", "$1\r\n1\r\n")
        var lines = [
            #"{"tapedeck_trace":1}"#,
            #"{"type":"open","timestamp":"2026-01-01T00:00:00Z","connection":1,"local":"10.0.0.1:4000","remote":"10.0.0.2:80","role":"client"}"#,
        ]
        var positions = ["send": 0, "receive": 0]
        func say(_ text: String, _ direction: String) {
            let json = String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
            lines.append(
                #"{"type":"data","timestamp":"2026-01-01T00:00:01Z","connection":1,"direction":"\#(direction)","position":\#(positions[direction, default: 0]),"text":\#(json)}"#
            )
            positions[direction, default: 0] += text.utf8.count
        }
        for _ in 0..<2000 {
            say(ask, "send")
            say(answer, "receive")
        }
        say(before, "send")
        positions["send", default: 0] += missing
        say(behind, "send")
        say(answer, "receive")
        lines.append(#"{"type":"close","timestamp":"2026-01-01T00:00:02Z","connection":1,"how":"orderly"}"#)
        let input = folder.write("torn.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
        let run = try Executable.replay(["redact", input, path("shared.jsonl")])
        #expect(run.status == 0 && run.output.contains("of 1 stream became gaps"), "\(run.output) \(run.errors)")
        let shared = try String(contentsOfFile: path("shared.jsonl"), encoding: .utf8)
        #expect(!shared.contains("-half"))
        // Only there.
        let kept = shared.components(separatedBy: "far").count
        #expect(kept > 300 && kept < 2000, "\(kept)")
    }

    @Test func `keeps what is no credential, whatever one is like`() throws {
        let trace = """
            {"tapedeck_trace":1}
            {"type":"open","timestamp":"2026-01-01T00:00:00Z","connection":1,"local":"10.0.0.1:4000","remote":"10.0.0.2:80","role":"client"}
            {"type":"data","timestamp":"2026-01-01T00:00:01Z","connection":1,"direction":"send","position":0,"text":"GET /password/reset?token=HTTP/1.1 HTTP/1.1\\r\\nHost: a\\r\\nX-Password: password\\r\\n\\r\\n"}

            """
        let input = folder.write("in.jsonl", Array(trace.utf8))
        #expect(try Executable.replay(["redact", input, path("out.jsonl")]).status == 0)
        let written = try #require(folder.text("out.jsonl"))
        #expect(
            written.contains("GET /password/reset?token=xxxxxxxx HTTP/1.1\\r\\nHost: a\\r\\nX-Password: xxxxxxxx\\r"))
    }

    @Test func `has none of hundreds that begin alike`() throws {
        var position = 0
        var lines = [
            #"{"tapedeck_trace":1}"#,
            #"{"type":"open","timestamp":"2026-01-01T00:00:00Z","connection":1,"local":"10.0.0.1:4000","remote":"10.0.0.2:80","role":"client"}"#,
        ]
        for number in 1000..<1400 {
            let text = "GET / HTTP/1.1\\r\\nAuthorization: Bearer \(number)\\r\\n\\r\\n"
            lines.append(
                #"{"type":"data","timestamp":"2026-01-01T00:00:01Z","connection":1,"direction":"send","position":\#(position),"text":"\#(text)"}"#
            )
            position += text.utf8.count - 6
        }
        let input = folder.write("in.jsonl", Array((lines.joined(separator: "\n") + "\n").utf8))
        let run = try Executable.replay(["redact", input, path("out.jsonl")])
        #expect(run.output.contains("400 values hidden (authorization 400), in 400 places"), "\(run.output)")
        #expect(folder.text("out.jsonl")?.contains("Bearer") == false)
    }

    @Test func `has what TLS carried, and no secrets of it`() throws {
        let capture = "Fixtures/tls/decrypted/input.pcapng"
        let run = try Executable.replay(["redact", capture, path("out.jsonl")])
        #expect(run.status == 0, "\(run.errors)")
        let written = try #require(folder.text("out.jsonl"))
        #expect(!written.contains("\"type\":\"secret\"") && written.contains("\"layer\":\"plaintext\""))
        func exchanges(_ input: String) throws -> Int {
            try Executable.replay([input, "-q", "-o", "-"]).output.split(separator: "\n").count {
                $0.contains("\"event_type\":\"http\"")
            }
        }
        let count = try exchanges(capture)
        #expect(try count > 0 && exchanges(path("out.jsonl")) == count)
    }

    /// What a login consists of goes, and nothing else: maps and operations of real captures stay what they were.
    @Test(arguments: [
        ("redis/password", ["secret", "wrong"]), ("postgres/scram", ["c=biws,r=", "v="]),
        ("amqp/publish", ["guest\0guest"]),
    ])
    func `has no login of a database, a cache or a bus`(_ fixture: String, _ secrets: [String]) throws {
        let capture = "Fixtures/\(fixture)/input.pcap"
        for file in ["in.tape", "out.tape"] {
            let run = try Executable.replay([file == "in.tape" ? "convert" : "redact", capture, path(file)])
            #expect(run.status == 0 && !run.output.contains("became gaps"), "\(run.output) \(run.errors)")
        }
        let tapes = try ["in.tape", "out.tape"].map { try Data(contentsOf: URL(fileURLWithPath: path($0))) }
        for secret in secrets {
            #expect(tapes[0].range(of: Data(secret.utf8)) != nil, "\(secret) is there to be hidden")
            #expect(tapes[1].range(of: Data(secret.utf8)) == nil, "\(secret) is left")
        }
        let maps = try ["in.tape", "out.tape"].map {
            let run = try Executable.replay([path($0), "-q", "--service-map", path($0 + ".yaml"), "--housekeeping"])
            #expect(run.status == 0, "\(run.errors)")
            return try #require(folder.text($0 + ".yaml"))
        }
        #expect(maps[0] == maps[1])
    }

    @Test func `is refused where it can't be proven`() throws {
        let input = folder.write("in.jsonl", Array(Self.trace(pieces: 4000).utf8))
        for (output, why) in [
            ("out.pcapng", "writes a trace"), ("in.jsonl", "would overwrite"), ("no/out.tape", "make its folder first"),
        ] {
            let run = try Executable.replay(["redact", input, path(output)])
            #expect(run.status == 2 && run.errors.contains(why), "\(run.errors)")
        }
        let piped = try Executable.replay(["redact", "-", path("out.tape")], input: Array(Self.trace(pieces: 9).utf8))
        #expect(piped.status == 2 && piped.errors.contains("reads its inputs several times"))
        #expect(folder.names == ["in.jsonl"])
    }
}

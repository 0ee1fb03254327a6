import Foundation
import TestSupport
import Testing

/// HTTP/1.1, HTTP/2 and a WebSocket on one port, by clients of others.
@Suite struct `One port` {
    private func curl(_ port: Int, _ path: String, _ options: [String] = []) throws -> (head: String, body: String) {
        let end = try Child(
            Programs.find("curl", package: "curl"), ["-sS", "-i", "http://127.0.0.1:\(port)\(path)"] + options
        ).succeed()
        let parts = end.output.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : "")
    }

    // MARK: HTTP/2

    @Test func `HTTP/2 with prior knowledge is answered as HTTP/1.1 is`() throws {
        let server = try DemoServer()
        let folder = try TemporaryFolder()
        let large = folder.path + "/large"
        try "[\(String(repeating: "1,", count: 1 << 19))1]".write(toFile: large, atomically: true, encoding: .utf8)
        let calls: [(String, [String], Int)] = [
            ("/", [], 200), ("/healthz", [], 200), ("/slow?ms=1", [], 200), ("/nothing", [], 404), ("/ws", [], 426),
            ("/echo", ["--data", #"{"a": 1.50}"#], 200), ("/echo", ["--data", "nonsense"], 400),
            ("/echo", ["--data", "@" + large], 413),
        ]
        for (path, options, status) in calls {
            let two = try curl(server.port, path, options + ["--http2-prior-knowledge"])
            let one = try curl(server.port, path, options + ["--http1.1"])
            #expect(two.head.hasPrefix("HTTP/2 \(status)"), "\(path): \(two.head)")
            #expect(one.head.hasPrefix("HTTP/1.1 \(status) ") || path == "/ws", "\(path): \(one.head)")
            let withoutTime = { (text: String) in text.replacing(/"timestamp":"[^"]*"/, with: "") }
            #expect(withoutTime(two.body) == withoutTime(one.body))
        }
    }

    @Test func `fifty streams of a connection wait side by side`() throws {
        let server = try DemoServer()
        let start = ContinuousClock.now
        let end = try Child(
            Oracles.python.get(),
            [Oracles.script("http2_calls.py"), "http://127.0.0.1:\(server.port)"]
                + (0..<50).map { "/slow?ms=\(1000 + $0)" }
        ).succeed()
        #expect(start.duration(to: .now) < .seconds(50))
        for delay in 1000..<1050 { #expect(end.output.contains(#"["HTTP/2", 200, "{\"waited_ms\":\#(delay)}"]"#)) }
    }

    @Test func `an upgrade to HTTP/2 is declined, and the request is answered`() throws {
        let server = try DemoServer()
        let answer = try curl(server.port, "/echo", ["--http2", "--data", "[2]"])
        #expect(answer.head.hasPrefix("HTTP/1.1 200 "))
        #expect(answer.body.hasPrefix(#"{"echo":[2],"#))
    }

    @Test(arguments: [("G", "ET /healthz"), ("GET /w", "hatever"), ("P", "OST /healthz")])
    func `what may become another protocol is waited for`(_ start: String, _ rest: String) throws {
        let server = try DemoServer()
        let connection = try HTTPConnection(server.port)
        try connection.send(start)
        // Whoever has seen this has seen what was sent before.
        #expect(try server.get("/healthz").status == 200)
        try connection.send("\(rest) HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try connection.response().status == (start == "G" ? 200 : 404))
    }

    @Test(arguments: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", "NONSENSE\r\n\r\n", "GET /ws NONSENSE\r\n\r\n"])
    func `what is no protocol is refused and closed`(_ text: String) throws {
        let server = try DemoServer()
        let connection = try HTTPConnection(server.port)
        try connection.send(text)
        #expect(try connection.response().status == 400)
        #expect(connection.isClosed())
    }

    // MARK: WebSocket

    @Test func `a WebSocket echoes JSON as POST /echo does`() throws {
        let server = try DemoServer()
        let talk = try WebSocketTalk(port: server.port, path: "/ws?who=test")
        for parts in [[#"{"a": 1.50}"#], ["[1", "", ",2]"], [#""grüße""#]] {
            for kind in ["text", "binary"] {
                let answer = try talk.say([kind] + parts)
                #expect(answer.kind == "text")
                #expect(answer.text.hasPrefix(#"{"echo":\#(parts.joined()),"timestamp":""#), "\(answer.text)")
            }
        }
        #expect(try talk.say(["text", "{"]) == .init("text", #"{"error":"the message is not JSON"}"#))
        #expect(try talk.say(["ping", "there?"]) == .init("pong", "there?"))
        #expect(try talk.say(["close", 4001, "enough"]) == .init("close", "enough", code: 4001))
    }

    @Test func `a message of 1 MiB is taken, and no byte more`() throws {
        let server = try DemoServer()
        let limit = 1 << 20
        let half = String(repeating: "x", count: limit / 2 - 1)
        let answer = try WebSocketTalk(port: server.port).say(["text", "\"\(half)", "\(half)\""])
        #expect(answer.text.hasPrefix(#"{"echo":"\#(half)\#(half)","#))
        let whole = try WebSocketTalk(port: server.port).say(["text", String(repeating: "1", count: limit + 1)])
        #expect(whole.kind == "close" && whole.code == 1009)
        let parts = try WebSocketTalk(port: server.port).say(["text", "\"\(half)", "\(half)\" "])
        #expect(parts.kind == "close" && parts.code == 1009)
    }

    @Test(arguments: ["", "Upgrade: h2c\r\nConnection: Upgrade\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n"])
    func `a request for it that opens none is told so`(_ fields: String) throws {
        let server = try DemoServer()
        let connection = try HTTPConnection(server.port)
        let answer = try connection.exchange("GET", "/ws", fields: fields)
        #expect(answer.status == 426)
        let reason = "this is a WebSocket, which the first request of a connection opens"
        #expect(answer.json?["error"] as? String == reason)
        #expect(connection.isClosed())
    }

    @Test func `Bookinfo has none`() throws {
        let server = try DemoServer(["bookinfo", "details", "--http-port", "0"])
        #expect(try server.get("/ws").status == 404)
        #expect(try curl(server.port, "/details/1", ["--http2-prior-knowledge"]).head.hasPrefix("HTTP/2 200"))
    }

    // MARK: The end

    @Test func `the server ends where connections stand that ask for nothing`() throws {
        let server = try DemoServer()
        let silent = try HTTPConnection(server.port)
        let begun = try HTTPConnection(server.port)
        try begun.send("GET /ws HTTP/1.1\r\nHos")
        let talk = try WebSocketTalk(port: server.port)
        _ = try talk.say(["text", "1"])
        server.child.signal(SIGTERM)
        #expect(try talk.say(["wait"]) == .init("close", "", code: 1001))
        #expect(silent.isClosed() && begun.isClosed())
        let end = try server.child.wait()
        #expect(end.status == 0 && end.signal == 0)
    }
}

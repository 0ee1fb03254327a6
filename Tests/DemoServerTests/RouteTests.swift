import Foundation
import TestSupport
import Testing

@Suite struct `The HTTP service` {
    @Test func `greets, and says that it is healthy`() throws {
        let server = try DemoServer()
        let greeting = try server.get("/")
        #expect(greeting.status == 200)
        #expect(greeting.headers["content-type"] == "application/json")
        #expect(greeting.json?["message"] as? String == "Hello from Tapedeck's demo")
        let health = try server.get("/healthz")
        #expect(health.status == 200)
        #expect(health.body == #"{"status":"ok"}"#)
    }

    @Test(arguments: [
        #"{"message":"hello"}"#, #"{"number":1.10,"big":12345678901234567890123,"list":[1,null,true,"ä€😀"]}"#, "[]",
        #""text""#, "null", " {\"a\" : \n1} ",
    ])
    func `echo gives JSON back as it came, with a timestamp`(_ body: String) throws {
        let answer = try DemoServer().post("/echo", body)
        #expect(answer.status == 200)
        let timestamp = try #require(answer.json?["timestamp"] as? String)
        #expect(answer.body == #"{"echo":\#(body),"timestamp":"\#(timestamp)"}"#)
        let format = ISO8601DateFormatter()
        format.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        #expect(abs(try #require(format.date(from: timestamp)).timeIntervalSinceNow) < 60)
    }

    @Test(arguments: [
        "", "{", "hello", #"{"a":}"#, "[1,2", #"{"a":1}{"#, "[01]", "NaN", #""\x""#, "{'a':1}",
        String(repeating: "[", count: 100_000),
    ])
    func `echo refuses what is not JSON`(_ body: String) throws {
        let answer = try DemoServer().post("/echo", body)
        #expect(answer.status == 400)
        #expect(answer.body == #"{"error":"the body is not JSON"}"#)
    }

    @Test func `echo takes 1 MiB and no byte more`() throws {
        let server = try DemoServer()
        let limit = 1 << 20
        let most = try server.post("/echo", "\"" + String(repeating: "x", count: limit - 2) + "\"")
        #expect(most.status == 200)
        let tooMuch = "\"" + String(repeating: "x", count: limit - 1) + "\""
        let refused = try server.post("/echo", tooMuch)
        #expect(refused.status == 413)
        #expect(refused.json?["error"] as? String == "the body is longer than 1048576 bytes")
        let chunked = try HTTPConnection(server.port)
        try chunked.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        try chunked.send(String(limit + 1, radix: 16) + "\r\n" + tooMuch + "\r\n0\r\n\r\n")
        #expect(try chunked.response().status == 413)
        #expect(try server.get("/healthz").status == 200)
    }

    @Test func `slow answers after the delay that it is told`() throws {
        let server = try DemoServer()
        for (path, expected) in [("/slow?ms=0", 0), ("/slow?ms=120", 120), ("/slow", 500)] {
            let start = ContinuousClock.now
            let answer = try server.get(path)
            #expect(answer.status == 200)
            #expect(answer.json?["waited_ms"] as? Int == expected)
            #expect(start.duration(to: .now) >= .milliseconds(expected))
        }
    }

    @Test(arguments: ["-1", "60001", "x", "", "1.5", "99999999999999999999"])
    func `slow refuses a delay that is none`(_ delay: String) throws {
        let answer = try DemoServer().get("/slow?ms=\(delay)")
        #expect(answer.status == 400)
        #expect(answer.json?["error"] as? String == "ms is a number of milliseconds, 0 to 60000")
    }

    @Test(arguments: [("GET", "/nothing"), ("GET", "/echo"), ("POST", "/"), ("DELETE", "/healthz")])
    func `what is not there is said as JSON`(_ method: String, _ path: String) throws {
        let answer = try DemoServer().exchange(method, path)
        #expect(answer.status == 404)
        #expect(answer.body == #"{"error":"Not Found"}"#)
    }

    @Test func `a connection serves many requests, pipelined and HEAD among them`() throws {
        let server = try DemoServer()
        let connection = try HTTPConnection(server.port)
        try connection.send(
            "GET /slow?ms=50 HTTP/1.1\r\nHost: test\r\n\r\nGET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try connection.response().json?["waited_ms"] as? Int == 50)
        #expect(try connection.response().body == #"{"status":"ok"}"#)
        let head = try connection.exchange("HEAD", "/healthz")
        #expect(head.status == 200)
        #expect(head.headers["content-length"] == "15")
        #expect(try connection.exchange("GET", "/healthz").body == #"{"status":"ok"}"#)
    }
}

import Testing

@testable import Shared

/// Behind CONNECT, SOCKS and PROXY headers the destination is the one that they name: docs/contract.md, section 5.
@Suite struct `Named destinations` {
    private static let answer = "HTTP/1.1 200 Connection established\r\n\r\n"

    private static func edges(_ tape: TapeBuilder) -> [String] {
        tape.run().serviceMap.services.flatMap { service in
            service.endpoints.map { "\($0.method) \($0.destination)" }
                + service.connections.map { "\($0.protocolName) \($0.destination) :\($0.port)" }
        }
    }

    private static func tunnel(_ target: String, _ client: String, _ server: String) -> TapeBuilder {
        var tape = TapeBuilder()
        tape.open(port: 3128)
        tape.send("CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n\r\n")
        tape.receive(answer)
        tape.send(client)
        tape.receive(server)
        tape.close()
        return tape
    }

    @Test func `are those of what a tunnel carries`() {
        let ping = ("*1\r\n$4\r\nPING\r\n", "+PONG\r\n")
        #expect(
            Self.edges(Self.tunnel("Cache.Internal:6379", ping.0, ping.1)) == [
                "CONNECT cache.internal:6379", "redis cache.internal :6379",
            ])
        #expect(
            Self.edges(Self.tunnel("10.0.0.9:6379", ping.0, ping.1)) == [
                "CONNECT 10.0.0.2:3128", "redis 10.0.0.9 :6379",
            ])
    }

    @Test func `are those of what nobody knows in it`() {
        let tape = Self.tunnel("ssh.internal:2222", "\u{1}\u{2}\u{3}\u{4}hello", "\u{5}\u{6}\u{7}there")
        #expect(Self.edges(tape) == ["CONNECT ssh.internal:2222", "unknown ssh.internal :2222"])
        #expect(tape.cut(every: 1).run() == tape.run())
    }

    @Test func `are the hosts that HTTP in a tunnel names`() {
        let tape = Self.tunnel(
            "api.internal:8080", "GET /a HTTP/1.1\r\nHost: api.internal:8080\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(Self.edges(tape) == ["CONNECT api.internal:8080", "GET api.internal:8080"])
    }

    /// What the proxy connects to is who was named to it; the Host within may say anything.
    @Test func `are no others than those, whatever HTTP in a tunnel names`() {
        let (ask, answer) = ("GET /a HTTP/1.1\r\nHost: other.example\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(
            Self.edges(Self.tunnel("api.internal:8080", ask, answer)) == [
                "CONNECT api.internal:8080", "GET api.internal:8080",
            ])
        #expect(Self.edges(Self.tunnel("api.internal:80", ask, answer)).last == "GET api.internal")
        // An address has the name that it is called by.
        #expect(Self.edges(Self.tunnel("10.0.0.9:80", ask, answer)).last == "GET other.example")
        var socks = TapeBuilder()
        socks.open(port: 1080)
        socks.data(.send, [5, 1, 0])
        socks.data(.receive, [5, 0])
        socks.data(.send, [5, 1, 0, 3, 9] + Array("shop.test".utf8) + [0, 80])
        socks.data(.receive, [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        socks.send(ask)
        socks.receive(answer)
        socks.close()
        #expect(Self.edges(socks) == ["GET shop.test"])
    }

    @Test func `have the names that are given to their addresses`() throws {
        var options = Profiler.Options()
        try options.names.add("10.0.0.9:6379=orders-cache")
        let result = Self.tunnel("10.0.0.9:6379", "*1\r\n$4\r\nPING\r\n", "+PONG\r\n").run(options)
        #expect(result.serviceMap.services[0].connections.map(\.destination) == ["orders-cache"])
    }
}

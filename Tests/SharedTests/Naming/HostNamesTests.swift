import Testing

@testable import Shared

/// The names of destinations and sources that the traffic itself gives: docs/contract.md, section 5.
@Suite struct `Names by hosts` {
    private static func address(_ last: UInt32) -> IPAddress { IPAddress(v4: 0x0A00_0000 | last) }

    private struct Call {
        var from: UInt32
        var to: UInt32
        var port: UInt16 = 80
        var host: String
    }

    /// All edges as `source > destination`, in any order of the calls the same.
    private static func edges(_ calls: [Call], loopback: Bool = false) -> Set<String> {
        var results: [Set<String>] = []
        for calls in [calls, calls.reversed()] {
            var tape = TapeBuilder()
            for (place, call) in calls.enumerated() {
                let (from, to) =
                    loopback
                    ? (IPAddress(v4: 0x7F00_0001), IPAddress(v4: 0x7F00_0001)) : (address(call.from), address(call.to))
                tape.open(
                    local: Endpoint(from, UInt16(40_000 + place)), remote: Endpoint(to, call.port))
                let host = call.host.isEmpty ? "" : "Host: \(call.host)\r\n"
                tape.send("GET / HTTP/1.\(call.host.isEmpty ? 0 : 1)\r\n\(host)\r\n")
                tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
                tape.close()
            }
            let services = tape.run().serviceMap.services
            results.append(
                Set(services.flatMap { service in service.endpoints.map { "\(service.name) > \($0.destination)" } }))
        }
        #expect(results[0] == results[1], "the order of the calls changes nothing")
        return results[0]
    }

    @Test func `keep the port that is not the scheme's own`() {
        let calls = [
            Call(from: 9, to: 1, host: "Shop.Example."), Call(from: 9, to: 1, host: "shop.example:80"),
            Call(from: 9, to: 1, port: 3001, host: "shop.example:3001"),
        ]
        #expect(Self.edges(calls) == ["10.0.0.9 > shop.example", "10.0.0.9 > shop.example:3001"])
    }

    @Test func `belong to an address and port`() {
        let calls = [
            Call(from: 9, to: 1, port: 3001, host: "localhost:3001"),
            Call(from: 9, to: 1, port: 3002, host: "localhost:3002"),
            Call(from: 9, to: 1, port: 3001, host: "127.0.0.1:3001"), Call(from: 9, to: 1, port: 3002, host: ""),
        ]
        #expect(Self.edges(calls, loopback: true) == ["127.0.0.1 > localhost:3001", "127.0.0.1 > localhost:3002"])
    }

    @Test func `without a port have it where nothing else tells two servers apart`() {
        let calls = [Call(from: 9, to: 1, port: 8080, host: "app"), Call(from: 9, to: 1, port: 9090, host: "app")]
        #expect(Self.edges(calls) == ["10.0.0.9 > app:8080", "10.0.0.9 > app:9090"])
        #expect(Self.edges([calls[0]]) == ["10.0.0.9 > app"])
        // As many servers as a name has addresses are one: a service behind a balancer.
        #expect(
            Self.edges([calls[0], Call(from: 9, to: 2, port: 8080, host: "app")]) == ["10.0.0.9 > app"])
    }

    @Test func `that are several of one server do not name who is called by none`() {
        let calls = [Call(from: 9, to: 1, host: "a"), Call(from: 9, to: 1, host: "b"), Call(from: 9, to: 1, host: "")]
        #expect(Self.edges(calls) == ["10.0.0.9 > a", "10.0.0.9 > b", "10.0.0.9 > 10.0.0.1"])
    }

    @Test func `that a proxy passes on do not name the others`() {
        let calls = [
            Call(from: 9, to: 2, host: "shop.example"), Call(from: 2, to: 3, port: 8080, host: "shop.example"),
            Call(from: 2, to: 4, port: 8080, host: "shop.example"),
        ]
        #expect(
            Self.edges(calls) == [
                "10.0.0.9 > shop.example", "10.0.0.2 > 10.0.0.3:8080", "10.0.0.2 > 10.0.0.4:8080",
            ])
        // One that takes it through two hops.
        #expect(
            Self.edges(calls + [Call(from: 3, to: 5, port: 8081, host: "shop.example")]).isSuperset(of: [
                "10.0.0.2 > 10.0.0.3:8080", "10.0.0.3 > 10.0.0.5:8081", "10.0.0.9 > shop.example",
            ]))
        // What a proxy's own server is called besides is its name.
        #expect(
            Self.edges(calls + [Call(from: 9, to: 3, port: 8080, host: "items:8080")]).isSuperset(of: [
                "10.0.0.9 > shop.example", "10.0.0.2 > items:8080",
            ]))
    }

    @Test func `stay with the gateway that a service calls itself through`() {
        let calls = [
            Call(from: 9, to: 2, host: "api.example"), Call(from: 2, to: 3, port: 8080, host: "api.example"),
            Call(from: 3, to: 2, host: "api.example"),
        ]
        #expect(
            Self.edges(calls) == [
                "10.0.0.9 > api.example", "10.0.0.2 > 10.0.0.3:8080", "10.0.0.3 > api.example",
            ])
    }

    @Test func `name a service that calls as they name it where it is called`() {
        let calls = [
            Call(from: 9, to: 3, port: 9080, host: "reviews:9080"),
            Call(from: 3, to: 4, port: 9080, host: "ratings:9080"),
        ]
        #expect(Self.edges(calls) == ["10.0.0.9 > reviews:9080", "reviews:9080 > ratings:9080"])
        // Two ports of one host: it may be either that calls.
        #expect(
            Self.edges(calls + [Call(from: 9, to: 3, port: 9090, host: "reviews:9090")]).contains(
                "reviews > ratings:9080"))
        // Two hosts at one address, or callers at the server's own: nobody knows who it is.
        #expect(
            Self.edges(calls + [Call(from: 9, to: 3, port: 9090, host: "other:9090")]).contains(
                "10.0.0.3 > ratings:9080"))
        #expect(
            Self.edges(calls + [Call(from: 3, to: 3, port: 9080, host: "reviews:9080")]).contains(
                "10.0.0.3 > ratings:9080"))
    }

    @Test func `of a request for somebody else are not the proxy's`() {
        var tape = TapeBuilder()
        tape.open(port: 3128)
        tape.send("GET http://shop.example/a HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
        tape.send("GET /status HTTP/1.1\r\nHost: 10.0.0.2:3128\r\n\r\n")
        tape.receive("HTTP/1.1 204 No Content\r\n\r\n")
        tape.close()
        let endpoints = tape.run().serviceMap.services[0].endpoints
        #expect(endpoints.map { "\($0.destination) \($0.path)" } == ["10.0.0.2:3128 /status", "shop.example /a"])
    }

    @Test func `are bounded, and what was refused is counted`() {
        var hosts = HostNames(limit: 10)
        for number in 0..<100 {
            hosts.add(
                HostNames.Call(
                    name: UInt32(number), port: 0, showsPort: true,
                    server: HostNames.Place(endpoint: Endpoint(Self.address(1), UInt16(number + 1)), network: 0),
                    client: .address(Self.address(9))))
        }
        #expect(hosts.refused == 90)
    }
}

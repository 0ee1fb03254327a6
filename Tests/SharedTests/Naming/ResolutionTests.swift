import Testing

@testable import Shared

/// What a client was told by DNS names the addresses that it connects to: docs/contract.md, section 5.
@Suite struct `Names that DNS gave` {
    private static let server = IPAddress(v4: 0x0A00_0009)

    private struct Tape {
        var dns = DNSTape()

        mutating func resolve(
            _ name: String, to last: UInt8 = 9, seconds: Int = 60, over port: UInt16 = 40_000, id: UInt16 = 1
        ) {
            dns.ask(DNSBytes.ask(name, id: id), from: port)
            dns.answer(
                DNSBytes.answer(name, id: id, [DNSBytes.record(1, [10, 0, 0, last], seconds: seconds)]), to: port)
        }

        mutating func connect(from client: UInt8 = 1, port: UInt16 = 50_000, _ said: String = "*1\r\n$4\r\nPING\r\n") {
            dns.tape.wait(milliseconds: 1)
            dns.tape.open(
                local: Endpoint(IPAddress(v4: 0x0A00_0000 | UInt32(client)), port), remote: Endpoint(server, 6379))
            dns.tape.send(said)
            dns.tape.receive("+PONG\r\n")
            dns.tape.close()
        }

        /// Destinations of all but DNS, with the clients, in the order of the map.
        func destinations(_ options: Profiler.Options = Profiler.Options()) -> [String] {
            dns.tape.run(options).serviceMap.services.flatMap { service in
                service.connections.filter { $0.protocolName != "dns" }.map { "\(service.name) > \($0.destination)" }
            }
        }
    }

    @Test func `name the destination for who asked, from then on`() {
        var tape = Tape()
        tape.connect(port: 50_000)
        tape.resolve("Cache.Shop.test")
        tape.connect(port: 50_001)
        tape.connect(from: 2, port: 50_002)
        #expect(
            tape.destinations() == [
                "10.0.0.1 > 10.0.0.9", "10.0.0.1 > cache.shop.test", "10.0.0.2 > 10.0.0.9",
            ])
    }

    @Test func `hold for their time, five minutes at least`() {
        for (seconds, wait, isKnown) in [(1, 299, true), (1, 301, false), (900, 899, true), (900, 901, false)] {
            var tape = Tape()
            tape.resolve("cache.test", seconds: seconds)
            tape.dns.tape.wait(milliseconds: Int64(wait) * 1000)
            tape.connect()
            #expect(tape.destinations() == ["10.0.0.1 > \(isKnown ? "cache.test" : "10.0.0.9")"], "\(seconds) \(wait)")
        }
    }

    @Test func `end where the address goes to another`() {
        var tape = Tape()
        tape.resolve("a.test")
        tape.connect(port: 50_000)
        tape.resolve("b.test", over: 40_001, id: 2)
        tape.connect(port: 50_001)
        #expect(tape.destinations() == ["10.0.0.1 > a.test", "10.0.0.1 > b.test"])
    }

    @Test func `are those that were asked for, whatever they are aliases of`() {
        var tape = Tape()
        tape.dns.ask(DNSBytes.ask("www.test"))
        tape.dns.answer(
            DNSBytes.answer(
                "www.test", [DNSBytes.record(5, DNSBytes.name("edge.cdn.test")), DNSBytes.record(1, [10, 0, 0, 9])]))
        tape.connect()
        #expect(tape.destinations() == ["10.0.0.1 > www.test"])
    }

    @Test func `yield to what the user says, to what the traffic says, and are before a tape's own`() throws {
        var tape = Tape()
        tape.dns.tape.add(.name(try #require(AddressName(address: Self.server, name: "told.test"))))
        tape.resolve("cache.test")
        tape.connect(from: 1, port: 50_000)
        tape.connect(from: 2, port: 50_001)
        #expect(tape.destinations() == ["10.0.0.1 > cache.test", "10.0.0.2 > told.test"])
        var options = Profiler.Options()
        try options.names.add("10.0.0.9=mine")
        #expect(tape.destinations(options) == ["10.0.0.1 > mine", "10.0.0.2 > mine"])
        tape.connect(from: 3, port: 50_002, "GET / HTTP/1.1\r\nHost: said.test:6379\r\n\r\n")
        #expect(tape.destinations().first == "10.0.0.1 > said.test")
    }

    @Test func `are not those of failures, of no address, and with the first versions' fields`() {
        var tape = Tape()
        tape.dns.ask(DNSBytes.ask("blocked.test"))
        tape.dns.answer(DNSBytes.answer("blocked.test", [DNSBytes.record(1, [0, 0, 0, 0])]))
        tape.connect()
        #expect(tape.destinations() == ["10.0.0.1 > 10.0.0.9"])
        tape.resolve("cache.test", id: 2)
        tape.connect(port: 50_001)
        var options = Profiler.Options()
        options.fields = .compat
        #expect(tape.destinations(options) == ["10.0.0.1 > 10.0.0.9"])
        #expect(tape.dns.tape.run(options).summary.unread.datagrams == 4)
    }
}

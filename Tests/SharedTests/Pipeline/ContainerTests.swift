import Testing

@testable import Shared

/// What the outputs say of containers: docs/contract.md, sections 3, 5 and 6.
@Suite struct `Containers` {
    private let web = ContainerIdentity(service: "web", image: "shop/web:1", id: "aaaa", name: "shop-web-1")
    private let api = ContainerIdentity(service: "api", image: "shop/api:2", id: "bbbb", name: "shop-api-1")
    private let process = ProcessKey(pid: 7, startTime: 70)

    private func tell(_ tape: inout TapeBuilder, _ subject: ContainerFact.Subject, _ container: ContainerIdentity?) {
        tape.add(.container(ContainerFact(subject: subject, container: container)))
    }

    private func exchange(_ tape: inout TapeBuilder) {
        tape.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    }

    private func name(_ event: TapeResult.Event, _ end: String) -> String? {
        (event.fields[end] as? [String: Any])?["container_name"] as? String
    }

    @Test func `are at both ends of every event, and name the map's services`() throws {
        var tape = TapeBuilder()
        tape.add(.process(ProcessIdentity(key: process, comm: "app", commandLine: "app")))
        tell(&tape, .process(process), web)
        tell(&tape, .endpoint(Endpoint(TapeBuilder.server().address, 0)), api)
        tape.open(process: process)
        exchange(&tape)
        let result = tape.run()
        let events = try result.events()
        #expect(name(events[0], "source_container") == "shop-web-1")
        #expect(name(events[0], "destination_container") == "shop-api-1")
        #expect(name(events[1], "source_container") == "shop-api-1")
        #expect(
            Array(events[0].fieldOrder.suffix(3)) == ["source_container", "destination_container", "destination_type"])
        #expect(
            events[0].line.contains(
                #"{"service":"web","image":"shop/web:1","container_id":"aaaa","container_name":"shop-web-1"}"#))
        #expect(result.serviceMap.services.map(\.name) == ["web"])
        #expect(result.serviceMap.services[0].image == "shop/web:1")
        #expect(result.serviceMap.services[0].endpoints[0].destination == "api")
        #expect(result.serviceMap.services[0].endpoints[0].destinationType == .container)
    }

    @Test func `an address goes to its new owner, and an open connection stays with the old one`() throws {
        var tape = TapeBuilder()
        let address = ContainerFact.Subject.endpoint(Endpoint(TapeBuilder.server().address, 0))
        tell(&tape, address, api)
        tape.open()
        tell(&tape, address, web)
        exchange(&tape)
        tell(&tape, address, nil)
        exchange(&tape)
        tell(&tape, address, web)
        tape.open(local: Endpoint(TapeBuilder.client.address, 41_000))
        exchange(&tape)
        tell(&tape, address, nil)
        tape.open(local: Endpoint(TapeBuilder.client.address, 42_000))
        exchange(&tape)
        let requests = try tape.run().events().filter { $0.string("url") == "/" && $0.number("status_code") == nil }
        #expect(requests.map { name($0, "destination_container") } == ["shop-api-1", "shop-api-1", "shop-web-1", nil])
    }

    @Test func `a published port is the container, except for the loopback of a container with its own network`() throws
    {
        let loopback = IPAddress(v4: 0x7F00_0001)
        var tape = TapeBuilder()
        tell(&tape, .endpoint(Endpoint(loopback, 8080)), api)
        tell(&tape, .endpoint(Endpoint(IPAddress(v4: 0x0A00_0009), 0)), web)
        tell(&tape, .process(process), web)
        tape.open(local: Endpoint(loopback, 40_000), remote: Endpoint(loopback, 8080))
        exchange(&tape)
        tape.open(local: Endpoint(loopback, 40_001), remote: Endpoint(loopback, 8080), process: process)
        exchange(&tape)
        let requests = try tape.run().events().filter { $0.number("status_code") == nil }
        #expect(requests.map { name($0, "destination_container") } == ["shop-api-1", nil])
    }

    @Test func `without one an event says nothing of them`() throws {
        var tape = TapeBuilder()
        tape.open()
        exchange(&tape)
        let event = try #require(try tape.run().events().first)
        #expect(!event.line.contains("container") && !event.line.contains("destination_type"))
    }

    @Test func `host networking is known by the process that listens`() throws {
        let server = ProcessKey(pid: 8, startTime: 80)
        let loopback = IPAddress(v4: 0x7F00_0001)
        var tape = TapeBuilder()
        let host = NetworkNamespace(4_026_531_840)
        tape.add(.process(ProcessIdentity(key: server, comm: "srv", commandLine: "srv", networkNamespace: host)))
        tell(&tape, .process(server), api)
        tape.add(
            .listening(
                Listening(process: server, endpoint: Endpoint(IPAddress(v4: 0), 9000), networkNamespace: host)))
        tape.add(.process(ProcessIdentity(key: process, comm: "app", commandLine: "app", networkNamespace: host)))
        tape.open(local: Endpoint(loopback, 40_000), remote: Endpoint(loopback, 9000), process: process)
        exchange(&tape)
        let event = try #require(try tape.run().events().first)
        #expect(name(event, "destination_container") == "shop-api-1")
    }
}

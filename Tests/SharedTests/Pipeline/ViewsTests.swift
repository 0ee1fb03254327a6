import Testing

@testable import Shared

/// One connection that the tape has more than once: each exchange counts once, by the view that is whole.
@Suite struct `Views of one connection` {
    private static let client = Endpoint(IPAddress(v4: 0x0A00_0001), 40_000)
    private static let server = Endpoint(IPAddress(v4: 0x0A00_0002), 8080)
    private static let inner = Endpoint(IPAddress(v4: 0x0A3C_0003), 80)
    private static let clientProcess = ProcessKey(pid: 1, startTime: 1)
    private static let serverProcess = ProcessKey(pid: 2, startTime: 2)

    /// A tape of several connections whose streams go on in turns.
    private struct Tape {
        var tape = TapeBuilder()
        private var places: [UInt64: (sent: UInt64, received: UInt64)] = [:]

        mutating func process(_ key: ProcessKey, _ name: String) {
            tape.add(
                .process(ProcessIdentity(key: key, comm: name, commandLine: name, profile: "x", profileName: name)))
        }

        mutating func open(
            _ id: UInt64, _ local: Endpoint, _ remote: Endpoint, _ role: Role = .client, _ process: ProcessKey? = nil,
            numbers: (local: UInt32?, remote: UInt32?) = (nil, nil), joinedLate: Bool = false
        ) {
            places[id] = (0, 0)
            tape.wait(milliseconds: 1)
            tape.add(
                .open(
                    ConnectionOpened(
                        id: ConnectionID(id), local: local, remote: remote, role: role, joinedLate: joinedLate,
                        process: process, localSequenceNumber: numbers.local, remoteSequenceNumber: numbers.remote)))
        }

        mutating func learn(_ id: UInt64, _ local: UInt32, _ remote: UInt32) {
            tape.wait(milliseconds: 1)
            tape.add(.sequenceNumbers(SequenceNumbers(ConnectionID(id), local: local, remote: remote)))
        }

        mutating func with(_ id: UInt64, _ body: (inout TapeBuilder) -> Void) {
            let place = places[id] ?? (0, 0)
            tape.wait(milliseconds: 1)
            tape.resume(ConnectionID(id), sent: place.sent, received: place.received)
            body(&tape)
            places[id] = (tape.sent, tape.received)
        }

        mutating func close(_ id: UInt64) { with(id) { $0.close() } }
    }

    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: h\r\n\r\n" }
    private static func ok(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Path, count and response shape of each endpoint.
    private func endpoints(_ result: TapeResult) -> [String] {
        result.serviceMap.services.flatMap { service in
            service.endpoints.map { endpoint in
                let shape = endpoint.responseSchema.brief
                return
                    "\(endpoint.path) \(endpoint.count) \(shape)\(endpoint.responseIsIncomplete ? " incomplete" : "")"
            }
        }
    }

    // MARK: - Both sides

    /// How the client's records of one exchange are, beside the server's whole ones.
    enum Loss: CaseIterable, Sendable {
        case nothing, request, answer, both, body
    }

    private func bothSides(_ loss: Loss, serverLoss: Loss = .nothing, serverFirst: Bool = true) -> TapeResult {
        var tape = Tape()
        tape.process(Self.clientProcess, "asks")
        tape.process(Self.serverProcess, "answers")
        tape.open(1, Self.client, Self.server, .client, Self.clientProcess)
        tape.open(2, Self.server, Self.client, .server, Self.serverProcess)
        let answer = Self.ok("{\"a\":1}")
        for path in ["/a", "/b", "/c"] {
            let request = Self.get(path)
            let isLost = path == "/b"
            func say(_ id: UInt64, _ loss: Loss, _ up: Direction, _ down: Direction, _ tape: inout Tape) {
                tape.with(id) {
                    if isLost, loss == .request || loss == .both {
                        $0.gap(up, UInt64(request.utf8.count), .ioUring)
                    } else {
                        $0.data(up, Array(request.utf8))
                    }
                    if isLost, loss == .answer || loss == .both {
                        $0.gap(down, UInt64(answer.utf8.count), .ioUring)
                    } else if isLost, loss == .body {
                        $0.data(down, Array(answer.utf8.dropLast(2)))
                        $0.gap(down, 2, .captureLimit)
                    } else {
                        $0.data(down, Array(answer.utf8))
                    }
                }
            }
            if serverFirst {
                say(2, serverLoss, .receive, .send, &tape)
                say(1, loss, .send, .receive, &tape)
            } else {
                say(1, loss, .send, .receive, &tape)
                say(2, serverLoss, .receive, .send, &tape)
            }
        }
        tape.close(1)
        tape.close(2)
        return tape.tape.run()
    }

    @Test(arguments: Loss.allCases, [true, false])
    func `count by the server's where the client's has a hole`(_ loss: Loss, _ serverFirst: Bool) throws {
        let result = bothSides(loss, serverFirst: serverFirst)
        #expect(endpoints(result) == ["/a 1 {a: number}", "/b 1 {a: number}", "/c 1 {a: number}"])
        let seen = try result.events().filter { $0.number("pid") == 2 }.map(\.brief)
        #expect(seen.count == 6, "the log has each view as it is")
        #expect(result.summary.bytes.isBalanced)
    }

    @Test(arguments: Loss.allCases, [true, false])
    func `count by the client's where the server's has a hole`(_ loss: Loss, _ serverFirst: Bool) throws {
        let result = bothSides(.nothing, serverLoss: loss, serverFirst: serverFirst)
        #expect(endpoints(result) == ["/a 1 {a: number}", "/b 1 {a: number}", "/c 1 {a: number}"])
        #expect(result.serviceMap.services.map(\.name) == ["asks"])
    }

    @Test func `count as what was seen where neither is whole`() throws {
        let result = bothSides(.body, serverLoss: .body)
        #expect(endpoints(result) == ["/a 1 {a: number}", "/b 1 {} incomplete", "/c 1 {a: number}"])
    }

    /// A client that moves its bytes by io_uring alone: no record has any of them.
    @Test func `count by the server's where the client is blind`() throws {
        var tape = Tape()
        tape.process(Self.clientProcess, "asks")
        tape.process(Self.serverProcess, "answers")
        tape.open(1, Self.client, Self.server, .client, Self.clientProcess)
        let request = Self.get("/a")
        tape.with(1) { $0.gap(.send, UInt64(request.utf8.count), .ioUring) }
        tape.open(2, Self.server, Self.client, .server, Self.serverProcess)
        for _ in 0..<3 {
            tape.with(2) {
                $0.receive(request)
                $0.send(Self.ok("{}"))
            }
            tape.with(1) {
                $0.gap(.receive, UInt64(Self.ok("{}").utf8.count), .ioUring)
                $0.gap(.send, UInt64(request.utf8.count), .ioUring)
            }
        }
        tape.close(1)
        tape.close(2)
        #expect(endpoints(tape.tape.run()) == ["/a 3 {}"])
    }

    /// The exchanges of one view do not wait for ever for another whose records are all lost.
    @Test func `wait for each other no longer than is worth it`() throws {
        for (count, pause) in [(6000, 0), (3, 6000)] as [(Int, Int64)] {
            var tape = Tape()
            tape.open(1, Self.client, Self.server, .client, Self.clientProcess)
            tape.open(2, Self.server, Self.client, .server, Self.serverProcess)
            for _ in 0..<count {
                tape.tape.wait(milliseconds: pause)
                tape.with(2) {
                    $0.receive(Self.get("/a"))
                    $0.send(Self.ok(""))
                }
            }
            let profiler = Profiler(Profiler.Options())
            tape.tape.play(into: profiler)
            let counted = profiler.serviceMap().services.flatMap(\.endpoints).map(\.count).reduce(0, +)
            #expect(counted >= (pause > 0 ? 1 : UInt64(count) - 4097), "\(count) exchanges, \(pause) ms apart")
            profiler.finish()
            #expect(profiler.serviceMap().services.flatMap(\.endpoints).map(\.count) == [UInt64(count)])
        }
    }

    @Test func `are the two sides where an address was translated between them`() throws {
        var tape = Tape()
        tape.open(1, Self.client, Self.server, .client, Self.clientProcess, numbers: (77, 99))
        tape.open(2, Self.inner, Self.client, .server, Self.serverProcess, numbers: (99, 77))
        for id in [2, 1] as [UInt64] {
            tape.with(id) {
                $0.data(id == 1 ? .send : .receive, Array(Self.get("/a").utf8))
                $0.data(id == 1 ? .receive : .send, Array(Self.ok("").utf8))
            }
        }
        tape.close(1)
        tape.close(2)
        let result = tape.tape.run()
        #expect(endpoints(result) == ["/a 1 null"])
        #expect(try result.events().count == 4, "each side's own view is in the log")
    }

    // MARK: - Captures

    /// Three places of one capture: before translation, between, and behind it.
    private func translated(
        _ second: String = get("/a"), first: String = get("/a"), losing: Set<UInt64> = [], isInterleaved: Bool = true
    ) -> TapeResult {
        var tape = Tape()
        let moved = Endpoint(IPAddress(v4: 0x0A3C_0001), 40_000)
        let ends = [(Self.client, Self.server), (Self.client, Self.inner), (moved, Self.inner)]
        if isInterleaved {
            for (id, (client, server)) in ends.enumerated() { tape.open(UInt64(id), client, server, numbers: (7, nil)) }
            for id in [2, 1, 0] as [UInt64] { tape.learn(id, 7, 9) }
        }
        for (number, (client, server)) in ends.enumerated() {
            let id = UInt64(number)
            if !isInterleaved {
                tape.open(id, client, server, numbers: (7, nil))
                tape.learn(id, 7, 9)
            }
            tape.with(id) { $0.send(id == 0 ? first : second) }
        }
        for id in [2, 1, 0] as [UInt64] {
            tape.with(id) {
                if losing.contains(id) {
                    $0.gap(.receive, UInt64(Self.ok("[1]").utf8.count))
                } else {
                    $0.receive(Self.ok("[1]"))
                }
            }
        }
        for id in 0..<3 as Range<UInt64> { tape.close(id) }
        return tape.tape.run()
    }

    @Test func `are one connection before and behind address translation`() throws {
        let result = translated()
        #expect(endpoints(result) == ["/a 1 [number]"])
        #expect(result.serviceMap.services.map(\.name) == ["10.0.0.1"])
        #expect(result.summary.connections.opened == 1 && result.summary.connections.copies == 2)
        #expect(result.summary.connections.verdicts[.http] == 1 && result.summary.connections.closed[.orderly] == 1)
        #expect(result.summary.messages.requests == 1 && result.summary.messages.exchanges == 1)
        #expect(try result.events().map { $0.string("dest_ip") } == ["10.0.0.2", "10.0.0.1"])
        #expect(result.summary.bytes.isBalanced)
    }

    /// The capture has begun after the connection, and with the same packet in all places.
    private func translatedLate(numbers: UInt32, milliseconds: Int64 = 0, _ second: String = get("/a")) throws
        -> TapeResult
    {
        var tape = Tape()
        for (id, server) in [Self.server, Self.inner].enumerated() {
            if id > 0 { tape.tape.wait(milliseconds: milliseconds) }
            tape.open(
                UInt64(id), Self.client, server, .unknown, numbers: (numbers, numbers + 1), joinedLate: true)
            tape.with(UInt64(id)) { $0.send(id == 0 ? Self.get("/a") : second) }
        }
        for id in [1, 0] as [UInt64] { tape.with(id) { $0.receive(Self.ok("[1]")) } }
        for id in [0, 1] as [UInt64] { tape.close(id) }
        return tape.tape.run()
    }

    @Test func `are one connection where the capture joined it late, too`() throws {
        let one = try translatedLate(numbers: 1 << 20)
        #expect(one.summary.connections.opened == 1 && one.summary.connections.copies == 1)
        #expect(endpoints(one) == ["/a 1 [number]"])
        #expect(one.summary.messages.requests == 1 && one.summary.bytes.isBalanced)
        // Numbers of a tape that was made by hand; one was joined later than a packet takes; they say different things.
        for two in try [
            translatedLate(numbers: 1), translatedLate(numbers: 1 << 20, milliseconds: 20),
            translatedLate(numbers: 1 << 20, Self.get("/b")),
        ] {
            #expect(two.summary.connections.opened == 2 && two.summary.connections.copies == 0)
            #expect(two.summary.messages.requests == 2)
        }
    }

    @Test func `count by the copy that is whole`() throws {
        #expect(endpoints(translated(losing: [0])) == ["/a 1 [number]"])
    }

    /// What is whole is told of the ends that the capture met first, whichever view has it: they are one client and one server.
    @Test(arguments: [get("/a"), "GET /a HTTP/1.0\r\n\r\n"])
    func `go by the ends of the first, though it is not whole`(_ request: String) {
        let whole = translated(request, first: request)
        for losing in [[0], [0, 1], [1, 2], [0, 1, 2]] as [Set<UInt64>] {
            let result = translated(request, first: request, losing: losing)
            #expect(result.serviceMap.services.map(\.name) == ["10.0.0.1"], "\(losing)")
            let found = result.serviceMap.services.flatMap(\.endpoints).map(\.destination)
            #expect(found == whole.serviceMap.services.flatMap(\.endpoints).map(\.destination), "\(losing)")
        }
    }

    @Test func `are several where they say different things`() throws {
        let result = translated(Self.get("/b"))
        #expect(result.summary.connections.opened == 3 && result.summary.connections.copies == 0)
        #expect(endpoints(result).contains("/a 1 [number]"))
        #expect(endpoints(result).filter { $0.hasPrefix("/b") }.count >= 1)
        #expect(result.summary.messages.requests == 3)
    }

    /// Sequence numbers that are the same by accident, or by intent: one connection was made before the other began.
    @Test func `are several where one was made before the other began`() throws {
        let result = translated(isInterleaved: false)
        #expect(result.summary.connections.opened == 3 && result.summary.connections.copies == 0)
        #expect(result.summary.messages.requests == 3)
    }

    // MARK: Two hosts

    /// A connection that two hosts have captured, with an address translated between them, by clocks that differ.
    /// - Parameter isOver: it has ended by the first clock when it begins by the second.
    private func hosts(
        apart milliseconds: Int64, numbers: UInt32 = 1 << 20, isOver: Bool, firstIsBlind: Bool = false,
        _ process: ProcessKey? = nil
    ) -> TapeResult {
        var tape = Tape()
        func begin(_ id: UInt64, _ server: Endpoint) {
            tape.open(id, Self.client, server, .client, process, numbers: (numbers, nil))
            tape.learn(id, numbers, numbers + 1)
        }
        func talk(_ id: UInt64) {
            guard id > 0 || !firstIsBlind else { return }
            for path in ["/a", "/b"] {
                tape.with(id) { $0.send(Self.get(path)) }
                tape.with(id) { $0.receive(Self.ok("[1]")) }
            }
        }
        begin(0, Self.server)
        if isOver {
            talk(0)
            tape.close(0)
        }
        tape.tape.wait(milliseconds: milliseconds)
        begin(1, Self.inner)
        if !isOver {
            talk(0)
            tape.close(0)
        }
        talk(1)
        tape.close(1)
        return tape.tape.run()
    }

    @Test(arguments: [true, false])
    func `are one connection where two hosts' clocks are half a second apart`(_ isOver: Bool) throws {
        let result = hosts(apart: 500, isOver: isOver)
        #expect(result.summary.connections.opened == 1 && result.summary.connections.copies == 1)
        #expect(endpoints(result) == ["/a 1 [number]", "/b 1 [number]"])
        #expect(result.summary.messages.requests == 2 && result.summary.messages.exchanges == 2)
        #expect(result.summary.connections.closed[.orderly] == 1)
        #expect(try result.events().map { $0.string("dest_ip") } == ["10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.1"])
        #expect(result.summary.bytes.isBalanced)
    }

    @Test(arguments: [true, false])
    func `are several where they are too far apart, or their numbers were not chosen at random`(_ isOver: Bool) {
        for result in [hosts(apart: 3000, isOver: isOver), hosts(apart: 500, numbers: 7, isOver: isOver)] {
            #expect(result.summary.connections.opened == 2 && result.summary.connections.copies == 0)
            #expect(result.summary.messages.requests == 4 && result.summary.bytes.isBalanced)
        }
        // One process that calls twice.
        let twice = hosts(apart: 500, isOver: isOver, ProcessKey(pid: 1, startTime: 1))
        #expect(twice.summary.connections.opened == 2 && twice.summary.connections.copies == 0)
    }

    @Test func `count by the later copy where the first has nothing`() {
        let result = hosts(apart: 500, isOver: true, firstIsBlind: true)
        #expect(endpoints(result) == ["/a 1 [number]", "/b 1 [number]"])
        #expect(result.summary.messages.requests == 2)
    }

    // MARK: - What is counted later

    /// The server's side is told of first, and waits for the client's: what its content calls itself goes with it, and its target.
    @Test(arguments: [false, true]) func `keep what an exchange is called until it counts`(_ isPipelined: Bool) throws {
        var tape = Tape()
        tape.process(Self.clientProcess, "web")
        tape.process(Self.serverProcess, "shop")
        tape.open(1, Self.client, Self.server, .client, Self.clientProcess)
        tape.open(2, Self.server, Self.client, .server, Self.serverProcess)
        let bodies = ["A", "B", "C"].map { "{\"query\":\"query \($0){a}\"}" }
        let requests = bodies.enumerated().map {
            "POST /graphql/\($0) HTTP/1.1\r\nHost: h\r\nContent-Length: \($1.utf8.count)\r\n\r\n\($1)"
        }
        let turns = isPipelined ? [requests] : requests.map { [$0] }
        for id: UInt64 in [2, 1] {
            for turn in turns {
                tape.with(id) { builder in
                    let answers = turn.map { _ in Self.ok("{}") }.joined()
                    if id == 1 {
                        builder.send(turn.joined())
                        builder.receive(answers)
                    } else {
                        builder.receive(turn.joined())
                        builder.send(answers)
                    }
                }
            }
        }
        tape.close(1)
        tape.close(2)
        var options = Profiler.Options()
        options.journal = .last(10)
        let map = tape.tape.run(options).serviceMap
        #expect(
            map.services.flatMap(\.endpoints).map { "\($0.operation ?? "-") \($0.count)" }.sorted() == [
                "query A 1", "query B 1", "query C 1",
            ])
        #expect(map.story?.exchanges.map(\.target) == ["/graphql/0", "/graphql/1", "/graphql/2"])
    }
}

import Foundation
import Testing

@testable import Shared

/// What was seen, written down and joined: docs/state.md.
@Suite struct `States` {
    /// Bounds that small tapes reach.
    static let limits: Limits = {
        var limits = Limits()
        limits.pathWords = 4
        limits.heldShapes = 3
        limits.schemaVariants = 2
        return limits
    }()

    /// A run over tapes, and over states when they have ended.
    static func run(_ tapes: [TapeBuilder], _ states: [[UInt8]] = [], _ limits: Limits = limits) throws -> Profiler {
        var options = Profiler.Options()
        options.limits = limits
        options.eventLog = false
        options.journal = .first(0)
        let profiler = Profiler(options)
        for tape in tapes { tape.play(into: profiler) }
        profiler.finish()
        for state in states { _ = try profiler.add(state: state) }
        return profiler
    }

    static func state(_ profiler: Profiler) -> [UInt8] { profiler.state(StateSource(tapes: 1, isIncomplete: false)) }

    /// All that is said of a run.
    static func said(_ profiler: Profiler) -> String {
        ServiceMapFile.yaml(profiler.serviceMap(withBodies: true)) + SummaryJSON.text(profiler.summary)
            + JSONSchemaFile.text(profiler.serviceMap(withBodies: true), from: "", showsCounts: true) + times(profiler)
    }

    /// When each endpoint and operation was asked for.
    static func times(_ profiler: Profiler) -> String {
        guard let story = profiler.serviceMap().story else { return "" }
        let lines = story.timelines.map { subject, timeline in
            let bins = timeline.bins(of: story.axis).map { "\($0.count)/\($0.errors)" }.joined(separator: " ")
            return "\(subject.service) \(subject.destination) \(subject.method) \(subject.name): \(bins)"
        }
        return lines.sorted().joined(separator: "\n")
    }

    /// Conversations that have nothing to do with each other, each a tape of its own.
    static func conversations(_ count: Int, _ random: inout SeededRandom, withProcesses: Bool) -> [TapeBuilder] {
        (0..<count).map { number in
            var tape = TapeBuilder()
            tape.now.nanoseconds += Int64(number) * 1_000_000_000 + Int64(random.below(1000))
            tape.resume(ConnectionID(UInt64(number * 10)), sent: 0, received: 0)
            let client = Endpoint(IPAddress(v4: 0x0A00_0001 + UInt32(random.below(3))), UInt16(40_000 + number))
            let address = IPAddress(v4: 0x0A00_0010 + UInt32(random.below(2)))
            switch random.below(10) {
            case 0:
                tape.open(local: client, remote: Endpoint(address, 6379))
                tape.send("*2\r\n$3\r\nGET\r\n$7\r\nuser:1\(random.below(3))\r\n")
                tape.wait(milliseconds: 1)
                tape.receive("$1\r\n5\r\n")
            case 1:
                tape.open(local: client, remote: Endpoint(address, 9999))
                tape.send("\u{1}\u{2}nobody knows")
            default:
                var process: ProcessKey?
                if withProcesses, random.chance(oneIn: 2) {
                    let key = ProcessKey(pid: Int32(100 + random.below(3)), startTime: 5)
                    tape.add(
                        .process(
                            ProcessIdentity(
                                key: key, comm: "worker\(key.pid)", commandLine: "",
                                networkNamespace: NetworkNamespace(7))))
                    process = key
                }
                if withProcesses, random.chance(oneIn: 3) {
                    let container = ContainerIdentity(service: "shop", image: "shop:1", id: "c1", name: "shop-1")
                    tape.add(
                        .container(
                            ContainerFact(subject: .endpoint(Endpoint(address, 0)), container: container)))
                }
                if random.chance(oneIn: 8), let name = AddressName(address: address, name: "told-\(number)") {
                    tape.add(.name(name))
                }
                tape.open(local: client, remote: Endpoint(address, 8080), process: process)
                for _ in 0..<1 + random.below(3) { exchange(&tape, &random) }
            }
            tape.close()
            return tape
        }
    }

    private static func exchange(_ tape: inout TapeBuilder, _ random: inout SeededRandom) {
        let word = ["apple", "pear", "plum", "fig", "quince", "cherry", "lemon"][random.below(7)]
        let path = [
            "/users/\(random.below(50))", "/things/\(word)", "/deep/\(word)/x/\(random.below(9))", "/\(word)",
            "/files/\(random.below(1000)).jpg",
        ][random.below(5)]
        let host = ["api", "api:8080", "shop.example", "10.0.0.16"][random.below(4)]
        tape.send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        tape.wait(milliseconds: Int64(random.below(50)))
        guard !random.chance(oneIn: 9) else { return }
        let body = [
            "{\"id\":1}", "{\"id\":\"x\"}", "{\"id\":1,\"k\(random.below(9))\":null}", "[{\"a\":1.5}]",
            "{\"\(random.below(90))\":{\"a\":1},\"\(100 + random.below(9))\":{\"a\":2}}", "plain",
        ][random.below(6)]
        let status = ["200 OK", "200 OK", "404 Not Found", "503 Busy"][random.below(4)]
        tape.receive(
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        tape.wait(milliseconds: 1)
    }

    /// Joins states two by two, in a seeded order.
    private static func joined(_ states: [[UInt8]], _ random: inout SeededRandom) throws -> [UInt8] {
        var states = states.shuffled(using: &random)
        while states.count > 1 {
            let few = 2 + random.below(min(3, states.count - 1))
            let taken = Array(states.prefix(min(few, states.count)))
            states.removeFirst(taken.count)
            states.append(state(try run([], taken)))
            states.shuffle(using: &random)
        }
        return states[0]
    }

    /// TAPEDECK_SEEDS: so many, for a thorough look.
    static let seeds = ProcessInfo.processInfo.environment["TAPEDECK_SEEDS"].flatMap { Int($0) } ?? 12

    @Test(arguments: 0..<seeds) func `give together what one run gives, in any order and any grouping`(_ seed: Int)
        throws
    {
        var random = SeededRandom(seed: UInt64(seed))
        let withProcesses = seed % 2 == 1
        let tapes = Self.conversations(14, &random, withProcesses: withProcesses)
        let whole = try Self.run(tapes)
        let expected = Self.said(whole)
        let parts = try tapes.map { Self.state(try Self.run([$0])) }
        let first = try Self.joined(parts, &random)
        if !withProcesses {
            // What is told late is known by a name then, and not by an identity; without that the states are equal, too.
            #expect(Self.state(whole) == first, "seed \(seed)")
        }
        for _ in 0..<4 {
            #expect(try Self.joined(parts, &random) == first, "seed \(seed)")
            // Some as tapes, in the order of time, and the others as states.
            let isTape = tapes.map { _ in random.chance(oneIn: 2) }
            let states = zip(parts, isTape).filter { !$0.1 }.map(\.0).shuffled(using: &random)
            let mixed = try Self.run(zip(tapes, isTape).filter(\.1).map(\.0), states)
            #expect(Self.said(mixed) == expected, "seed \(seed)")
        }
        #expect(Self.said(try Self.run([], [first])) == expected, "seed \(seed)")
    }

    @Test func `of one map are equal, however it was recorded`() throws {
        var random = SeededRandom(seed: 77)
        let tapes = Self.conversations(16, &random, withProcesses: false)
        let expected = Self.state(try Self.run(tapes))
        for _ in 0..<10 { #expect(Self.state(try Self.run(tapes.shuffled(using: &random))) == expected) }
    }

    @Test func `keep when things were asked for, in few bins however long it was`() throws {
        func tape(_ second: Int64, _ status: String) -> TapeBuilder {
            var tape = TapeBuilder()
            tape.wait(milliseconds: second * 1000)
            tape.resume(ConnectionID(UInt64(second)), sent: 0, received: 0)
            tape.open()
            tape.send("GET /a HTTP/1.0\r\n\r\n")
            tape.receive("HTTP/1.0 \(status)\r\nContent-Length: 0\r\n\r\n")
            tape.close()
            return tape
        }
        let day: Int64 = 24 * 3600
        let tapes = [tape(0, "200 OK"), tape(1, "503 Busy"), tape(day, "204 No Content"), tape(40 * day, "200 OK")]
        let states = try tapes.map { Self.state(try Self.run([$0])) }
        let profiler = try Self.run([], states.reversed())
        let story = try #require(profiler.serviceMap().story)
        let bins = try #require(story.timelines.values.first).bins(of: story.axis)
        #expect(story.timelines.count == 1 && bins.count > 24 && bins.count <= 48)
        #expect(bins.first == Timeline.Bin(count: 2, errors: 1) && bins.last == Timeline.Bin(count: 1, errors: 0))
        #expect(bins.reduce(0) { $0 + $1.count } == 4 && bins.filter { $0.count > 0 }.count == 3)
        // Who asks for no report reads the others, and knows all parts.
        let plain = Profiler(Profiler.Options())
        plain.finish()
        #expect(try plain.add(state: states[0]).skipped == 0 && plain.serviceMap().story == nil)
    }

    @Test func `whose times are wild are added, or refused`() throws {
        var axis = TimeAxis()
        for moment in [Int64.min, .max, 0] { axis.see(Timestamp(nanoseconds: moment)) }
        #expect(axis.count <= 48)
        var (one, other) = (Timeline(), Timeline())
        for _ in 0..<3 { one.record(Timestamp(nanoseconds: .max), isError: true, axis) }
        var state = StateWriter(origin: Timestamp(nanoseconds: 0))
        state.section(.timelines) { state in
            // A bin with as many as can be counted, one in the last place, and one behind it.
            for bins in [[0, axis.count - 1], [axis.count]] {
                state.list(bins) { state, place in
                    state.number(place)
                    state.number(UInt64.max)
                    state.number(UInt64.max)
                }
            }
        }
        var reader = try StateReader(file: state.file())
        var content = try #require(try reader.section()?.content)
        other = try Timeline(&content, axis)
        #expect(throws: StateFault.damaged) { try Timeline(&content, axis) }
        var both = [one, one]
        both[0].merge(other, axis)
        both[0].merge(other, axis)
        var twice = other
        twice.merge(other, axis)
        both[1].merge(twice, axis)
        #expect(both[0] == both[1])
        #expect(both[0].bins(of: axis).last == Timeline.Bin(count: .max, errors: .max))
    }

    @Test func `bring names for what others saw, and take the user's`() throws {
        func tape(_ add: (inout TapeBuilder) -> Void) -> TapeBuilder {
            var tape = TapeBuilder()
            add(&tape)
            tape.open()
            tape.send("GET /a HTTP/1.0\r\n\r\n")
            tape.receive("HTTP/1.0 204 No Content\r\n\r\n")
            tape.close()
            return tape
        }
        let nameless = Self.state(try Self.run([tape { _ in }]))
        let shop = ContainerIdentity(service: "shop", image: "shop:1", id: "c1", name: "shop-1")
        var facts = TapeBuilder()
        facts.add(
            .container(
                ContainerFact(subject: .endpoint(Endpoint(TapeBuilder.server().address, 0)), container: shop)))
        let named = Self.state(try Self.run([facts]))
        for order in [[nameless, named], [named, nameless]] {
            let service = try Self.run([], order).serviceMap().services[0]
            #expect(service.endpoints.map(\.destination) == ["shop"])
            #expect(service.name == "10.0.0.1")
        }
        var options = Profiler.Options()
        try options.names.add("10.0.0.1=web")
        try options.names.add("10.0.0.2:8080=api")
        let profiler = Profiler(options)
        profiler.finish()
        _ = try profiler.add(state: nameless)
        #expect(profiler.serviceMap().services.map { "\($0.name) \($0.endpoints[0].destination)" } == ["web api"])
    }

    @Test func `of what is told at two times keep the later, whichever is read first`() throws {
        func state(_ name: String, _ second: Int64) throws -> [UInt8] {
            var tape = TapeBuilder()
            tape.wait(milliseconds: second * 1000)
            let container = ContainerIdentity(service: name, image: "", id: name, name: name)
            tape.add(
                .container(
                    ContainerFact(subject: .endpoint(Endpoint(TapeBuilder.server().address, 0)), container: container)))
            return Self.state(try Self.run([tape]))
        }
        var call = TapeBuilder()
        call.open()
        call.send("GET /a HTTP/1.0\r\n\r\n")
        call.close()
        let states = [try state("old", 1), try state("new", 2)]
        for order in [states, states.reversed()] {
            #expect(try Self.run([call], order).serviceMap().services[0].endpoints[0].destination == "new")
        }
    }

    /// The paths of the stored numbers that are zero, of whatever a value holds.
    private static func zeros(_ value: Any, _ path: String = "") -> [String] {
        if let number = value as? UInt64 { return number == 0 ? [path] : [] }
        let children = Mirror(reflecting: value).children
        // The places of a list share its path.
        return children.flatMap { zeros($0.value, $0.label.map { "\(path).\($0)" } ?? path) }
    }

    @Test func `keep every counter of the summary`() throws {
        var summary = Summary(.standard)
        summary.saw(Timestamp(nanoseconds: 5))
        summary.saw(Timestamp(nanoseconds: 50))
        summary.notUnderstood.count(nil, port: 4711, bytes: 3)
        summary.tls.count(closedOf: "java")
        var next: UInt64 = 1
        summary.forEachCounter { _, count in
            count = next
            next += 1
        }
        #expect(next > 150, "the counters are found")
        #expect(Self.zeros(summary) == [], "forgotten in forEachCounter")
        #expect(Self.zeros(Summary(.standard)).count > 30, "zeros are found")
        var writer = StateWriter(origin: Timestamp(nanoseconds: 5))
        writer.section(.summary) { StateSource(tapes: 3, isIncomplete: true).write(&$0, &summary, isRaw: false) }
        var reader = try StateReader(file: writer.file())
        var content = try #require(try reader.section()?.content)
        var (read, source) = (Summary(.standard), StateSource())
        try source.read(&content, &read, isRaw: false)
        #expect(read == summary)
        #expect(source == StateSource(tapes: 3, isIncomplete: true))
        // A later version's.
        #expect(read.add(["bytes.new": 5, "bytes.total": 1]) == ["bytes.new"])
    }

    @Test func `that are cut, changed or of a later version are refused`() throws {
        var random = SeededRandom(seed: 5)
        let state = Self.state(try Self.run(Self.conversations(4, &random, withProcesses: true)))
        #expect(throws: StateFault.damaged) { try Self.run([], [Array(state.dropLast())]) }
        #expect(throws: StateFault.damaged) { try Self.run([], [[]]) }
        for _ in 0..<50 {
            var changed = state
            changed[10 + random.below(state.count - 10)] ^= 1 << UInt8(random.below(8))
            #expect(throws: StateFault.self) { try Self.run([], [changed]) }
        }
        var later = state
        later[9] = 2
        #expect(throws: StateFault.tooNew(version: 2)) { try Self.run([], [later]) }
        var options = Profiler.Options()
        options.paths = .raw
        let raw = Profiler(options)
        raw.finish()
        #expect(throws: StateFault.otherPaths(isRaw: false)) { try raw.add(state: state) }
        #expect(throws: StateFault.otherPaths(isRaw: true)) { try Self.run([], [Self.state(raw)]) }
    }

    /// Whoever makes a state can make its checksum, too.
    @Test func `that somebody made up do no harm`() throws {
        var random = SeededRandom(seed: 6)
        let state = Self.state(try Self.run(Self.conversations(8, &random, withProcesses: true)))
        var read = 0
        for _ in 0..<100 {
            var changed = Array(state.dropLast(StateFormat.checksumBytes))
            for _ in 0..<1 + random.below(3) {
                changed[17 + random.below(changed.count - 17)] = UInt8.random(in: 0...255, using: &random)
            }
            if random.chance(oneIn: 4) { changed.removeLast(random.below(changed.count - 20)) }
            changed += StateFormat.checksum(changed[...])
            guard let profiler = try? Self.run([], [changed]) else { continue }
            _ = Self.said(profiler)
            _ = Self.state(profiler)
            read += 1
        }
        #expect(read > 0, "some are read")
    }

    // MARK: Bounds

    @Test func `tell of so many things each, and of the others as one, in any order`() throws {
        var tapes: [TapeBuilder] = []
        for number in 0..<40 {
            var tape = TapeBuilder()
            tape.resume(ConnectionID(UInt64(number * 10)), sent: 0, received: 0)
            tape.open()
            let (group, word) = (
                ["a", "b", "c", "d", "e"][number / 8], ["p", "q", "r", "s", "t", "u", "v", "w"][number % 8]
            )
            let host = number < 32 ? "api" : "h\(word)"
            tape.send("GET /\(group)/\(word) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            tape.receive("HTTP/1.1 \(number % 2 == 0 ? 200 : 500) X\r\nContent-Length: 0\r\n\r\n")
            tape.close()
            tapes.append(tape)
        }
        var limits = Limits()
        limits.series = 10
        let all = try Self.run(tapes, [], Limits()).serviceMap()
        let few = try Self.run(tapes, [], limits).serviceMap()
        #expect(all.folded == 0 && all.services[0].endpoints.count == 40)
        let endpoints = few.services[0].endpoints
        let others = endpoints.filter { $0.series > 0 }
        #expect(endpoints.count - others.count == 10)
        #expect(few.folded == 30)
        #expect(others.allSatisfy { $0.method == "_other" && $0.path == "_other" })
        #expect(endpoints.reduce(0) { $0 + $1.count } == 40)
        #expect(endpoints.reduce(0) { $0 + $1.numbers.errors } == 20)
        // A destination of which nothing else is told has no entry of its own.
        let told = Set(endpoints.filter { $0.series == 0 }.map(\.destination))
        #expect(others.allSatisfy { told.contains($0.destination) || $0.destination == "_other" })
        #expect(ServiceMapFile.yaml(few).contains("        series: "))
        var random = SeededRandom(seed: 3)
        let states = try tapes.map { Self.state(try Self.run([$0], [], limits)) }
        for _ in 0..<5 {
            #expect(try Self.run([], states.shuffled(using: &random), limits).serviceMap().services == few.services)
        }
    }
}

import Console
import Containers
import Foundation
import Shared
import TestSupport
import Testing

@testable import profiler

/// Whose a process and whose an address is.
@Suite struct `Container names` {
    private static let a = String(repeating: "a1", count: 32)
    private static let b = String(repeating: "b2", count: 32)
    private static let c = String(repeating: "c3", count: 32)
    private static let address = IPAddress(v4: 0x0A7B_0002)
    /// No process has a pid as high (PID_MAX_LIMIT): /proc says nothing of it.
    private static let gone = ProcessKey(pid: 5_000_000, startTime: 10)

    private func container(
        _ id: String, name: String = "web", at addresses: [IPAddress] = [address], pid: Int32 = 0,
        published: [Endpoint] = []
    ) -> RunningContainer {
        RunningContainer(
            identity: ContainerIdentity(service: name, image: "i:1", id: id, name: name), initPid: pid,
            addresses: addresses, published: published)
    }

    /// - Parameter heard: seconds.
    private func known(_ container: RunningContainer, heard: Double = 0) -> ContainerWatch.News {
        .known(container, heard: time(heard))
    }

    private func time(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    private func owners(_ facts: [ContainerFact]) -> [String] {
        facts.map { fact in
            switch fact.subject {
            case .endpoint(let endpoint): "\(endpoint) \(fact.container?.name ?? "-")"
            case .process(let key): "\(key.pid) \(fact.container?.name ?? "-")"
            }
        }
    }

    @Test func `an address goes to its new owner at once, and stays there when the old one is forgotten`() {
        var names = ContainerNames()
        #expect(owners(names.take([known(container(Self.a))], now: time(0))) == ["10.123.0.2:0 web"])
        #expect(owners(names.take([.stopped(Self.a)], now: time(1))) == [])
        let next = container(Self.b, name: "next")
        #expect(owners(names.take([known(next)], now: time(2))) == ["10.123.0.2:0 next"])
        #expect(owners(names.take([], now: time(20))) == [])
    }

    @Test func `an address goes to its next owner when the records from before are read`() {
        var names = ContainerNames()
        let (first, next, last) = (
            container(Self.a), container(Self.b, name: "next"), container(Self.c, name: "last")
        )
        _ = names.take([known(first)], now: time(0))
        #expect(owners(names.take([known(last, heard: 9), known(next, heard: 5)], now: time(1))) == [])
        #expect(names.nextChange == time(5))
        #expect(owners(names.take([.stopped(Self.a)], now: time(4.9))) == [])
        #expect(owners(names.take([], now: time(5))) == ["10.123.0.2:0 next"])
        #expect(owners(names.take([], now: time(8))) == [])
        #expect(owners(names.take([], now: time(9))) == ["10.123.0.2:0 last"] && names.nextChange == .max)
    }

    @Test func `an address that a container has no more is nobody's when the records from before are read`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a))], now: time(0))
        let moved = container(Self.a, at: [IPAddress(v4: 0x0A7B_0003)])
        #expect(owners(names.take([known(moved, heard: 5)], now: time(1))) == ["10.123.0.3:0 web"])
        #expect(owners(names.take([], now: time(5))) == ["10.123.0.2:0 -"])
    }

    @Test func `one that has started has its address since its first process began`() throws {
        var names = ContainerNames()
        let (other, late) = (IPAddress(v4: 0x0A7B_0003), Clock.monotonic + time(1000))
        _ = names.take([known(container(Self.a)), known(container(Self.c, at: [other]))], now: 0)
        let child = try Child("/bin/sleep", ["20"])
        let start = Clock.monotonic
        var next = container(Self.b, name: "next", pid: child.pid)
        #expect(owners(names.take([.known(next, heard: late)], now: start - time(60))) == [])
        #expect(owners(names.take([], now: start)) == ["10.123.0.2:0 next"])
        next.addresses.append(other)
        #expect(owners(names.take([.known(next, heard: late)], now: start)) == [])
        #expect(names.nextChange == late, "an address that it was given later")
        child.signal(SIGKILL)
    }

    @Test func `a new address of the host takes none from a container that has it`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a)), .stopped(Self.a)], now: time(0))
        _ = names.take([known(container(Self.b, name: "next"))], now: time(1))
        #expect(owners(names.take([.hostAddresses([IPAddress(v4: 1)])], now: time(1))) == [])
        let again = [known(container(Self.a)), known(container(Self.b, name: "next"))]
        _ = names.take(again, now: time(1.5))
        #expect(owners(names.take([.hostAddresses([IPAddress(v4: 2)])], now: time(1.5))) == [])
    }

    @Test func `a container that stopped keeps its address for the bytes in flight`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a))], now: time(0))
        #expect(owners(names.take([.stopped(Self.a)], now: time(1))) == [])
        #expect(owners(names.take([], now: time(2.9))) == [])
        #expect(owners(names.take([], now: time(3.1))) == ["10.123.0.2:0 -"])
    }

    @Test func `one that starts again within that time is not forgotten`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a)), .stopped(Self.a)], now: time(0))
        #expect(owners(names.take([known(container(Self.a))], now: time(1))) == [])
        #expect(owners(names.take([], now: time(60))) == [])
    }

    @Test func `one that a new list has no more has stopped`() {
        var names = ContainerNames()
        let other = container(Self.b, name: "other", at: [IPAddress(v4: 0x0A7B_0003)])
        _ = names.take([known(container(Self.a)), known(other)], now: time(0))
        #expect(owners(names.take([.listed([Self.b])], now: time(1))) == [])
        #expect(owners(names.take([], now: time(7))) == ["10.123.0.2:0 -"])
    }

    @Test func `a rename is told, and an old event changes nothing`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a))], now: time(0))
        let renamed = container(Self.a, name: "renamed")
        #expect(owners(names.take([known(renamed)], now: time(1))) == ["10.123.0.2:0 renamed"])
        #expect(owners(names.take([.created(container(Self.a, at: []))], now: time(2))) == [])
    }

    @Test func `a port published on all addresses is reached on each of the machine's`() {
        var names = ContainerNames()
        let published = [Endpoint(IPAddress(v4: 0), 80), Endpoint(IPAddress(high: 0, low: 0), 80)]
        _ = names.take([.hostAddresses([IPAddress(v4: 0xC000_0207)])], now: time(0))
        let first = names.take([known(container(Self.a, at: [], published: published))], now: time(0))
        #expect(owners(first) == ["127.0.0.1:80 web", "192.0.2.7:80 web", "[::1]:80 web"])
        let v6 = IPAddress(high: 0x2001_0DB8_0000_0000, low: 1)
        #expect(
            owners(names.take([.hostAddresses([v6])], now: time(1))) == ["192.0.2.7:80 -", "[2001:db8::1]:80 web"])
    }

    @Test func `a process that is gone is known by what the kernel has said, and waits for the runtime's word`() {
        var names = ContainerNames()
        let cgroup = ["inner", "docker-\(Self.a).scope", "system.slice", ""]
        #expect(names.container(of: Self.gone, cgroup: cgroup) == nil)
        #expect(names.hasUnknown && names.takeUnknown() == [Self.a] && !names.hasUnknown)
        let child = ProcessKey(pid: 5_000_001, startTime: 11)
        names.follow(child, parent: Self.gone)
        #expect(names.container(of: Self.gone, cgroup: cgroup) == nil && !names.hasUnknown, "it is asked for once")
        #expect(!names.knows([Self.a]))
        let facts = names.take([known(container(Self.a))], now: time(0))
        #expect(owners(facts) == ["10.123.0.2:0 web", "5000000 web", "5000001 web"] && names.knows([Self.a]))
        #expect(names.container(of: Self.gone, cgroup: cgroup)?.name == "web")
    }

    @Test func `a process of a container of which only the name is known has it asked for, too`() {
        var names = ContainerNames()
        _ = names.take([.created(container(Self.a, at: []))], now: time(0))
        #expect(names.container(of: Self.gone, cgroup: [Self.a])?.name == "web")
        let unknown = names.takeUnknown()
        #expect(unknown == [Self.a] && !names.knows([Self.a]))
        #expect(owners(names.take([known(container(Self.a))], now: time(1))) == ["10.123.0.2:0 web"])
        #expect(names.knows([Self.a]))
        #expect(names.container(of: Self.gone, cgroup: [Self.a])?.name == "web" && !names.hasUnknown)
        _ = names.take([.stopped(Self.a)], now: time(2))
        #expect(!names.knows([Self.a]), "when it starts again it may be reached elsewhere")
    }

    @Test func `of one that has ended no more is waited for than its name`() {
        var names = ContainerNames()
        _ = names.take([.created(container(Self.a, at: []))], now: time(0))
        #expect(names.container(of: Self.gone, cgroup: [Self.a])?.name == "web")
        _ = names.take([.absent(Self.a)], now: time(0))
        #expect(names.knows([Self.a]))
        #expect(names.container(of: Self.gone, cgroup: [Self.b]) == nil)
        _ = names.take([.absent(Self.b)], now: time(0))
        #expect(!names.knows([Self.b]))
        let facts = names.take([.created(container(Self.b, name: "late", at: []))], now: time(0))
        #expect(owners(facts) == ["5000000 late"] && names.knows([Self.b]))
    }

    @Test func `one that was made and has not started is not known enough`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a, at: []))], now: time(0))
        #expect(!names.knows([Self.a]))
        _ = names.take([known(container(Self.a, at: [], pid: Self.gone.pid))], now: time(1))
        #expect(names.knows([Self.a]), "on the host's network it has no address of its own")
    }

    @Test func `a process in another runtime's container is left alone`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a))], now: time(0))
        #expect(names.container(of: Self.gone, cgroup: ["libpod-\(Self.b)", "libpod_parent", "", ""]) == nil)
        #expect(owners(names.take([.created(container(Self.a))], now: time(1))) == [])
    }

    @Test func `a container inside a container is the one that the runtime knows`() {
        var names = ContainerNames()
        _ = names.take([known(container(Self.a))], now: time(0))
        #expect(names.container(of: Self.gone, cgroup: [Self.b, "docker", Self.a, "docker"])?.name == "web")
        #expect(!names.hasUnknown)
    }

    @Test func `without a cgroup of its own a container is its first process and what that has started`() throws {
        var names = ContainerNames()
        let own = getpid()
        let child = try Child("/bin/sleep", ["20"])
        _ = names.take([known(container(Self.a, pid: own))], now: time(0))
        #expect(names.container(of: ProcessKey(pid: child.pid, startTime: 1))?.name == "web")
        #expect(names.container(of: ProcessKey(pid: 1, startTime: 0)) == nil)
        child.signal(SIGKILL)
    }

    @Test func `the runtime is waited for by what has no cgroup of a container's, too`() throws {
        var names = ContainerNames()
        let child = try Child("/bin/sleep", ["20"])
        let first = try #require(ProcFS.key(child.pid))
        let forked = ProcessKey(pid: 5_000_001, startTime: 11)
        #expect(names.container(of: first) == nil && !names.hasUnknown)
        names.follow(forked, parent: first)
        #expect(names.container(of: ProcessKey(pid: child.pid, startTime: 1)) == nil, "another had the pid before")
        let facts = names.take([known(container(Self.a, at: [], pid: child.pid))], now: time(0))
        #expect(owners(facts) == ["\(child.pid) web", "5000001 web"])
        child.signal(SIGKILL)
    }

    @Test func `a process that has come into a container's cgroup since is in the container`() {
        var names = ContainerNames()
        #expect(names.container(of: Self.gone) == nil && !names.hasUnknown)
        #expect(names.container(of: Self.gone, cgroup: [Self.a]) == nil && names.takeUnknown() == [Self.a])
        #expect(owners(names.take([known(container(Self.a, at: []))], now: time(0))) == ["5000000 web"])
    }
}

@Suite struct `The pause for a name` {
    private var pause = NamePause()

    private mutating func goesOn(at now: Int64, answers: Int = 1, isNamed: Bool = false, hasRoom: Bool = true) -> Bool {
        pause.goesOn(now: now, answers: answers, isNamed: { _ in isNamed }, hasRoom: hasRoom)
    }

    @Test mutating func `ends with the name`() {
        pause.begin(for: ["a"], made: 0, answers: 0)
        let (before, after) = (goesOn(at: 1), goesOn(at: 2, isNamed: true))
        #expect(before && !after && !pause.isOn)
    }

    @Test mutating func `ends where the ring buffer fills`() {
        pause.begin(for: ["a"], made: 0, answers: 0)
        let goesOn = goesOn(at: 1, hasRoom: false)
        #expect(!goesOn && !pause.isOn)
    }

    @Test mutating func `ends after a moment, and is not made again for a runtime that does not answer`() {
        pause.begin(for: ["a"], made: 0, answers: 1)
        let (early, late) = (goesOn(at: 999_999_999), goesOn(at: 1_000_000_000))
        #expect(early && !late)
        pause.begin(for: ["b"], made: 1_500_000_000, answers: 1)
        #expect(!pause.isOn)
        pause.begin(for: ["b"], made: 1_500_000_000, answers: 2)
        #expect(pause.isOn)
    }
}

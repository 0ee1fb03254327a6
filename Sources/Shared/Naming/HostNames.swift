/// Which servers the traffic calls by which names: what a host text is worth.
///
/// A name belongs to the address and port of the server that is called by it. A proxy that passes Host on calls other servers
/// by its own name, which does not name them: so a name does not hold for a server that is called by it from another
/// server of the same name. Where two such servers call each other, as a service does that calls itself through the
/// gateway, it holds for the one that others call by it. What is known here does not depend on the order of the calls.
struct HostNames: ~Copyable {
    /// A server: its address and port and, where the address is a loopback one, the network that it lies in.
    struct Place: Hashable {
        var endpoint: Endpoint
        /// The number of the network namespace, where it is known and matters; else 0.
        var network: UInt64
    }

    /// Who calls or answers: by its address or, where it is known, as a process.
    enum Who: Hashable {
        case address(IPAddress)
        case process(ProcessKey)
    }

    /// That somebody called a server by a name.
    struct Call: Hashable {
        /// In the interner of names; without its port.
        var name: UInt32
        /// The port in the text; 0 where there is none, or it is the scheme's own.
        var port: UInt16
        /// A port is part of what the server is called: HTTP, of which the map has none otherwise.
        var showsPort: Bool
        var server: Place
        var client: Who
        /// The server, where it is known as a process.
        var process: ProcessKey?
    }

    /// A name, as it is shown.
    struct Shown: Hashable {
        var name: UInt32
        /// 0: none.
        var port: UInt16
    }

    private(set) var calls: Set<Call> = []
    private var uses: [Use: Facts] = [:]
    private var names: [Place: [UInt32]] = [:]
    private var places: [IPAddress: [Place]] = [:]
    private var callers: [Actor: [Called]] = [:]
    private var servers: [Actor: [Place]] = [:]
    /// Names that a proxy passes on: they speak for others.
    private var passedOn: Set<UInt32> = []
    private(set) var selfCallers: Set<IPAddress> = []
    private let limit: Int
    /// Calls that found no room.
    private(set) var refused: UInt64 = 0
    /// Grows with whatever may change a name.
    private(set) var version: UInt64 = 0

    /// That a server is called by a name.
    private struct Use: Hashable {
        var name: UInt32
        var server: Place
    }

    private struct Facts {
        /// Ports that stood behind the name.
        var ports: [UInt16] = []
        /// It was called by HTTP without a port.
        var isBare = false
        /// Who calls it by the name.
        var callers = 0
        /// Of these, who answers to the name elsewhere.
        var inner = 0
        var firstInner: [Who] = []

        var hasOuterCaller: Bool { callers > inner }
    }

    /// Somebody, under one name.
    private struct Actor: Hashable {
        var name: UInt32
        var who: Who
    }

    /// A server that an actor calls by the name.
    private struct Called {
        var server: Place
        var isCounted = false
    }

    /// So many names of one server, or servers of one address, are told apart; with more nothing is unambiguous.
    private static let few = 32

    /// - Parameter limit: calls that are remembered, each of which differs from the others.
    init(limit: Int) { self.limit = limit }

    // MARK: Facts

    /// Takes note of a call.
    mutating func add(_ call: Call) {
        guard !calls.contains(call) else { return }
        guard calls.count < limit else {
            refused &+= 1
            return
        }
        calls.insert(call)
        let server = call.server
        let use = Use(name: call.name, server: server)
        if uses[use] == nil {
            uses[use] = Facts()
            add(call.name, to: server)
            version &+= 1
        }
        if call.showsPort { addPort(call.port, use) }
        // Everybody on a machine has its loopback addresses.
        if !server.endpoint.address.isLoopback {
            addServer(Actor(name: call.name, who: .address(server.endpoint.address)), server)
        }
        if let process = call.process { addServer(Actor(name: call.name, who: .process(process)), server) }
        addCaller(Actor(name: call.name, who: call.client), server)
    }

    /// Takes note that somebody at this address calls a server at the same address: who calls from there may be anybody.
    mutating func addSelfCaller(_ address: IPAddress) {
        if selfCallers.count < limit, selfCallers.insert(address).inserted { version &+= 1 }
    }

    private mutating func add(_ name: UInt32, to server: Place) {
        if names[server, default: []].count <= Self.few { names[server, default: []].append(name) }
        let address = server.endpoint.address
        let known = places[address] ?? []
        if known.count <= Self.few, !known.contains(server) { places[address, default: []].append(server) }
    }

    private mutating func addPort(_ port: UInt16, _ use: Use) {
        guard var facts = uses[use] else { return }
        if port == 0 {
            guard !facts.isBare else { return }
            facts.isBare = true
        } else {
            guard facts.ports.count <= Self.few, !facts.ports.contains(port) else { return }
            facts.ports.append(port)
        }
        uses[use] = facts
        version &+= 1
    }

    private mutating func addServer(_ actor: Actor, _ server: Place) {
        let known = servers[actor] ?? []
        guard known.count < Self.few, !known.contains(server) else { return }
        servers[actor, default: []].append(server)
        version &+= 1
        // Two places say of everything that is called whether it is somewhere else.
        guard known.count < 2, let called = callers[actor] else { return }
        for place in called.indices { count(actor, place) }
    }

    private mutating func addCaller(_ actor: Actor, _ server: Place) {
        // A client has few servers of one name; of more the first count.
        let known = callers[actor] ?? []
        guard known.count < Self.called, !known.contains(where: { $0.server == server }) else { return }
        callers[actor, default: []].append(Called(server: server))
        uses[Use(name: actor.name, server: server)]?.callers += 1
        count(actor, known.count)
    }

    private static let called = 256

    /// Counts a caller as one that answers to the name elsewhere, once it is known to be that.
    private mutating func count(_ actor: Actor, _ place: Int) {
        guard let called = callers[actor]?[place], !called.isCounted, let own = servers[actor],
            own.contains(where: { Self.passes(actor, from: $0, to: called.server) })
        else { return }
        callers[actor]?[place].isCounted = true
        let use = Use(name: actor.name, server: called.server)
        uses[use]?.inner += 1
        if let count = uses[use]?.firstInner.count, count < Self.few { uses[use]?.firstInner.append(actor.who) }
        passedOn.insert(actor.name)
        version &+= 1
    }

    /// Whether who answers at `own` calls somebody else by its name.
    private static func passes(_ actor: Actor, from own: Place, to other: Place) -> Bool {
        switch actor.who {
        case .address: own.endpoint.address != other.endpoint.address
        case .process: own != other
        }
    }

    // MARK: Names

    /// What a server is called that the traffic calls by this name; `nil` where the name is not its own.
    borrowing func shown(_ name: UInt32, port: UInt16, at server: Place, showsPort: Bool) -> Shown? {
        guard holds(Use(name: name, server: server)) else { return nil }
        guard showsPort else { return Shown(name: name, port: 0) }
        return Shown(name: name, port: port == 0 ? ownPort(name, server) : port)
    }

    /// The name of a server that is called by none, or by one that is not its own: what others call it by, where that is
    /// one.
    borrowing func shown(at server: Place, showsPort: Bool) -> Shown? {
        guard let known = names[server], known.count <= Self.few else { return nil }
        let own = known.filter { holds(Use(name: $0, server: server)) }
        guard let name = own.first, own.count == 1 else { return nil }
        return showsPort ? onlyShown(name, server) : Shown(name: name, port: 0)
    }

    /// What a client at this address is called: as the server there, where it is one alone.
    borrowing func shown(client address: IPAddress) -> Shown? {
        guard let places = places[address], places.count <= Self.few, !address.isLoopback,
            !selfCallers.contains(address)
        else { return nil }
        var found: UInt32?
        var shown: Set<Shown> = []
        for place in places {
            guard let known = names[place], known.count <= Self.few else { return nil }
            for name in known where holds(Use(name: name, server: place)) {
                guard found == nil || found == name, !passedOn.contains(name) else { return nil }
                found = name
                if let one = onlyShown(name, place) { shown.insert(one) }
            }
        }
        guard let found else { return nil }
        return shown.count == 1 ? shown.first : Shown(name: found, port: 0)
    }

    /// The name is the server's own.
    private borrowing func holds(_ use: Use) -> Bool {
        guard let facts = uses[use], facts.inner > 0 else { return true }
        return !facts.firstInner.contains { who in
            !facts.hasOuterCaller || hasOuterCaller(Actor(name: use.name, who: who))
        }
    }

    private borrowing func hasOuterCaller(_ actor: Actor) -> Bool {
        (servers[actor] ?? []).contains { uses[Use(name: actor.name, server: $0)]?.hasOuterCaller == true }
    }

    /// The name with the port that all who call the server by it give; `nil` where they differ.
    private borrowing func onlyShown(_ name: UInt32, _ server: Place) -> Shown? {
        guard let facts = uses[Use(name: name, server: server)] else { return nil }
        guard facts.ports.count + (facts.isBare ? 1 : 0) <= 1 else { return nil }
        return Shown(name: name, port: facts.ports.first ?? ownPort(name, server))
    }

    /// The server's port, where nothing else tells servers apart that are called by one name at one address.
    private borrowing func ownPort(_ name: UInt32, _ server: Place) -> UInt16 {
        let endpoint = server.endpoint
        if endpoint.port == 80 || endpoint.port == 443 { return 0 }
        let others = places[endpoint.address] ?? []
        let isShared = others.contains { $0 != server && uses[Use(name: name, server: $0)]?.isBare == true }
        return isShared && uses[Use(name: name, server: server)]?.isBare == true ? endpoint.port : 0
    }
}

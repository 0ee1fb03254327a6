/// Who is behind the ends of a connection: names that the user gave, containers, processes, and the hosts that the traffic
/// names.
///
/// Connections get parties, which are identities; `name(of:)` says what one is called by now.
final class Naming {
    var participants: Participants
    let names: AddressNames
    private var texts: ByteInterner
    private var numbers: [Party: PartyID] = [:]
    private(set) var parties: [Party] = []
    private let limit: Int
    /// What is known of open connections, at their slots.
    private var entries: [Entry] = []
    /// The last client that is an address and nothing more: most connections come from the same host as the one before.
    private var lastClient: (place: Endpoint, id: PartyID)?
    /// Names that were chosen, and what had been told then.
    private var chosen: [(name: PartyName, at: UInt64)?] = []
    var hosts: HostNames
    /// The last call of each party.
    private var lastCalls: [HostNames.Call?] = []
    /// What host texts say, at their numbers.
    private var hostTexts: [Host?] = []
    /// Names of addresses that the tape tells of, as a resolver does.
    private(set) var told: [IPAddress: Told<Party.TextID>] = [:]
    /// Names that found no room; parties that found none are refused where they are recorded.
    var refused: UInt64 { hosts.refused &+ refusedNames &+ resolutions.refused &+ (reached?.refused ?? 0) }
    private var refusedNames: UInt64 = 0
    /// Names of addresses that clients were told by servers of names.
    private var resolutions: Resolutions
    /// `nil` where nobody wants to know.
    private(set) var reached: ReachedPlaces?

    private struct Entry {
        /// The connection's place on the tape: a damaged or made-up trace may use an identity twice.
        var number: UInt64 = 0
        var ends = ContainerEnds()
        var source: PartyID?
        /// The host that was named last, and the party found for it.
        var host: UInt32 = 0
        var calling = Calling.connection
        var destination: PartyID?
        /// The name that the client had been told of the server's address when it connected.
        var resolved: (name: Party.TextID, server: Endpoint)?
    }

    private struct Host {
        /// In the interner; `nil` for what is no name.
        var name: Party.TextID?
        /// 0: none.
        var port: UInt16
    }

    /// - Parameter keepsPlaces: keep where everybody was reached.
    init(_ names: AddressNames, _ containers: [ContainerFact], keepsPlaces: Bool = false, limits: Limits) {
        self.names = names
        participants = Participants(limits: limits)
        limit = limits.serviceMapEntries.multipliedReportingOverflow(by: 4).partialValue
        texts = ByteInterner(maximumCount: limit, maximumBytes: 64 << 20)
        hosts = HostNames(limit: limit)
        resolutions = Resolutions(limit: limits.participants)
        reached = keepsPlaces ? ReachedPlaces(limit: limits.participants) : nil
        for fact in containers { participants.add(fact, at: Timestamp(nanoseconds: 0)) }
    }

    // MARK: Facts

    /// Takes note of who was at the ends when the connection was made: where an address goes to somebody else, it stays.
    func opened(_ connection: Connection) {
        participants.add(connection.opened, at: connection.openedAt)
        if connection.opened.role != .unknown { _ = look(connection) }
        if !resolutions.isEmpty { resolve(connection) }
    }

    /// Takes note of the name that the client knew the server by.
    private func resolve(_ connection: Connection) {
        let (client, server) = (connection.client, connection.server)
        let process = connection.localIsClient ? connection.opened.process : nil
        let who = process.map { HostNames.Who.process($0) } ?? .address(client.address)
        guard let name = resolutions.name(of: server.address, for: who, at: connection.openedAt) else { return }
        let slot = connection.slot
        if slot >= entries.count || entries[slot].number != connection.number { begin(connection) }
        entries[slot].resolved = (name, server)
    }

    /// Takes what a client was told by a server of names, over a connection of its own.
    func resolved(_ name: RawSpan, _ address: IPAddress, seconds: UInt32, _ at: Timestamp, by connection: Connection) {
        let process = connection.localIsClient ? connection.opened.process : connection.otherProcess
        let number = texts.number(of: name)
        guard number != ByteInterner.full else {
            refusedNames &+= 1
            return
        }
        let who = process.map { HostNames.Who.process($0) } ?? .address(connection.client.address)
        resolutions.add(Party.TextID(raw: number), address, to: who, seconds: seconds, at: at)
    }

    /// Takes note of the two views of one connection: each knows whom the other one is with.
    func paired(_ connection: Connection, _ other: Connection) {
        for (view, mirrored) in [(connection, other), (other, connection)] {
            guard view.opened.role == .client, let client = view.opened.process, let answer = mirrored.opened.process
            else { continue }
            participants.add(
                answer: answer, to: client, at: view.opened.remote, max(connection.openedAt, other.openedAt))
        }
    }

    /// Takes the name of an address that the tape tells of (a capture's Name Resolution Block, a resolver's answer).
    ///
    /// It is weaker than containers, processes and the hosts that the traffic itself names; of several names the earliest
    /// counts.
    func told(_ name: String, of address: IPAddress, at moment: Timestamp) {
        guard !name.isEmpty else { return }
        if let known = told[address] {
            guard moment < known.at else { return }
        } else if told.count >= limit {
            refusedNames &+= 1
            return
        }
        told[address] = Told(value: text(name), at: moment)
    }

    /// Takes the name of a Unix socket: a path, or `@` and an abstract name; of one without a name, whose it is.
    func told(_ socket: UnixSocket, at moment: Timestamp) {
        let name: String
        switch socket.name {
        case .path(let bytes): name = String(decoding: bytes, as: UTF8.self)
        case .abstract(let bytes): name = "@" + String(decoding: bytes, as: UTF8.self)
        case .unnamed:
            let end = Endpoint(unix: socket.number)
            name = socket.process.map { "pid \($0.pid)" } ?? end.description
        }
        told(name, of: Endpoint(unix: socket.number).address, at: moment)
    }

    // MARK: Ends

    /// The containers at a connection's ends, as far as the tape has told.
    func ends(of connection: Connection) -> ContainerEnds { entries[look(connection)].ends }

    /// Looks for who is at a connection's ends, where the tape has told of more since it was done last.
    /// - Returns: the connection's slot.
    @inline(__always)
    private func look(_ connection: Connection) -> Int {
        let slot = connection.slot
        if slot >= entries.count || entries[slot].number != connection.number { begin(connection) }
        if entries[slot].ends.update(connection, participants) { forget(slot) }
        return slot
    }

    @inline(never)
    private func begin(_ connection: Connection) {
        while entries.count <= connection.slot { entries.append(Entry()) }
        entries[connection.slot] = Entry(number: connection.number)
    }

    private func forget(_ slot: Int) {
        entries[slot].source = nil
        entries[slot].destination = nil
    }

    // MARK: Parties

    /// Who has opened the connection: a process goes by its own name, else the user's name for the address counts, else
    /// the container's service.
    @inline(__always)
    func source(of connection: Connection) -> PartyID {
        let slot = look(connection)
        if let known = entries[slot].source { return known }
        let found = findSource(of: connection, entries[slot].ends)
        entries[slot].source = found
        return found
    }

    private func findSource(of connection: Connection, _ ends: ContainerEnds) -> PartyID {
        let client = connection.client
        let process = connection.localIsClient ? connection.opened.process : connection.otherProcess
        if process == nil, let name = names.name(of: client) { return number(.named(text(name))) }
        if let container = connection.localIsClient ? ends.local : ends.remote { return number(.container(container)) }
        if let process, let name = participants.serviceName(process) { return number(.process(process, text(name))) }
        if let name = names.name(of: client) { return number(.named(text(name))) }
        let place = client.withoutPort
        guard process == nil else { return number(.client(process, place)) }
        if let lastClient, lastClient.place == place { return lastClient.id }
        let id = number(.client(nil, place))
        lastClient = (place, id)
        return id
    }

    /// Where the connection goes: the name that the user gave, else the container's service, else the profiled process
    /// that listens there, else the host that the traffic names, else the address.
    /// - Parameter host: the host that the traffic names, maybe with a port; empty where it names none.
    func destination(of connection: Connection, host: RawSpan, as calling: Calling) -> PartyID {
        let slot = look(connection)
        // Of a Unix socket the host that a request names is made up.
        let host = texts.number(of: connection.server.kind == .unix ? RawSpan() : host)
        if let known = entries[slot].destination, entries[slot].host == host, entries[slot].calling == calling {
            return known
        }
        let found = findDestination(of: connection, self.host(host), calling, entries[slot].ends)
        if reached != nil { keepPlace(of: connection, self.host(host), calling, found, slot) }
        entries[slot].host = host
        entries[slot].calling = calling
        entries[slot].destination = found
        return found
    }

    private func keepPlace(
        of connection: Connection, _ host: Host, _ calling: Calling, _ destination: PartyID, _ slot: Int
    ) {
        guard connection.server.kind == .internet else { return }
        let way = ReachedPlaces.Way(source: source(of: connection), destination: destination)
        if let named = connection.namedDestination {
            let address = IPAddress(named.host)
            return reached?.add(
                ReachedPlaces.Place(
                    endpoint: address.map { Endpoint($0, named.port) },
                    host: address == nil ? self.host(text(named.host).raw).name : host.name, port: named.port), way)
                ?? ()
        }
        let server = calling.isOnward ? nil : connection.server
        // Where the host has no port behind it, it is the scheme's own for who calls by a scheme, else the connection's.
        let port = host.port > 0 || calling.isOnward ? host.port : connection.server.port
        reached?.add(ReachedPlaces.Place(endpoint: server, host: host.name, port: port), way)
        guard server != nil, let resolved = entries[slot].resolved, resolved.server == connection.server else { return }
        reached?.add(
            ReachedPlaces.Place(endpoint: server, host: resolved.name, port: connection.server.port), way)
    }

    private func findDestination(
        of connection: Connection, _ host: Host, _ calling: Calling, _ ends: ContainerEnds
    ) -> PartyID {
        if let named = connection.namedDestination { return destination(of: connection, named, host, calling) }
        let process = connection.opened.process
        let listener =
            connection.localIsClient
            ? connection.otherProcess ?? participants.listener(at: connection.server, from: process) : process
        let party = destination(of: connection, listener, host, calling, ends)
        note(connection, host, calling, listener, party)
        return party
    }

    private func destination(
        of connection: Connection, _ listener: ProcessKey?, _ host: Host, _ calling: Calling, _ ends: ContainerEnds
    ) -> PartyID {
        let server = connection.server
        let process = connection.opened.process
        if let name = names.name(of: server) { return number(.named(text(name))) }
        if let container = connection.localIsClient ? ends.remote : ends.local { return number(.container(container)) }
        if let listener, let name = participants.serviceName(listener) {
            return number(.process(listener, text(name)))
        }
        let resolved = entries[connection.slot].resolved
        return number(
            .server(
                Party.Server(
                    endpoint: server, host: host.name, port: calling.isOwn(host.port) ? 0 : host.port,
                    client: connection.localIsClient ? process : nil,
                    process: connection.localIsClient ? nil : process, calling: calling,
                    resolved: resolved?.server == server ? resolved?.name : nil)))
    }

    /// Where a connection goes that a prefix (CONNECT, SOCKS, PROXY) takes beyond the server.
    private func destination(
        of connection: Connection, _ named: NamedDestination, _ host: Host, _ calling: Calling
    ) -> PartyID {
        let client = connection.localIsClient ? connection.opened.process : connection.otherProcess
        guard let address = IPAddress(named.host) else {
            // Whoever is asked for within goes by it, where it says who that is: the proxy has connected to that one.
            let whom = self.host(text(named.host).raw)
            let own = whom.name == nil ? host : whom
            let port = whom.name == nil ? host.port : named.port
            return number(
                .server(
                    Party.Server(
                        endpoint: connection.server, host: own.name, port: calling.isOwn(port) ? 0 : port,
                        client: client, process: nil, calling: calling.onward)))
        }
        let endpoint = Endpoint(address, named.port)
        if let name = names.name(of: endpoint) { return number(.named(text(name))) }
        if let container = participants.container(at: endpoint, from: client) { return number(.container(container)) }
        let port = calling.isOwn(host.port) ? 0 : host.port
        return number(
            .server(
                Party.Server(
                    endpoint: endpoint, host: host.name, port: port, client: client, process: nil, calling: calling)))
    }

    /// Takes note of who is called by which name.
    private func note(
        _ connection: Connection, _ host: Host, _ calling: Calling, _ server: ProcessKey?, _ party: PartyID
    ) {
        let client = connection.localIsClient ? connection.opened.process : connection.otherProcess
        let (from, to) = (connection.client, connection.server)
        guard to.kind == .internet else { return }
        if client == nil, from.address == to.address, !to.address.isLoopback { hosts.addSelfCaller(to.address) }
        guard let name = host.name, !calling.isOnward else { return }
        let call = HostNames.Call(
            name: name.raw, port: calling.isOwn(host.port) ? 0 : host.port, showsPort: calling.showsPort,
            server: place(to, client ?? server), client: client.map { .process($0) } ?? .address(from.address),
            process: server)
        // Most calls are as the one before: comparing costs less than looking it up.
        guard party != .none else { return hosts.add(call) }
        let index = Int(party.raw)
        while lastCalls.count <= index { lastCalls.append(nil) }
        guard lastCalls[index] != call else { return }
        lastCalls[index] = call
        hosts.add(call)
    }

    private func place(_ endpoint: Endpoint, _ process: ProcessKey?) -> HostNames.Place {
        HostNames.Place(
            endpoint: endpoint, network: endpoint.address.isLoopback ? participants.namespace(of: process) : 0)
    }

    /// What a host text says.
    @inline(__always)
    private func host(_ text: UInt32) -> Host {
        if text < hostTexts.count, let known = hostTexts[Int(text)] { return known }
        return readHost(text)
    }

    @inline(never)
    private func readHost(_ number: UInt32) -> Host {
        guard number != ByteInterner.full else { return Host(name: nil, port: 0) }
        var host = Host(name: nil, port: 0)
        let read = texts.withBytes(of: number) { HostText(RawSpan(_unsafeBytes: $0)) }
        if let read, !read.name.isEmpty {
            let name = texts.number(of: read.name.span.bytes)
            if name != ByteInterner.full { host = Host(name: Party.TextID(raw: name), port: read.port ?? 0) }
        }
        while hostTexts.count <= number { hostTexts.append(nil) }
        hostTexts[Int(number)] = host
        return host
    }

    func number(_ party: Party) -> PartyID {
        if let known = numbers[party] { return known }
        guard parties.count < limit else { return .none }
        let id = PartyID(raw: UInt32(parties.count))
        parties.append(party)
        numbers[party] = id
        return id
    }

    func text(_ text: String) -> Party.TextID {
        var text = text
        return text.withUTF8 {
            Party.TextID(raw: texts.number(of: RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0))))
        }
    }

    // MARK: Names

    /// What a party is called, as far as the tape has told by now.
    func name(of id: PartyID) -> PartyName {
        let index = Int(id.raw)
        guard index < parties.count else { return PartyName(text: "unknown", type: .external) }
        while chosen.count <= index { chosen.append(nil) }
        // Only a container changes what somebody is called who has a name.
        let at =
            parties[index].hasName
            ? participants.generation : participants.version &+ hosts.version &+ UInt64(told.count)
        if let known = chosen[index], known.at == at { return known.name }
        let name = choose(parties[index])
        chosen[index] = (name, at)
        return name
    }

    private func choose(_ party: Party) -> PartyName {
        switch party {
        case .named(let text): return PartyName(text: string(text), type: .external, rule: .user)
        case .container(let container): return name(container)
        case .process(let process, let text):
            if let container = participants.container(of: process) { return name(container) }
            return PartyName(text: string(text), type: .process, rule: .process)
        case .client(let process, let place):
            let address = place.address
            if let container = participants.container(of: process) ?? participants.container(with: address) {
                return name(container)
            }
            if let name = participants.serviceName(process) {
                return PartyName(text: name, type: .process, rule: .process)
            }
            if process == nil, let shown = hosts.shown(client: address) { return name(shown) }
            guard let told = told[address]?.value else {
                let text = place.kind == .unix ? place.description : address.description
                return PartyName(text: text, type: .external)
            }
            return PartyName(text: string(told), type: .external, rule: .told)
        case .server(let server): return choose(server)
        }
    }

    private func choose(_ server: Party.Server) -> PartyName {
        let (endpoint, client) = (server.endpoint, server.client)
        if let container = participants.container(of: server.process)
            ?? participants.container(at: endpoint, from: client)
        {
            return name(container)
        }
        let listener = server.process ?? participants.listener(at: endpoint, from: client)
        if let name = participants.serviceName(listener) {
            return PartyName(text: name, type: .process, rule: .process)
        }
        if let shown = shown(server) { return name(shown) }
        // Ports tell services on one address apart.
        let isPlain = server.calling.isOwn(endpoint.port) || endpoint.kind == .unix
        if let found = server.resolved ?? told[endpoint.address]?.value {
            let name = string(found)
            return PartyName(
                text: isPlain ? name : "\(name):\(endpoint.port)", type: .external,
                rule: server.resolved == nil ? .told : .resolved)
        }
        return PartyName(
            text: isPlain && endpoint.kind == .internet ? endpoint.address.description : endpoint.description,
            type: .external)
    }

    /// What the traffic calls a server.
    private func shown(_ server: Party.Server) -> HostNames.Shown? {
        let showsPort = server.calling.showsPort
        let place = place(server.endpoint, server.client ?? server.process)
        guard let host = server.host?.raw else { return hosts.shown(at: place, showsPort: showsPort) }
        if server.calling.isOnward { return HostNames.Shown(name: host, port: showsPort ? server.port : 0) }
        return hosts.shown(host, port: server.port, at: place, showsPort: showsPort)
            ?? hosts.shown(at: place, showsPort: showsPort)
    }

    private func name(_ shown: HostNames.Shown) -> PartyName {
        let text = string(Party.TextID(raw: shown.name))
        return PartyName(text: shown.port == 0 ? text : "\(text):\(shown.port)", type: .external, rule: .host)
    }

    func string(_ text: Party.TextID) -> String {
        text.raw == ByteInterner.full ? "" : texts.text(of: text.raw)
    }

    private func name(_ container: KnownContainer) -> PartyName {
        PartyName(
            text: container.identity.service, type: .container, image: container.identity.image, rule: .container)
    }
}

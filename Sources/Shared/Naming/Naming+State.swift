/// What a state keeps of names: identities, and what they may be called, so that a name that another state brings counts for this
/// one, too.
extension Naming {
    /// - Parameter wanted: parties of which something is kept.
    /// - Returns: the number of each in the state.
    func write(_ state: inout StateWriter, _ wanted: [PartyID]) -> [UInt32: UInt64] {
        state.section(.participants) { participants.write(&$0) }
        state.section(.names) { state in
            state.sorted(told.map { $0 }) { state, entry in
                state.address(entry.key)
                state.text(string(entry.value.value))
                state.moment(entry.value.at)
            }
            state.sorted(Array(hosts.calls)) { write($1, &$0) }
            state.sorted(Array(hosts.selfCallers)) { $0.address($1) }
        }
        var numbers: [UInt32: UInt64] = [:]
        state.section(.parties) { state in
            let order = state.sorted(wanted) { write(parties[Int($1.raw)], &$0) }
            for (number, place) in order.enumerated() { numbers[wanted[place].raw] = UInt64(number) }
        }
        return numbers
    }

    private func write(_ call: HostNames.Call, _ state: inout StateWriter) {
        state.text(string(Party.TextID(raw: call.name)))
        state.number(call.port)
        state.flag(call.showsPort)
        state.endpoint(call.server.endpoint)
        state.number(call.server.network)
        switch call.client {
        case .address(let address):
            state.flag(false)
            state.address(address)
        case .process(let process):
            state.flag(true)
            state.process(process)
        }
        state.optional(call.process) { $0.process($1) }
    }

    private func write(_ party: Party, _ state: inout StateWriter) {
        switch party {
        case .named(let name):
            state.byte(0)
            state.text(string(name))
        case .container(let container):
            state.byte(1)
            state.container(container.identity)
        case .process(let process, let name):
            state.byte(2)
            state.process(process)
            state.text(string(name))
        case .client(let process, let place):
            state.byte(3)
            state.optional(process) { $0.process($1) }
            state.endpoint(place)
        case .server(let server):
            state.byte(4)
            state.endpoint(server.endpoint)
            state.optional(server.host) { $0.text(string($1)) }
            state.number(server.port)
            state.optional(server.client) { $0.process($1) }
            state.optional(server.process) { $0.process($1) }
            state.byte(server.calling.rawValue)
            state.optional(server.resolved) { $0.text(string($1)) }
        }
    }

    // MARK: Reading

    /// Takes the names that traffic was seen to use.
    func addNames(_ state: inout StateReader) throws(StateFault) {
        for _ in 0..<(try state.count()) {
            let (address, name) = (try state.address(), try state.string())
            told(name, of: address, at: try state.moment())
        }
        for _ in 0..<(try state.count()) { hosts.add(try call(&state)) }
        for _ in 0..<(try state.count()) { hosts.addSelfCaller(try state.address()) }
    }

    private func call(_ state: inout StateReader) throws(StateFault) -> HostNames.Call {
        let name = text(try state.string())
        let (port, showsPort) = (try state.number(UInt16.self), try state.flag())
        let server = HostNames.Place(endpoint: try state.endpoint(), network: try state.number())
        let client: HostNames.Who = try state.flag() ? .process(try state.process()) : .address(try state.address())
        let process = try state.optional { state throws(StateFault) in try state.process() }
        return HostNames.Call(
            name: name.raw, port: port, showsPort: showsPort, server: server, client: client, process: process)
    }

    /// The numbers here of a state's parties.
    func addParties(_ state: inout StateReader) throws(StateFault) -> [PartyID] {
        try state.list { state throws(StateFault) in number(named(try party(&state))) }
    }

    private func party(_ state: inout StateReader) throws(StateFault) -> Party {
        switch try state.byte() {
        case 0: return .named(text(try state.string()))
        case 1: return .container(participants.known(try state.container()))
        case 2: return .process(try state.process(), text(try state.string()))
        case 3:
            let process = try state.optional { state throws(StateFault) in try state.process() }
            return .client(process, try state.endpoint())
        case 4:
            let endpoint = try state.endpoint()
            let host = try state.optional { state throws(StateFault) in text(try state.string()) }
            let port = try state.number(UInt16.self)
            let client = try state.optional { state throws(StateFault) in try state.process() }
            let process = try state.optional { state throws(StateFault) in try state.process() }
            guard let calling = Calling(rawValue: try state.byte()) else { throw .damaged }
            let resolved = try state.optional { state throws(StateFault) in text(try state.string()) }
            return .server(
                Party.Server(
                    endpoint: endpoint, host: host, port: port, client: client, process: process, calling: calling,
                    resolved: resolved))
        default: throw .damaged
        }
    }

    /// The party by the name that the user gives it now.
    private func named(_ party: Party) -> Party {
        let name: String?
        switch party {
        case .client(_, let place): name = names.name(of: place)
        case .server(let server): name = server.calling.isOnward ? nil : names.name(of: server.endpoint)
        case .named, .container, .process: name = nil
        }
        return name.map { .named(text($0)) } ?? party
    }
}

/// Who is on the tape: processes, where they listen, and the containers that a runtime told of.
///
/// From these come the names of services (docs/contract.md, section 5). A pcap has no processes, and containers only where the
/// user has named them.
struct Participants: ~Copyable {
    var processes: [ProcessKey: Told<ProcessIdentity>] = [:]
    var listeners = Listeners()
    private(set) var containers: [String: KnownContainer] = [:]
    /// Who is in none any more is told of as such.
    var containersOfProcesses: [ProcessKey: Told<KnownContainer?>] = [:]
    var containersAtEndpoints: [Endpoint: Told<KnownContainer?>] = [:]
    /// Processes that ended, the oldest first: their connections may still have something to tell.
    private var ended: [ProcessKey] = []
    let limit: Int
    /// Changes with each process that is heard of.
    private(set) var revision: UInt64 = 0
    /// Grows with whatever may change a name.
    private(set) var version: UInt64 = 0
    /// Facts that found no room.
    private(set) var refused: UInt64 = 0
    /// Grows with every fact that may say more of a connection's ends; 0 where no runtime has told of anything.
    private(set) var generation: UInt64 = 0

    init(limits: Limits) { limit = limits.participants }

    // MARK: - Facts

    /// Takes what is known of a process; the latest counts.
    mutating func add(_ process: ProcessIdentity, at moment: Timestamp) {
        revision &+= 1
        version &+= 1
        if hasRoom(processes.count, processes[process.key] != nil) {
            Told.add(process, at: moment, to: &processes[process.key])
        }
    }

    /// Takes where a process listens.
    mutating func add(_ listening: Listening, at moment: Timestamp) {
        guard hasRoom(listeners.count, listeners.isKnown(listening.endpoint)) else { return }
        let namespace = listening.networkNamespace ?? processes[listening.process]?.value.networkNamespace
        if listeners.add(listening.process, at: listening.endpoint, in: namespace, moment) { change() }
    }

    /// Takes who is at the local end of a connection that was made: its address is one of its network's, and who accepts
    /// at a place listens there, whoever had begun to.
    mutating func add(_ opened: ConnectionOpened, at moment: Timestamp) {
        guard let process = opened.process, let namespace = processes[process]?.value.networkNamespace else { return }
        var isNews =
            opened.local.kind == .internet
            && listeners.add(ownAddress: opened.local.address, in: namespace, limit: limit)
        if opened.role == .server, listeners.count < limit || listeners.isKnown(opened.local) {
            if listeners.add(process, at: opened.local, in: namespace, moment) { isNews = true }
        }
        if isNews { change() }
    }

    /// Takes who answered whom: both ends of a connection are on the tape.
    mutating func add(answer: ProcessKey, to client: ProcessKey, at endpoint: Endpoint, _ moment: Timestamp) {
        if listeners.add(answer: answer, to: client, at: endpoint, moment, limit: limit) { change() }
    }

    /// What is known of connections' ends has to be looked at again.
    mutating func change() {
        version &+= 1
        if generation > 0 { generation &+= 1 }
    }

    /// Takes what a runtime said; a fact without a container takes the address away from whoever had it.
    mutating func add(_ fact: ContainerFact, at moment: Timestamp) {
        generation &+= 1
        version &+= 1
        let container = fact.container.map { known($0) }
        switch fact.subject {
        case .process(let key):
            if hasRoom(containersOfProcesses.count, containersOfProcesses[key] != nil) {
                Told.add(container, at: moment, to: &containersOfProcesses[key])
            }
        case .endpoint(let endpoint):
            guard hasRoom(containersAtEndpoints.count, containersAtEndpoints[endpoint] != nil) else { return }
            Told.add(container, at: moment, to: &containersAtEndpoints[endpoint])
            if endpoint.port == 0 { container?.hasAddress = true }
        }
    }

    mutating func known(_ identity: ContainerIdentity) -> KnownContainer {
        if let known = containers[identity.id], known.identity == identity { return known }
        let known = KnownContainer(identity)
        known.hasAddress = containers[identity.id]?.hasAddress ?? false
        if hasRoom(containers.count, containers[identity.id] != nil) { containers[identity.id] = known }
        return known
    }

    /// The process has ended.
    ///
    /// What it listened on keeps its name until somebody else listens there: who connects to it now still means it.
    mutating func end(_ key: ProcessKey) {
        guard processes[key] != nil else { return }
        ended.append(key)
        guard ended.count > limit / 4 else { return }
        for old in ended.prefix(limit / 8) {
            processes[old] = nil
            containersOfProcesses[old] = nil
        }
        listeners.remove(Set(ended.prefix(limit / 8)))
        ended.removeFirst(limit / 8)
        let reachable = Set(
            (containersOfProcesses.values.map(\.value) + containersAtEndpoints.values.map(\.value))
                .compactMap { $0?.identity.id })
        containers = containers.filter { reachable.contains($0.key) }
    }

    /// What holds now, as a tape says it that goes on in another file.
    var facts: [CapturedEvent.Kind] {
        let gone = Set(ended)
        let alive = processes.keys.filter { !gone.contains($0) }
            .sorted { ($0.startTime, $0.pid) < ($1.startTime, $1.pid) }
        let ofProcesses = alive.compactMap { key in
            container(of: key).map { ContainerFact(subject: .process(key), container: $0.identity) }
        }
        let atEndpoints = containersAtEndpoints.keys.sorted().compactMap { endpoint in
            container(told: endpoint).map {
                ContainerFact(subject: .endpoint(endpoint), container: $0.identity)
            }
        }
        return alive.compactMap { processes[$0].map { .process($0.value) } }
            + listeners.facts.filter { !gone.contains($0.process) }.map { .listening($0) }
            + (ofProcesses + atEndpoints).map { .container($0) }
    }

    mutating func hasRoom(_ count: Int, _ isKnown: Bool) -> Bool {
        if isKnown || count < limit { return true }
        refused &+= 1
        return false
    }

    // MARK: - Names

    func process(_ key: ProcessKey?) -> ProcessIdentity? { key.flatMap { processes[$0]?.value } }

    func container(of key: ProcessKey?) -> KnownContainer? { key.flatMap { containersOfProcesses[$0]?.value } }

    private func container(told endpoint: Endpoint) -> KnownContainer? { containersAtEndpoints[endpoint]?.value }

    /// The container that has an address of its own.
    func container(with address: IPAddress) -> KnownContainer? { container(told: Endpoint(address, 0)) }

    /// The container that a connection to this endpoint reaches: by the port, published or listened on, else by the
    /// address.
    /// - Parameter client: who connects; a container's loopback addresses are its own, whatever the host publishes there.
    func container(at endpoint: Endpoint, from client: ProcessKey?) -> KnownContainer? {
        if endpoint.address.isLoopback, ownNetwork(of: client) != nil { return nil }
        return container(told: endpoint) ?? container(with: endpoint.address)
    }

    /// The service that a process is: its container's, else ADI_PROFILE_NAME, else the command's name.
    func serviceName(_ key: ProcessKey?) -> String? {
        if let container = container(of: key) { return container.identity.service }
        guard let process = process(key) else { return nil }
        if let name = process.profileName, !name.isEmpty { return name }
        return process.comm.isEmpty ? nil : process.comm
    }

    /// The names of the variables of each service's processes; none of processes whose environment is not known.
    var variables: [String: Set<String>] {
        var names: [String: Set<String>] = [:]
        for (key, process) in processes {
            guard case .block(let block) = process.value.environment, let service = serviceName(key) else { continue }
            let own = block.split(separator: 0).map { String(decoding: $0.prefix { $0 != 0x3D }, as: UTF8.self) }
            names[service, default: []].formUnion(own)
        }
        return names
    }

    /// The profiled process that a connection to this endpoint reaches.
    /// - Parameter client: who connects.
    func listener(at endpoint: Endpoint, from client: ProcessKey?) -> ProcessKey? {
        guard let client else { return nil }
        let network = Listeners.Network(
            namespace: processes[client]?.value.networkNamespace, container: ownNetwork(of: client))
        return listeners.process(at: endpoint, from: client, in: network) { ownNetwork(of: $0) }
    }

    /// The number of the network namespace that a process is in; 0 where it is not known.
    func namespace(of key: ProcessKey?) -> UInt64 {
        process(key)?.networkNamespace?.number ?? 0
    }

    /// The container that a process is in, where it has a network of its own.
    private func ownNetwork(of key: ProcessKey?) -> String? {
        guard let container = container(of: key), container.hasAddress else { return nil }
        return container.identity.id
    }
}

/// What the tape has told of last, and when: of what several tapes tell the latest counts, whichever is read first.
struct Told<Value> {
    var value: Value
    var at: Timestamp

    /// Takes what was told, unless something later is known; of equal times what is told last.
    static func add(_ value: Value, at moment: Timestamp, to known: inout Told?) {
        if let known, moment < known.at { return }
        known = Told(value: value, at: moment)
    }
}

/// A container that is on the tape.
final class KnownContainer: Hashable {
    let identity: ContainerIdentity
    /// It has an address, and so a network, of its own; without one it is on the host's.
    var hasAddress = false
    /// The container as it stands in events, a JSON object.
    let json: [UInt8]

    static func == (a: KnownContainer, b: KnownContainer) -> Bool { a === b || a.identity == b.identity }

    func hash(into hasher: inout Hasher) { hasher.combine(identity.id) }

    init(_ identity: ContainerIdentity) {
        self.identity = identity
        var writer = JSONWriter(capacity: 512)
        writer.beginObject()
        writer.key("service")
        writer.string(identity.service)
        writer.key("image")
        writer.string(identity.image)
        writer.key("container_id")
        writer.string(identity.id)
        writer.key("container_name")
        writer.string(identity.name)
        writer.endObject()
        json = [UInt8](writer.bytes)
    }
}

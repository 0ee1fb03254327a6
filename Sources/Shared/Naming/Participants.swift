/// Who is on the tape: processes, where they listen, and the containers that a runtime told of.
///
/// From these come the names of services (docs/contract.md, section 5). A pcap has no processes, and containers only where the
/// user has named them.
struct Participants: ~Copyable {
    private var processes: [ProcessKey: ProcessIdentity] = [:]
    /// Of those that listen in one network only the latest; the order is the tape's.
    private var listeners: [Endpoint: [ProcessKey]] = [:]
    private var containers: [String: KnownContainer] = [:]
    private var containersOfProcesses: [ProcessKey: KnownContainer] = [:]
    private var containersAtEndpoints: [Endpoint: KnownContainer] = [:]
    /// Addresses of profiled processes' own ends: an unspecified listener (`0.0.0.0`) is reached there.
    private var ownAddresses: Set<IPAddress> = []
    /// Processes that ended, the oldest first: their connections may still have something to tell.
    private var ended: [ProcessKey] = []
    private let limit: Int
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
    mutating func add(_ process: ProcessIdentity) {
        revision &+= 1
        version &+= 1
        if hasRoom(processes.count, processes[process.key] != nil) { processes[process.key] = process }
    }

    /// Takes where a process listens; in one network the latest counts.
    mutating func add(_ listening: Listening) {
        version &+= 1
        guard hasRoom(listeners.count, listeners[listening.endpoint] != nil) else { return }
        let network = network(of: listening.process)
        let others = (listeners[listening.endpoint] ?? []).filter { self.network(of: $0) != network }
        listeners[listening.endpoint] = others + [listening.process]
        if generation > 0 { generation &+= 1 }
    }

    /// Takes what a runtime said; a fact without a container takes the address away from whoever had it.
    mutating func add(_ fact: ContainerFact) {
        generation &+= 1
        version &+= 1
        let container = fact.container.map { known($0) }
        switch fact.subject {
        case .process(let key):
            if hasRoom(containersOfProcesses.count, containersOfProcesses[key] != nil) {
                containersOfProcesses[key] = container
            }
        case .endpoint(let endpoint):
            guard hasRoom(containersAtEndpoints.count, containersAtEndpoints[endpoint] != nil) else { return }
            containersAtEndpoints[endpoint] = container
            if endpoint.port == 0 { container?.hasAddress = true }
        }
    }

    private mutating func known(_ identity: ContainerIdentity) -> KnownContainer {
        if let known = containers[identity.id], known.identity == identity { return known }
        let known = KnownContainer(identity)
        known.hasAddress = containers[identity.id]?.hasAddress ?? false
        if hasRoom(containers.count, containers[identity.id] != nil) { containers[identity.id] = known }
        return known
    }

    /// Takes an address of this machine, or of a container on it: a profiled process was seen to use it.
    mutating func add(ownAddress address: IPAddress) {
        guard !ownAddresses.contains(address), hasRoom(ownAddresses.count, false) else { return }
        ownAddresses.insert(address)
        version &+= 1
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
        let gone = Set(ended.prefix(limit / 8))
        listeners = listeners.mapValues { $0.filter { !gone.contains($0) } }.filter { !$0.value.isEmpty }
        ended.removeFirst(limit / 8)
        let reachable = Set(
            (containersOfProcesses.values.map(\.identity.id) + containersAtEndpoints.values.map(\.identity.id)))
        containers = containers.filter { reachable.contains($0.key) }
    }

    private mutating func hasRoom(_ count: Int, _ isKnown: Bool) -> Bool {
        if isKnown || count < limit { return true }
        refused &+= 1
        return false
    }

    // MARK: - Names

    func process(_ key: ProcessKey?) -> ProcessIdentity? { key.flatMap { processes[$0] } }

    func container(of key: ProcessKey?) -> KnownContainer? { key.flatMap { containersOfProcesses[$0] } }

    /// The container that has an address of its own.
    func container(with address: IPAddress) -> KnownContainer? {
        containersAtEndpoints[Endpoint(address, 0)]
    }

    /// The container that a connection to this endpoint reaches: by the port, published or listened on, else by the
    /// address.
    /// - Parameter client: who connects; a container's loopback addresses are its own, whatever the host publishes there.
    func container(at endpoint: Endpoint, from client: ProcessKey?) -> KnownContainer? {
        if endpoint.address.isLoopback, !network(of: client).isEmpty { return nil }
        return containersAtEndpoints[endpoint] ?? container(with: endpoint.address)
    }

    /// The service that a process is: its container's, else ADI_PROFILE_NAME, else the command's name.
    func serviceName(_ key: ProcessKey?) -> String? {
        if let container = container(of: key) { return container.identity.service }
        guard let process = process(key) else { return nil }
        if let name = process.profileName, !name.isEmpty { return name }
        return process.comm.isEmpty ? nil : process.comm
    }

    /// The profiled process that a connection to this endpoint reaches.
    ///
    /// Two containers may both listen on `0.0.0.0:8080`, each in its own network.
    /// - Parameter client: who connects.
    func listener(at endpoint: Endpoint, from client: ProcessKey?) -> ProcessKey? {
        if listeners.isEmpty { return nil }
        let isLoopback = endpoint.address.isLoopback
        if !isLoopback, let exact = listeners[endpoint]?.last { return exact }
        guard isLoopback || ownAddresses.contains(endpoint.address) else { return nil }
        // A container's address that a runtime told of is the container, and does not come here.
        let network = isLoopback ? network(of: client) : ""
        // Listening on `::` takes IPv4, too.
        let places = [endpoint.address, endpoint.address.v4 == nil ? .anyV6 : .anyV4, .anyV6]
        for place in places {
            let there = listeners[Endpoint(place, endpoint.port)] ?? []
            if let found = there.last(where: { self.network(of: $0) == network }) { return found }
        }
        return nil
    }

    /// The network that a process is in: empty for the host's, else the container's that has an address of its own.
    private func network(of key: ProcessKey?) -> String {
        guard let container = container(of: key), container.hasAddress else { return "" }
        return container.identity.id
    }
}

/// A container that is on the tape.
final class KnownContainer: Hashable {
    let identity: ContainerIdentity
    /// It has an address, and so a network, of its own; without one it is on the host's.
    fileprivate(set) var hasAddress = false
    /// The container as it stands in events, a JSON object.
    let json: [UInt8]

    static func == (a: KnownContainer, b: KnownContainer) -> Bool { a === b }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

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

extension IPAddress {
    fileprivate static let anyV4 = IPAddress(v4: 0)
    fileprivate static let anyV6 = IPAddress(high: 0, low: 0)

    /// 127.0.0.0/8 or `::1`.
    package var isLoopback: Bool {
        if let v4 { return v4 >> 24 == 127 }
        return high == 0 && low == 1
    }
}

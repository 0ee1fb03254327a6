/// Who is on the tape: processes, where they listen, and the containers that a runtime told of.
///
/// From these come the names of services (SPEC.md, section 5). A pcap has none of them.
package struct Participants: ~Copyable {
    private var processes: [ProcessKey: ProcessIdentity] = [:]
    private var listeners: [Endpoint: ProcessKey] = [:]
    private var containersOfProcesses: [ProcessKey: ContainerIdentity] = [:]
    private var containersAtEndpoints: [Endpoint: ContainerIdentity] = [:]
    /// Addresses of profiled processes' own ends: an unspecified listener (`0.0.0.0`) is reached there.
    private var ownAddresses: Set<IPAddress> = []
    /// Processes that ended, the oldest first: their connections may still have something to tell.
    private var ended: [ProcessKey] = []
    private let limit: Int
    /// Changes with each process that is heard of.
    package private(set) var revision: UInt64 = 0
    /// Facts that found no room.
    package private(set) var refused: UInt64 = 0

    package init(limits: Limits) { limit = limits.participants }

    // MARK: - Facts

    package mutating func add(_ process: ProcessIdentity) {
        revision &+= 1
        if hasRoom(processes.count, processes[process.key] != nil) { processes[process.key] = process }
    }

    package mutating func add(_ listening: Listening) {
        if hasRoom(listeners.count, listeners[listening.endpoint] != nil) {
            listeners[listening.endpoint] = listening.process
        }
    }

    package mutating func add(_ fact: ContainerFact) {
        switch fact.subject {
        case .process(let key):
            if hasRoom(containersOfProcesses.count, containersOfProcesses[key] != nil) {
                containersOfProcesses[key] = fact.container
            }
        case .endpoint(let endpoint):
            if hasRoom(containersAtEndpoints.count, containersAtEndpoints[endpoint] != nil) {
                containersAtEndpoints[endpoint] = fact.container
            }
        }
    }

    package mutating func add(ownAddress address: IPAddress) {
        if hasRoom(ownAddresses.count, ownAddresses.contains(address)) { ownAddresses.insert(address) }
    }

    /// The process has ended.
    ///
    /// What it listened on keeps its name until somebody else listens there: who connects to it now still means it.
    package mutating func end(_ key: ProcessKey) {
        guard processes[key] != nil else { return }
        ended.append(key)
        guard ended.count > limit / 4 else { return }
        for old in ended.prefix(limit / 8) {
            processes[old] = nil
            containersOfProcesses[old] = nil
        }
        let gone = Set(ended.prefix(limit / 8))
        listeners = listeners.filter { !gone.contains($0.value) }
        ended.removeFirst(limit / 8)
    }

    private mutating func hasRoom(_ count: Int, _ isKnown: Bool) -> Bool {
        if isKnown || count < limit { return true }
        refused &+= 1
        return false
    }

    // MARK: - Names

    package func process(_ key: ProcessKey?) -> ProcessIdentity? { key.flatMap { processes[$0] } }

    package func container(of key: ProcessKey?) -> ContainerIdentity? { key.flatMap { containersOfProcesses[$0] } }

    /// The container that is reached at an endpoint, or has its address.
    package func container(at endpoint: Endpoint) -> ContainerIdentity? {
        if containersAtEndpoints.isEmpty { return nil }
        return containersAtEndpoints[endpoint] ?? containersAtEndpoints[Endpoint(endpoint.address, 0)]
    }

    /// The service that a process is: its container's, else ADI_PROFILE_NAME, else the command's name.
    package func serviceName(_ key: ProcessKey?) -> String? {
        if let container = container(of: key) { return container.service }
        guard let process = process(key) else { return nil }
        if let name = process.profileName, !name.isEmpty { return name }
        return process.comm.isEmpty ? nil : process.comm
    }

    /// The profiled process that a connection to this endpoint reaches.
    package func listener(at endpoint: Endpoint) -> ProcessKey? {
        if listeners.isEmpty { return nil }
        if let exact = listeners[endpoint] { return exact }
        guard Self.isLoopback(endpoint.address) || ownAddresses.contains(endpoint.address) else { return nil }
        if endpoint.address.v4 != nil, let any = listeners[Endpoint(IPAddress(v4: 0), endpoint.port)] { return any }
        // Listening on `::` takes IPv4, too.
        return listeners[Endpoint(IPAddress(high: 0, low: 0), endpoint.port)]
    }

    private static func isLoopback(_ address: IPAddress) -> Bool {
        if let v4 = address.v4 { return v4 >> 24 == 127 }
        return address == IPAddress(high: 0, low: 1)
    }
}

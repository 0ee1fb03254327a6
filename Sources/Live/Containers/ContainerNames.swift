import Containers
import Shared

/// Whose a process and whose an address is, by what the runtime has said: tables that the capture looks into.
struct ContainerNames {
    private var containers: [String: RunningContainer] = [:]
    private var owners: [Endpoint: String] = [:]
    /// Containers that stopped; their addresses are theirs for a while, for the bytes in flight.
    private var stopped: [(id: String, since: Timestamp)] = []
    /// Processes in containers that the runtime has not told of yet, in the order in which they came.
    private var waiting: [(process: ProcessKey, places: [Cgroup.Place])] = []

    private static let grace: Int64 = 5_000_000_000
    private static let mostWaiting = 4096

    /// - Returns: the facts for the tape, in order.
    mutating func take(_ news: [ContainerWatch.News], now: Timestamp) -> [ContainerFact] {
        var facts: [ContainerFact] = []
        for item in news {
            switch item {
            case .known(let container): learn(container, &facts)
            case .stopped(let id): stopped.append((id, now))
            }
        }
        while let first = stopped.first, now.since(first.since) > Self.grace {
            stopped.removeFirst()
            forget(first.id, &facts)
        }
        return facts
    }

    private mutating func learn(_ container: RunningContainer, _ facts: inout [ContainerFact]) {
        let id = container.identity.id
        stopped.removeAll { $0.id == id }
        let isRenamed = containers[id].map { $0.identity != container.identity } ?? false
        let before = containers.updateValue(container, forKey: id)?.endpoints ?? []
        let endpoints = container.endpoints
        for endpoint in before where owners[endpoint] == id && !endpoints.contains(endpoint) {
            release(endpoint, &facts)
        }
        for endpoint in endpoints where owners[endpoint] != id || isRenamed {
            owners[endpoint] = id
            facts.append(ContainerFact(subject: .endpoint(endpoint), container: container.identity))
        }
        var left: [(process: ProcessKey, places: [Cgroup.Place])] = []
        for item in waiting {
            if isIn(container, item.places) {
                facts.append(ContainerFact(subject: .process(item.process), container: container.identity))
            } else {
                left.append(item)
            }
        }
        waiting = left
    }

    private mutating func forget(_ id: String, _ facts: inout [ContainerFact]) {
        guard let container = containers.removeValue(forKey: id) else { return }
        for endpoint in container.endpoints where owners[endpoint] == id { release(endpoint, &facts) }
    }

    private mutating func release(_ endpoint: Endpoint, _ facts: inout [ContainerFact]) {
        owners[endpoint] = nil
        facts.append(ContainerFact(subject: .endpoint(endpoint), container: nil))
    }

    /// The container that a process is in, or `nil`, for now.
    mutating func container(of process: ProcessKey) -> ContainerIdentity? {
        guard !waiting.contains(where: { $0.process == process }) else { return nil }
        let places = Cgroup.places(ProcFS.text("/proc/\(process.pid)/cgroup") ?? "")
        guard !places.isEmpty else { return nil }
        for place in places {
            if let container = containers[place.id], isIn(container, [place]) { return container.identity }
        }
        wait(process, places)
        return nil
    }

    /// A new process is where its parent is: it waits with it.
    mutating func follow(_ process: ProcessKey, parent: ProcessKey) {
        guard let places = waiting.first(where: { $0.process == parent })?.places else { return }
        wait(process, places)
    }

    private mutating func wait(_ process: ProcessKey, _ places: [Cgroup.Place]) {
        if waiting.count >= Self.mostWaiting { waiting.removeFirst() }
        waiting.append((process, places))
    }

    /// The runtime's first process must be in the same cgroup; before it has one, the identifier decides.
    private func isIn(_ container: RunningContainer, _ places: [Cgroup.Place]) -> Bool {
        let own = places.filter { $0.id == container.identity.id }
        guard !own.isEmpty else { return false }
        guard container.initPid > 0, let text = ProcFS.text("/proc/\(container.initPid)/cgroup") else { return true }
        let firsts = Cgroup.places(text)
        return own.contains { firsts.contains($0) }
    }
}

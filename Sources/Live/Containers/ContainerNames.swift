import Containers
import Shared

/// Whose a process and whose an address is, by what the runtime has said: tables that the capture looks into.
struct ContainerNames {
    private struct Known {
        var container: RunningContainer
        /// Where it is reached.
        var endpoints: [Endpoint]
        /// Where it is reached is what the runtime says now, or can say: not so before it has started, and after it has
        /// stopped, since it may start again.
        var isComplete: Bool
    }

    private var containers: [String: Known] = [:]
    /// The containers' first processes.
    private var firsts: [Int32: String] = [:]
    private var owners: [Endpoint: String] = [:]
    /// Changes of owners that wait, in the order of time.
    private var changes: [Change] = []
    /// Containers that stopped; their addresses are theirs for a while, for the bytes in flight.
    private var stopped: [(id: String, since: Int64)] = []
    /// All records that were made before were read, by the monotonic clock.
    private var now: Int64 = 0
    /// What the tape has not been told yet.
    private var facts: [ContainerFact] = []
    private var waiting = WaitingProcesses()
    /// Containers of which the runtime has not told, or not all, and that nobody has asked for.
    private var unknown: [String] = []
    /// Those that were asked for: once is enough.
    private var asked: Set<String> = []

    /// Those of which nothing more can be asked.
    private var absent: Set<String> = []
    /// The machine's own, on which published ports are reached.
    private var hostAddresses: [IPAddress] = []

    /// An address goes to its next owner, or to none.
    ///
    /// The runtime is heard of while records from before wait in the ring buffer: what they tell of is the old owner's.
    private struct Change {
        /// The first record that was made so late comes after it.
        var since: Int64
        var endpoint: Endpoint
        var id: String
        var isGain: Bool
    }

    /// Longer than records ever wait (`NamePause`), nanoseconds.
    private static let grace: Int64 = 2_000_000_000
    private static let mostAsked = 4096
    /// So far up a container's first process is looked for.
    private static let mostAncestors = 16

    /// When addresses change their owners next, by the monotonic clock.
    var nextChange: Int64 { changes.first?.since ?? .max }

    /// - Parameter now: all records that were made before were read, by the monotonic clock.
    /// - Returns: the facts for the tape, in order.
    mutating func take(_ news: [ContainerWatch.News], now: Int64) -> [ContainerFact] {
        self.now = now
        let due = changes.prefix { $0.since <= now }
        changes.removeFirst(due.count)
        for change in due { make(change) }
        for item in news {
            switch item {
            case .created(let container):
                let id = container.identity.id
                if containers[id] == nil { learn(container, since: now, isComplete: absent.contains(id)) }
            case .known(let container, let heard):
                let isRunning = container.initPid > 0 || !container.addresses.isEmpty
                learn(container, since: start(container) ?? heard, isComplete: isRunning)
            case .absent(let id): miss(id)
            case .stopped(let id): stop(id)
            case .listed(let ids):
                let running = Set(ids)
                for id in containers.keys.sorted() where !running.contains(id) { stop(id) }
            case .hostAddresses(let addresses):
                hostAddresses = addresses
                for id in containers.keys.sorted() where !stopped.contains(where: { $0.id == id }) {
                    reach(id, claims: .new, since: now)
                }
            }
        }
        while let first = stopped.first, now &- first.since > Self.grace {
            stopped.removeFirst()
            forget(first.id)
        }
        defer { facts = [] }
        return facts
    }

    /// Since when a container that has started is reached where it is: nothing connects to it before its first process.
    /// - Returns: `nil` where it ran before, and was given another address, and where it is gone.
    private func start(_ container: RunningContainer) -> Int64? {
        let before = containers[container.identity.id]
        guard container.initPid > 0, before?.container.initPid != container.initPid || before?.endpoints.isEmpty == true
        else { return nil }
        return ProcFS.start(container.initPid)
    }

    /// - Parameter since: from when on it is reached where it is.
    private mutating func learn(_ container: RunningContainer, since: Int64, isComplete: Bool) {
        let id = container.identity.id
        stopped.removeAll { $0.id == id }
        if isComplete {
            absent.remove(id)
            asked.remove(id)
            unknown.removeAll { $0 == id }
        }
        let before = containers[id]
        if let first = before?.container.initPid, firsts[first] == id { firsts[first] = nil }
        if container.initPid > 0 { firsts[container.initPid] = id }
        containers[id] = Known(
            container: container, endpoints: before?.endpoints ?? [], isComplete: isComplete)
        let isRenamed = before.map { $0.container.identity != container.identity } ?? false
        reach(id, claims: isRenamed ? .renamed : .all, since: since)
        for process in waiting.release(where: { Self.isIn(container, $0) }) {
            facts.append(ContainerFact(subject: .process(process), container: container.identity))
        }
    }

    private enum Claims {
        /// What the runtime says now, whoever had it before.
        case all
        /// The same, told again under another name.
        case renamed
        /// Only what comes with the host's addresses: the rest may be somebody else's since.
        case new
    }

    /// Where the container is reached now, and where no longer.
    private mutating func reach(_ id: String, claims: Claims, since: Int64) {
        guard let known = containers[id] else { return }
        let endpoints = known.container.endpoints(host: hostAddresses)
        containers[id]?.endpoints = endpoints
        var changes = known.endpoints.filter { owners[$0] == id && !endpoints.contains($0) }.map {
            Change(since: since, endpoint: $0, id: id, isGain: false)
        }
        for endpoint in endpoints where owners[endpoint] != id || claims == .renamed {
            if claims == .new, known.endpoints.contains(endpoint) { continue }
            changes.append(Change(since: since, endpoint: endpoint, id: id, isGain: true))
        }
        for change in changes {
            // Nobody's address is its first owner's at once: the first connection may have come before the news.
            let isTaken = owners[change.endpoint].map { $0 != id || !change.isGain } ?? false
            if isTaken, since > now { wait(change) } else { make(change) }
        }
    }

    private mutating func wait(_ change: Change) {
        changes.insert(change, at: changes.firstIndex { $0.since > change.since } ?? changes.endIndex)
    }

    /// The container may have been told otherwise since.
    private mutating func make(_ change: Change) {
        guard let known = containers[change.id], known.endpoints.contains(change.endpoint) == change.isGain else {
            return
        }
        if change.isGain {
            owners[change.endpoint] = change.id
            facts.append(ContainerFact(subject: .endpoint(change.endpoint), container: known.container.identity))
        } else if owners[change.endpoint] == change.id {
            release(change.endpoint)
        }
    }

    /// It has ended, or is another runtime's: more than is known of it now will not be known.
    private mutating func miss(_ id: String) {
        guard containers[id] != nil else {
            if asked.contains(id) { absent.insert(id) }
            return
        }
        containers[id]?.isComplete = true
        asked.remove(id)
    }

    private mutating func stop(_ id: String) {
        guard containers[id] != nil, !stopped.contains(where: { $0.id == id }) else { return }
        stopped.append((id, now))
        containers[id]?.isComplete = false
    }

    private mutating func forget(_ id: String) {
        guard let known = containers.removeValue(forKey: id) else { return }
        if firsts[known.container.initPid] == id { firsts[known.container.initPid] = nil }
        for endpoint in known.endpoints where owners[endpoint] == id { release(endpoint) }
    }

    private mutating func release(_ endpoint: Endpoint) {
        owners[endpoint] = nil
        facts.append(ContainerFact(subject: .endpoint(endpoint), container: nil))
    }

    // MARK: - Processes

    /// The container that a process is in, or `nil`, for now.
    /// - Parameter cgroup: the names of its cgroup and of those above, where the kernel has told: /proc has forgotten a
    ///   process that lived for a moment.
    mutating func container(of process: ProcessKey, cgroup: [String] = []) -> ContainerIdentity? {
        guard !waiting.isInCgroup(process) else { return nil }
        // It may have been put into a container since.
        waiting.remove(process)
        var places = Cgroup.places(ProcFS.text("/proc/\(process.pid)/cgroup") ?? "")
        if places.isEmpty { places = Cgroup.identifiers(cgroup).map { Cgroup.Place(id: $0, path: nil) } }
        guard !places.isEmpty else {
            let line = Self.line(process)
            if let id = line.compactMap({ firsts[$0.pid] }).first { return containers[id]?.container.identity }
            waiting.add(process, .line(line))
            return nil
        }
        for place in places {
            guard let known = containers[place.id], Self.isIn(known.container, .cgroups([place])) else { continue }
            // Where a container is reached has to be known before its process is called.
            if !known.isComplete { ask(place.id) }
            return known.container.identity
        }
        waiting.add(process, .cgroups(places))
        if places.allSatisfy({ containers[$0.id] == nil }) { ask(places[0].id) }
        return nil
    }

    /// A new process is where its parent is: it waits with it.
    mutating func follow(_ process: ProcessKey, parent: ProcessKey) { waiting.add(process, like: parent) }

    /// The runtime's first process must be in the same cgroup; before it has one, the identifier decides.
    private static func isIn(_ container: RunningContainer, _ whereabouts: Whereabouts) -> Bool {
        let places: [Cgroup.Place]
        switch whereabouts {
        case .cgroups(let found): places = found
        case .line(let line):
            guard let ancestor = line.first(where: { $0.pid == container.initPid }) else { return false }
            return ProcFS.key(container.initPid) == ancestor
        }
        let own = places.filter { $0.id == container.identity.id }
        guard !own.isEmpty else { return false }
        guard container.initPid > 0, let text = ProcFS.text("/proc/\(container.initPid)/cgroup") else { return true }
        let firsts = Cgroup.places(text)
        return own.contains { $0.path == nil || firsts.contains($0) }
    }

    /// The process and those that it descends from: a container without a cgroup of its own (`podman run
    /// --cgroups=disabled`, rootless Podman with cgroup v1) is its first process and what that has started.
    private static func line(_ process: ProcessKey) -> [ProcessKey] {
        var line = [process]
        while line.count < mostAncestors, let last = line.last, let parent = ProcFS.parent(last.pid), parent > 1,
            let key = ProcFS.key(parent)
        { line.append(key) }
        return line
    }

    // MARK: - Asking

    private mutating func ask(_ id: String) {
        if asked.count >= Self.mostAsked {
            asked = []
            absent = []
        }
        if asked.insert(id).inserted { unknown.append(id) }
    }

    /// Whether a process is in a container that has to be asked for.
    var hasUnknown: Bool { !unknown.isEmpty }

    /// The containers that have to be asked for, each once.
    mutating func takeUnknown() -> [String] {
        defer { unknown = [] }
        return unknown
    }

    /// Whether the runtime has told of all of these.
    func knows(_ ids: [String]) -> Bool { ids.allSatisfy { containers[$0]?.isComplete == true } }
}

import Console
import Containers
import Dispatch
import Glibc
import Shared
import Synchronization

/// Asks a container runtime, on threads of its own, and keeps what it said until the capture takes it.
///
/// One thread lists the containers and then listens to what happens to them; another asks for single ones. Neither is
/// ever waited for: a runtime that is slow, gone or out of its mind costs names, and nothing else.
final class ContainerWatch: Sendable {
    enum News {
        /// It is about to be started; no more than its name is known.
        case created(RunningContainer)
        /// - Parameter heard: when the runtime said so, by the monotonic clock.
        case known(RunningContainer, heard: Int64)
        case stopped(String)
        /// There is none of this identifier, or it has ended.
        case absent(String)
        /// These are all that run.
        case listed([String])
        /// The machine's own addresses.
        case hostAddresses([IPAddress])
    }

    /// What the capture waits for at its start, seconds: the names of what runs already.
    private static let firstPatience = 2.0
    /// Before a runtime is asked again that did not answer, seconds; each pause is twice the one before.
    private static let shortestPause: UInt32 = 1
    private static let longestPause: UInt32 = 8

    private let news = Mutex<[News]>([])
    private let errands = Errands()
    private let host: Mutex<(machine: RuntimeHost, addresses: [IPAddress])>
    private let answered = Atomic<Int>(0)
    private let hasWarned = Atomic<Bool>(false)
    private let listed = DispatchSemaphore(value: 0)
    private let socket: String
    private let namespace: String
    /// What the runtime speaks; `nil` until it has said.
    private let directory = Mutex<(any ContainerDirectory & Sendable)?>(nil)

    /// - Parameter namespace: the one of containerd's.
    /// - Throws: where nothing listens on the socket.
    init(socket: String, namespace: String = LiveSettings().containerNamespace) throws(Failure) {
        self.socket = socket
        self.namespace = namespace
        if let reason = RuntimeHost.refusal(socket) {
            throw Failure(
                "CONTAINERD_SOCKET (--container-socket) \(socket): \(reason); name the socket of a runtime that runs, or leave it out"
            )
        }
        host = Mutex((RuntimeHost(socket: socket), []))
        // Each for itself, for as long as the program runs.
        DispatchQueue(label: "container events").async { self.listen() }
        DispatchQueue(label: "container errands").async { self.inspect() }
        _ = listed.wait(timeout: .now() + Self.firstPatience)
    }

    /// Takes what the runtime has said since the last call.
    func take() -> [News] {
        news.withLock { news in
            guard !news.isEmpty else { return [] }
            defer { news = [] }
            return news
        }
    }

    /// Asks for a container; the answer, if there is one, is among the news.
    func ask(_ id: String) { errands.add(.inspect(id)) }

    /// How many questions the runtime has answered.
    var answers: Int { answered.load(ordering: .relaxed) }

    private func put(_ item: News) { news.withLock { $0.append(item) } }

    private func listen() {
        var pause = Self.shortestPause
        while true {
            var reason = "it has closed the connection"
            do {
                let before = Clock.wall
                let directory = try RuntimeAPI.directory(UnixHTTP(socket: socket), namespace: namespace)
                self.directory.withLock { $0 = directory }
                let containers = try directory.containers()
                pause = Self.shortestPause
                answered.add(1, ordering: .relaxed)
                host.withLock { $0.machine = RuntimeHost(socket: socket) }
                putHostAddresses()
                let heard = Clock.monotonic
                for container in containers { put(.known(container, heard: heard)) }
                put(.listed(containers.map(\.identity.id)))
                errands.addLater(containers.map { .inspect($0.identity.id) })
                listed.signal()
                try directory.changes(since: before) { change in
                    switch change {
                    case .created(let container): put(.created(container))
                    case .changed(let id): errands.add(.inspect(id))
                    case .stopped(let id): errands.add(.stopped(id))
                    }
                    return true
                }
            } catch { reason = "\(error)" }
            complain(reason)
            listed.signal()
            sleep(pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func inspect() {
        while true {
            switch errands.next() {
            case .stopped(let id): put(.stopped(id))
            case .inspect(let id):
                // Before there is one, the list will tell.
                guard let directory = directory.withLock({ $0 }) else { continue }
                do {
                    let container = try directory.container(id)
                    answered.add(1, ordering: .relaxed)
                    guard let container else {
                        put(.absent(id))
                        continue
                    }
                    // A network that came with it has given the machine an address more.
                    putHostAddresses()
                    put(.known(container, heard: Clock.monotonic))
                } catch { complain("\(error)") }
            }
        }
    }

    private func putHostAddresses() {
        host.withLock { host in
            let addresses = host.machine.addresses
            guard addresses != host.addresses else { return }
            host.addresses = addresses
            put(.hostAddresses(addresses))
        }
    }

    private func complain(_ reason: String) {
        guard !hasWarned.exchange(true, ordering: .relaxed) else { return }
        Terminal.complain(
            "CONTAINERD_SOCKET \(socket): the container runtime does not answer (\(reason)); new containers stay without names until it does"
        )
    }
}

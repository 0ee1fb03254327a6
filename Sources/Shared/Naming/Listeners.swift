/// Where profiled processes accept connections, each in its network: an address means something only within one.
///
/// Who answers a connection is known for sure where its other end is on the tape: then any connection of the same client to
/// the same place has the same server. Else a listener in the client's own network namespace counts. A listener of another
/// network says nothing, and neither does one of which nobody knows the network.
struct Listeners: ~Copyable {
    private(set) var places: [Endpoint: [Listener]] = [:]
    /// Addresses of profiled processes' own ends: a listener without an address (`0.0.0.0`) is reached there.
    private(set) var ownAddresses: Set<OwnAddress> = []
    /// Who answers whom, by connections of which both ends are on the tape.
    private(set) var answers: [Question: Told<ProcessKey>] = [:]

    struct Listener {
        var process: ProcessKey
        /// Of its socket.
        var namespace: NetworkNamespace?
        /// When that was told of last.
        var at: Timestamp

        /// Only one of them can be: in one network the latest, and of each process of which no network is known.
        func isInPlace(of other: Listener) -> Bool {
            namespace == other.namespace && (namespace != nil || process == other.process)
        }
    }

    /// What is known of the network that somebody is in.
    struct Network {
        var namespace: NetworkNamespace?
        /// The container that the process is in, where it has a network of its own.
        var container: String?

        /// It is certain that the two are one.
        func isSame(as other: Network) -> Bool {
            if let namespace, let others = other.namespace { return namespace == others }
            return container != nil && container == other.container
        }
    }

    struct OwnAddress: Hashable {
        var address: IPAddress
        var namespace: NetworkNamespace
    }

    struct Question: Hashable {
        var place: Endpoint
        var client: ProcessKey
    }

    init() {}

    /// Places at which somebody listens.
    var count: Int { places.count }

    func isKnown(_ endpoint: Endpoint) -> Bool { places[endpoint] != nil }

    /// Takes where a process accepts connections; in one network the latest counts.
    /// - Returns: whether that is news.
    mutating func add(
        _ process: ProcessKey, at endpoint: Endpoint, in namespace: NetworkNamespace?, _ moment: Timestamp
    ) -> Bool {
        let listener = Listener(process: process, namespace: namespace, at: moment)
        var known = places[endpoint] ?? []
        if let last = known.last, last.process == process, last.namespace == namespace {
            if last.at < moment {
                known[known.count - 1].at = moment
                places[endpoint] = known
            }
            return false
        }
        if known.contains(where: { $0.isInPlace(of: listener) && moment < $0.at }) { return false }
        known.removeAll { $0.isInPlace(of: listener) }
        // The latest is the last.
        let place = known.firstIndex { moment < $0.at } ?? known.count
        known.insert(listener, at: place)
        if known.count > Self.listenersOfPlace { known.removeFirst() }
        places[endpoint] = known
        return true
    }

    /// Two containers may both listen on `0.0.0.0:8080`; a machine has hundreds of networks at the most.
    private static let listenersOfPlace = 512

    /// Takes an address of a network: a profiled process was seen to use it as its own.
    /// - Returns: whether that is news.
    mutating func add(ownAddress address: IPAddress, in namespace: NetworkNamespace, limit: Int) -> Bool {
        ownAddresses.count < limit
            && ownAddresses.insert(OwnAddress(address: address, namespace: namespace)).inserted
    }

    /// Takes who answered a client's connection.
    /// - Returns: whether that is news.
    mutating func add(
        answer: ProcessKey, to client: ProcessKey, at endpoint: Endpoint, _ moment: Timestamp, limit: Int
    ) -> Bool {
        let question = Question(place: endpoint, client: client)
        let known = answers[question]
        guard known != nil || answers.count < limit else { return false }
        Told.add(answer, at: moment, to: &answers[question])
        return known?.value != answers[question]?.value
    }

    /// Where who listens, in the order of places.
    var facts: [Listening] {
        places.keys.sorted().flatMap { place in
            (places[place] ?? []).map {
                Listening(process: $0.process, endpoint: place, networkNamespace: $0.namespace)
            }
        }
    }

    /// Forgets processes that ended long ago.
    mutating func remove(_ gone: Set<ProcessKey>) {
        places = places.mapValues { $0.filter { !gone.contains($0.process) } }.filter { !$0.value.isEmpty }
        answers = answers.filter { !gone.contains($0.key.client) && !gone.contains($0.value.value) }
    }

    /// The profiled process that a connection to this place reaches.
    /// - Parameters:
    ///   - network: of the client.
    ///   - container: of a process, where it has a network of its own.
    func process(
        at endpoint: Endpoint, from client: ProcessKey, in network: Network, container: (ProcessKey) -> String?
    ) -> ProcessKey? {
        if let answer = answers[Question(place: endpoint, client: client)] { return answer.value }
        if places.isEmpty { return nil }
        let isOwn =
            endpoint.address.isLoopback
            || network.namespace.map { ownAddresses.contains(OwnAddress(address: endpoint.address, namespace: $0)) }
                ?? false
        // Listening on `::` takes IPv4, too.
        let any = isOwn ? [endpoint.address.v4 == nil ? IPAddress.anyV6 : .anyV4, .anyV6] : []
        for address in [endpoint.address] + any {
            let there = places[Endpoint(address, endpoint.port)] ?? []
            let found = there.last {
                Network(namespace: $0.namespace, container: container($0.process)).isSame(as: network)
            }
            if let found { return found.process }
        }
        return nil
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

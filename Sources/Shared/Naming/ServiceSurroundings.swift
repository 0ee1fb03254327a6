/// What the processes of services were told by their environments, where they listen, and where they reached others.
///
/// Values of variables are in it: it is used to tell what a variable is for, and dropped.
package struct ServiceSurroundings: Sendable {
    package init() {}
    var services: [String: Service] = [:]
    /// Names that the user gave to addresses.
    var givenNames: Set<String> = []

    struct Service: Sendable {
        /// The values that each variable has in the service's processes; of two entries of one name the first counts, as for
        /// getenv(3).
        var variables: [String: Set<String>] = [:]
        /// Ports on which they accept connections.
        var listening: Set<UInt16> = []
        /// Where each destination was reached.
        var reached: [String: Set<ReachedPlace>] = [:]
    }
}

/// Where a client reached somebody.
struct ReachedPlace: Hashable, Sendable {
    /// `nil` where a proxy stands between: its address says nothing of who is behind it.
    var endpoint: Endpoint?
    /// As the traffic named it, or a server of names had.
    var host: String?
    /// Of the host, as the traffic named it, or of the endpoint; 0: not known.
    var port: UInt16
}

/// Who reached whom where, by identity, in one run.
struct ReachedPlaces {
    private(set) var places: [Way: Set<Place>] = [:]
    private(set) var refused: UInt64 = 0
    private var count = 0
    private let limit: Int

    struct Way: Hashable {
        var source: PartyID
        var destination: PartyID
    }

    struct Place: Hashable {
        var endpoint: Endpoint?
        var host: Party.TextID?
        var port: UInt16
    }

    init(limit: Int) { self.limit = limit }

    mutating func add(_ place: Place, _ way: Way) {
        guard places[way]?.contains(place) != true else { return }
        guard count < limit else {
            refused &+= 1
            return
        }
        count += 1
        places[way, default: []].insert(place)
    }
}

extension Naming {
    /// What is known around the services, by the names that they have by now.
    var surroundings: ServiceSurroundings {
        var found = ServiceSurroundings()
        for (key, process) in participants.processes {
            guard let name = participants.serviceName(key), case .block(let block) = process.value.environment else {
                continue
            }
            var known: Set<String> = []
            for entry in block.split(separator: 0) {
                let equals = entry.firstIndex(of: UInt8(ascii: "=")) ?? entry.endIndex
                let variable = String(decoding: entry[..<equals], as: UTF8.self)
                guard known.insert(variable).inserted else { continue }
                let value = String(decoding: entry[equals...].dropFirst(), as: UTF8.self)
                found.services[name, default: .init()].variables[variable, default: []].insert(value)
            }
        }
        for fact in participants.listeners.facts {
            guard let name = participants.serviceName(fact.process) else { continue }
            found.services[name, default: .init()].listening.insert(fact.endpoint.port)
        }
        for (way, places) in reached?.places ?? [:] {
            let (source, destination) = (name(of: way.source).text, name(of: way.destination).text)
            let texts = places.map {
                ReachedPlace(endpoint: $0.endpoint, host: $0.host.map { string($0) }, port: $0.port)
            }
            found.services[source, default: .init()].reached[destination, default: []].formUnion(texts)
        }
        for index in parties.indices {
            let name = name(of: PartyID(raw: UInt32(index)))
            if name.rule == .user { found.givenNames.insert(name.text) }
        }
        return found
    }
}

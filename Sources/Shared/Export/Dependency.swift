/// Who was seen to reach whom, and where: all that one service talks with another, whatever the protocol.
struct Dependency: Equatable {
    /// As the map calls them.
    var source: String
    var destination: String
    /// What the two are called as workloads; `nil` for an address, a host of elsewhere, the own machine.
    var caller: String?
    var workload: String?
    /// At which the destination was reached; none where nothing tells.
    var ports: Set<UInt16> = []
    /// Of the destination; none where nothing tells, or a proxy stands between.
    var addresses: Set<IPAddress> = []
    /// So many things that were asked of others which the map does not tell apart (`SeriesLimit`): who they are is not known.
    var folded: UInt64 = 0
    /// The lookups of names, and nothing else.
    var looksUpNames = true
    /// All of it only keeps things running: lookups of names, health checks, telemetry, questions to the own machine.
    var isSupporting = true

    /// It stays on the machine, or within the pod.
    var isLocal: Bool {
        let isNamedSo =
            destination.prefix { $0 != ":" } == "localhost" || IPAddress.ofHost(destination)?.isLoopback == true
        // A Unix socket, by its path or its name.
        if destination.hasPrefix("/") || destination.hasPrefix("@") { return true }
        return workload == nil && (addresses.isEmpty ? isNamedSo : addresses.allSatisfy(\.isLoopback))
    }

    /// Two programs of one machine, which nothing tells apart: in a cluster, or a composition, they may be two services.
    var isUnnamed: Bool {
        caller == nil && workload == nil && !isSupporting && IPAddress.ofHost(destination)?.isLoopback == true
    }

    /// All that the map has, by source and destination.
    /// - Parameter surroundings: where services reached others; a state has none of that.
    static func all(in map: ServiceMapDocument, _ surroundings: ServiceSurroundings) -> [Dependency] {
        let callers = Set(map.services.map(\.name))
        let names = DestinationNames(given: surroundings.givenNames)
        return map.services.flatMap { service in
            var found: [String: Dependency] = [:]
            func add(_ destination: String, _ type: DestinationType, _ change: (inout Dependency) -> Void) {
                change(
                    &found[
                        destination,
                        default: Dependency(
                            source: service.name, destination: destination,
                            caller: workload(service.name, isOwn: true, names),
                            workload: workload(
                                destination, isOwn: type != .external || callers.contains(destination), names))])
            }
            for endpoint in service.endpoints {
                let isSupporting =
                    SupportingTraffic.of(
                        method: endpoint.method, path: endpoint.path, destination: endpoint.destination) != nil
                    || endpoint.path.hasPrefix("/opentelemetry.proto.collector.")
                add(endpoint.destination, endpoint.destinationType) {
                    $0.looksUpNames = false
                    if !isSupporting { $0.isSupporting = false }
                    // Of a destination that is known only what is asked of it is not.
                    if endpoint.destination == ServiceMapDocument.other { $0.folded &+= endpoint.series }
                }
            }
            for connection in service.connections {
                let looksUp = connection.category == "name_service"
                add(connection.destination, connection.destinationType) {
                    if connection.port > 0 { $0.ports.insert(connection.port) }
                    if !looksUp { $0.looksUpNames = false }
                    if !looksUp, !SupportingTraffic.isMetadata(connection.destination) { $0.isSupporting = false }
                }
            }
            let reached = surroundings.services[service.name]?.reached ?? [:]
            return found.values.sorted { $0.destination.utf8.lexicographicallyPrecedes($1.destination.utf8) }.map {
                var dependency = $0
                for place in reached[dependency.destination] ?? [] {
                    guard let endpoint = place.endpoint else { continue }
                    dependency.ports.insert(endpoint.port)
                    dependency.addresses.insert(endpoint.address)
                }
                return dependency
            }
        }
    }

    /// - Parameter isOwn: it is a process or a container, or calls somebody.
    private static func workload(_ name: String, isOwn: Bool, _ names: DestinationNames) -> String? {
        guard isOwn || names.given.contains(name) else { return names.shown(name, .external) }
        let host = name.withoutPort
        return IPAddress.ofHost(name) != nil || host == "localhost" || host == "unknown" ? nil : host
    }
}

extension IPAddress {
    /// Of `10.0.0.7`, `10.0.0.7:80` and `[fd00::7]:80`; `nil` for a host with a name.
    static func ofHost(_ text: String) -> IPAddress? {
        if let address = IPAddress(text) { return address }
        let host = text.withoutPort
        return IPAddress(host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host)
    }
}

extension String {
    /// Without what stands behind the last colon, where that is a number.
    fileprivate var withoutPort: String {
        guard let colon = lastIndex(of: ":"), self[index(after: colon)...].utf8.allSatisfy(ASCII.isDigit) else {
            return self
        }
        return String(self[..<colon])
    }
}

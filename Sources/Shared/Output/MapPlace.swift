/// A place of the map as people see it: a service, whom it calls (or, turned round, who calls it), or what is asked there.
package enum MapPlace: Hashable, Sendable {
    case service(String)
    case peer(String, String)
    case operation(String, String, protocolName: String, method: String, name: String)

    /// The service that it is below.
    package var service: String {
        switch self {
        case .service(let name), .peer(let name, _), .operation(let name, _, _, _, _): name
        }
    }

    package var peer: String? {
        switch self {
        case .service: nil
        case .peer(_, let name), .operation(_, let name, _, _, _): name
        }
    }

    /// Where it is not there any more, what it was a part of.
    package var parent: MapPlace? {
        switch self {
        case .service: nil
        case .peer(let service, _): .service(service)
        case .operation(let service, let peer, _, _, _): .peer(service, peer)
        }
    }
}

extension MapView {
    /// What has a text in its name, and what that is a part of, or has a part of; all where the text is empty.
    package func containing(_ text: String) -> MapView {
        guard !text.isEmpty else { return self }
        let wanted = text.lowercased()
        func has(_ name: String) -> Bool { name.lowercased().contains(wanted) }
        var view = self
        view.services = services.compactMap { service in
            guard !has(service.name) else { return service }
            var service = service
            service.peers = service.peers.compactMap { peer in
                guard !has(peer.name) else { return peer }
                var peer = peer
                peer.operations = peer.operations.filter { has("\($0.method) \($0.name)") }
                peer.connections = peer.connections.filter { has($0.protocolName) }
                return peer.operations.isEmpty && peer.connections.isEmpty ? nil : peer
            }
            return service.peers.isEmpty ? nil : service
        }
        return view
    }
}

extension ServiceMapDocument {
    /// What the first versions had: HTTP exchanges, connections to databases, caches and message buses, and failed connects.
    var compat: ServiceMapDocument {
        var document = self
        for service in document.services.indices {
            for connection in document.services[service].connections.indices {
                document.services[service].connections[connection].operations = []
            }
        }
        let services = document.services
        document.services = services.compactMap { service in
            let isNew = { (connection: Connection) in !connection.isService && connection.failures.isEmpty }
            guard service.connections.contains(where: isNew) else { return service }
            var service = service
            service.connections.removeAll(where: isNew)
            let first = service.endpoints.map(\.firstSeen) + service.connections.map(\.firstSeen)
            let last = service.endpoints.map(\.lastSeen) + service.connections.map(\.lastSeen)
            guard let first = first.min(), let last = last.max() else { return nil }
            service.firstSeen = first
            service.lastSeen = last
            return service
        }
        return document
    }
}

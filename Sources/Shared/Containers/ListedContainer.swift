// The names of the fields are the API's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

package import FoundationEssentials
package import Shared

/// A container as the Docker Engine API lists it: all of them in one answer, without the pids of their first processes.
package struct ListedContainer: Decodable {
    private var Id: String
    private var Names: [String]?
    private var Image: String?
    private var Labels: [String: String]?
    private var Ports: [Port]?
    private var NetworkSettings: NetworkFields?

    private struct Port: Decodable {
        var IP: String?
        var PublicPort: Int?
        var `Type`: String?
    }
    private struct NetworkFields: Decodable { var Networks: [String: Network?]? }
    private struct Network: Decodable {
        var IPAddress: String?
        var GlobalIPv6Address: String?
        var Gateway: String?
        var IPv6Gateway: String?
    }

    package var container: RunningContainer {
        // A link to it from another container has a name, too: `/other/alias`.
        let name = Names?.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }.first { !$0.contains("/") } ?? Id
        let networks = (NetworkSettings?.Networks ?? [:]).sorted { $0.key < $1.key }.compactMap(\.value)
        return RunningContainer(
            identity: ContainerIdentity(
                service: ContainerLabels.service(Labels ?? [:]) ?? name, image: ContainerLabels.tagged(Image ?? ""),
                id: Id, name: name),
            addresses: InspectedContainer.addresses(networks.flatMap { [$0.IPAddress, $0.GlobalIPv6Address] }),
            published: (Ports ?? []).flatMap { port -> [Endpoint] in
                guard port.Type != "udp", let number = port.PublicPort.flatMap({ UInt16(exactly: $0) }) else {
                    return []
                }
                return PublishedPort.endpoints(port.IP, number)
            },
            gateways: InspectedContainer.addresses(networks.flatMap { [$0.Gateway, $0.IPv6Gateway] }))
    }

    /// Reads the list.
    package static func read(_ bytes: Data) throws -> [ListedContainer] {
        try JSONDecoder().decode([ListedContainer].self, from: bytes)
    }
}

/// A port of the host that is a container's.
package enum PublishedPort {
    /// - Parameter host: the host's address; nothing stands for all of them, of both kinds.
    package static func endpoints(_ host: String?, _ port: UInt16) -> [Endpoint] {
        guard port > 0 else { return [] }
        guard let host, !host.isEmpty else {
            return [Endpoint(IPAddress(v4: 0), port), Endpoint(IPAddress(high: 0, low: 0), port)]
        }
        return IPAddress(host).map { [Endpoint($0, port)] } ?? []
    }
}

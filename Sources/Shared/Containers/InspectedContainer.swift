// The names of the fields are the API's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

package import FoundationEssentials
import Shared

/// A container as `docker inspect`, `podman inspect`, `nerdctl inspect` and the Docker Engine API have it.
///
/// Fields that are not used, not known or not there are no error: versions differ.
package struct InspectedContainer: Decodable {
    private var Id: String
    private var Name: String?
    private var Image: String?
    private var ImageName: String?
    private var State: StateFields?
    private var Config: ConfigFields?
    private var NetworkSettings: NetworkFields?

    private struct StateFields: Decodable {
        var Pid: Int?
        var Running: Bool?
        var Status: String?
    }
    private struct ConfigFields: Decodable {
        var Image: String?
        var Labels: [String: String]?
    }
    private struct NetworkFields: Decodable {
        var IPAddress: String?
        var GlobalIPv6Address: String?
        var Ports: [String: [Binding]?]?
        var Networks: [String: Network?]?
    }
    private struct Binding: Decodable {
        var HostIp: String?
        var HostPort: String?
    }
    private struct Network: Decodable {
        var IPAddress: String?
        var GlobalIPv6Address: String?
        var Gateway: String?
        var IPv6Gateway: String?
    }

    /// Whether it runs; a runtime that says nothing of it is believed to mean so.
    package var isRunning: Bool { State?.Running ?? true }

    /// Whether it ran and does not any more; one that was made and not yet started has not.
    package var hasEnded: Bool { ["exited", "stopped", "dead", "removing"].contains(State?.Status) }

    package var container: RunningContainer {
        let labels = Config?.Labels ?? [:]
        let ownName = Name.map { String($0.hasPrefix("/") ? $0.dropFirst() : $0[...]) } ?? ""
        let name = ownName.isEmpty ? Id : ownName
        let image = [Config?.Image, ImageName, Image].compactMap { $0 }.first { !$0.isEmpty } ?? ""
        let networks = (NetworkSettings?.Networks ?? [:]).sorted { $0.key < $1.key }.compactMap(\.value)
        let texts =
            [NetworkSettings?.IPAddress, NetworkSettings?.GlobalIPv6Address]
            + networks.flatMap { [$0.IPAddress, $0.GlobalIPv6Address] }
        return RunningContainer(
            identity: ContainerIdentity(
                service: ContainerLabels.service(labels) ?? name, image: ContainerLabels.tagged(image), id: Id,
                name: name),
            initPid: State?.Pid.flatMap { Int32(exactly: $0) } ?? 0, addresses: Self.addresses(texts),
            published: published, gateways: Self.addresses(networks.flatMap { [$0.Gateway, $0.IPv6Gateway] }))
    }

    private var published: [Endpoint] {
        (NetworkSettings?.Ports ?? [:]).sorted { $0.key < $1.key }.filter { !$0.key.hasSuffix("/udp") }
            .flatMap { $0.value ?? [] }.flatMap { binding -> [Endpoint] in
                binding.HostPort.flatMap { UInt16($0) }.map { PublishedPort.endpoints(binding.HostIp, $0) } ?? []
            }
    }

    static func addresses(_ texts: [String?]) -> [IPAddress] {
        var found: [IPAddress] = []
        for case let text? in texts {
            if let address = IPAddress(text), !found.contains(address) { found.append(address) }
        }
        return found
    }

    /// Reads an inspect command's output: an array, or one object.
    package static func read(_ bytes: Data) throws -> [InspectedContainer] {
        let decoder = JSONDecoder()
        do { return try decoder.decode([InspectedContainer].self, from: bytes) } catch {
            guard let one = try? decoder.decode(InspectedContainer.self, from: bytes) else { throw error }
            return [one]
        }
    }
}

/// What labels and references of images say.
package enum ContainerLabels {
    /// The service that a container is of: by compose (docker, nerdctl; podman-compose), else Kubernetes.
    package static func service(_ labels: [String: String]) -> String? {
        ["com.docker.compose.service", "io.podman.compose.service", "io.kubernetes.container.name"]
            .compactMap { labels[$0] }.first { !$0.isEmpty }
    }

    /// A reference without tag or digest means `latest`.
    package static func tagged(_ image: String) -> String {
        let last = image.split(separator: "/").last ?? ""
        return image.isEmpty || last.contains(":") || last.contains("@") ? image : image + ":latest"
    }
}

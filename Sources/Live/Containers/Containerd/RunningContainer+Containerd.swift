import Containers
import FoundationEssentials
import Shared

extension RunningContainer {
    /// A container as containerd has it: who it is and which ports are its own is in labels, where nerdctl, compose or
    /// Kubernetes started it.
    /// - Parameters:
    ///   - networks: what CNI has said of it.
    ///   - addresses: those of its network, where CNI has said nothing.
    init(
        _ container: ContainerdContainer, initPid: Int32 = 0, networks: [CNIResult] = [],
        addresses: [IPAddress] = []
    ) {
        let labels = container.labels
        let name = ["nerdctl/name", "io.kubernetes.container.name"].compactMap { labels[$0] }.first { !$0.isEmpty }
        var published = networks.flatMap(\.published)
        for endpoint in PortMapping.read(labels["nerdctl/ports"] ?? "").flatMap(\.endpoints)
        where !published.contains(endpoint) {
            published.append(endpoint)
        }
        self.init(
            identity: ContainerIdentity(
                service: ContainerLabels.service(labels) ?? name ?? container.id,
                image: ContainerLabels.tagged(container.image), id: container.id, name: name ?? container.id),
            initPid: initPid, addresses: networks.flatMap(\.addresses) + addresses, published: published,
            gateways: networks.flatMap(\.gateways))
        // A pod's address is that of the container in it, not of the one that only holds its namespaces.
        if labels["io.cri-containerd.kind"] == "sandbox" { self.addresses = [] }
    }
}

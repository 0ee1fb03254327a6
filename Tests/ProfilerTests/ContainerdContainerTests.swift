import Containers
import Foundation
import Shared
import TestSupport
import Testing

@testable import profiler

/// What labels and CNI's files say of a container of containerd's.
@Suite struct `A container of containerd` {
    private static let id = String(repeating: "c0", count: 32)

    private func container(
        _ labels: [String: String], networks: [CNIResult] = [], addresses: [IPAddress] = []
    ) -> RunningContainer {
        let container = ContainerdContainer(id: Self.id, labels: labels, image: "docker.io/library/nginx")
        return RunningContainer(container, initPid: 7, networks: networks, addresses: addresses)
    }

    @Test(arguments: [
        (["nerdctl/name": "shop-web-1", "com.docker.compose.service": "web"], "web", "shop-web-1"),
        (["nerdctl/name": "shop-web-1"], "shop-web-1", "shop-web-1"),
        (["io.kubernetes.container.name": "web", "io.kubernetes.pod.name": "web-7d"], "web", "web"),
        (["nerdctl/name": "", "other": "x"], id, id), ([:], id, id),
    ])
    func `has its names from labels`(_ labels: [String: String], _ service: String, _ name: String) {
        let identity = container(labels).identity
        #expect(identity.service == service && identity.name == name)
        #expect(identity.id == Self.id && identity.image == "docker.io/library/nginx:latest")
    }

    @Test func `has its published ports from nerdctl's label`() {
        let label =
            #"[{"HostPort":8080,"ContainerPort":80,"Protocol":"tcp","HostIP":"192.0.2.1"},"#
            + #"{"HostPort":53,"ContainerPort":53,"Protocol":"udp","HostIP":""},{"HostPort":99999},{}]"#
        #expect(container(["nerdctl/ports": label]).published.map(\.description) == ["192.0.2.1:8080"])
        for label in ["", "[", "{}", "[1]", #"[{"HostPort":"x"}]"#] {
            #expect(container(["nerdctl/ports": label]).published.isEmpty, "\(label)")
        }
    }

    @Test func `has its networks from the files of CNI that are its own`() throws {
        let folder = try TemporaryFolder()
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: folder.path + "/" + name, atomically: true, encoding: .utf8)
        }
        // As libcni has left it here, shortened.
        let result = """
            {"kind":"cniCacheV1","containerId":"default-\(Self.id)","ifName":"eth0","networkName":"bridge",
             "capabilityArgs":{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":"0.0.0.0"}]},
             "result":{"cniVersion":"0.4.0","ips":[{"address":"10.4.0.2/24","gateway":"10.4.0.1","version":"4"},
              {"address":"fd00::2/64"},{"address":"junk"},{}]}}
            """
        try write("bridge-default-\(Self.id)-eth0", result)
        try write("bridge-other-\(Self.id)-eth0", result.replacing("default-", with: "other-"))
        try write("bridge-default-\(Self.id)-eth1", "{")
        for only in [nil, "default-\(Self.id)"] {
            let networks = CNIResults(folder: folder.path, of: only)["default-\(Self.id)"]
            let described = container([:], networks: networks)
            #expect(described.addresses.map(\.description) == ["10.4.0.2", "fd00::2"])
            #expect(described.gateways.map(\.description) == ["10.4.0.1"])
            #expect(described.published.map(\.description) == ["0.0.0.0:8080"])
        }
        #expect(CNIResults(folder: folder.path + "/none")["default-\(Self.id)"].isEmpty)
    }

    @Test func `that only holds a pod's namespaces has no address`() {
        let address = IPAddress(v4: 0x0A04_0002)
        #expect(container(["io.cri-containerd.kind": "container"], addresses: [address]).addresses == [address])
        #expect(container(["io.cri-containerd.kind": "sandbox"], addresses: [address]).addresses.isEmpty)
    }

    @Test func `on the host's network has no address of its own`() throws {
        let child = try Child("/bin/sleep", ["20"])
        #expect(RuntimeHost(socket: "/nowhere").addresses(ofContainer: child.pid).isEmpty)
        child.signal(SIGKILL)
    }

    @Test(arguments: ["a b", "x\r\ny: z", "-a", "a..b", String(repeating: "a", count: 77)])
    func `is in no namespace of a wrong name`(_ name: String) throws {
        let end = try Child(
            Programs.profiler,
            ["--container-socket", "/nowhere", "--container-namespace=\(name)", "--output", "/dev/null"]
        ).wait()
        #expect(end.status == 2 && end.errors.contains("CONTAINERD_NAMESPACE"), "\(end.errors)")
    }
}

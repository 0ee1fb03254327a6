import Containers
import FoundationEssentials
import Shared

/// What is spoken on a container runtime's socket, found out by asking: any path may lead to any runtime.
enum RuntimeAPI {
    /// - Throws: where it is neither Docker's API, which is Podman's, too, nor containerd's.
    static func directory(_ http: UnixHTTP, namespace: String) throws -> any ContainerDirectory & Sendable {
        let reasons: (docker: String, containerd: String)
        do {
            let answer = try http.get("/_ping")
            if answer == Data("OK".utf8) { return DockerDirectory(http) }
            reasons.docker = "an answer that is not OK"
        } catch { reasons.docker = "\(error)" }
        do {
            _ = try GRPCClient(http).call("containerd.services.version.v1.Version/Version")
            return ContainerdDirectory(http, namespace: namespace)
        } catch { reasons.containerd = "\(error)" }
        throw UnixHTTP.Failure.unanswered(
            "neither Docker's API: \(reasons.docker), nor containerd's: \(reasons.containerd)")
    }
}

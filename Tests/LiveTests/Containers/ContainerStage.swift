import TestSupport
import Testing

/// A runtime, and a profiler that asks it.
final class ContainerStage {
    let runtime: ContainerRuntime
    let run: LiveRun
    private static let network = ["--network", "shop"]

    /// - Parameters:
    ///   - run: one that sees another runtime's containers, too.
    ///   - network: three bytes of the containers' addresses; `nil` for the network that the runtime has anyway.
    init(_ kind: ContainerRuntime.Kind, run: LiveRun? = nil, network: String? = "10.123.0") throws {
        runtime = try ContainerRuntime(kind)
        self.run = try run ?? LiveRun()
        guard let network else { return }
        let subnets = ["--subnet", network + ".0/24", "--subnet", "fd00:123::/64"]
        try runtime.command(["network", "create", "--ipv6"] + subnets + ["shop"])
    }

    func watch() throws {
        try run.start(["--container-socket", runtime.socket])
        try run.waitUntilWatching()
    }

    /// - Returns: the container's identifier.
    @discardableResult
    func serve(_ service: String, _ options: [String], _ command: [String] = []) throws -> String {
        try runtime.command(
            ["run", "--detach"] + named(service) + options + [ContainerRuntime.image] + command)
    }

    /// Asks from inside a container, which ends with that.
    func ask(_ service: String, _ url: String, network: [String] = network) throws {
        let fetch = ["wget", "-q", "-O", "-", url]
        let answer = try runtime.command(
            ["run", "--rm"] + named(service) + network + [ContainerRuntime.image] + fetch)
        #expect(answer == "hello", "\(url)")
    }

    /// Asks from the host.
    func askFromHost(_ url: String) throws {
        let fetch = ["wget", "-q", "-O", "-", url]
        let answer = try runtime.host("busybox", fetch, environment: run.environment(optedIn: true)).succeed()
        #expect(answer.output == "hello\n", "\(url)")
    }

    private func named(_ service: String) -> [String] {
        [
            "--name", "shop-\(service)-1", "--label", "com.docker.compose.service=\(service)",
            "--env", "ADI_PROFILE=\(run.tag)",
        ]
    }
}

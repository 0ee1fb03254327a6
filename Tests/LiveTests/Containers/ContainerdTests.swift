import Foundation
import TestSupport
import Testing

@testable import profiler

/// containerd, and a profiler that asks it.
private final class ContainerdStage {
    let runtime: ContainerRuntime
    let run: LiveRun

    init() throws {
        runtime = try ContainerRuntime(.containerd)
        run = try LiveRun()
    }

    func watch() throws {
        try run.start(["--container-socket", runtime.socket])
        try run.waitUntilWatching()
    }

    /// Serves "hello", on port 8080 where no command says else.
    /// - Returns: the container's address; empty on the host's network.
    func serve(
        _ service: String, id: String, _ options: [String] = ["--cni"], _ command: [String] = [],
        namespace: String = "default"
    ) throws -> String {
        try ctr(["run", "--detach"] + named(service) + options + [ContainerRuntime.image, id] + command, namespace)
        let tasks = try ctr(["task", "list"], namespace).split(separator: "\n").map { $0.split(separator: " ") }
        let pid = try #require(tasks.first { $0.first == id[...] }?[1])
        let said = try Child("/usr/bin/nsenter", ["--target", "\(pid)", "--net", "ip", "-o", "-4", "address"]).succeed()
        let line = said.output.split(separator: "\n").first { $0.contains(" eth0 ") }
        return line?.split(separator: " ")[3].split(separator: "/").first.map(String.init) ?? ""
    }

    /// Asks from inside a container, which ends with that.
    func ask(
        _ service: String, _ url: String, _ options: [String] = ["--cni"], namespace: String = "default"
    ) throws {
        let fetch = ["wget", "-q", "-O", "-", url]
        let arguments = ["run", "--rm"] + named(service) + options + [ContainerRuntime.image, Self.id()] + fetch
        #expect(try ctr(arguments, namespace) == "hello", "\(url)")
    }

    @discardableResult
    func ctr(_ arguments: [String], _ namespace: String = "default") throws -> String {
        try runtime.command(["--namespace", namespace] + arguments)
    }

    /// As nerdctl and Kubernetes name them.
    static func id() -> String { (0..<32).map { _ in String(format: "%02x", UInt8.random(in: 0...255)) }.joined() }

    /// As `nerdctl compose` does it.
    private func named(_ service: String) -> [String] {
        [
            "--label", "nerdctl/name=shop-\(service)-1", "--label", "com.docker.compose.service=\(service)",
            "--env", "ADI_PROFILE=\(run.tag)",
        ]
    }
}

extension Live {
    /// Real containers of containerd, seen from outside.
    @Suite struct `Containers of containerd` {
        @Test func `have their names at both ends, however they are reached`() throws {
            let stage = try ContainerdStage()
            let web = ContainerdStage.id()
            let address = try stage.serve("web", id: web)
            // Its network itself tells, then.
            try stage.runtime.host("/bin/rm", ["-r", "/var/lib/cni/results"]).succeed()
            try stage.watch()
            try stage.ask("client", "http://\(address):8080/?by-address")
            try stage.ctr(["task", "exec", "--exec-id", "1", web, "true"])
            let later = try stage.serve("later", id: "later")
            try stage.ask("client", "http://\(later):8080/?started-later")
            try #require(
                try stage.serve("host", id: "host", ["--net-host"], ["httpd", "-f", "-p", "18081", "-h", "/www"]) == "")
            try stage.ask("client", "http://127.0.0.1:18081/?host-network", ["--net-host"])
            let outcome = try stage.run.stop()

            let servers = [
                "by-address": ("web", web), "started-later": ("later", "later"), "host-network": ("host", "host"),
            ]
            for (way, (service, id)) in servers.sorted(by: { $0.key < $1.key }) {
                let events = outcome.events.filter { $0.url == "/?" + way }
                #expect(events.count == 4, "\(way): request and response, as both sides saw them")
                for event in events {
                    let ends = [event.sourceContainer, event.destinationContainer]
                    let (caller, called) = event.isRequest ? (ends[0], ends[1]) : (ends[1], ends[0])
                    let server = LoggedEvent.Container(
                        service: service, image: ContainerRuntime.image, containerId: id,
                        containerName: "shop-\(service)-1")
                    #expect(called == server, "\(way), \(event.direction)")
                    #expect(caller?.service == "client", "\(way), \(event.direction)")
                    #expect(caller?.containerName == "shop-client-1" && event.destinationType == "container")
                }
            }
            let endpoints = try outcome.services()["client"]?["endpoints"] as? [[String: Any]] ?? []
            let destinations = endpoints.map { "\($0["destination"] ?? "") \($0["destination_type"] ?? "")" }
            #expect(Set(destinations) == ["web container", "later container", "host container"])
            expectBalance(outcome, bytes: nil)
            try stage.runtime.stop()
            try stage.run.expectReplayAgrees(outcome)
        }

        @Test func `of another namespace are left alone`() throws {
            let stage = try ContainerdStage()
            try stage.ctr(["images", "import", "/run/tapedeck/image.tar"], "other")
            try stage.watch()
            let foreign = try stage.serve("foreign", id: ContainerdStage.id(), namespace: "other")
            try stage.ask("stranger", "http://\(foreign):8080/?foreign", namespace: "other")
            let own = try stage.serve("web", id: ContainerdStage.id())
            try stage.ask("client", "http://\(own):8080/?own")
            let outcome = try stage.run.stop()
            let requests = outcome.requests.filter { $0.url == "/?own" }
            #expect(requests.count == 2 && requests.allSatisfy { $0.destinationContainer?.service == "web" })
            let others = outcome.requests.filter { $0.url == "/?foreign" }
            #expect(others.count == 2)
            #expect(others.allSatisfy { $0.sourceContainer == nil && $0.destinationContainer == nil })
        }

        @Test func `are named again when containerd was killed and has come back`() throws {
            let stage = try ContainerdStage()
            try stage.watch()
            let before = try stage.serve("before", id: ContainerdStage.id())
            kill(stage.runtime.daemon, SIGKILL)
            try stage.run.exercise("write-read", client: ["--exchanges", "5"])
            try stage.runtime.restart()
            let after = try stage.serve("after", id: ContainerdStage.id())
            _ = try eventually("containerd is asked again") {
                try stage.ask("client", "http://\(after):8080/?after")
                let map = stage.run.folder.text("map.yaml") ?? ""
                return map.contains("destination: after") ? true : nil
            }
            try stage.ask("client", "http://\(before):8080/?before")
            let outcome = try stage.run.stop()
            for service in ["before", "after"] {
                let last = outcome.requests.last { $0.url == "/?" + service }
                #expect(last?.sourceContainer?.service == "client" && last?.destinationContainer?.service == service)
            }
            #expect(outcome.requests.filter { $0.url?.hasPrefix("/write-read/") == true }.count == 5)
            let complaints = outcome.errors.split(separator: "\n").filter { $0.contains("CONTAINERD_SOCKET") }
            #expect(complaints.count == 1, "\(outcome.errors)")
            try stage.run.expectReplayAgrees(outcome)
        }

        /// TAPEDECK_CONTAINER_STARTS=200: the figure in Benchmarks/README.md.
        @Test func `that live for a moment have their names from the first event on`() throws {
            let starts = ProcessInfo.processInfo.environment["TAPEDECK_CONTAINER_STARTS"].flatMap { Int($0) } ?? 12
            let stage = try ContainerdStage()
            let address = try stage.serve("web", id: ContainerdStage.id())
            try stage.watch()
            for start in 1...starts { try stage.ask("client-\(start)", "http://\(address):8080/?\(start)") }
            let outcome = try stage.run.stop()
            let named = (1...starts).filter { start in
                let events = outcome.events.filter { $0.url == "/?\(start)" }
                return events.count == 4
                    && events.allSatisfy {
                        ($0.isRequest ? $0.sourceContainer : $0.destinationContainer)?.service == "client-\(start)"
                    }
            }.count
            if starts > 12 { print("containerd: \(named) of \(starts) containers are named in all events") }
            #expect(named * 100 >= starts * 99, "\(named) of \(starts)")
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Live {
    /// Real containers of real runtimes, seen from outside.
    @Suite struct Containers {
        /// A runtime, and a profiler that asks it.
        final class Stage {
            let runtime: ContainerRuntime
            let run: LiveRun
            private static let network = ["--network", "shop"]

            init(_ kind: ContainerRuntime.Kind) throws {
                runtime = try ContainerRuntime(kind)
                run = try LiveRun()
                try runtime.command(["network", "create", "--subnet", "10.123.0.0/24", "shop"])
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

        @Test(arguments: [ContainerRuntime.Kind.docker, .podman])
        func `have their names at both ends, however they are reached`(_ kind: ContainerRuntime.Kind) throws {
            let stage = try Stage(kind)
            let web = try stage.serve(
                "web", ["--network", "shop", "--ip", "10.123.0.9", "--publish", "18080:8080"])
            try stage.watch()
            try stage.ask("client", "http://10.123.0.9:8080/?by-address")
            try stage.askFromHost("http://127.0.0.1:18080/?published")
            let later = try stage.serve("later", ["--network", "shop", "--ip", "10.123.0.10"])
            try stage.ask("client", "http://10.123.0.10:8080/?started-later")
            let host = try stage.serve("host", ["--network", "host"], ["httpd", "-f", "-p", "18081", "-h", "/www"])
            try stage.ask("client", "http://127.0.0.1:18081/?host-network", network: ["--network", "host"])
            try stage.runtime.command(["rm", "--force", "shop-later-1"])
            let next = try stage.serve("next", ["--network", "shop", "--ip", "10.123.0.10"])
            try stage.ask("client", "http://10.123.0.10:8080/?address-reused")
            let outcome = try stage.run.stop()

            let servers = [
                "by-address": ("web", web), "published": ("web", web), "started-later": ("later", later),
                "host-network": ("host", host), "address-reused": ("next", next),
            ]
            for (way, (service, id)) in servers.sorted(by: { $0.key < $1.key }) {
                let events = outcome.events.filter { $0.url == "/?" + way }
                #expect(events.count == 4, "\(way): request and response, as both sides saw them")
                let server = LoggedEvent.Container(
                    service: service, image: ContainerRuntime.image, containerId: id, containerName: "shop-\(service)-1"
                )
                for event in events {
                    let ends = [event.sourceContainer, event.destinationContainer]
                    let (caller, called) = event.isRequest ? (ends[0], ends[1]) : (ends[1], ends[0])
                    #expect(called == server, "\(way), \(event.direction)")
                    if way == "published" {
                        #expect(caller == nil, "the host is no container")
                    } else {
                        #expect(caller?.service == "client", "\(way), \(event.direction)")
                        #expect(caller?.containerName == "shop-client-1" && caller?.containerId.utf8.count == 64)
                    }
                    if ends[1] != nil { #expect(event.destinationType == "container", "\(way)") }
                }
            }
            let services = try outcome.services()
            let destinations = (services["client"]?["endpoints"] as? [[String: Any]] ?? []).map {
                "\($0["destination"] ?? "") \($0["destination_type"] ?? "")"
            }
            #expect(Set(destinations) == ["web container", "later container", "host container", "next container"])
            #expect(services["client"]?["image"] as? String == ContainerRuntime.image)
            expectBalance(outcome, bytes: nil)
            try stage.runtime.stop()
            try stage.run.expectReplayAgrees(outcome)
        }
    }
}

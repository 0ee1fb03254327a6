import Foundation
import TestSupport
import Testing

extension Live {
    /// Real containers of real runtimes, seen from outside.
    @Suite struct Containers {
        @Test(arguments: [ContainerRuntime.Kind.docker, .podman])
        func `have their names at both ends, however they are reached`(_ kind: ContainerRuntime.Kind) throws {
            let stage = try ContainerStage(kind)
            let web = try stage.serve(
                "web", ["--network", "shop", "--ip", "10.123.0.9", "--publish", "18080:8080"])
            try stage.watch()
            try stage.ask("client", "http://10.123.0.9:8080/?by-address")
            try stage.askFromHost("http://127.0.0.1:18080/?published")
            let later = try stage.serve("later", ["--network", "shop", "--ip", "10.123.0.10"])
            try stage.ask("client", "http://10.123.0.10:8080/?started-later")
            let host = try stage.serve("host", ["--network", "host"], ["httpd", "-f", "-p", "18081", "-h", "/www"])
            try stage.ask("client", "http://127.0.0.1:18081/?host-network", network: ["--network", "host"])
            try stage.runtime.command(["kill", "shop-later-1"])
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

        @Test(arguments: [ContainerRuntime.Kind.docker, .podman])
        func `are chosen by name, without having opted in`(_ kind: ContainerRuntime.Kind) throws {
            let stage = try ContainerStage(kind)
            for (name, address) in [("chosen", "10.123.0.9"), ("other", "10.123.0.10")] {
                try stage.runtime.command(
                    ["run", "--detach", "--name", name, "--network", "shop", "--ip", address, ContainerRuntime.image])
            }
            try stage.run.start(["--container-socket", stage.runtime.socket, "--container", "chosen"])
            try stage.run.waitUntilWatching()
            for address in ["10.123.0.9", "10.123.0.10"] {
                try stage.runtime.host("busybox", ["wget", "-q", "-O", "-", "http://\(address):8080/"]).succeed()
            }
            let outcome = try stage.run.stop()
            #expect(outcome.requests.count == 1 && outcome.responses.count == 1, "\(outcome.errors)")
            #expect(outcome.requests.first?.destinationContainer?.containerName == "chosen")

            let missing = try LiveRun()
            try missing.start(["--container-socket", stage.runtime.socket, "--container", "nobody"])
            let end = try missing.waitForEnd()
            #expect(end.status == 2 && end.errors.contains("--container nobody: no container of this name runs"))
            try stage.runtime.stop()
        }

        @Test(arguments: [ContainerRuntime.Kind.docker, .podman])
        func `are reached on every address of the host, and by IPv6`(_ kind: ContainerRuntime.Kind) throws {
            let stage = try ContainerStage(kind)
            try stage.runtime.host("ip", ["address", "add", "192.0.2.7/32", "dev", "lo"]).succeed()
            try stage.serve("web", ["--network", "shop", "--ip", "10.123.0.9", "--publish", "18080:8080"])
            try stage.serve("six", ["--network", "shop", "--ip6", "fd00:123::9"])
            try stage.watch()
            try stage.askFromHost("http://192.0.2.7:18080/?other-address")
            try stage.askFromHost("http://10.123.0.1:18080/?gateway")
            try stage.ask("client", "http://[fd00:123::9]:8080/?v6")
            let outcome = try stage.run.stop()
            for (way, service) in [("other-address", "web"), ("gateway", "web"), ("v6", "six")] {
                let requests = outcome.requests.filter { $0.url == "/?" + way }
                #expect(
                    !requests.isEmpty && requests.allSatisfy { $0.destinationContainer?.service == service }, "\(way)")
            }
        }

        @Test func `of a user who is not root have their names, too`() throws {
            let stage = try ContainerStage(.rootless, network: nil)
            let web = try stage.serve("web", ["--publish", "18080:8080"])
            try stage.watch()
            let later = try stage.serve("later", ["--publish", "18081:8080"])
            try stage.askFromHost("http://127.0.0.1:18080/?web")
            try stage.askFromHost("http://127.0.0.1:18081/?later")
            let outcome = try stage.run.stop()
            for (service, id) in [("web", web), ("later", later)] {
                let requests = outcome.requests.filter { $0.url == "/?" + service }
                #expect(requests.count == 2, "as both sides saw it: \(service)")
                for request in requests {
                    #expect(request.destinationContainer?.service == service, "\(request.direction)")
                    #expect(request.destinationContainer?.containerId == id, "\(request.direction)")
                }
            }
            try stage.run.expectReplayAgrees(outcome)
        }

        @Test func `of another runtime are left alone`() throws {
            let stage = try ContainerStage(.docker)
            let other = try ContainerStage(.podman, run: stage.run, network: "10.124.0")
            try stage.watch()
            try stage.serve("web", ["--network", "shop", "--ip", "10.123.0.9"])
            try other.serve("foreign", ["--network", "shop", "--ip", "10.124.0.9"])
            try stage.ask("client", "http://10.123.0.9:8080/?own")
            try other.ask("stranger", "http://10.124.0.9:8080/?foreign")
            let outcome = try stage.run.stop()
            let (own, foreign) = (
                outcome.requests.filter { $0.url == "/?own" }, outcome.requests.filter { $0.url == "/?foreign" }
            )
            #expect(own.count == 2 && own.allSatisfy { $0.destinationContainer?.service == "web" })
            #expect(foreign.count == 2)
            #expect(foreign.allSatisfy { $0.sourceContainer == nil && $0.destinationContainer == nil })
        }

        @Test func `are named again when their runtime was killed and has come back`() throws {
            let stage = try ContainerStage(.docker)
            try stage.watch()
            try stage.serve("before", ["--network", "shop", "--ip", "10.123.0.9"])
            try stage.ask("client", "http://10.123.0.9:8080/?before")
            kill(stage.runtime.daemon, SIGKILL)
            // The profiler is not held up by that.
            try stage.run.exercise("write-read", client: ["--exchanges", "5"])
            try stage.runtime.restart()
            // It looks once a second.
            try stage.serve("after", ["--network", "shop", "--ip", "10.123.0.10"])
            _ = try eventually("the runtime is asked again") {
                let map = stage.run.folder.text("map.yaml") ?? ""
                try stage.ask("client", "http://10.123.0.10:8080/?after")
                return map.contains("destination: after") ? true : nil
            }
            let outcome = try stage.run.stop()
            #expect(outcome.requests.contains { $0.url == "/?before" && $0.destinationContainer?.service == "before" })
            #expect(outcome.requests.contains { $0.url == "/?after" && $0.destinationContainer?.service == "after" })
            #expect(outcome.requests.filter { $0.url?.hasPrefix("/write-read/") == true }.count == 5)
            let complaints = outcome.errors.split(separator: "\n").filter { $0.contains("CONTAINERD_SOCKET") }
            #expect(complaints.count == 1, "\(outcome.errors)")
            try stage.run.expectReplayAgrees(outcome)
        }

        /// TAPEDECK_CONTAINER_STARTS=200: the figure in Benchmarks/README.md.
        @Test(arguments: [ContainerRuntime.Kind.docker, .podman])
        func `that live for a moment have their names from the first event on`(_ kind: ContainerRuntime.Kind) throws {
            let starts = ProcessInfo.processInfo.environment["TAPEDECK_CONTAINER_STARTS"].flatMap { Int($0) } ?? 12
            let stage = try ContainerStage(kind)
            try stage.serve("web", ["--network", "shop", "--ip", "10.123.0.9"])
            try stage.watch()
            for start in 1...starts { try stage.ask("client-\(start)", "http://10.123.0.9:8080/?\(start)") }
            let outcome = try stage.run.stop()
            var named = 0
            for start in 1...starts {
                let first = outcome.requests.first { $0.url == "/?\(start)" && $0.direction == "send" }
                if first?.sourceContainer?.service == "client-\(start)" { named += 1 }
            }
            if starts > 12 { print("\(kind.rawValue): \(named) of \(starts) first events have their container's name") }
            #expect(named * 100 >= starts * 99, "\(named) of \(starts)")
        }
    }
}

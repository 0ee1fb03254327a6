import Foundation
import Shared
import Testing

@testable import Containers

/// Answers of real runtimes, recorded here and cut down to the fields that are read.
@Suite struct `Inspected containers` {
    /// dockerd 20.10.24: a container on a network of the user's, with a published port.
    private let docker = #"""
        [{"Id": "7ae65ae7233e5339694d481c8c0ff89453ed2ce9af8c93fd95564bf9885d4e65", "Name": "/web1", "State": {"Running": true, "Pid": 29027}, "Image": "sha256:0a27e4b45853829e09505befd4c6a737325b0731c496c2d7f083db5f0e82328f", "Config": {"Image": "localhost/tiny:1", "Labels": {"com.docker.compose.service": "web", "org.opencontainers.image.title": "tiny"}}, "NetworkSettings": {"IPAddress": "", "Ports": {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "18080"}, {"HostIp": "::", "HostPort": "18080"}]}, "Networks": {"wnet": {"Gateway": "172.18.0.1", "IPAddress": "172.18.0.2", "GlobalIPv6Address": "", "IPv6Gateway": ""}}}}]
        """#
    /// podman 4.3.1, by its compatible API.
    private let podman = #"""
        {"Id":"aeeff461358d344f3a41c8a74a9feaf04ffadba9186956af918d49809e1dca6e","State":{"Running":true,"Pid":31929},"Name":"/web1","HostConfig":{"NetworkMode":"bridge"},"Config":{"Image":"localhost/tiny:1","Labels":{"io.podman.compose.service":"web"}},"NetworkSettings":{"IPAddress":"","Ports":{"8080/tcp":[{"HostIp":"","HostPort":"18080"}],"53/udp":[{"HostIp":"","HostPort":"53"}],"9000/tcp":null},"Networks":{"app":{"IPAddress":"10.89.0.2","Gateway":"10.89.0.1"}}}}
        """#

    @Test func `of Docker have name, service, addresses and published ports`() throws {
        let found = try InspectedContainer.read(Data(docker.utf8))
        let container = try #require(found.first).container
        #expect(found.count == 1 && container.identity.name == "web1" && container.identity.service == "web")
        #expect(container.identity.image == "localhost/tiny:1" && container.identity.id.utf8.count == 64)
        #expect(container.initPid > 0)
        let endpoints = container.endpoints().map(\.description)
        #expect(endpoints == ["172.18.0.2:0", "127.0.0.1:18080", "172.18.0.1:18080", "[::1]:18080"])
    }

    @Test func `of Podman are one object, whose ports name no address`() throws {
        let container = try #require(try InspectedContainer.read(Data(podman.utf8)).first).container
        #expect(container.identity.service == "web" && container.identity.name == "web1")
        let endpoints = container.endpoints().map(\.description)
        #expect(endpoints == ["10.89.0.2:0", "127.0.0.1:18080", "10.89.0.1:18080", "[::1]:18080"])
    }

    @Test(arguments: ["", "{", "[1]", "{}", "null", "[{\"Id\":7}]"]) func `are none where the text is no answer`(
        _ text: String
    ) {
        #expect((try? InspectedContainer.read(Data(text.utf8))) == nil)
    }

    @Test func `need nothing but an identifier, and numbers out of range do no harm`() throws {
        let text = #"""
            [{"Id":"a1","State":{"Pid":99999999999},"NetworkSettings":{"Ports":{"1/tcp":[{"HostIp":"x","HostPort":"99999"}]},"Networks":{"n":null}}}]
            """#
        let container = try #require(try InspectedContainer.read(Data(text.utf8)).first).container
        #expect(container.identity == ContainerIdentity(service: "a1", image: "", id: "a1", name: "a1"))
        #expect(container.initPid == 0 && container.endpoints().isEmpty)
    }

    @Test(arguments: [
        ("nginx", "nginx:latest"), ("my:5000/a/b", "my:5000/a/b:latest"), ("a@sha256:00", "a@sha256:00"),
        ("a:1", "a:1"),
    ]) func `have images with their tags`(_ image: String, _ tagged: String) {
        #expect(ContainerLabels.tagged(image) == tagged)
    }
}

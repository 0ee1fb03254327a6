import ArgumentParser
import Foundation
import TestSupport
import Testing
import Yams

@testable import demo_server

/// docker-compose.yml, demo/Dockerfile and demo/lima.yaml fit together; no engine runs here.
@Suite struct `The files for containers` {
    private static func load(_ path: String) throws -> [String: Any] {
        try #require(try Yams.load(yaml: try String(contentsOfFile: path, encoding: .utf8)) as? [String: Any])
    }

    private static func services() throws -> [String: [String: Any]] {
        try #require(try load("docker-compose.yml")["services"] as? [String: [String: Any]])
    }

    @Test func `the three programs opt in by their names, and the stores do not`() throws {
        let services = try Self.services()
        #expect(
            services.keys.sorted() == [
                "http-service", "nats", "postgres", "redis", "request-logger", "traffic-generator",
            ])
        for (name, service) in services {
            let environment = service["environment"] as? [String: String] ?? [:]
            let isOurs = service["build"] != nil
            #expect(environment["ADI_PROFILE"] == (isOurs ? "local" : nil), "\(name)")
            #expect(environment["ADI_PROFILE_NAME"] == (isOurs ? name : nil), "\(name)")
        }
        let images = ["postgres": "postgres:15-alpine", "redis": "redis:7-alpine", "nats": "nats:2-alpine"]
        for (name, image) in images { #expect(services[name]?["image"] as? String == "docker.io/library/\(image)") }
    }

    @Test func `who is waited for until he is healthy has a health check`() throws {
        let services = try Self.services()
        for (name, service) in services {
            for (other, wait) in service["depends_on"] as? [String: [String: String]] ?? [:] {
                let target = try #require(services[other], "\(name) waits for \(other)")
                guard wait["condition"] == "service_healthy" else { continue }
                #expect(target["healthcheck"] != nil, "\(name) waits for \(other)")
            }
        }
    }

    @Test func `every image is a stage of the Dockerfile, and none runs as root`() throws {
        let file = try String(contentsOfFile: "demo/Dockerfile", encoding: .utf8).split(separator: "\n").map(
            String.init)
        let stages = file.filter { $0.hasPrefix("FROM") }.map { $0.split(separator: " ") }
        let parents = Dictionary(uniqueKeysWithValues: stages.map { ($0[3], $0[1]) })
        let user = file.firstIndex { $0.hasPrefix("USER 65534") }
        #expect(user != nil && user == file.lastIndex { $0.hasPrefix("USER") })
        for build in try Self.services().values.compactMap({ $0["build"] as? [String: String] }) {
            #expect(build["dockerfile"] == "demo/Dockerfile")
            #expect(parents[Substring(build["target"] ?? "")] == "runtime")
        }
    }

    @Test func `what is started in an image of demo-server is a command of it`() throws {
        let commands = DemoServerCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
        let services = try Self.services().values.filter {
            ($0["build"] as? [String: String])?["target"] == "demo-server"
        }
        var started: [String] = []
        for service in services {
            if let command = service["command"] as? [String] { started.append(try #require(command.first)) }
            let check = (service["healthcheck"] as? [String: Any])?["test"] as? [String] ?? []
            if !check.isEmpty {
                try #require(check.count == 3 && check[0] == "CMD" && check[1] == "demo-server")
                started.append(check[2])
            }
        }
        #expect(started.sorted() == ["health", "request-logger"])
        for command in started { #expect(commands.contains(command), "\(command)") }
    }

    @Test func `what the Dockerfile copies is there, and .dockerignore lets it in`() throws {
        func lines(_ path: String) throws -> [Substring] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        }
        let copied = try lines("demo/Dockerfile").filter { $0.hasPrefix("COPY ") && !$0.contains("--from") }
            .map { $0.split(separator: " ")[1] }
        #expect(copied.contains("Sources"))
        let letIn = try lines(".dockerignore").filter { $0.hasPrefix("!") }.map { $0.dropFirst() }
        #expect(Set(copied) == Set(letIn))
        for path in copied { #expect(FileManager.default.fileExists(atPath: String(path)), "\(path)") }
    }

    @Test func `the machine for a Mac is there for both architectures`() throws {
        let images = try Self.load("demo/lima.yaml")["images"] as? [[String: String]]
        #expect(images?.compactMap { $0["arch"] }.sorted() == ["aarch64", "x86_64"])
    }
}

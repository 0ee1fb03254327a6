// The names of the fields are the API's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Containers
import FoundationEssentials
import Shared

/// The Docker Engine API, which Podman speaks, too, over a Unix socket.
///
/// Paths without a version ask for the server's own (https://docs.docker.com/reference/api/engine/).
struct DockerDirectory: ContainerDirectory {
    private let http: UnixHTTP

    private static let largestEvent = 1 << 20

    init(_ http: UnixHTTP) { self.http = http }

    private struct Event: Decodable {
        struct Actor: Decodable {
            var ID: String?
            var Attributes: [String: String]?
        }
        var `Type`: String?
        var Action: String?
        var Actor: Actor?
    }

    func containers() throws -> [RunningContainer] {
        try ListedContainer.read(http.get("/containers/json")).map(\.container)
    }

    func container(_ id: String) throws -> RunningContainer? {
        // It goes into a path, and comes from outside.
        guard !id.isEmpty, id.utf8.allSatisfy({ $0.isHexDigit }) else { return nil }
        do {
            return try InspectedContainer.read(http.get("/containers/\(id)/json")).first { !$0.hasEnded }?.container
        } catch UnixHTTP.Failure.refused(404) {
            return nil
        }
    }

    func changes(since: Timestamp, _ body: (ContainerChange) -> Bool) throws {
        let (seconds, rest) = since.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let fraction = String(String(1_000_000_000 + rest).dropFirst())
        try withoutActuallyEscaping(body) { body in
            var rest = Data()
            let receiver = UnixHTTP.Receiver { bytes in
                rest += bytes
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = rest[rest.startIndex..<end]
                    rest = Data(rest[rest.index(after: end)...])
                    guard let event = try? JSONDecoder().decode(Event.self, from: line) else {
                        throw UnixHTTP.Failure.unanswered("an event that can't be read")
                    }
                    if let change = Self.change(event), !body(change) { return false }
                }
                guard rest.count <= Self.largestEvent else {
                    throw UnixHTTP.Failure.unanswered("an event of more than \(Self.largestEvent >> 20) MiB")
                }
                return true
            }
            try http.perform(UnixHTTP.Request(path: "/events?since=\(seconds).\(fraction)", timeout: 0), receiver)
        }
    }

    private static func change(_ event: Event) -> ContainerChange? {
        switch (event.Type, event.Action) {
        case ("container", "create"): created(event.Actor)
        case ("container", "init"), ("container", "start"), ("container", "rename"):
            event.Actor?.ID.map { .changed($0) }
        case ("network", "connect"), ("network", "disconnect"):
            event.Actor?.Attributes?["container"].map { .changed($0) }
        case ("container", "die"): event.Actor?.ID.map { .stopped($0) }
        default: nil
        }
    }

    /// What the event says already; an inspection may have to wait until the container has started.
    private static func created(_ actor: Event.Actor?) -> ContainerChange? {
        guard let id = actor?.ID, !id.isEmpty, let attributes = actor?.Attributes else { return nil }
        let name = attributes["name"] ?? id
        return .created(
            RunningContainer(
                identity: ContainerIdentity(
                    service: ContainerLabels.service(attributes) ?? name,
                    image: ContainerLabels.tagged(attributes["image"] ?? ""), id: id, name: name)))
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
}

// The names of the fields are the API's.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

private import CLibcurl
import Containers
import Foundation
import Shared

/// The Docker Engine API, which Podman speaks, too, over a Unix socket.
///
/// Paths without a version ask for the server's own (https://docs.docker.com/reference/api/engine/).
struct DockerDirectory: ContainerDirectory {
    let socket: String

    private struct Event: Decodable {
        struct Actor: Decodable {
            var ID: String?
            var Attributes: [String: String]?
        }
        var `Type`: String?
        var Action: String?
        var Actor: Actor?
    }

    /// Whether something that speaks this API is behind the socket.
    func answers() -> Bool { (try? get("/_ping")) != nil }

    func containers() throws -> [RunningContainer] {
        try ListedContainer.read(get("/containers/json")).map(\.container)
    }

    func container(_ id: String) throws -> RunningContainer? {
        // It goes into a path, and comes from outside.
        guard !id.isEmpty, id.utf8.allSatisfy({ $0.isHexDigit }) else { return nil }
        do {
            return try InspectedContainer.read(get("/containers/\(id)/json")).first { !$0.hasEnded }?.container
        } catch let refusal as Refusal where refusal.status == 404 {
            return nil
        }
    }

    func changes(since: Timestamp, _ body: (ContainerChange) -> Bool) throws {
        let (seconds, rest) = since.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let fraction = String(String(1_000_000_000 + rest).dropFirst())
        try withoutActuallyEscaping(body) { body in
            var rest = Data()
            try request("/events?since=\(seconds).\(fraction)", timeout: 0) { bytes in
                rest += bytes
                guard rest.count <= Self.largestEvent else { return false }
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = rest[rest.startIndex..<end]
                    rest = Data(rest[rest.index(after: end)...])
                    guard let event = try? JSONDecoder().decode(Event.self, from: line) else { return false }
                    if let change = Self.change(event), !body(change) { return false }
                }
                return true
            }
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

    // MARK: - HTTP

    private struct Refusal: Error { var status: Int }
    private struct Unanswered: Error, CustomStringConvertible { var description: String }

    /// A list of 2,000 containers is 4 MB.
    private static let largestAnswer = 64 << 20
    private static let largestEvent = 1 << 20
    /// A runtime that needs longer counts as gone, seconds.
    private static let patience = 10

    private func get(_ path: String) throws -> Data {
        var answer = Data()
        try request(path, timeout: Self.patience) { bytes in
            answer += bytes
            return answer.count <= Self.largestAnswer
        }
        return answer
    }

    private final class Receiver {
        var take: (Data) -> Bool
        init(_ take: @escaping (Data) -> Bool) { self.take = take }
    }

    /// - Parameter timeout: seconds; 0 for none.
    private func request(_ path: String, timeout: Int, _ take: @escaping (Data) -> Bool) throws {
        guard let handle = curl_easy_init() else { throw Unanswered(description: "no memory for a request") }
        defer { curl_easy_cleanup(handle) }
        let receiver = Receiver(take)
        _ = tapedeck_curl_text(handle, CURLOPT_UNIX_SOCKET_PATH, socket)
        _ = tapedeck_curl_text(handle, CURLOPT_URL, "http://localhost\(path)")
        _ = tapedeck_curl_number(handle, CURLOPT_NOSIGNAL, 1)
        _ = tapedeck_curl_number(handle, CURLOPT_FAILONERROR, 1)
        _ = tapedeck_curl_number(handle, CURLOPT_CONNECTTIMEOUT, Self.patience)
        _ = tapedeck_curl_number(handle, CURLOPT_TIMEOUT, timeout)
        _ = tapedeck_curl_receiver(
            handle,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
                return receiver.take(Data(bytes: bytes, count: size * count)) ? size * count : 0
            }, Unmanaged.passUnretained(receiver).toOpaque())
        let code = withExtendedLifetime(receiver) { curl_easy_perform(handle) }
        guard code != CURLE_OK else { return }
        let status = tapedeck_curl_status(handle)
        if code == CURLE_HTTP_RETURNED_ERROR { throw Refusal(status: status) }
        throw Unanswered(description: String(cString: curl_easy_strerror(code)))
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
}

import Console
import Glibc

/// A socket that takes connections at `HOST:PORT`, `[ADDRESS]:PORT` or, on all addresses, `:PORT`.
struct TCPListener: ~Copyable, Sendable {
    private let descriptor: Int32

    /// - Throws: where it is no address, or nobody can listen there.
    init(_ address: String, _ option: String) throws(Failure) {
        let example = "write 127.0.0.1:9464"
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]),
            port > 0
        else { throw Failure("\(option) \(address): has no port; \(example)") }
        var host = String(address[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host.isEmpty ? nil : host, "\(port)", &hints, &found)
        guard code == 0, let one = found else {
            throw Failure("\(option) \(address): \(String(cString: gai_strerror(code))); \(example)")
        }
        defer { freeaddrinfo(found) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(one.pointee.ai_family, kind, 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard descriptor >= 0, bind(descriptor, one.pointee.ai_addr, one.pointee.ai_addrlen) == 0,
            listen(descriptor, 16) == 0
        else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw Failure("\(option) \(address): can't listen there: \(reason); choose another address or port")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The next client, if one comes within so many milliseconds; to be closed.
    func client(within milliseconds: Int32) -> Int32? {
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&look, 1, milliseconds) > 0 else { return nil }
        // A command is started before the first comes, and nothing after.
        let client = accept(descriptor, nil, nil)
        guard client >= 0 else { return nil }
        return client
    }
}

/// A request over HTTP/1 that has no body, and its answer (RFC 9112).
struct HTTPQuestion {
    var method: Substring
    /// Without the query.
    var path: Substring
    /// Lines `name: value`.
    private var fields: [Substring]

    /// What a client sends of a head; a scrape has some hundred bytes.
    private static let most = 8192

    /// - Returns: `nil` where the client says nothing that is one, or not soon enough.
    static func read(from client: Int32) -> HTTPQuestion? {
        var head: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1024)
        let deadline = ClientDeadline()
        while head.count < most {
            guard deadline.waits(for: client, POLLIN) else { return nil }
            let count = recv(client, &part, part.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            head += part[..<count]
            guard let end = head.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) else { continue }
            return HTTPQuestion(String(decoding: head[..<end.lowerBound], as: UTF8.self))
        }
        return nil
    }

    init?(_ head: String) {
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return nil }
        method = words[0]
        path = words[1].prefix { $0 != "?" }
        fields = Array(lines.dropFirst())
    }

    /// Whether it wants this kind of content before others that are there.
    func accepts(_ mediaType: String) -> Bool {
        fields.contains { $0.lowercased().hasPrefix("accept:") && $0.lowercased().contains(mediaType) }
    }

}

/// What is answered to such a request.
struct HTTPAnswer: Sendable {
    private let bytes: [UInt8]

    /// - Parameter text: the content.
    init(_ status: String, _ mediaType: String, _ text: String) {
        let content = Array(text.utf8)
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: \(mediaType)\r\nContent-Length: \(content.count)\r\nConnection: close\r\n\r\n"
        bytes = Array(head.utf8) + content
    }

    /// As much as the client takes in time.
    func send(to client: Int32) {
        let deadline = ClientDeadline()
        var sent = 0
        while sent < bytes.count {
            guard deadline.waits(for: client, POLLOUT) else { return }
            let count = bytes.withUnsafeBytes { room in
                room.baseAddress.map {
                    Glibc.send(client, $0 + sent, bytes.count - sent, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                } ?? -1
            }
            if count < 0, errno == EAGAIN { continue }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }
}

/// Until when a client is waited for, to say all that it wants or to take all of the answer.
private struct ClientDeadline {
    /// Seconds, of which a scraper has ten by default.
    private static let patience: Int64 = 5

    private let end = Clock.monotonic &+ patience &* 1_000_000_000

    /// - Returns: whether something can be read, or written, before it is too late.
    func waits(for client: Int32, _ event: Int32) -> Bool {
        let left = (end &- Clock.monotonic) / 1_000_000
        guard left > 0 else { return false }
        var look = pollfd(fd: client, events: Int16(event), revents: 0)
        let found = poll(&look, 1, Int32(left))
        return found > 0 || found < 0 && errno == EINTR
    }
}

import Foundation
import Synchronization

/// Something on a Unix socket that answers as Docker or Podman did here (Tests/Runtimes/answers), or misbehaves.
package final class FakeRuntime: Sendable {
    /// Whose answers.
    package enum Kind: String, Sendable { case docker, podman }

    package enum Manner {
        case honest
        /// Every answer takes so long, seconds.
        case slow(Double)
        case garbage
        /// Takes requests, and says nothing.
        case silent
        /// Says how long its answer is, half of it, and no more.
        case halfAnswer
    }

    private struct State {
        /// By the beginning of what is asked for; the last that fits counts.
        var manners: [(path: String, manner: Manner)]
        var events: [(time: Double, line: String)] = []
        var connections: Set<Int32> = []
        /// The paths of all requests.
        var requests: [Substring] = []
        var inspections = 0
        var isStopped = false
    }

    package let socket: String
    package let ids: [String]
    private let recorded: (list: String, inspected: String, events: [String])
    private let state: Mutex<State>
    private let listener: Int32

    /// - Parameter containers: how many run; the identifiers of more than one are made up.
    package init(_ kind: Kind, at path: String, containers: Int = 1, manner: Manner = .honest) throws {
        func answer(_ name: String) throws -> String {
            try String(contentsOfFile: Programs.runtimes("answers/\(kind.rawValue)-\(name)"), encoding: .utf8)
        }
        socket = path
        recorded = (
            try answer("list.json"), try answer("inspect.json"),
            try answer("events.jsonl").split(separator: "\n").map(String.init)
        )
        let own = try Self.field("Id", recorded.inspected)
        ids = containers == 1 ? [own] : (0..<containers).map(Self.madeUp)
        state = Mutex(State(manners: [("/", manner)]))
        unlink(path)
        listener = try Self.listen(path)
        Thread.detachNewThread { self.accept() }
    }

    deinit { stop() }

    /// It is gone, and so are its connections.
    package func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    /// - Parameter path: only whoever asks for something that begins so is treated like this.
    package func behave(_ manner: Manner, to path: String = "/") {
        state.withLock { $0.manners.append((path, manner)) }
    }

    /// How many containers were asked for one by one.
    package var inspections: Int { state.withLock { $0.inspections } }

    /// Returns when it was asked for something, answered or not.
    package func waitForRequest(_ path: String) throws {
        _ = try eventually("a request \(path)") {
            state.withLock { $0.requests.contains { $0.hasPrefix(path) } } ? true : nil
        }
    }

    package static func madeUp(_ number: Int) -> String { String(format: "%064x", number + 1) }

    /// Something happens to a container, as it was recorded.
    package func tell(_ action: String, _ id: String) throws {
        let wanted = recorded.events.first {
            $0.contains("\"Action\":\"\(action)\"") && $0.contains("\"Type\":\"container\"")
        }
        guard let wanted else { throw Failed("no event \(action) was recorded") }
        let line = wanted.replacing(try Self.field("Id", recorded.inspected), with: id) + "\n"
        state.withLock { $0.events.append((Date().timeIntervalSince1970, line)) }
    }

    // MARK: - Answers

    private func list() throws -> String {
        let one = recorded.list.trimmingCharacters(in: .whitespacesAndNewlines).dropFirst().dropLast()
        let own = try Self.field("Id", recorded.inspected)
        let all = ids.enumerated().map { number, id in
            one.replacing(own, with: id).replacing("10.123.0.2", with: "10.123.\(number / 250).\(number % 250 + 2)")
        }
        return "[" + all.joined(separator: ",") + "]"
    }

    private func answer(_ path: Substring, _ descriptor: Int32) throws {
        let manner = state.withLock { state in
            state.requests.append(path)
            return state.manners.last { path.hasPrefix($0.path) }?.manner ?? .honest
        }
        switch manner {
        case .silent: return hold(descriptor)
        case .slow(let seconds): usleep(UInt32(seconds * 1_000_000))
        default: break
        }
        if path.hasPrefix("/events") { return try stream(path, manner, descriptor) }
        let parts = path.split(separator: "/")
        if path.hasPrefix("/containers/json") {
            try reply(try list(), manner, descriptor)
        } else if parts.count == 3, parts[0] == "containers" {
            state.withLock { $0.inspections += 1 }
            let own = try Self.field("Id", recorded.inspected)
            try reply(recorded.inspected.replacing(own, with: parts[1]), manner, descriptor)
        } else {
            try reply("OK", manner, descriptor)
        }
    }

    private func reply(_ text: String, _ manner: Manner, _ descriptor: Int32) throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n"
        switch manner {
        case .garbage: try write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\u{1}{[]}]\"", descriptor)
        case .halfAnswer:
            try write(head + text.prefix(text.count / 2), descriptor)
            hold(descriptor)
        default: try write(head + text, descriptor)
        }
    }

    /// What has happened since the moment that was asked for, and what happens.
    private func stream(_ path: Substring, _ manner: Manner, _ descriptor: Int32) throws {
        let since = path.split(separator: "=").last.flatMap { Double($0) } ?? Date().timeIntervalSince1970
        try write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", descriptor)
        switch manner {
        case .garbage: return try write("]]]\n", descriptor)
        case .halfAnswer:
            try write("{\"Type\":", descriptor)
            return hold(descriptor)
        default: break
        }
        var told = 0
        while !state.withLock({ $0.isStopped }) {
            let events = state.withLock { Array($0.events[told...]) }
            told += events.count
            for event in events where event.time >= since { try write(event.line, descriptor) }
            usleep(2000)
        }
    }

    /// Until the other side or the test has enough.
    private func hold(_ descriptor: Int32) {
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) > 0 {}
    }

    // MARK: - Sockets

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else {
                // Not before: its number would be another test's.
                close(listener)
                return
            }
            state.withLock { _ = $0.connections.insert(descriptor) }
            Thread.detachNewThread {
                if let path = Self.path(descriptor) { try? self.answer(path, descriptor) }
                self.state.withLock { _ = $0.connections.remove(descriptor) }
                close(descriptor)
            }
        }
    }

    private static func path(_ descriptor: Int32) -> Substring? {
        var head = ""
        var block = [UInt8](repeating: 0, count: 4096)
        while !head.contains("\r\n\r\n") {
            let count = read(descriptor, &block, block.count)
            guard count > 0 else { return nil }
            head += String(decoding: block[..<count], as: UTF8.self)
        }
        return head.split(separator: " ").dropFirst().first
    }

    private func write(_ text: String, _ descriptor: Int32) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failed("the profiler has gone") }
            rest = rest.dropFirst(count)
        }
    }

    package static func listen(_ path: String) throws -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, Glibc.listen(descriptor, 64) == 0 else { throw Failed("\(path): can't listen") }
        return descriptor
    }

    private static func field(_ name: String, _ json: String) throws -> String {
        guard let start = json.range(of: "\"\(name)\":\"")?.upperBound, let end = json[start...].firstIndex(of: "\"")
        else { throw Failed("no \(name) was recorded") }
        return String(json[start..<end])
    }
}

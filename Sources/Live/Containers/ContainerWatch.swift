import Console
import Containers
import Foundation
import Glibc
import Shared
import Synchronization

/// Asks a container runtime, on a thread of its own, and keeps what it said until the capture takes it.
final class ContainerWatch: Sendable {
    enum News {
        case known(RunningContainer)
        case stopped(String)
    }

    /// What the capture waits for at its start, seconds: the names of what runs already.
    private static let firstPatience = 2.0

    private let news = Mutex<[News]>([])
    private let listed = DispatchSemaphore(value: 0)
    private let socket: String

    /// - Throws: where nothing listens on the socket.
    init(socket: String) throws(Failure) {
        self.socket = socket
        if let reason = Self.refusal(socket) {
            throw Failure(
                "CONTAINERD_SOCKET (--container-socket) \(socket): \(reason); name the socket of a runtime that runs, or leave it out"
            )
        }
        Thread.detachNewThread { self.watch() }
        _ = listed.wait(timeout: .now() + Self.firstPatience)
    }

    /// Takes what the runtime has said since the last call.
    func take() -> [News] {
        news.withLock { news in
            guard !news.isEmpty else { return [] }
            defer { news = [] }
            return news
        }
    }

    private func put(_ item: News) { news.withLock { $0.append(item) } }

    private func watch() {
        let directory = DockerDirectory(socket: socket)
        var hasWarned = false
        while true {
            var reason = "it has closed the connection"
            do {
                for container in try directory.containers() { put(.known(container)) }
                listed.signal()
                try directory.changes { change in
                    switch change {
                    case .created(let container): put(.known(container))
                    case .changed(let id):
                        if let container = try? directory.container(id) { put(.known(container)) }
                    case .stopped(let id): put(.stopped(id))
                    }
                    return true
                }
            } catch { reason = "\(error)" }
            if !hasWarned {
                Terminal.complain(
                    "CONTAINERD_SOCKET \(socket): the container runtime does not answer (\(reason)); new containers stay without names until it does"
                )
            }
            hasWarned = true
            listed.signal()
            sleep(1)
        }
    }

    /// Why a connection to the socket is not possible; `nil` where it is.
    private static func refusal(_ path: String) -> String? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return "the path is too long" }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? nil : String(cString: strerror(errno))
    }
}

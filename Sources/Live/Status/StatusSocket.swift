import Console
import Glibc
import Shared

/// A Unix socket that tells whoever connects how the capture stands, and closes.
///
/// Only the owner may connect. Nothing is read and nobody is waited for: an answer is shorter than what a socket's buffer
/// takes (unix(7), SO_SNDBUF), and whoever does not fetch it goes without.
final class StatusSocket {
    static let option = "TAPEDECK_STATUS_SOCKET (--status-socket)"

    private let path: String
    private let descriptor: Int32
    /// The file that was made; what stands under the name later may be somebody else's.
    private var made = stat()
    private var isOpen = true

    /// So many are answered at one look.
    private static let batch = 16

    /// - Throws: where it can't be made, or another profiler answers there.
    init(_ path: String) throws(Failure) {
        let what = "\(Self.option) \(path)"
        guard let address = UnixAddress(path) else {
            throw Failure("\(what): is no name of a socket; write a path of at most 107 bytes")
        }
        self.path = path
        if !address.isAbstract { try Self.takeAwayStale(path, address, what) }
        let descriptor = socket(AF_UNIX, Self.kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        // Linux gives the socket's own mode to the name that it is bound to.
        fchmod(descriptor, 0o600)
        guard descriptor >= 0, address.lend({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0 else {
            let reason = String(cString: strerror(errno))
            let remedy = errno == ENOENT ? "; make its folder first" : ""
            if descriptor >= 0 { close(descriptor) }
            throw Failure("\(what): can't be made: \(reason)\(remedy)")
        }
        self.descriptor = descriptor
        if address.isAbstract || lstat(path, &made) != 0 { made.st_ino = 0 }
    }

    deinit { end() }

    private static let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    /// A profiler that was killed leaves its socket behind.
    private static func takeAwayStale(_ path: String, _ address: UnixAddress, _ what: String) throws(Failure) {
        var there = stat()
        guard lstat(path, &there) == 0 else { return }
        guard there.st_mode & S_IFMT == S_IFSOCK else {
            throw Failure("\(what): is there already, and is no socket; choose another name")
        }
        let descriptor = socket(AF_UNIX, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        defer { close(descriptor) }
        guard address.lend({ connect(descriptor, $0, $1) }) != 0, errno == ECONNREFUSED else {
            throw Failure("\(what): somebody answers there already; choose another name")
        }
        unlink(path)
    }

    /// Answers whoever waits.
    func answer(_ text: () -> String) {
        var bytes: [UInt8]?
        for _ in 0..<Self.batch {
            // A command is started before the first is answered, and nothing after.
            let client = accept(descriptor, nil, nil)
            guard client >= 0 else { return }
            let answer = bytes ?? Array(text().utf8)
            bytes = answer
            _ = send(client, answer, answer.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            close(client)
        }
    }

    /// Nobody is answered any more.
    func end() {
        guard isOpen else { return }
        isOpen = false
        var there = stat()
        let isOwn = lstat(path, &there) == 0 && there.st_ino == made.st_ino && there.st_dev == made.st_dev
        if made.st_ino != 0, isOwn { unlink(path) }
        close(descriptor)
    }

    // MARK: - The other side

    /// What the profiler says that has made the socket.
    static func ask(_ path: String) throws(Failure) -> [UInt8] {
        let remedy = "start one with --status-socket \(path), or name its socket"
        guard let address = UnixAddress(path) else { throw Failure("\(path): is no name of a socket") }
        let descriptor = socket(AF_UNIX, kind, 0)
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard address.lend({ connect(descriptor, $0, $1) }) == 0 else {
            let reason = errno
            guard reason == ENOENT || reason == ECONNREFUSED else {
                throw Failure(
                    "\(path): \(String(cString: strerror(reason)))\(reason == EACCES ? "; run it with sudo" : "")")
            }
            throw Failure("\(path): no profiler answers there; \(remedy)")
        }
        var answer: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while answer.count < longestAnswer {
            let count = recv(descriptor, &part, part.count, 0)
            if count == 0 { return answer }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Failure("\(path): the profiler does not answer: \(String(cString: strerror(errno)))")
            }
            answer += part[..<count]
        }
        throw Failure("\(path): the answer is too long to be a profiler's")
    }

    private static let longestAnswer = 1 << 20
}

import Console
import Glibc
import Shared

/// A file that grows while the capture runs, such as the event log: what was written can be read at once.
///
/// It holds secrets: only its owner may read it. A disk that is full is complained of once; from then on what would have
/// been written is counted.
final class LiveOutput {
    let path: String
    private let option: String
    private let descriptor: Int32
    private(set) var lostBytes = 0
    /// The first failure ends the writing: what follows a hole is worth nothing in a trace.
    private let stopsAtFailure: Bool
    private var hasFailed = false

    /// - Parameter option: the setting that named the file, for the message.
    init(_ path: String, option: String, stopsAtFailure: Bool = false) throws(Failure) {
        self.path = path
        self.option = option
        self.stopsAtFailure = stopsAtFailure
        if path == "-" {
            descriptor = STDOUT_FILENO
            return
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            let remedy = errno == ENOENT ? "; make its folder first" : "; choose another file"
            throw Failure("\(option) \(path): can't be written: \(reason)\(remedy)")
        }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG { fchmod(descriptor, 0o600) }
    }

    deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

    func write(_ bytes: RawSpan) {
        if hasFailed, stopsAtFailure {
            lostBytes &+= bytes.byteCount
            return
        }
        let writing = Writing(bytes, to: descriptor)
        guard let reason = writing.reason else { return }
        lostBytes &+= bytes.byteCount &- writing.written
        if !hasFailed { Terminal.complain("\(option) \(path): \(reason); the capture goes on") }
        hasFailed = true
    }
}

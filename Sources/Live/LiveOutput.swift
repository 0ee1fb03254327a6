import Console
import Glibc
import Shared

/// A file that grows while the capture runs, such as the event log: what was written can be read at once.
///
/// It holds secrets: only its owner may read it. One profiler writes it (`FileLock`). A disk that is full is complained of
/// once; what would have been written is counted, and a line that found no room as a whole is taken back.
final class LiveOutput {
    let path: String
    private let option: String
    private var descriptor: Int32
    private(set) var lostBytes = 0
    /// The first failure ends the writing: what follows a hole is worth nothing in a trace.
    private let stopsAtFailure: Bool
    private var hasFailed = false
    /// Where the file ends, as far as this output knows.
    private(set) var size: off_t = 0
    private let appends: Bool

    /// Nothing of the file is touched until `begin`.
    /// - Parameters:
    ///   - option: the setting that named the file, for the message.
    ///   - appends: adds to what the file has; else it is replaced, and that is said.
    init(_ path: String, option: String, appends: Bool, stopsAtFailure: Bool = false) throws(Failure) {
        self.path = path
        self.option = option
        self.stopsAtFailure = stopsAtFailure
        self.appends = appends
        if path == "-" {
            descriptor = STDOUT_FILENO
            return
        }
        descriptor = try Self.open(path, option)
        size = Self.regularSize(descriptor) ?? 0
    }

    /// Takes away what the file has, where it is replaced: nothing that could keep the capture from beginning follows.
    func begin() {
        guard !appends, path != "-", size > 0 else { return }
        Terminal.complain(
            "\(option) \(path): replaces a file of \(Quantity.bytes(UInt64(size))); --append adds to it")
        ftruncate(descriptor, 0)
        size = 0
    }

    deinit { closeDescriptor() }

    func write(_ bytes: RawSpan) {
        if hasFailed, stopsAtFailure {
            lostBytes &+= bytes.byteCount
            return
        }
        let writing = Writing(bytes, to: descriptor)
        guard let reason = writing.reason else {
            size &+= off_t(bytes.byteCount)
            hasFailed = false
            return
        }
        let kept = stopsAtFailure ? writing.written : takeBackPart(of: bytes, written: writing.written)
        size &+= off_t(kept)
        lostBytes &+= bytes.byteCount &- kept
        if !hasFailed { Terminal.complain("\(option) \(path): \(reason); the capture goes on") }
        hasFailed = true
    }

    /// The part of a line is worth nothing, and would be glued to what is written when there is room again.
    /// - Returns: how many bytes stay.
    private func takeBackPart(of bytes: RawSpan, written: Int) -> Int {
        var kept = written
        while kept > 0, bytes.u8(at: kept &- 1) != 0x0A { kept &-= 1 }
        guard kept < written, let size = Self.regularSize(descriptor) else { return written }
        return ftruncate(descriptor, Swift.max(size - off_t(written - kept), 0)) == 0 ? kept : written
    }

    // MARK: - What others do with the file

    /// Opens the file anew under its name: somebody has moved it away, and says so with SIGHUP.
    ///
    /// Where that fails, it goes on in the file that it has.
    func reopen() {
        guard path != "-", !isInPlace else { return }
        do throws(Failure) {
            let fresh = try Self.open(path, option)
            closeDescriptor()
            descriptor = fresh
            hasFailed = false
            size = Self.regularSize(fresh) ?? 0
        } catch {
            Terminal.complain("\(error); it goes on in the old file")
        }
    }

    /// Whether it has grown so long that a new one is to be begun.
    func isFull(_ most: Int?) -> Bool { most.map { size >= $0 } ?? false }

    /// Moves the file away, as `NAME.1`, and those that were moved before one number on; of these so many are kept.
    func moveAway(keeping count: Int) {
        guard path != "-" else { return }
        for number in stride(from: count - 1, through: 1, by: -1) {
            rename("\(path).\(number)", "\(path).\(number + 1)")
        }
        if count > 0 { rename(path, "\(path).1") } else { unlink(path) }
    }

    /// Looks whether the file is still there as it was, and says what is not.
    func look() {
        guard path != "-", let now = Self.regularSize(descriptor) else { return }
        if now < size { Terminal.complain("\(option) \(path): was cut by somebody; what is new follows") }
        size = now
        if !isInPlace { Terminal.complain("\(option) \(path): was moved away or removed; a new file is begun") }
    }

    /// Whether the name still leads to the file that is written.
    var isInPlace: Bool {
        var named = stat()
        var open = stat()
        guard fstat(descriptor, &open) == 0, open.st_mode & S_IFMT == S_IFREG else { return true }
        return stat(path, &named) == 0 && named.st_ino == open.st_ino && named.st_dev == open.st_dev
    }

    // MARK: - Files

    /// Opens a file to append to it, made where it isn't there, and locks it.
    private static func open(_ path: String, _ option: String) throws(Failure) -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            let remedy = errno == ENOENT ? "; make its folder first" : "; choose another file"
            throw Failure("\(option) \(path): can't be written: \(reason)\(remedy)")
        }
        guard regularSize(descriptor) != nil else { return descriptor }
        guard FileLock.take(descriptor) else {
            close(descriptor)
            throw Failure("\(option) \(path): another profiler writes it; choose another file")
        }
        fchmod(descriptor, 0o600)
        return descriptor
    }

    /// `nil` for what is no regular file.
    private static func regularSize(_ descriptor: Int32) -> off_t? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return status.st_size
    }

    private func closeDescriptor() { if descriptor > STDERR_FILENO { close(descriptor) } }
}

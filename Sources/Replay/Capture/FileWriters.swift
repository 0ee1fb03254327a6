import Console
import Glibc
import Shared

/// Whether somebody still writes a file.
enum FileWriters {
    /// `F_SETLEASE` of fcntl(2), which is Linux's own.
    private static let setLease: Int32 = 1024
    /// Nanoseconds within which a change says that more may come, where nobody has it open: each part may be added by another.
    private static let recent: Int64 = 5_000_000_000

    /// - Parameter path: of a file; what is none is not asked.
    static func write(path: String) -> Bool {
        guard Input.isFile(path) else { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return write(descriptor)
    }

    /// A lease for reading is only given where nobody has a file open to write, and its owner may ask (fcntl(2), Leases).
    /// - Parameter descriptor: open for reading alone.
    static func write(_ descriptor: Int32) -> Bool {
        // Whoever opens it while there is a lease breaks it, which is told by a signal.
        signal(SIGIO, SIG_IGN)
        if fcntl(descriptor, setLease, F_RDLCK) == 0 {
            _ = fcntl(descriptor, setLease, F_UNLCK)
        } else if errno == EAGAIN {
            return true
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        let changed = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        return Clock.wall.nanoseconds &- changed < recent
    }
}

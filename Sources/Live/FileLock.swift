import Glibc

/// That one profiler alone writes a file: a lock (flock(2)) that ends with the descriptor.
enum FileLock {
    /// - Returns: `false` where another has it.
    static func take(_ descriptor: Int32) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 { if errno != EINTR { return errno != EWOULDBLOCK } }
        return true
    }
}

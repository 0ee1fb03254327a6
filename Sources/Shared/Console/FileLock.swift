import Glibc

/// That one program alone writes a file: a lock (flock(2)) that ends with the descriptor.
package enum FileLock {
    /// - Returns: `false` where another has it.
    package static func take(_ descriptor: Int32) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 { if errno != EINTR { return errno != EWOULDBLOCK } }
        return true
    }
}

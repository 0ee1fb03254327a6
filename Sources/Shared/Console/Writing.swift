import Glibc

/// What came of writing bytes to a descriptor: all of them were taken, or it says why not.
package struct Writing {
    /// Bytes that were taken.
    package let written: Int
    /// The number of the error that ended it, as `errno` has it; `nil` where all bytes were taken.
    package let failure: Int32?

    /// The error in words.
    package var reason: String? { failure.map { String(cString: strerror($0)) } }

    /// Writes the bytes, however often the kernel takes a part of them or a signal comes between.
    /// - Parameter most: bytes of one call.
    package init(_ bytes: RawSpan, to descriptor: Int32, atOnce most: Int = .max) {
        (written, failure) = bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let rest = min(buffer.count - written, most)
                let count = write(descriptor, buffer.baseAddress.map { $0 + written }, rest)
                if count > 0 {
                    written += count
                } else if count == 0 {
                    // Whoever takes nothing and complains of nothing would be asked forever.
                    return (written, EIO)
                } else if errno != EINTR {
                    return (written, errno)
                }
            }
            return (written, nil)
        }
    }
}

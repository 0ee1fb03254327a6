import Glibc

/// Text for whoever reads standard output or standard error.
package enum StandardOutput {
    /// - Throws: where the text can't be written, as to a full disk; that nobody reads it any more (`| head`) is no error.
    package static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) throws(Failure) {
        _ = try offer(text, to: descriptor)
    }

    /// Writes a part of what has more.
    /// - Returns: whether anybody reads on.
    package static func offer(_ text: String, to descriptor: Int32 = STDOUT_FILENO) throws(Failure) -> Bool {
        let bytes = Array(text.utf8)
        let writing = Writing(bytes.span.bytes, to: descriptor)
        guard let reason = writing.reason else { return true }
        if writing.failure == EPIPE { return false }
        let name = descriptor == STDERR_FILENO ? "standard error" : "standard output"
        throw Failure("\(name): can't be written: \(reason)")
    }
}

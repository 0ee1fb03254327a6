import Glibc

/// Text for whoever reads standard output.
///
/// If nobody does any more (`| head`), that is no error.
package enum StandardOutput {
    package static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno != EINTR { return }
            written += max(count, 0)
        }
    }
}

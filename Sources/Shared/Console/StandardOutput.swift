import Glibc

/// Text for whoever reads standard output.
///
/// If nobody does any more (`| head`), that is no error.
package enum StandardOutput {
    package static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        let bytes = Array(text.utf8)
        _ = Writing(bytes.span.bytes, to: descriptor)
    }
}

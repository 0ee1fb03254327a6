import Glibc

/// Small files, read and written as a whole.
enum TextFile {
    /// More is no small file, and nothing that goes on for ever is read.
    private static let most = 64 << 20

    /// - Returns: `nil` where it can't be read; `errno` says why.
    static func bytes(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { return bytes }
            bytes += block[..<count]
            guard bytes.count <= most else {
                errno = EFBIG
                return nil
            }
        }
    }

    static func read(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }
}

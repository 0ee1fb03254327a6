import Console
import Glibc

/// Which of several inputs hold what another of them holds: one file named twice, or a copy of it, byte by byte.
///
/// What they say would be said twice. Of captures, packets that come again are known one by one; a trace's connections are
/// its own, so that those of a copy would be others.
struct InputCopies {
    private struct Kind: Hashable {
        var bytes: Int
        /// The first of them: files of one size, as rotation makes them, hardly ever begin alike.
        var head: [UInt8]
    }

    private struct Known {
        var path: String
        var name: String
    }

    /// The file's header, and some packets.
    private static let headBytes = 1024
    private static let blockBytes = 256 << 10

    private var known: [Kind: [Known]] = [:]

    /// Takes note of an input.
    /// - Returns: what the input is called that was named before and has the same content; `nil` where there is none, and of
    ///   what can't be read twice.
    mutating func original(of path: String, name: String) -> String? {
        guard Input.isFile(path), let kind = Self.kind(path), kind.bytes > 0 else { return nil }
        if let original = known[kind, default: []].first(where: { Self.areEqual($0.path, path) }) {
            return original.name
        }
        known[kind, default: []].append(Known(path: path, name: name))
        return nil
    }

    private static func kind(_ path: String) -> Kind? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        var head = [UInt8](repeating: 0, count: headBytes)
        guard fstat(descriptor, &status) == 0, fill(&head, descriptor) else { return nil }
        return Kind(bytes: Int(status.st_size), head: head)
    }

    private static func areEqual(_ path: String, _ other: String) -> Bool {
        let (one, two) = (open(path, O_RDONLY | O_CLOEXEC), open(other, O_RDONLY | O_CLOEXEC))
        defer { for descriptor in [one, two] where descriptor >= 0 { close(descriptor) } }
        var (a, b) = (stat(), stat())
        guard one >= 0, two >= 0, fstat(one, &a) == 0, fstat(two, &b) == 0 else { return false }
        if a.st_dev == b.st_dev, a.st_ino == b.st_ino { return true }
        var (block, others) = ([UInt8](repeating: 0, count: blockBytes), [UInt8](repeating: 0, count: blockBytes))
        while true {
            guard fill(&block, one), fill(&others, two), block == others else { return false }
            if block.isEmpty { return true }
        }
    }

    /// Reads as much as there is room for; less at the file's end.
    private static func fill(_ block: inout [UInt8], _ descriptor: Int32) -> Bool {
        var count = 0
        while count < block.count {
            let got = block.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress.map { $0 + count }, bytes.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return false }
            if got == 0 { break }
            count += got
        }
        block.removeLast(block.count - count)
        return true
    }
}

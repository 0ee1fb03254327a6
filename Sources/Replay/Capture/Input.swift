import Glibc

/// One input of a replay, opened: its bytes, decompressed where they were compressed.
struct Input {
    /// As the user wrote it; `-` is standard input.
    let path: String
    let bytes: PeekedBytes
    /// Bytes of the file; `nil` for a pipe.
    let fileBytes: UInt64?

    /// What a user calls it.
    var name: String { path == "-" ? "standard input" : path }

    /// - Parameter readsAhead: read, and decompress, on a thread of its own; `nil` where that pays: with compressed files.
    static func open(_ path: String, readsAhead: Bool?) throws(Failure) -> Input {
        let descriptor = path == "-" ? STDIN_FILENO : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: throw Failure("\(path): no such file")
            case EACCES: throw Failure("\(path): permission denied; captures of tcpdump belong to root or tcpdump")
            default: throw Failure("\(path): \(String(cString: strerror(errno)))")
            }
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw Failure("\(path): \(String(cString: strerror(errno)))")
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw Failure("\(path): is a directory; name its captures (\(path)/*.pcap), or use `replay check` for fixtures")
        }
        if descriptor == STDIN_FILENO, isatty(descriptor) == 1 {
            throw Failure("standard input is a terminal; pipe a capture into it: tcpdump -w - | replay -")
        }
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)

        let file = PeekedBytes(DescriptorBytes(descriptor))
        let isCompressed = GzipBytes.isGzip(file.head)
        var source: any ByteSource = isCompressed ? GzipBytes(file) : file
        if readsAhead ?? isCompressed { source = ReadAhead(source) }
        return Input(
            path: path, bytes: PeekedBytes(source), fileBytes: isRegular ? UInt64(max(status.st_size, 0)) : nil)
    }
}

/// Why what was asked could not be done: what and where, with the remedy where there is one. Exit status 2.
struct Failure: Error, Equatable, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

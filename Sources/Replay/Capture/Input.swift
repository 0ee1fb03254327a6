import Console
import Glibc
import Shared

/// One input of a replay, opened: its bytes, decompressed where they were compressed.
struct Input {
    let bytes: PeekedBytes
    /// What a user calls it.
    let name: String

    /// - Parameter readsAhead: read, and decompress, on a thread of its own; `nil` where that pays: with compressed files.
    /// - Parameter waitsOn: is asked whether to wait, where there are no more bytes; a file is followed then.
    /// - Parameter asTape: an HTTP Archive is the trace that it stands for; `false`: its own bytes.
    /// - Parameter headBytes: how much of the beginning can be looked at; `nil`: what tells the kinds of files apart.
    static func open(
        _ path: String, name: String? = nil, readsAhead: Bool? = nil, headBytes: Int? = nil,
        asTape: Bool = true, waitsOn: (() -> Bool)? = nil
    ) throws(Failure) -> Input {
        let (descriptor, status) = try descriptor(path)
        let isRegular = status.st_mode & S_IFMT == S_IFREG
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)

        let file = PeekedBytes(DescriptorBytes(descriptor, isRegular: isRegular, waitsOn: waitsOn))
        let (isGzip, isZstd) = (GzipBytes.isGzip(file.head), ZstdBytes.isZstd(file.head))
        let isCompressed = isGzip || isZstd
        var source: any ByteSource = file
        if isGzip { source = GzipBytes(file) }
        if isZstd { source = ZstdBytes(file) }
        if waitsOn == nil, readsAhead ?? isCompressed { source = ReadAhead(source) }
        let bytes = headBytes.map { PeekedBytes(source, count: $0) } ?? PeekedBytes(source)
        let input = Input(bytes: bytes, name: name ?? (path == "-" ? "standard input" : path))
        guard asTape, HARTape.isArchive(bytes.head) else { return input }
        let trace = WrittenBytes(
            try HARTape.trace(of: input), failure: bytes.failure, filePosition: bytes.filePosition)
        return Input(bytes: headBytes.map { PeekedBytes(trace, count: $0) } ?? PeekedBytes(trace), name: input.name)
    }

    /// Whether all inputs can be opened, and each pipe is named once: it can't be read again, as a file can (`InputCopies`).
    ///
    /// All are asked before the first is read: a misspelt name shall not show after ten minutes.
    static func check(_ paths: [String]) throws(Failure) {
        var named: Set<String> = []
        for path in paths {
            try check(path)
            guard !isFile(path), !named.insert(path == "-" ? path : OutputFile.place(path)).inserted else { continue }
            throw Failure("\(path) is named twice; name each input once")
        }
    }

    private static func check(_ path: String) throws(Failure) {
        var status = stat()
        // Opening a named pipe would wait for its writer.
        if path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO { return }
        let (descriptor, _) = try descriptor(path)
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    private static func descriptor(_ path: String) throws(Failure) -> (Int32, stat) {
        guard !path.isEmpty else { throw Failure("an input's name is empty; name a file, or - for standard input") }
        let descriptor = path == "-" ? STDIN_FILENO : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            switch errno {
            case ENOENT where path.contains("://"):
                let shown = path.withoutCredentials
                throw Failure(
                    "\(shown): this command reads files; write the stream to one first: replay convert \(shown) run.tape"
                )
            case ENOENT:
                throw Failure("\(path): no such file")
            case EACCES: throw Failure("\(path): permission denied; captures often belong to root or to tcpdump")
            default: throw Failure("\(path): \(String(cString: strerror(errno)))")
            }
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            if descriptor != STDIN_FILENO { close(descriptor) }
            throw Failure("\(path): is a directory; name its captures, or use `replay check` for fixtures")
        }
        if descriptor == STDIN_FILENO, isatty(descriptor) == 1 {
            throw Failure("standard input is a terminal; pipe a capture into it: tcpdump -w - | replay -")
        }
        return (descriptor, status)
    }

    /// Whether it is a file, which can be opened again and read from its beginning.
    static func isFile(_ path: String) -> Bool {
        var status = stat()
        return path != "-" && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Bytes of all files together; `nil` where one is a pipe, or not there.
    static func fileBytes(_ paths: [String]) -> UInt64? {
        var sum: UInt64 = 0
        for path in paths {
            var status = stat()
            guard (path == "-" ? fstat(STDIN_FILENO, &status) : stat(path, &status)) == 0,
                status.st_mode & S_IFMT == S_IFREG
            else { return nil }
            sum &+= UInt64(max(status.st_size, 0))
        }
        return sum
    }

    var isCapture: Bool { PcapHeader.isPcap(bytes.head) || PcapngFile.isPcapng(bytes.head) }

    /// Whether it is a trace, in either form.
    var isTrace: Bool {
        let head = bytes.head
        return TraceFormat.isTrace(head.span.bytes) || TraceTextReader.isTrace(head.span.bytes)
    }

    /// Whether it is what `replay state` writes: of what was seen, and no tape.
    var isState: Bool {
        let head = bytes.head
        return StateFormat.isState(head.span.bytes)
    }

    /// All bytes.
    /// - Parameters:
    ///   - most: so many of them are refused.
    ///   - what: it is then.
    func whole(atMost most: Int = .max, _ what: String = "") throws(Failure) -> [UInt8] {
        var all: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = block.withUnsafeMutableBytes { bytes.read(into: $0) }
            if count == 0 { break }
            all += block[..<count]
            guard all.count <= most else { throw Failure("\(name): is \(what)") }
        }
        if let failure = bytes.failure { throw Failure("\(name): \(failure)") }
        return all
    }

    /// Why this could not be opened as a pcap file, in words that help.
    func isNoCapture(_ reason: String) -> Failure {
        if bytes.head.isEmpty {
            let cause = bytes.failure.flatMap { $0 == DescriptorBytes.left ? nil : ": \($0)" } ?? ": is empty"
            return Failure(
                "\(name)\(cause); replay reads traces, pcap, pcapng and HAR, also compressed with gzip or zstd")
        }
        if isCapture { return Failure("\(name): \(reason)") }
        if isState { return Failure("\(name): is a state, which holds no traffic; give the tapes that it was made of") }
        let shown = bytes.head.prefix(16)
        let hex = shown.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        let text = String(decoding: shown.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
        return Failure(
            "\(name): not a capture; it begins with \(hex) (\(text)), and replay reads traces, pcap, pcapng and HAR")
    }

    /// Whether a capture was cut before its first packet.
    func isCutInHeader(_ reason: String) -> Bool {
        if bytes.failure == DescriptorBytes.interrupted { return true }
        return bytes.failure != nil || reason.hasPrefix("truncated") ? isCapture : false
    }
}

extension TapeOrigin {
    /// So much of an input's beginning tells it from all others: times to the microsecond, sequence numbers, payload.
    static let headBytes = 64 << 10
}

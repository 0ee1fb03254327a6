import Console
import Glibc
import Shared

/// A file that comes by pieces, in any order and some of them again, kept in a temporary file that has no name: nothing is
/// left of it, however the program ends.
final class StreamedFile {
    let file: ShippedFile
    /// Where the bytes lie, in the order in which they came; neighbours are one.
    private var extents: [Extent] = []
    private var kept: Temporary

    private struct Extent {
        var position: UInt64
        var count: UInt64
        /// In the temporary file.
        var offset: UInt64

        var end: UInt64 { position &+ count }
        func has(_ at: UInt64) -> Bool { position <= at && at <= end }
    }

    init(_ file: ShippedFile) throws(Failure) {
        self.file = file
        kept = try Temporary.make()
    }

    /// For whoever opens files by their path, for as long as this lives.
    var path: String { kept.path }

    /// - Returns: `false` where such a place can't be.
    func add(_ bytes: RawSpan, at position: UInt64) throws(Failure) -> Bool {
        let (end, isTooFar) = position.addingReportingOverflow(UInt64(bytes.byteCount))
        guard !isTooFar, end <= UInt64(Int64.max) else { return false }
        // What comes again mostly comes soon, or is the beginning.
        for known in [extents.first, extents.last].compactMap({ $0 }) where known.has(position) && end <= known.end {
            return true
        }
        let offset = kept.count
        try kept.append(bytes)
        if let last = extents.indices.last, extents[last].end == position {
            extents[last].count &+= UInt64(bytes.byteCount)
        } else if bytes.byteCount > 0 {
            extents.append(Extent(position: position, count: UInt64(bytes.byteCount), offset: offset))
        }
        return true
    }

    /// Puts all in the order of the file, each byte once.
    ///
    /// Where something never came, a trace says so; of what is no trace
    /// nothing behind that can be read, and it is left away.
    func arrange() throws(Failure) {
        if extents.count != 1 || extents[0].position > 0 { try sort() }
        try kept.endWriting()
    }

    private func sort() throws(Failure) {
        // Of those that begin at one place the longest is first.
        let sorted = extents.sorted { ($0.position, $1.count, $0.offset) < ($1.position, $0.count, $1.offset) }
        guard let first = sorted.first else { return }
        let head = try kept.read(first.offset, atMost: TraceMark.searchedBytes)
        let isTrace = first.position == 0 ? TraceFormat.isTrace(head.span.bytes) : TraceMark.firstTime(head) != nil
        let arranged = try Temporary.make()
        var done: UInt64 = 0
        for extent in sorted where extent.end > done {
            if extent.position > done {
                guard isTrace else { break }
                let behind = try kept.read(extent.offset, atMost: TraceMark.searchedBytes)
                let mark = TraceMark.missing(before: behind, isBeginning: done == 0)
                try arranged.append(mark.span.bytes)
                done = extent.position
            }
            let known = done &- extent.position
            try arranged.copy(kept, from: extent.offset &+ known, count: extent.count &- known)
            done = extent.end
        }
        extents = []
        kept = arranged
    }
}

/// What is put into a trace of which a part never came.
enum TraceMark {
    /// Bytes in which the next whole event is looked for.
    static let searchedBytes = 1 << 20

    /// A loss, at the time of what follows; in front of all else the header that a trace begins with.
    static func missing(before bytes: [UInt8], isBeginning: Bool) -> [UInt8] {
        var mark: [UInt8] = []
        var writer = TraceWriter()
        writer.drain { if isBeginning { mark += $0.array } }
        // Where nothing can be read behind it, the reader finds the damage itself.
        guard let time = firstTime(bytes) else { return mark }
        writer.write(CapturedEvent(time, .lost(Loss(.missingPart, count: 1))), payload: RawSpan())
        writer.drain { mark += $0.array }
        return mark
    }

    /// When the first whole event of some bytes from within a trace is.
    static func firstTime(_ bytes: [UInt8]) -> Timestamp? {
        var whole: [UInt8] = []
        var writer = TraceWriter()
        writer.drain { whole += $0.array }
        whole += bytes
        var (reader, at) = (TraceReader(), 0)
        var found: Timestamp?
        while found == nil, at < whole.count {
            let rest = whole.span.bytes.extracting(at..<whole.count)
            do throws(TraceError) {
                let step = try reader.next(rest, isEnd: true) { event, _ in found = event.timestamp }
                guard case .taken(let count) = step else { return found }
                at += count
            } catch {
                return nil
            }
        }
        return found
    }
}

extension RawSpan {
    fileprivate var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// A file without a name.
private final class Temporary {
    private var descriptor: Int32
    private(set) var count: UInt64 = 0

    private static let blockBytes = 256 << 10

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    static func make() throws(Failure) -> Temporary {
        let folder = Terminal.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(folder)/tapedeck.XXXXXX".utf8CString)
        let descriptor = template.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let name = buffer.baseAddress else { return -1 }
            let descriptor = mkstemp(name)
            guard descriptor >= 0 else { return -1 }
            unlink(name)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return descriptor
        }
        guard descriptor >= 0 else { throw failure(errno) }
        return Temporary(descriptor)
    }

    deinit { close(descriptor) }

    var path: String { "/proc/self/fd/\(descriptor)" }

    func append(_ bytes: RawSpan) throws(Failure) {
        let writing = Writing(bytes, to: descriptor)
        guard let failure = writing.failure else {
            count &+= UInt64(bytes.byteCount)
            return
        }
        throw Self.failure(failure)
    }

    /// From now on it is a file that nobody writes.
    func endWriting() throws(Failure) {
        let fresh = open(path, O_RDONLY | O_CLOEXEC)
        guard fresh >= 0 else { throw Self.failure(errno) }
        close(descriptor)
        descriptor = fresh
    }

    func read(_ offset: UInt64, atMost most: Int) throws(Failure) -> [UInt8] {
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
            while filled < most {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, most - filled, off_t(offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { break }
                filled += got
            }
        }
        if let failure { throw Self.failure(failure) }
        return bytes
    }

    func copy(_ other: Temporary, from offset: UInt64, count: UInt64) throws(Failure) {
        var (offset, left) = (offset, count)
        while left > 0 {
            let block = try other.read(offset, atMost: Int(min(left, UInt64(Self.blockBytes))))
            guard !block.isEmpty else { return }
            try append(block.span.bytes)
            offset &+= UInt64(block.count)
            left &-= UInt64(block.count)
        }
    }

    private static func failure(_ number: Int32) -> Failure {
        let reason = String(cString: strerror(number))
        let remedy =
            number == EMFILE
            ? "; take fewer files at once (?subject=), or allow more (ulimit -n)" : "; TMPDIR names another folder"
        return Failure("what a stream brings can't be kept in a temporary file: \(reason)\(remedy)")
    }
}

private import CCodecs
package import Console
import Glibc
import Shared
import Synchronization

/// Pieces that wait for a server, on disk: what is there outlives the program, and is sent before what comes later.
///
/// They lie in segments, files of one after another; a segment goes when all of it was sent. Where there is no room for more,
/// the oldest segment goes, and what of it was not sent is lost, and counted. A segment of which only a part was sent when the
/// program ended is sent again from its beginning: the stream's readers know each byte by its place.
package final class Spool: Sendable {
    /// Bytes of a segment at most: so much is lost at once, or sent again.
    private static let segmentBytes = 4 << 20
    /// Bytes of a spool at least.
    package static let least = 1 << 20

    /// A piece, and where it lies: whoever has sent it gives that back.
    struct Waiting {
        var piece: Piece
        fileprivate var segment: UInt64
        fileprivate var end: Int
    }

    package let folder: String
    package let most: Int
    private let lock: Int32
    private let state: Mutex<State>

    fileprivate struct Segment {
        var number: UInt64
        /// Of the file.
        var bytes: Int
    }

    fileprivate struct State: ~Copyable {
        var folder: String
        /// The oldest first.
        var segments: [Segment]
        /// The last segment's file, while it takes more; -1: none does.
        var writing: Int32 = -1
        /// The first segment's file, where it was opened; -1: it was not.
        var reading: Int32 = -1
        /// How far the first segment was sent.
        var sent = 0
        /// Beginning and end of what is being sent, which is in memory; of the first segment, unless that was let go of.
        var taken: (segment: UInt64, start: Int, end: Int)?
        var next: UInt64
        var lost: UInt64 = 0
        /// Something was let go of, and is complained of, until all is sent.
        var isFull = false
        var hasFailed = false

        deinit { for file in [writing, reading] where file >= 0 { close(file) } }
    }

    /// - Parameters:
    ///   - folder: is made where it is not there.
    ///   - most: bytes of all segments together; at least `least`.
    ///   - option: the setting that named the folder, for messages.
    /// - Throws: where it can't be used, or another program uses it.
    package init(_ folder: String, most: Int, option: String) throws(Failure) {
        self.folder = folder
        self.most = max(most, Self.least)
        func fail(_ what: String) -> Failure {
            Failure("\(option) \(folder): \(what): \(String(cString: strerror(errno))); choose another folder")
        }
        guard Self.make(folder) else { throw fail("can't be made") }
        let lock = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw fail("can't be written") }
        guard FileLock.take(lock) else {
            close(lock)
            throw Failure("\(option) \(folder): another program sends from there; choose another folder")
        }
        self.lock = lock
        let segments = Self.segments(folder)
        state = Mutex(State(folder: folder, segments: segments, next: (segments.last?.number ?? 0) &+ 1))
    }

    deinit { close(lock) }

    // MARK: What waits

    /// Bytes on disk that were not sent.
    package var waitingBytes: UInt64 {
        state.withLock { state in
            UInt64(clamping: state.segments.reduce(0) { $0 + $1.bytes } - (state.segments.isEmpty ? 0 : state.sent))
        }
    }

    /// Bytes that nobody will get: there was no room for them, or they can't be read any more.
    package var lostBytes: UInt64 { state.withLock { $0.lost } }

    /// Puts a piece behind the others.
    /// - Returns: what there is to be complained of, once.
    package func add(_ piece: Piece) -> String? {
        let record = Self.record(piece)
        let (most, segmentBytes) = (most, min(Self.segmentBytes, most / 4))
        return state.withLock { state in
            let wasFull = state.isFull
            state.makeRoom(record.count, most: most)
            if let last = state.segments.last, state.writing >= 0, last.bytes >= segmentBytes {
                close(state.writing)
                state.writing = -1
            }
            if let reason = state.append(record) {
                state.lost &+= UInt64(piece.bytes.count)
                defer { state.hasFailed = true }
                return state.hasFailed ? nil : "\(folder): \(reason); what can't be kept is lost and counted"
            }
            state.hasFailed = false
            guard state.isFull, !wasFull else { return nil }
            let size = Quantity.bytes(UInt64(most))
            return "\(folder): is full with \(size); the oldest that was not sent is lost and counted"
        }
    }

    /// The oldest piece that was not sent; `nil` where there is none.
    func oldest() -> Waiting? {
        state.withLock { state in
            while let first = state.segments.first {
                if state.reading < 0 { state.reading = state.open(first.number, O_RDONLY) }
                switch Self.read(state.reading, at: state.sent, of: first.bytes) {
                case .piece(let piece, let end):
                    state.taken = (first.number, state.sent, end)
                    return Waiting(piece: piece, segment: first.number, end: end)
                case .end where state.segments.count == 1 && state.writing >= 0:
                    state.isFull = false
                    return nil
                // A record that the file's end cuts was never whole: its writer was killed.
                case .end: state.dropFirst()
                case .damaged:
                    state.lost &+= UInt64(clamping: first.bytes - state.sent)
                    state.dropFirst()
                }
            }
            return nil
        }
    }

    /// A piece was sent.
    func sent(_ waiting: Waiting) {
        state.withLock { state in
            state.taken = nil
            guard let first = state.segments.first, first.number == waiting.segment else { return }
            state.sent = waiting.end
            guard state.sent >= first.bytes, state.segments.count > 1 || first.bytes >= Self.least else { return }
            state.dropFirst()
        }
    }

    /// Nothing more is added, or sent: where all was sent, nothing stays on disk.
    func end() {
        state.withLock { state in
            if let taken = state.taken, state.segments.first?.number != taken.segment {
                state.lost &+= UInt64(taken.end - taken.start)
            }
            state.taken = nil
            if state.writing >= 0 { close(state.writing) }
            state.writing = -1
            while let first = state.segments.first, state.sent >= first.bytes { state.dropFirst() }
        }
    }

    // MARK: Files

    private static func make(_ folder: String) -> Bool {
        var made = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && part.isEmpty ? "/" : (made.isEmpty || made == "/" ? "" : "/") + part
            guard !made.isEmpty, mkdir(made, 0o700) != 0, errno != EEXIST, access(made, F_OK) != 0 else { continue }
            return false
        }
        var status = stat()
        guard stat(folder, &status) == 0 else { return false }
        if status.st_mode & S_IFMT != S_IFDIR { errno = ENOTDIR }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    private static func segments(_ folder: String) -> [Segment] {
        var segments: [Segment] = []
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            guard name.hasSuffix(suffix), let number = UInt64(name.dropLast(suffix.count)),
                stat("\(folder)/\(name)", &status) == 0
            else { continue }
            segments.append(Segment(number: number, bytes: Int(status.st_size)))
        }
        return segments.sorted { $0.number < $1.number }
    }

    fileprivate static let suffix = ".pieces"

    // MARK: Records

    // A record, all numbers little endian: marker 4, length of `HOST.FILE` 4, position 8, length of the bytes 4, CRC-32 of
    // what stands before it and of what follows 4, `HOST.FILE`, the bytes.
    private static let marker: UInt32 = 0x4B44_5054
    private static let headerBytes = 24
    private static let longestText = 256
    /// Bytes of a piece; what claims more is damage.
    package static let longestPiece = 64 << 20

    private static func record(_ piece: Piece) -> [UInt8] {
        let text = Array(piece.file.text.utf8)
        var record: [UInt8] = []
        record.reserveCapacity(headerBytes + text.count + piece.bytes.count)
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { record += $0 } }
        put(marker)
        put(UInt32(text.count))
        put(piece.position)
        put(UInt32(piece.bytes.count))
        put(checksum(record, text, piece.bytes))
        return record + text + piece.bytes
    }

    private static func checksum(_ parts: [UInt8]...) -> UInt32 {
        UInt32(
            truncatingIfNeeded: parts.reduce(0) { sum, part in
                part.withUnsafeBufferPointer { crc32_z(sum, $0.baseAddress, $0.count) }
            })
    }

    private enum Reading {
        case piece(Piece, end: Int)
        case end
        case damaged
    }

    /// - Parameter size: of the file.
    private static func read(_ file: Int32, at offset: Int, of size: Int) -> Reading {
        guard size - offset >= headerBytes else { return .end }
        guard let header = bytes(file, headerBytes, at: offset) else { return .damaged }
        let fields = header.span.bytes
        guard let found = fields.little(UInt32.self, at: 0), found == marker,
            let textCount = fields.little(UInt32.self, at: 4), textCount <= longestText,
            let position = fields.little(UInt64.self, at: 8),
            let count = fields.little(UInt32.self, at: 16), count <= longestPiece,
            let sum = fields.little(UInt32.self, at: 20)
        else { return .damaged }
        let start = offset + headerBytes
        guard size - start >= Int(textCount) + Int(count) else { return .end }
        guard let text = bytes(file, Int(textCount), at: start),
            let content = bytes(file, Int(count), at: start + text.count)
        else { return .damaged }
        guard checksum(Array(header[..<20]), text, content) == sum,
            let shipped = ShippedFile(String(decoding: text, as: UTF8.self))
        else { return .damaged }
        return .piece(Piece(shipped, at: position, content), end: start + text.count + content.count)
    }

    /// `nil` where the file has fewer, or can't be read.
    private static func bytes(_ file: Int32, _ count: Int, at offset: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(file, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { break }
                filled += got
            }
        }
        return bytes.count == count ? bytes : nil
    }
}

extension Spool.State {
    fileprivate func path(_ number: UInt64) -> String {
        let digits = String(number)
        return "\(folder)/\(String(repeating: "0", count: 20 - digits.count))\(digits)\(Spool.suffix)"
    }

    fileprivate func open(_ number: UInt64, _ flags: Int32) -> Int32 {
        Glibc.open(path(number), flags | O_CLOEXEC, 0o600)
    }

    /// Lets the oldest go until there is room.
    fileprivate mutating func makeRoom(_ count: Int, most: Int) {
        while let first = segments.first, segments.reduce(0, { $0 + $1.bytes }) + count > most {
            // What is being sent is in memory, and may still arrive.
            let end = taken.map { $0.segment == first.number ? $0.end : sent } ?? sent
            if first.bytes > end {
                lost &+= UInt64(first.bytes - end)
                isFull = true
            }
            dropFirst()
        }
    }

    fileprivate mutating func dropFirst() {
        guard let first = segments.first else { return }
        if reading >= 0 { close(reading) }
        reading = -1
        sent = 0
        if segments.count == 1, writing >= 0 {
            close(writing)
            writing = -1
        }
        unlink(path(first.number))
        segments.removeFirst()
    }

    /// - Returns: why not.
    fileprivate mutating func append(_ record: [UInt8]) -> String? {
        if writing < 0 {
            let file = open(next, O_WRONLY | O_CREAT | O_EXCL | O_APPEND)
            guard file >= 0 else { return String(cString: strerror(errno)) }
            writing = file
            segments.append(Spool.Segment(number: next, bytes: 0))
            next &+= 1
        }
        let done = Writing(record.span.bytes, to: writing)
        let last = segments.count - 1
        guard let reason = done.reason else {
            segments[last].bytes += record.count
            return nil
        }
        // A part of a record would hide those behind it.
        ftruncate(writing, off_t(segments[last].bytes))
        return reason
    }
}

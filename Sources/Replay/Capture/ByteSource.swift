import Console
import Glibc

/// Bytes in order: a file's, what they decompress to, or what a thread has read ahead.
protocol ByteSource: AnyObject {
    /// Fills as much of `buffer` as is at hand, at least one byte.
    /// - Returns: the number of bytes, 0 at the end. Where the end came too early, `failure` says why.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int

    /// Why no more bytes come, if not because the file ends.
    var failure: String? { get }

    /// Bytes of the file that have been read, for the progress bar.
    var filePosition: UInt64 { get }
}

/// A file, a pipe or standard input; it ends early where the run is interrupted.
final class DescriptorBytes: ByteSource {
    /// The failure where Ctrl-C or SIGTERM ended it.
    static let interrupted = "interrupted"
    /// And where whoever waited for more does not any more, which is how following a file ends.
    static let left = "left"

    private let descriptor: Int32
    private(set) var failure: String?
    private(set) var filePosition: UInt64 = 0

    /// Whether reading may have to wait for bytes.
    private let waits: Bool
    /// Is asked where there are no bytes whether to wait for more, and takes its time.
    private let waitsOn: (() -> Bool)?
    private var state: pollfd
    /// When no more bytes are read, after an interruption.
    private var deadline: Duration?

    /// Takes ownership of the descriptor.
    /// - Parameter waitsOn: is asked where there are no bytes whether to wait for more, and takes its time; a file is followed
    ///   then for as long as somebody writes it.
    init(_ descriptor: Int32, isRegular: Bool, waitsOn: (() -> Bool)? = nil) {
        self.descriptor = descriptor
        self.waitsOn = waitsOn
        waits = !isRegular
        state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            guard waits ? hasMore() : !Interruption.isRequested else {
                failure = failure ?? Self.interrupted
                return 0
            }
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count == 0, !waits, let waitsOn, FileWriters.write(descriptor) {
                if waitsOn() { continue }
                failure = Self.left
                return 0
            }
            if count >= 0 {
                filePosition &+= UInt64(count)
                return count
            }
            if errno == EINTR { continue }
            failure = String(cString: strerror(errno))
            return 0
        }
    }

    /// Waits for bytes, or the end, however long a pipe stays silent; `false` where the run was interrupted.
    ///
    /// Ctrl-C reaches all of a pipeline, and what tcpdump had gathered until then it writes on its way out: so there is
    /// half a second for that.
    private func hasMore() -> Bool {
        while true {
            if Interruption.isRequested {
                let end = deadline ?? Clock.elapsed + .milliseconds(500)
                deadline = end
                guard Clock.elapsed < end else { return false }
            }
            let ready = poll(&state, 1, waitsOn == nil ? 100 : 0)
            if ready > 0 || ready < 0 && errno != EINTR { return true }
            if let waitsOn, !waitsOn() {
                failure = Self.left
                return false
            }
        }
    }
}

/// Bytes whose beginning can be looked at before they are read: what a file is, its content tells, not its name.
final class PeekedBytes: ByteSource {
    private let source: any ByteSource
    /// The first bytes, fewer than asked for only where there are no more.
    let head: [UInt8]
    private var handedOut = 0

    init(_ source: any ByteSource, count: Int = 64) {
        self.source = source
        head = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(buffer)[filled...]
                let read = source.read(into: UnsafeMutableRawBufferPointer(rebasing: rest))
                if read == 0 { break }
                filled += read
            }
        }
    }

    var failure: String? { source.failure }
    var filePosition: UInt64 { source.filePosition }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard handedOut < head.count else { return source.read(into: buffer) }
        let count = min(buffer.count, head.count - handedOut)
        buffer.copyBytes(from: head[handedOut..<(handedOut + count)])
        handedOut += count
        return count
    }
}

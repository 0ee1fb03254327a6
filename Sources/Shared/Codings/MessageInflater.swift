private import CCodecs

/// Undoes the compression of messages that share one window (raw DEFLATE, RFC 1951), message by message.
///
/// What the window holds is known from the last `begin` on. A message that refers to what was before that is refused, by zlib, so
/// whatever is given is right, also where the stream was joined late: a message that refers to nothing before itself can be read.
final class MessageInflater {
    private var stream = z_stream()
    private var isReady = false
    private(set) var hasFailed = false

    init() {}

    deinit { if isReady { inflateEnd(&stream) } }

    /// Forgets the window.
    func begin() {
        hasFailed = false
        if isReady {
            inflateReset(&stream)
        } else {
            // The largest window reads what was made with any smaller one.
            isReady = inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
            hasFailed = !isReady
        }
    }

    /// Takes the next bytes of a message.
    /// - Parameters:
    ///   - room: where what is read may lie for the time of a call of `sink`.
    ///   - sink: answers `false` to stop; the window is not known any more then.
    func inflate(_ bytes: RawSpan, room: UnsafeMutableRawBufferPointer, _ sink: (RawSpan) -> Bool) {
        guard !hasFailed, isReady, bytes.byteCount > 0 else { return }
        bytes.withUnsafeBytes { input in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(clamping: input.count)
            while true {
                stream.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(room.count)
                let result = CCodecs.inflate(&stream, Z_SYNC_FLUSH)
                let count = room.count &- Int(stream.avail_out)
                if count > 0, !sink(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: room[0..<count]))) {
                    hasFailed = true
                    return
                }
                switch result {
                case Z_STREAM_END:
                    // A last block: the next message begins another stream, with the same window.
                    inflateResetKeep(&stream)
                    if stream.avail_in == 0 { return }
                case Z_OK: if stream.avail_in == 0, stream.avail_out > 0 { return }
                case Z_BUF_ERROR: return
                default:
                    hasFailed = true
                    return
                }
            }
        }
    }

    /// The message has ended: its sender has left out what ends a flushed block (RFC 7692, section 7.2.2).
    func endMessage(room: UnsafeMutableRawBufferPointer, _ sink: (RawSpan) -> Bool) {
        let end: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
        inflate(end.span.bytes, room: room, sink)
    }
}

private import CCodecs
import Glibc

/// What gzip-compressed bytes decompress to (RFC 1952), members one after another as one.
///
/// zlib's own `gzread` throws away what it has decompressed of a block when the block turns out to be cut or damaged;
/// this gives all of it.
final class GzipBytes: ByteSource {
    private let source: any ByteSource
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    private var isInMember = true
    private var isAtEnd = false
    private(set) var failure: String?

    static func isGzip(_ head: [UInt8]) -> Bool { head.starts(with: [0x1F, 0x8B]) }

    init(_ source: any ByteSource) {
        self.source = source
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: 256 << 10, alignment: 16)
        // 15 bits of window, and 16: with gzip's header.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            failure = "zlib can't begin to decompress (its status \(status)): is there memory left?"
            isAtEnd = true
            return
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    var filePosition: UInt64 { source.filePosition }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard !isAtEnd, !buffer.isEmpty else { return 0 }
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: buffer.count)
        let wanted = stream.pointee.avail_out
        while stream.pointee.avail_out == wanted {
            if stream.pointee.avail_in == 0 {
                let count = source.read(into: input)
                if count == 0 {
                    isAtEnd = true
                    failure = source.failure ?? (isInMember ? "the gzip stream is cut short" : nil)
                    break
                }
                stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_in = UInt32(count)
            }
            if !isInMember {
                // Another member, or padding (tapes were filled up with zeros), which ends it.
                guard stream.pointee.next_in.pointee == 0x1F else {
                    isAtEnd = true
                    break
                }
                inflateReset(stream)
                isInMember = true
            }
            let status = inflate(stream, Z_NO_FLUSH)
            if status == Z_STREAM_END {
                isInMember = false
            } else if status != Z_OK, status != Z_BUF_ERROR {
                isAtEnd = true
                failure = "the gzip stream is damaged" + (stream.pointee.msg.map { " (\(String(cString: $0)))" } ?? "")
                break
            }
        }
        return Int(wanted - stream.pointee.avail_out)
    }
}

private import CCodecs
import Glibc

/// What zstd-compressed bytes decompress to (RFC 8878), frames one after another as one.
final class ZstdBytes: ByteSource {
    /// The largest window that is decompressed, as a power of two: what `zstd -d` allows without being asked for more.
    private static let windowLog: Int32 = 27

    private let source: any ByteSource
    private let context: OpaquePointer?
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    private var input: ZSTD_inBuffer
    /// A frame has begun and is not complete.
    private var isInFrame = true
    /// There was no room for all of what came of the bytes.
    private var holdsMore = false
    private var isAtEnd = false
    private(set) var failure: String?

    static func isZstd(_ head: [UInt8]) -> Bool { head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) }

    init(_ source: any ByteSource) {
        self.source = source
        input = ZSTD_inBuffer(src: memory.baseAddress, size: 0, pos: 0)
        context = ZSTD_createDCtx()
        guard let context else {
            failure = "zstd can't begin to decompress: is there memory left?"
            isAtEnd = true
            return
        }
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit {
        ZSTD_freeDCtx(context)
        memory.deallocate()
    }

    var filePosition: UInt64 { source.filePosition }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard !isAtEnd, !buffer.isEmpty else { return 0 }
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while output.pos == 0 {
            if input.pos == input.size, !holdsMore {
                let count = source.read(into: memory)
                if count == 0 {
                    isAtEnd = true
                    failure = source.failure ?? (isInFrame ? "the zstd stream is cut short" : nil)
                    break
                }
                input.size = count
                input.pos = 0
            }
            let status = ZSTD_decompressStream(context, &output, &input)
            if ZSTD_isError(status) != 0 {
                isAtEnd = true
                failure = "the zstd stream is damaged (\(String(cString: ZSTD_getErrorName(status))))"
                break
            }
            holdsMore = output.pos == output.size
            // 0 where a frame is complete and all of it was given out.
            isInFrame = status != 0
        }
        return output.pos
    }
}

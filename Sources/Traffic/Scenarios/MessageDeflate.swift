import CCodecs
import Console

/// permessage-deflate of WebSocket (RFC 7692, section 7.2): what one side has said helps to press what it says next.
final class MessageDeflate {
    /// zlib remembers where they lie.
    private let pressing = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let opening = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// What a flush ends with, and a message leaves out.
    private static let flushed: [UInt8] = [0, 0, 0xFF, 0xFF]
    private static let block = 1 << 16

    init() throws(Failure) {
        pressing.initialize(to: z_stream())
        opening.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        // 15 bits of window, below zero: without zlib's own frame; 8 is zlib's usual memory.
        guard
            deflateInit2_(
                pressing, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK,
            inflateInit2_(opening, -15, ZLIB_VERSION, size) == Z_OK
        else { throw Failure("zlib has no memory") }
    }

    deinit {
        deflateEnd(pressing)
        inflateEnd(opening)
        pressing.deallocate()
        opening.deallocate()
    }

    func press(_ message: [UInt8]) -> [UInt8] {
        let all = Self.run(pressing, message) { CCodecs.deflate($0, Z_SYNC_FLUSH) }
        // Nothing is a block without content (RFC 7692, section 7.2.3.6): there is no flush behind another.
        guard !all.isEmpty else { return [0] }
        return all.dropLast(all.suffix(4) == Self.flushed[...] ? 4 : 0)
    }

    func open(_ message: [UInt8]) -> [UInt8] {
        Self.run(opening, message + Self.flushed) { CCodecs.inflate($0, Z_SYNC_FLUSH) }
    }

    private static func run(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: [UInt8],
        _ step: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> [UInt8] {
        var input = input
        var output: [UInt8] = []
        var room = [UInt8](repeating: 0, count: block)
        return input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            var isFull = true
            while isFull {
                room.withUnsafeMutableBufferPointer { room in
                    stream.pointee.next_out = room.baseAddress
                    stream.pointee.avail_out = UInt32(room.count)
                    _ = step(stream)
                    output += room[..<(room.count - Int(stream.pointee.avail_out))]
                    isFull = stream.pointee.avail_out == 0
                }
            }
            return output
        }
    }
}

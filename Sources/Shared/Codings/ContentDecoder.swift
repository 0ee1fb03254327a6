private import CCodecs

/// Undoes a content coding piece by piece, with zlib, brotli and zstd.
///
/// The libraries' states are kept and used again for the next body.
final class ContentDecoder {
    private var coding = ContentCoding.identity
    private var inflater = z_stream()
    private var inflaterIsReady = false
    private var brotli: OpaquePointer?
    private var zstd: OpaquePointer?
    /// The first byte of a "deflate" body: two are needed to see what it is.
    private var firstByte: UInt8?
    private var wrapperIsKnown = true
    /// A member of gzip, or a frame of zstd, has ended exactly where the bytes did.
    private var isBetweenMembers = false
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 16)

    private(set) var state = State.decoding

    /// Whether more content can come.
    enum State: Equatable {
        case decoding
        /// The coding's own end was reached.
        case ended
        case failed
    }

    init() {}

    deinit {
        if inflaterIsReady { inflateEnd(&inflater) }
        if let brotli { BrotliDecoderDestroyInstance(brotli) }
        if let zstd { ZSTD_freeDCtx(zstd) }
        output.deallocate()
    }

    /// Makes ready for a new body.
    func begin(_ coding: ContentCoding) {
        self.coding = coding
        state = .decoding
        firstByte = nil
        isBetweenMembers = false
        wrapperIsKnown = coding != .deflate
        switch coding {
        case .gzip: beginInflate(windowBits: 15 + 16)
        case .deflate: beginInflate(windowBits: 15)
        case .brotli:
            if let brotli { BrotliDecoderDestroyInstance(brotli) }
            brotli = BrotliDecoderCreateInstance(nil, nil, nil)
        case .zstd:
            if zstd == nil { zstd = ZSTD_createDCtx() }
            ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only)
        case .identity, .unknown: state = .failed
        }
    }

    /// Decodes the next bytes of the body.
    /// - Parameter sink: takes decoded bytes as they come; answers `false` to stop.
    func decode(_ bytes: RawSpan, _ sink: (RawSpan) -> Bool) {
        guard bytes.byteCount > 0 else { return }
        if isBetweenMembers { beginMember(bytes) }
        guard state == .decoding else { return }
        guard wrapperIsKnown || chooseWrapper(bytes, sink) else { return }
        bytes.withUnsafeBytes { input in
            switch coding {
            case .gzip, .deflate: inflateBytes(input, sink)
            case .brotli: decodeBrotli(input, sink)
            case .zstd: decodeZstd(input, sink)
            case .identity, .unknown: break
            }
        }
    }

    // MARK: zlib

    private func beginInflate(windowBits: Int32) {
        if inflaterIsReady {
            inflateReset2(&inflater, windowBits)
        } else {
            inflaterIsReady =
                inflateInit2_(&inflater, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
            if !inflaterIsReady { state = .failed }
        }
    }

    /// Servers that took "deflate" by its name send no zlib header (RFC 9110, section 8.4.1.2, note): the
    /// header's check bits (RFC 1950, section 2.2) tell.
    /// - Returns: `false` where the second byte is not here yet.
    private func chooseWrapper(_ bytes: RawSpan, _ sink: (RawSpan) -> Bool) -> Bool {
        guard let first = firstByte ?? bytes.u8(at: 0), let second = bytes.u8(at: firstByte == nil ? 1 : 0) else {
            firstByte = bytes.u8(at: 0)
            return false
        }
        wrapperIsKnown = true
        if first & 0x0F != 8 || (UInt16(first) << 8 | UInt16(second)) % 31 != 0 { inflateReset2(&inflater, -15) }
        if let held = firstByte { withUnsafeBytes(of: held) { inflateBytes($0, sink) } }
        return true
    }

    private func inflateBytes(_ input: UnsafeRawBufferPointer, _ sink: (RawSpan) -> Bool) {
        switch runInflate(input, sink) {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: state = .ended
        default: state = .failed
        }
    }

    private func runInflate(_ input: UnsafeRawBufferPointer, _ sink: (RawSpan) -> Bool) -> Int32 {
        inflater.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        inflater.avail_in = UInt32(clamping: input.count)
        while true {
            inflater.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            inflater.avail_out = UInt32(output.count)
            let result = inflate(&inflater, Z_NO_FLUSH)
            guard emit(output.count - Int(inflater.avail_out), sink) else { return Z_STREAM_END }
            if result == Z_STREAM_END, coding == .gzip {
                isBetweenMembers = inflater.avail_in == 0
                if !isBetweenMembers, coding.beginsMember(inflater.next_in.pointee) {
                    inflateReset(&inflater)
                    continue
                }
            }
            if result != Z_OK || inflater.avail_out > 0 { return result }
        }
    }

    /// A gzip file may have several members (RFC 1952, section 2.2), and zstd's several frames (RFC 8878, section 3).
    ///
    /// What else is behind one is let go of, as gzip does.
    private func beginMember(_ bytes: RawSpan) {
        isBetweenMembers = false
        guard let first = bytes.u8(at: 0), coding.beginsMember(first) else { return }
        // zstd begins a frame by itself.
        if coding == .gzip { inflateReset(&inflater) }
        state = .decoding
    }

    // MARK: brotli and zstd

    private func decodeBrotli(_ input: UnsafeRawBufferPointer, _ sink: (RawSpan) -> Bool) {
        var available = input.count
        var next = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT
        while result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT {
            var room = output.count
            var target = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            result = BrotliDecoderDecompressStream(brotli, &available, &next, &room, &target, nil)
            if !emit(output.count - room, sink) { result = BROTLI_DECODER_RESULT_SUCCESS }
        }
        switch result {
        case BROTLI_DECODER_RESULT_SUCCESS: state = .ended
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: break
        default: state = .failed
        }
    }

    private func decodeZstd(_ input: UnsafeRawBufferPointer, _ sink: (RawSpan) -> Bool) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let result = ZSTD_decompressStream(zstd, &target, &source)
            guard emit(target.pos, sink) else {
                state = .ended
                return
            }
            guard ZSTD_isError(result) == 0 else {
                state = .failed
                return
            }
            // 0: a frame has ended.
            if result == 0 {
                isBetweenMembers = source.pos == source.size
                guard !isBetweenMembers, coding.beginsMember(input[source.pos]) else {
                    state = .ended
                    return
                }
            } else if source.pos == source.size, target.pos < target.size {
                return
            }
        }
    }

    private func emit(_ count: Int, _ sink: (RawSpan) -> Bool) -> Bool {
        guard count > 0 else { return true }
        return sink(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: output[0..<count])))
    }
}

extension ContentCoding {
    /// Whether a member of gzip (RFC 1952, section 2.3.1: ID1), or a frame of zstd (RFC 8878, sections 3.1.1 and 3.1.2: the
    /// magic numbers' low bytes), may begin so.
    fileprivate func beginsMember(_ byte: UInt8) -> Bool {
        switch self {
        case .gzip: byte == 0x1F
        case .zstd: byte == 0x28 || byte & 0xF0 == 0x50
        case .deflate, .brotli, .identity, .unknown: false
        }
    }
}

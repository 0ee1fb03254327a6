/// What stands before the payload of a frame (RFC 6455, section 5.2).
struct WebSocketFrame {
    var opcode: UInt8
    var isFinal: Bool
    /// RSV1: of the first frame of a message, that it is compressed (RFC 7692, section 6).
    var isMarked: Bool
    /// As it lies in memory, the first byte lowest; 0 where there is none.
    var mask: UInt32
    var length: UInt64
    var headerLength: Int

    /// RFC 6455, section 5.2.
    enum Opcode {
        static let continuation: UInt8 = 0
        static let text: UInt8 = 1
        static let binary: UInt8 = 2
        static let close: UInt8 = 8
        static let ping: UInt8 = 9
        static let pong: UInt8 = 10
    }

    enum Reading {
        case frame(WebSocketFrame)
        /// So many bytes more are needed, at least.
        case open(Int)
        case no
    }

    var isControl: Bool { opcode >= Opcode.close }

    /// Reads a frame's header, and holds it against what the document asks of it.
    /// - Parameter reserved: the reserved bits that an extension may have set.
    static func read(_ bytes: RawSpan, at offset: Int = 0, from side: Side, reserved: UInt8) -> Reading {
        guard let first = bytes.u8(at: offset) else { return .open(2) }
        let opcode = first & 0x0F
        let isControl = opcode >= Opcode.close
        guard opcode <= Opcode.binary || Opcode.close...Opcode.pong ~= opcode, first & 0x70 & ~reserved == 0,
            // A control frame is one frame, and no extension that there is changes it; nor what goes on.
            !isControl || first & 0xF0 == 0x80, opcode != Opcode.continuation || first & 0x40 == 0
        else { return .no }
        guard let second = bytes.u8(at: offset &+ 1) else { return .open(1) }
        // The client masks what it sends, and the server never does (section 5.1).
        let isMasked = second & 0x80 != 0
        guard isMasked == (side == .client) else { return .no }
        let short = second & 0x7F
        guard !isControl || short <= 125 else { return .no }
        let lengthBytes = short == 127 ? 8 : short == 126 ? 2 : 0
        let header = 2 &+ lengthBytes &+ (isMasked ? 4 : 0)
        let there = bytes.byteCount &- offset
        // The length is said in as few bytes as it takes.
        var length = UInt64(short)
        if lengthBytes == 2 {
            guard let long = bytes.big(UInt16.self, at: offset &+ 2) else { return .open(header &- there) }
            guard long > 125 else { return .no }
            length = UInt64(long)
        } else if lengthBytes == 8 {
            guard let long = bytes.big(UInt64.self, at: offset &+ 2) else { return .open(header &- there) }
            guard long > 0xFFFF, long < 1 << 63 else { return .no }
            length = long
        }
        guard there >= header else { return .open(header &- there) }
        let mask = isMasked ? bytes.little(UInt32.self, at: offset &+ header &- 4) ?? 0 : 0
        return .frame(
            WebSocketFrame(
                opcode: opcode, isFinal: first & 0x80 != 0, isMarked: first & 0x40 != 0, mask: mask, length: length,
                headerLength: header))
    }

    /// Takes the mask off (section 5.3).
    /// - Parameters:
    ///   - phase: how many bytes of the payload came before.
    ///   - target: as many bytes as there are.
    static func unmask(
        _ bytes: RawSpan, _ mask: UInt32, phase: UInt64, into target: UnsafeMutableRawBufferPointer
    ) {
        let shift = UInt32(phase & 3) &* 8
        let turned = shift == 0 ? mask : mask >> shift | mask << (32 &- shift)
        let word = UInt64(turned) << 32 | UInt64(turned)
        let count = Swift.min(bytes.byteCount, target.count)
        bytes.withUnsafeBytes { source in
            var at = 0
            while at &+ 8 <= count {
                let masked = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                target.storeBytes(of: (masked ^ word).littleEndian, toByteOffset: at, as: UInt64.self)
                at &+= 8
            }
            while at < count {
                target[at] = source[at] ^ UInt8(truncatingIfNeeded: word >> (UInt64(at & 7) &* 8))
                at &+= 1
            }
        }
    }

    // MARK: Chains

    /// Frames one behind the other: what is looked for where the place is lost.
    static func chain(_ bytes: RawSpan, from start: Int, _ side: Side, reserved: UInt8) -> Fit {
        var offset = start
        var weight = 0
        for _ in 0..<mostInChain where weight < enough {
            switch read(bytes, at: offset, from: side, reserved: reserved) {
            case .no: return .no
            case .open: return .open
            case .frame(let frame):
                let end = offset &+ frame.headerLength
                if frame.opcode == Opcode.close {
                    guard end &+ Int(clamping: frame.length) >= bytes.byteCount else { return .no }
                    let closing = closing(bytes, at: end, frame)
                    // Nothing follows that could say more.
                    return closing == .yes && weight &+ 1 < enough ? .open : closing
                }
                // Text that is none makes no frame; its first bytes are enough to see that, and as many are waited for.
                if frame.opcode == Opcode.text, !frame.isMarked {
                    let text = text(bytes, at: end, frame)
                    guard text == .yes else { return text }
                }
                guard frame.length <= longestInChain else { return .no }
                // Zeros are parts of a message that never ends.
                if frame.isFinal || frame.opcode != Opcode.continuation { weight &+= 1 }
                offset = end &+ Int(frame.length)
            }
        }
        return weight >= enough ? .yes : .no
    }

    /// Each has some seven bits that have to fit.
    private static let enough = 4
    /// Work for each place at which one is looked for.
    private static let mostInChain = 16
    private static let longestInChain: UInt64 = 1 << 20

    /// Whether the payload is a close frame's: nothing, or a code and a reason (sections 5.5.1 and 7.4).
    private static func closing(_ bytes: RawSpan, at start: Int, _ frame: WebSocketFrame) -> Fit {
        guard frame.length != 1 else { return .no }
        guard frame.length > 0 else { return .yes }
        guard let code = bytes.big(UInt16.self, at: start) else { return .open }
        let mask = UInt16(truncatingIfNeeded: frame.mask.byteSwapped >> 16)
        switch code ^ mask {
        case 1000...1003, 1007...1014, 3000...4999: return text(bytes, at: start, frame, from: 2)
        default: return .no
        }
    }

    /// Whether the payload begins as text does.
    /// - Parameter first: where the text begins in it.
    static func text(_ bytes: RawSpan, at start: Int, _ frame: WebSocketFrame, from first: Int = 0) -> Fit {
        let last = Swift.min(Int(clamping: frame.length), 16)
        for place in Swift.min(first, last)..<last {
            guard let byte = bytes.u8(at: start &+ place) else { return .open }
            let plain = byte ^ UInt8(truncatingIfNeeded: frame.mask >> (UInt32(place & 3) &* 8))
            if plain < 0x20 && plain != 0x0A && plain != 0x0D && plain != 0x09 || plain == 0x7F || plain >= 0xF8 {
                return .no
            }
        }
        return .yes
    }
}

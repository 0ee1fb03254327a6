/// What stands before the payload of a frame (RFC 9113, section 4.1): length (24 bits), type, flags, a reserved bit and the
/// stream (31 bits).
struct HTTP2Frame {
    var length: Int
    var kind: UInt8
    var flags: UInt8
    var stream: UInt32

    static let headerLength = 9
    /// SETTINGS_MAX_FRAME_SIZE's initial value (RFC 9113, section 6.5.2); who allows more rarely uses it.
    static let usualLimit = 16_384
    /// As large as programs allow frames to be that hold no content (Go's and nghttp2's largest), and content is where frames are
    /// searched.
    static let longest = 1 << 20
    /// SETTINGS_MAX_FRAME_SIZE (RFC 9113, section 6.5.2).
    static let largestFrameSetting: UInt16 = 5
    /// Of settings no more is read: they are six bytes each, and a handful are known.
    private static let longestSettings = 6 * 32
    /// The client's connection preface (RFC 9113, section 3.4).
    static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    init(length: Int, kind: UInt8, flags: UInt8, stream: UInt32) {
        self.length = length
        self.kind = kind
        self.flags = flags
        self.stream = stream
    }

    /// `nil` where the header is not there as a whole.
    @inline(__always)
    init?(_ bytes: RawSpan, at offset: Int) {
        guard bytes.byteCount &- offset >= Self.headerLength else { return nil }
        let word = UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
        length = Int(word >> 40)
        kind = UInt8(truncatingIfNeeded: word >> 32)
        flags = UInt8(truncatingIfNeeded: word >> 24)
        let last = bytes.unsafeLoad(fromUncheckedByteOffset: offset &+ 8, as: UInt8.self)
        stream = (UInt32(truncatingIfNeeded: word) << 8 | UInt32(last)) & 0x7FFF_FFFF
    }

    /// Types (RFC 9113, section 6).
    enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let priority: UInt8 = 2
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let pushPromise: UInt8 = 5
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
    }

    private static let endStreamFlag: UInt8 = 0x01
    private static let endHeadersFlag: UInt8 = 0x04
    private static let paddedFlag: UInt8 = 0x08
    private static let priorityFlag: UInt8 = 0x20

    var endsStream: Bool { flags & Self.endStreamFlag != 0 }
    var endsHeaders: Bool { flags & Self.endHeadersFlag != 0 }

    /// Bytes of the payload that stand before what the frame carries, and are read at once: the padding's length, the priority, the
    /// promised stream; all of what is short.
    var prefix: Int {
        switch kind {
        case Kind.data: paddingField
        case Kind.headers: paddingField &+ (flags & Self.priorityFlag != 0 ? 5 : 0)
        case Kind.pushPromise: paddingField &+ 4
        case Kind.reset: 4
        case Kind.goAway: 8
        case Kind.settings: Swift.min(length, Self.longestSettings)
        default: 0
        }
    }

    /// Bytes that say how much padding there is (RFC 9113, section 6.1).
    var paddingField: Int { flags & Self.paddedFlag != 0 ? 1 : 0 }

    /// What its type asks of it (RFC 9113, section 6), without which it is none.
    ///
    /// A type that nobody knows may be anything (section
    /// 5.5), but not larger than a frame ever is.
    var isPossible: Bool {
        switch kind {
        // As large as a length can say: that of a whole message, from programs that announce it (grpc does).
        case Kind.data: stream != 0
        case Kind.continuation: stream != 0 && length <= Self.longest
        case Kind.headers, Kind.pushPromise: stream != 0 && length <= Self.longest && prefix <= length
        case Kind.priority: length == 5 && stream != 0
        case Kind.reset: length == 4 && stream != 0
        case Kind.settings: length % 6 == 0 && stream == 0 && length <= Self.usualLimit
        case Kind.ping: length == 8 && stream == 0
        case Kind.goAway: length >= 8 && stream == 0 && length <= Self.longest
        case Kind.windowUpdate: length == 4
        default: length <= Self.usualLimit
        }
    }
}

/// Why a stream was reset or a connection given up (RFC 9113, section 7).
enum HTTP2Error {
    static func resetText(_ code: UInt32) -> StaticString {
        switch code {
        case 0x0: "rst_stream NO_ERROR"
        case 0x1: "rst_stream PROTOCOL_ERROR"
        case 0x2: "rst_stream INTERNAL_ERROR"
        case 0x3: "rst_stream FLOW_CONTROL_ERROR"
        case 0x4: "rst_stream SETTINGS_TIMEOUT"
        case 0x5: "rst_stream STREAM_CLOSED"
        case 0x6: "rst_stream FRAME_SIZE_ERROR"
        case 0x7: "rst_stream REFUSED_STREAM"
        case 0x8: "rst_stream CANCEL"
        case 0x9: "rst_stream COMPRESSION_ERROR"
        case 0xA: "rst_stream CONNECT_ERROR"
        case 0xB: "rst_stream ENHANCE_YOUR_CALM"
        case 0xC: "rst_stream INADEQUATE_SECURITY"
        case 0xD: "rst_stream HTTP_1_1_REQUIRED"
        default: "rst_stream"
        }
    }

    static let goAway: StaticString = "goaway"
}

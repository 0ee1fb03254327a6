import Shared

/// What Multipath TCP says in a segment (RFC 8684, section 3): TCP's option of kind 30.
///
///     |     Kind      |    Length     |Subtype|                       |
struct MultipathOption: Equatable, Sendable {
    /// The opening of a connection, with the keys that were told in this segment.
    struct Capable: Equatable, Sendable {
        /// The protocol's version: 0 has another hash.
        var version: UInt8
        var senderKey: UInt64?
        var receiverKey: UInt64?
        /// Bytes of the stream in this segment, the first of all, which then has no mapping of its own.
        var length: UInt16?
    }

    /// Where bytes of a subflow belong in the connection's stream (section 3.3).
    struct Mapping: Equatable, Sendable {
        /// The data sequence number of the first; of 64 bits the lower half, which tells within a window.
        var data: UInt32
        /// Its place in the subflow, whose first byte is 1.
        var subflow: UInt32
        var length: UInt16
        /// Behind the last byte the stream ends; that counts as a byte.
        var isLast: Bool
    }

    var capable: Capable?
    /// The connection that a subflow's SYN joins: its receiver's token (section 3.2).
    var joinToken: UInt32?
    var isJoin = false
    /// All bytes of the other side's stream before this number have come.
    var acknowledgment: UInt32?
    var mapping: Mapping?

    /// - Parameter bytes: a segment from its header on, as much of it as was captured.
    /// - Returns: `nil` where there is no such option.
    @inline(never)
    init?(_ bytes: RawSpan, headerLength: Int) {
        let end = min(headerLength, bytes.byteCount)
        var at = 20
        var isThere = false
        while at &+ 1 < end {
            let kind = bytes.byte(at)
            if kind == 0 { break }
            if kind == 1 {
                at = at &+ 1
                continue
            }
            let length = Int(bytes.byte(at &+ 1))
            guard length >= 2, at &+ length <= end else { break }
            if kind == 30, length >= 4 {
                isThere = true
                take(bytes.extracting(at..<(at &+ length)))
            }
            at = at &+ length
        }
        if !isThere { return nil }
    }

    private mutating func take(_ option: RawSpan) {
        switch option.byte(2) >> 4 {
        case 0: takeCapable(option)
        case 1:
            isJoin = true
            // With 12 bytes it is the SYN's, which has the token.
            if option.byteCount == 12 { joinToken = option.field32(4) }
        case 2: takeData(option)
        default: break
        }
    }

    /// MP_CAPABLE (section 3.1): SYN has no key yet, its answer the server's, and the segment after that both.
    private mutating func takeCapable(_ option: RawSpan) {
        var capable = Capable(version: option.byte(2) & 0x0F)
        if option.byteCount >= 12 { capable.senderKey = option.field64(4) }
        if option.byteCount >= 20 { capable.receiverKey = option.field64(12) }
        if option.byteCount >= 22 { capable.length = option.field16(20) }
        self.capable = capable
    }

    /// DSS (section 3.3): flags say which of its parts are there and how long they are.
    private mutating func takeData(_ option: RawSpan) {
        let flags = option.byte(3)
        var at = 4
        func field(isLong: Bool) -> UInt32? {
            let length = isLong ? 8 : 4
            guard at &+ length <= option.byteCount else { return nil }
            at = at &+ length
            return option.field32(at &- 4)
        }
        if flags & 0x01 != 0 {
            guard let number = field(isLong: flags & 0x02 != 0) else { return }
            acknowledgment = number
        }
        guard flags & 0x04 != 0, let data = field(isLong: flags & 0x08 != 0), at &+ 6 <= option.byteCount else {
            return
        }
        mapping = Mapping(
            data: data, subflow: option.field32(at), length: option.field16(at &+ 4), isLast: flags & 0x10 != 0)
    }
}

/// Finds the lines of a head (RFC 9112, section 2.1): one pass over the bytes, sixteen at a time, which stops at the
/// empty line.
///
/// Where the head is not complete yet, the next call goes on where this one stopped, so that a sender of single bytes
/// costs no more than any other.
struct HeadScanner {
    /// The offsets of the line feeds, one a line; the last is the empty line's.
    private(set) var lineFeeds: [Int32] = []
    /// A carriage return that is not part of a line's end was seen.
    private(set) var hasBareCarriageReturn = false
    private var scanned = 0
    private var lineStart = 0

    init() {}

    /// Nothing was looked at yet.
    var isFresh: Bool { scanned == 0 && lineFeeds.isEmpty }

    mutating func reset() {
        lineFeeds.removeAll(keepingCapacity: true)
        hasBareCarriageReturn = false
        scanned = 0
        lineStart = 0
    }

    /// Goes on to the head's end.
    /// - Parameter bytes: the head's bytes from its first one on; those of the call before, and more.
    /// - Returns: the head's length with its empty line, or `nil` where more bytes are needed.
    mutating func scan(_ bytes: RawSpan) -> Int? {
        let count = bytes.byteCount
        let lineFeed = SIMD16<UInt8>(repeating: 0x0A)
        let carriageReturn = SIMD16<UInt8>(repeating: 0x0D)
        var offset = scanned
        // Blocks overlap by one byte, so that a block holds each carriage return together with what follows it.
        while offset &+ 17 <= count {
            let block = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
            let following = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ 1, as: SIMD16<UInt8>.self)
            let isLF = unsafeBitCast(block .== lineFeed, to: SIMD2<UInt64>.self)
            let isBareCR = unsafeBitCast((block .== carriageReturn) .& (following .!= lineFeed), to: SIMD2<UInt64>.self)
            guard isLF[0] | isLF[1] | isBareCR[0] | isBareCR[1] != 0 else {
                offset &+= 16
                continue
            }
            for lane in 0..<2 {
                // What lies behind the head's end is not the head's.
                let bare =
                    isBareCR[lane] == 0 ? Int.max : offset &+ lane &* 8 &+ isBareCR[lane].trailingZeroBitCount / 8
                var mask = isLF[lane] & 0x0101_0101_0101_0101
                while mask != 0 {
                    let at = offset &+ lane &* 8 &+ mask.trailingZeroBitCount / 8
                    mask &= mask &- 1
                    if let end = lineEnd(bytes, at) {
                        if bare < end { hasBareCarriageReturn = true }
                        return end
                    }
                }
                if bare != Int.max { hasBareCarriageReturn = true }
            }
            offset &+= 16
        }
        while offset < count {
            let byte = bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
            if byte == 0x0A {
                if let end = lineEnd(bytes, offset) { return end }
            } else if byte == 0x0D {
                guard let next = bytes.u8(at: offset &+ 1) else { break }
                if next != 0x0A { hasBareCarriageReturn = true }
            }
            offset &+= 1
        }
        scanned = offset
        return nil
    }

    /// A line feed ends a line; an empty one ends the head.
    @inline(__always)
    private mutating func lineEnd(_ bytes: RawSpan, _ at: Int) -> Int? {
        lineFeeds.append(Int32(truncatingIfNeeded: at))
        var start = lineStart
        while start < at, bytes.u8(at: start) == 0x0D { start &+= 1 }
        lineStart = at &+ 1
        return start == at ? at &+ 1 : nil
    }
}

import Glibc

/// Eight bytes at a time ("SIMD within a register"): tests that set the high bit of each byte that passes.
///
/// The lowest bit that is set is exact; those above it may be false, since subtraction borrows from left to right.
/// Words are little-endian: the lowest byte is the first one.
enum ByteMask {
    @inline(__always) static var ones: UInt64 { 0x0101_0101_0101_0101 }
    @inline(__always) static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    /// Bytes that end a run of plain string contents: `"`, `\` and control characters (RFC 8259, section 7).
    @inline(__always)
    static func endsPlainText(_ word: UInt64) -> UInt64 {
        let quote = word ^ 0x2222_2222_2222_2222
        let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
        let control = (word &- 0x2020_2020_2020_2020) & ~word
        return ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | control) & highBits
    }

    /// Bytes that are not in 0x20 to 0x7E; exact.
    @inline(__always)
    static func noPrintable(_ word: UInt64) -> UInt64 {
        let low = word & ~highBits
        // Set where a byte is at least 0x20, and where it is 0x7F.
        let isPrintable = (low &+ 0x6060_6060_6060_6060) & ~(low &+ ones)
        return ~(isPrintable & ~word) & highBits
    }

    /// Bytes that are not `0` to `9`.
    @inline(__always)
    static func noDigit(_ word: UInt64) -> UInt64 {
        let digit = word ^ 0x3030_3030_3030_3030
        return (digit | ((digit & ~highBits) &+ 0x7676_7676_7676_7676)) & highBits
    }

    /// Bytes that are neither letters nor `-`; exact.
    @inline(__always)
    static func noLetterOrHyphen(_ word: UInt64) -> UInt64 {
        let low = (word | 0x2020_2020_2020_2020) & ~highBits
        // Set where a byte is at least `a`, and where it is beyond `z`.
        let isLetter = (low &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(low &+ 0x0505_0505_0505_0505)
        let hyphen = word ^ 0x2D2D_2D2D_2D2D_2D2D
        let isHyphen = ~((hyphen & ~highBits) &+ 0x7F7F_7F7F_7F7F_7F7F)
        return ~((isLetter | isHyphen) & ~word) & highBits
    }

    /// How many bytes precede the first one that passed; 8 where none did.
    @inline(__always)
    static func index(_ mask: UInt64) -> Int { mask.trailingZeroBitCount &>> 3 }
}

extension RawSpan {
    /// The byte at an offset that the caller has checked.
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        assert(offset >= 0 && offset < byteCount)
        return unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes from an offset that the caller has checked, the first one lowest.
    @inline(__always)
    func word(_ offset: Int) -> UInt64 {
        assert(offset >= 0 && offset + 8 <= byteCount)
        return UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The last bytes, one to seven, the first of them lowest, with zeros behind.
    @inline(__always)
    func lastWord(_ width: Int) -> UInt64 {
        assert(width > 0 && width < 8 && width <= byteCount)
        if byteCount >= 8 { return word(byteCount &- 8) &>> UInt64((8 &- width) &* 8) }
        let start = byteCount &- width
        if width >= 4 {
            let low = unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt32.self)
            let high = unsafeLoadUnaligned(fromUncheckedByteOffset: byteCount &- 4, as: UInt32.self)
            return UInt64(UInt32(littleEndian: low)) | UInt64(UInt32(littleEndian: high)) &<< UInt64((width &- 4) &* 8)
        }
        // The first, the middle and the last, which may be the same.
        let middle = width &>> 1
        return UInt64(byte(start)) | UInt64(byte(start &+ middle)) &<< UInt64(middle &* 8)
            | UInt64(byte(byteCount &- 1)) &<< UInt64((width &- 1) &* 8)
    }

    /// Where plain string contents end that begin at `start`: at a quote, a backslash, a control character or the end.
    @inline(__always)
    func plainTextEnd(_ start: Int) -> Int {
        var i = start
        while byteCount &- i >= 8 {
            let ends = ByteMask.endsPlainText(word(i))
            if ends != 0 { return i &+ ByteMask.index(ends) }
            i &+= 8
        }
        while i < byteCount {
            let byte = byte(i)
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            i &+= 1
        }
        return i
    }

    /// Where printable ASCII, blanks among it, ends that begins at `start`; not behind `limit`.
    @inline(__always)
    func printableEnd(_ start: Int, limit: Int) -> Int {
        var i = start
        while Swift.min(byteCount, limit) &- i >= 8 {
            let ends = ByteMask.noPrintable(word(i))
            if ends != 0 { return i &+ ByteMask.index(ends) }
            i &+= 8
        }
        return i
    }

    /// Where digits end that begin at `start`.
    @inline(__always)
    func skipDigits(_ start: Int) -> Int {
        var i = start
        while byteCount &- i >= 8 {
            let ends = ByteMask.noDigit(word(i))
            if ends != 0 { return i &+ ByteMask.index(ends) }
            i &+= 8
        }
        while i < byteCount, byte(i) &- UInt8(ascii: "0") <= 9 { i &+= 1 }
        return i
    }

    /// Where white space ends that begins at `start` (RFC 8259, section 2).
    ///
    /// Most often there is none, or one blank.
    @inline(__always)
    func skipBlanks(_ start: Int) -> Int {
        guard start < byteCount, byte(start) <= 0x20 else { return start }
        if byte(start) == 0x20, start &+ 1 < byteCount, byte(start &+ 1) > 0x20 { return start &+ 1 }
        return skipManyBlanks(start)
    }

    @inline(never)
    private func skipManyBlanks(_ start: Int) -> Int {
        var i = start
        while i < byteCount {
            switch byte(i) {
            case 0x20, 0x0A, 0x0D, 0x09: i &+= 1
            default: return i
            }
            // Lines are indented by runs of blanks.
            while byteCount &- i >= 8 {
                let others = word(i) ^ 0x2020_2020_2020_2020
                i &+= others == 0 ? 8 : ByteMask.index(others)
                if others != 0 { break }
            }
        }
        return i
    }

    /// A hash in the manner of wyhash: 64-bit multiplications, of two words each, whose halves are folded.
    ///
    /// Both factors hold the seed, so that nobody who does not know it can make one of them zero. Of many bytes two
    /// products are made side by side, since each waits for the one before it.
    @inline(__always)
    func hash(seed: UInt64) -> UInt32 {
        var state = seed ^ UInt64(truncatingIfNeeded: byteCount)
        let key = seed ^ 0xA076_1D64_78BD_642F
        var i = 0
        if byteCount >= 64 {
            var other = state
            let otherKey = seed ^ 0xE703_7ED1_A0B4_28DB
            while byteCount &- i >= 32 {
                state = fold(state ^ word(i), key ^ word(i &+ 8))
                other = fold(other ^ word(i &+ 16), otherKey ^ word(i &+ 24))
                i &+= 32
            }
            state ^= other
        }
        while byteCount &- i >= 16 {
            state = fold(state ^ word(i), key ^ word(i &+ 8))
            i &+= 16
        }
        if byteCount >= 16 {
            if i < byteCount { state = fold(state ^ word(byteCount &- 16), key ^ word(byteCount &- 8)) }
        } else if byteCount >= 8 {
            state = fold(state ^ word(0), key ^ word(byteCount &- 8))
        } else if byteCount > 0 {
            state = fold(state ^ lastWord(byteCount), key)
        }
        return UInt32(truncatingIfNeeded: fold(state, 0x8EBC_6AF0_9C88_C6E3))
    }

    /// Whether as many bytes at `other` are the same.
    @inline(__always)
    func isEqual(to other: UnsafeRawPointer) -> Bool {
        var i = 0
        while byteCount &- i >= 8 {
            if word(i) != UInt64(littleEndian: other.loadUnaligned(fromByteOffset: i, as: UInt64.self)) { return false }
            i &+= 8
        }
        while i < byteCount {
            if byte(i) != other.load(fromByteOffset: i, as: UInt8.self) { return false }
            i &+= 1
        }
        return true
    }

    /// Valid UTF-8 in the place of these bytes, or `nil` where they are valid as they are.
    func repairedUTF8() -> [UInt8]? {
        withUnsafeBytes { bytes in
            var high: UInt8 = 0
            for byte in bytes { high |= byte }
            if high < 0x80 || String(validating: bytes, as: UTF8.self) != nil { return nil }
            return Array(String(decoding: bytes, as: UTF8.self).utf8)
        }
    }
}

/// Multiplies to 128 bits and folds the halves.
@inline(__always)
func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes come before others: byte by byte, the shorter first.
    func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        let common = Swift.min(count, other.count)
        if common > 0, let left = baseAddress, let right = other.baseAddress {
            let order = memcmp(left, right, common)
            if order != 0 { return order < 0 }
        }
        return count < other.count
    }
}

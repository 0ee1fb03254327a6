/// The character classes and small rules of RFC 9110 and RFC 9112.
enum HTTPGrammar {
    /// tchar (RFC 9110, section 5.6.2), as bit sets over the two halves of ASCII.
    private static let tokenLow: UInt64 = 0x03FF_6CFA_0000_0000
    private static let tokenHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        if byte & 0xC0 == 0 { return tokenLow &>> UInt64(byte) & 1 == 1 }
        if byte & 0x80 != 0 { return false }
        return tokenHigh &>> UInt64(byte & 0x3F) & 1 == 1
    }

    /// Where the token ends that the range begins with.
    @inline(__always)
    static func tokenEnd(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
        var at = range.lowerBound
        // Nearly all names are letters and hyphens.
        while at &+ 8 <= range.upperBound {
            let ends = ByteMask.noLetterOrHyphen(bytes.word(at))
            at &+= ends == 0 ? 8 : ByteMask.index(ends)
            if ends != 0 { break }
        }
        while at < range.upperBound, isToken(bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)) { at &+= 1 }
        return at
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

    /// SP, HTAB and, in folded values, CR and LF.
    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    /// Compares ASCII text without regard to case; `lowercase` is given in lower case.
    @inline(__always)
    static func equal(_ bytes: RawSpan, _ range: Range<Int>, _ lowercase: StaticString) -> Bool {
        let count = lowercase.utf8CodeUnitCount
        guard range.count == count, range.upperBound <= bytes.byteCount else { return false }
        let wanted = UnsafeRawPointer(lowercase.utf8Start)
        let start = range.lowerBound
        // The last word overlaps the one before it.
        if count >= 8 {
            var at = 0
            while at &+ 8 < count {
                guard equal(bytes.word(start &+ at), wanted.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                else { return false }
                at &+= 8
            }
            at = count &- 8
            return equal(bytes.word(start &+ at), wanted.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        }
        for at in 0..<count {
            let byte = bytes.unsafeLoad(fromUncheckedByteOffset: start &+ at, as: UInt8.self)
            guard equal(UInt64(byte), UInt64(lowercase.utf8Start[at])) else { return false }
        }
        return true
    }

    /// Eight bytes of each: they differ by nothing but the bit that makes small letters of capital ones.
    @inline(__always)
    private static func equal(_ word: UInt64, _ lowercase: UInt64) -> Bool {
        // Of what may stand in a name in lower case, only letters have both bits 5 and 6.
        let letters = (lowercase & lowercase &<< 1 & 0x4040_4040_4040_4040) &>> 1
        return (word ^ lowercase) & ~letters == 0
    }

    /// The range without blanks at both ends.
    @inline(__always)
    static func trimmed(_ bytes: RawSpan, _ range: Range<Int>) -> Range<Int> {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, let byte = bytes.u8(at: low), isBlank(byte) { low &+= 1 }
        while low < high, let byte = bytes.u8(at: high &- 1), isBlank(byte) { high &-= 1 }
        return low..<high
    }

    /// A decimal number of digits only; `nil` where it is none or does not fit into 63 bits.
    static func decimal(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value: UInt64 = 0
        for i in range {
            guard let byte = bytes.u8(at: i), isDigit(byte) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, product <= UInt64(Int64.max) &- 9 else { return nil }
            value = product &+ UInt64(byte &- 0x30)
        }
        return value
    }

    /// The elements of a comma-separated list (RFC 9110, section 5.6.1), blanks trimmed, empty ones left out.
    static func forEachElement(_ bytes: RawSpan, _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        var start = range.lowerBound
        while start <= range.upperBound {
            let comma = bytes.firstIndex(of: 0x2C, in: start..<range.upperBound) ?? range.upperBound
            let element = trimmed(bytes, start..<comma)
            if !element.isEmpty { body(element) }
            start = comma &+ 1
        }
    }
}

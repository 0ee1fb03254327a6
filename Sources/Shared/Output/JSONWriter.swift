/// Writes JSON straight into a growing buffer: no String, no intermediate value.
///
/// Separators are the caller's business only where it begins and ends objects and arrays; `key` writes the comma.
package struct JSONWriter: ~Copyable {
    private var text: UniqueBytes
    private var needsComma = false
    /// Where the inside of the string lies that was written last.
    package private(set) var lastString = 0..<0

    package init(capacity: Int = 1 << 16) { text = UniqueBytes(capacity: capacity) }

    package var count: Int { text.count }

    /// What was written.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { text.bytes }
    }

    package mutating func removeAll() { text.removeAll() }

    /// A place to come back to.
    package struct Mark {
        fileprivate var count: Int
        fileprivate var needsComma: Bool
    }

    package var mark: Mark { Mark(count: count, needsComma: needsComma) }

    /// Takes back all that was written since the mark.
    package mutating func rollBack(to mark: Mark) {
        text.truncate(to: mark.count)
        needsComma = mark.needsComma
    }

    // MARK: Structure

    package mutating func beginObject() { open(0x7B) }
    package mutating func endObject() { close(0x7D) }
    package mutating func beginArray() { open(0x5B) }
    package mutating func endArray() { close(0x5D) }
    package mutating func newline() {
        byte(0x0A)
        needsComma = false
    }

    /// Begins the next element of an array.
    package mutating func element() {
        if needsComma { byte(0x2C) }
        needsComma = true
    }

    /// Begins the next member of an object; the name needs no escapes.
    @inline(__always)
    package mutating func key(_ name: StaticString) {
        if needsComma { byte(0x2C) }
        needsComma = true
        byte(0x22)
        text.append(name)
        text.append(0x3A22, bytes: 2)
    }

    private mutating func open(_ bracket: UInt8) {
        byte(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        byte(bracket)
        needsComma = true
    }

    // MARK: Values

    package mutating func boolean(_ value: Bool) { raw(value ? "true" : "false") }

    @inline(__always)
    package mutating func number(_ value: UInt64) {
        var length = 1
        var limit: UInt64 = 10
        while value >= limit, length < Self.longestNumber {
            length &+= 1
            limit &*= 10
        }
        text.append(length) { digits in
            var rest = value
            var place = length
            while place > 0 {
                place &-= 1
                digits.storeBytes(of: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10), toByteOffset: place, as: UInt8.self)
                rest /= 10
            }
        }
    }

    /// The digits of 2^64 - 1.
    private static let longestNumber = 20

    package mutating func number(_ value: Int64) {
        if value < 0 { byte(0x2D) }
        number(value.magnitude)
    }

    /// A count of nanoseconds as milliseconds with six places: exact, and no floating point.
    package mutating func milliseconds(nanoseconds: Int64) {
        if nanoseconds < 0 { byte(0x2D) }
        let (whole, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        number(whole)
        let (upper, lower) = UInt32(truncatingIfNeeded: rest).quotientAndRemainder(dividingBy: 10_000)
        let places = UInt64(TimestampText.fourDigits(upper) >> 16) | UInt64(TimestampText.fourDigits(lower)) << 16
        text.append(0x2E | places << 8, bytes: 7)
    }

    package mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            _ = string(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)))
        }
    }

    /// A word of the program's own; it needs no escapes.
    package mutating func string(_ text: StaticString) {
        byte(0x22)
        raw(text)
        byte(0x22)
    }

    /// Bytes as a JSON string.
    /// - Returns: `false` where they are not UTF-8; nothing is written then.
    @inline(__always)
    package mutating func string(_ bytes: RawSpan) -> Bool {
        let start = mark
        byte(0x22)
        guard escape(bytes) else {
            rollBack(to: start)
            return false
        }
        lastString = (start.count &+ 1)..<count
        byte(0x22)
        return true
    }

    /// A string of bytes, followed by text that was written before and is valid there still.
    /// - Returns: `false` where the bytes are not UTF-8; nothing is written then.
    package mutating func string(_ bytes: RawSpan, followedBy text: Range<Int>) -> Bool {
        let start = mark
        byte(0x22)
        guard text.upperBound <= count, escape(bytes) else {
            rollBack(to: start)
            return false
        }
        self.text.append(copyOf: text)
        byte(0x22)
        return true
    }

    /// Text of a header or a start line: UTF-8 or, where it is not, ISO-8859-1 (RFC 9110, section 5.5).
    package mutating func headerText(_ bytes: RawSpan) {
        byte(0x22)
        appendHeaderText(bytes)
        byte(0x22)
    }

    /// Goes on in a string that was begun by hand.
    package mutating func appendHeaderText(_ bytes: RawSpan) {
        let start = mark
        if escape(bytes) { return }
        rollBack(to: start)
        for i in 0..<bytes.byteCount {
            guard let byte = bytes.u8(at: i) else { return }
            if byte < 0x80 { escapeASCII(byte) } else { unicodeEscape(byte) }
        }
    }

    /// Base64 with padding (RFC 4648, section 4).
    package mutating func base64(_ bytes: RawSpan) {
        byte(0x22)
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let letters = alphabet.utf8Start
        var at = 0
        while at < bytes.byteCount {
            let second = bytes.u8(at: at &+ 1)
            let third = bytes.u8(at: at &+ 2)
            let group = UInt32(bytes.u8(at: at) ?? 0) << 16 | UInt32(second ?? 0) << 8 | UInt32(third ?? 0)
            byte(letters[Int(group >> 18)])
            byte(letters[Int(group >> 12 & 63)])
            byte(second == nil ? 0x3D : letters[Int(group >> 6 & 63)])
            byte(third == nil ? 0x3D : letters[Int(group & 63)])
            at &+= 3
        }
        byte(0x22)
    }

    /// A moment, as RFC 3339 has it, with nanoseconds.
    @inline(__always)
    package mutating func timestamp(_ timestamp: Timestamp, _ time: inout TimestampText) {
        byte(0x22)
        text.append(TimestampText.length) { time.write(timestamp, to: $0) }
        byte(0x22)
    }

    /// An address as text; it needs no escapes.
    package mutating func address(_ address: IPAddress) {
        var text: [UInt8] = []
        address.append(to: &text)
        byte(0x22)
        raw(text.span.bytes)
        byte(0x22)
    }

    /// Text that is JSON already.
    @inline(__always)
    package mutating func raw(_ text: StaticString) { self.text.append(text) }

    /// Bytes that are JSON already.
    @inline(__always)
    package mutating func raw(_ bytes: RawSpan) { text.append(bytes) }

    @inline(__always)
    package mutating func byte(_ byte: UInt8) { text.append(byte) }

    // MARK: Escaping

    /// Appends the bytes with escapes (RFC 8259, section 7), eight at a time.
    ///
    /// JSON within JSON has a quote every few bytes: what stands before and behind it is appended as words, too.
    /// - Returns: `false` at the first byte that is not UTF-8; what was written until then stays.
    @inline(__always)
    private mutating func escape(_ bytes: RawSpan) -> Bool {
        let length = bytes.byteCount
        var at = 0
        while at < length {
            let width = Swift.min(8, length &- at)
            var word = width == 8 ? bytes.word(at) : bytes.lastWord(width)
            var special = Self.specialBytes(word)
            if width < 8 { special &= (1 << UInt64(width &* 8)) &- 1 }
            var left = width
            while special != 0 {
                let plain = special.trailingZeroBitCount / 8
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(plain &* 8))
                text.append(word, bytes: plain)
                left &-= plain
                guard byte < 0x80 else { break }
                escapeASCII(byte)
                left &-= 1
                let shift = UInt64((plain &+ 1) &* 8)
                word = word >> shift
                special = special >> shift
            }
            if special == 0 {
                text.append(word, bytes: left)
                at &+= width
            } else {
                at &+= width &- left
                guard let sequence = escapeSequence(bytes, at) else { return false }
                at &+= sequence
            }
        }
        return true
    }

    /// Appends one character beyond ASCII.
    /// - Returns: its length in bytes; `nil` where it is not UTF-8.
    private mutating func escapeSequence(_ bytes: RawSpan, _ at: Int) -> Int? {
        let length = UTF8Sequence.length(bytes, at: at)
        guard length > 0 else { return nil }
        text.append(bytes.extracting(at..<at &+ length))
        return length
    }

    /// Marks (with 0x80) the bytes of a word that are no plain ASCII: controls, quote, backslash and all above 0x7F.
    @inline(__always)
    private static func specialBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let isQuote = ~(((quote & low) &+ low) | quote)
        let isBackslash = ~(((backslash & low) &+ low) | backslash)
        let isControl = ~((word & low) &+ (ones &* 0x60))
        return (word | isQuote | isBackslash | isControl) & ~low
    }

    @inline(__always)
    private mutating func escapeASCII(_ byte: UInt8) {
        switch byte {
        case 0x22, 0x5C: escapePair(byte)
        case 0x20...: self.byte(byte)
        case 0x0A: escapePair(0x6E)
        case 0x0D: escapePair(0x72)
        case 0x09: escapePair(0x74)
        default: unicodeEscape(byte)
        }
    }

    @inline(__always)
    private mutating func escapePair(_ letter: UInt8) { text.append(0x5C | UInt64(letter) << 8, bytes: 2) }

    private mutating func unicodeEscape(_ byte: UInt8) {
        raw(#"\u00"#)
        let digits: StaticString = "0123456789abcdef"
        self.byte(digits.utf8Start[Int(byte >> 4)])
        self.byte(digits.utf8Start[Int(byte & 15)])
    }
}

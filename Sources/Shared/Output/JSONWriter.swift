/// Writes JSON straight into a growing buffer: no String, no intermediate value.
///
/// Separators are the caller's business only where it begins and ends objects and arrays; `key` writes the comma.
package struct JSONWriter: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    package private(set) var count = 0
    private var needsComma = false
    /// Where the inside of the string lies that was written last.
    package private(set) var lastString = 0..<0

    package init(capacity: Int = 1 << 16) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// Lends what was written.
    package func withBytes(_ body: (RawSpan) -> Void) {
        body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count)))
    }

    /// Lends what was written from `start` on.
    package func withBytes(from start: Int, _ body: (RawSpan) -> Void) {
        guard start >= 0, start <= count else { return }
        body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base + start, count: count &- start)))
    }

    package mutating func removeAll() { count = 0 }

    /// A place to come back to.
    package struct Mark {
        fileprivate var count: Int
        fileprivate var needsComma: Bool
    }

    package var mark: Mark { Mark(count: count, needsComma: needsComma) }

    /// Takes back all that was written since the mark.
    package mutating func rollBack(to mark: Mark) {
        count = mark.count
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
        reserve(name.utf8CodeUnitCount &+ 4)
        if needsComma { put(0x2C) }
        needsComma = true
        put(0x22)
        base.advanced(by: count).copyMemory(from: name.utf8Start, byteCount: name.utf8CodeUnitCount)
        count &+= name.utf8CodeUnitCount
        put(0x22)
        put(0x3A)
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
        reserve(20)
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { text in
            var at = 20
            var rest = value
            repeat {
                at &-= 1
                text[at] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest != 0
            let length = 20 &- at
            guard let source = text.baseAddress else { return }
            base.advanced(by: count).copyMemory(from: source + at, byteCount: length)
            count &+= length
        }
    }

    package mutating func number(_ value: Int64) {
        if value < 0 { byte(0x2D) }
        number(value.magnitude)
    }

    /// A count of nanoseconds as milliseconds with six places: exact, and no floating point.
    package mutating func milliseconds(nanoseconds: Int64) {
        if nanoseconds < 0 { byte(0x2D) }
        let magnitude = nanoseconds.magnitude
        number(magnitude / 1_000_000)
        reserve(7)
        put(0x2E)
        var rest = UInt32(truncatingIfNeeded: magnitude % 1_000_000)
        for place in (0..<6).reversed() {
            base.storeBytes(
                of: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10), toByteOffset: count &+ place, as: UInt8.self)
            rest /= 10
        }
        count &+= 6
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
        reserve(text.count &+ 1)
        base.advanced(by: count).copyMemory(from: base + text.lowerBound, byteCount: text.count)
        count &+= text.count
        put(0x22)
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
            reserve(8)
            if byte < 0x80 { escapeASCII(byte) } else { unicodeEscape(byte) }
        }
    }

    /// Base64 with padding (RFC 4648, section 4).
    package mutating func base64(_ bytes: RawSpan) {
        reserve((bytes.byteCount / 3 &+ 1) &* 4 &+ 2)
        put(0x22)
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let letters = alphabet.utf8Start
        var at = 0
        while at < bytes.byteCount {
            let second = bytes.u8(at: at &+ 1)
            let third = bytes.u8(at: at &+ 2)
            let group = UInt32(bytes.u8(at: at) ?? 0) << 16 | UInt32(second ?? 0) << 8 | UInt32(third ?? 0)
            put(letters[Int(group >> 18)])
            put(letters[Int(group >> 12 & 63)])
            put(second == nil ? 0x3D : letters[Int(group >> 6 & 63)])
            put(third == nil ? 0x3D : letters[Int(group & 63)])
            at &+= 3
        }
        put(0x22)
    }

    /// A moment, as RFC 3339 has it, with nanoseconds.
    @inline(__always)
    package mutating func timestamp(_ timestamp: Timestamp, _ text: inout TimestampText) {
        reserve(TimestampText.length &+ 2)
        put(0x22)
        count &+= text.write(
            timestamp, to: UnsafeMutableRawBufferPointer(start: base + count, count: TimestampText.length))
        put(0x22)
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
    package mutating func raw(_ text: StaticString) {
        reserve(text.utf8CodeUnitCount)
        base.advanced(by: count).copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        count &+= text.utf8CodeUnitCount
    }

    /// Bytes that are JSON already.
    package mutating func raw(_ bytes: RawSpan) {
        reserve(bytes.byteCount)
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            base.advanced(by: count).copyMemory(from: start, byteCount: source.count)
        }
        count &+= bytes.byteCount
    }

    @inline(__always)
    package mutating func byte(_ byte: UInt8) {
        reserve(1)
        put(byte)
    }

    // MARK: Escaping

    /// Appends the bytes with escapes (RFC 8259, section 7), eight at a time.
    ///
    /// A word is stored whole and then cut back to its first special byte; behind the escape the rest of the word is stored
    /// again. JSON within JSON has a quote every few bytes, so that is the common case.
    /// - Returns: `false` at the first byte that is not UTF-8; what was written until then stays.
    @inline(__always)
    private mutating func escape(_ bytes: RawSpan) -> Bool {
        let length = bytes.byteCount
        var at = 0
        while at < length {
            // Eight bytes grow to 48 at most, and a word is stored beyond them.
            reserve(64)
            let width = Swift.min(8, length &- at)
            var word = Self.word(bytes, at, width)
            var special = Self.specialBytes(word)
            if width < 8 { special &= (1 << UInt64(width &* 8)) &- 1 }
            var left = width
            base.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
            while special != 0 {
                let plain = special.trailingZeroBitCount / 8
                let byte = UInt8(truncatingIfNeeded: word >> UInt64(plain &* 8))
                count &+= plain
                left &-= plain
                guard byte < 0x80 else { break }
                escapeASCII(byte)
                left &-= 1
                let shift = UInt64((plain &+ 1) &* 8)
                word = word >> shift
                special = special >> shift
                base.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
            }
            if special == 0 {
                count &+= left
                at &+= width
            } else {
                at &+= width &- left
                guard let sequence = escapeSequence(bytes, at) else { return false }
                at &+= sequence
            }
        }
        return true
    }

    /// The next bytes as a number, the first one lowest; fewer than eight at the end, and zeros behind them.
    @inline(__always)
    private static func word(_ bytes: RawSpan, _ at: Int, _ width: Int) -> UInt64 {
        if width == 8 {
            return UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
        }
        if bytes.byteCount >= 8 {
            let last = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: bytes.byteCount &- 8, as: UInt64.self)
            return UInt64(littleEndian: last) >> UInt64((8 &- width) &* 8)
        }
        var word: UInt64 = 0
        for i in 0..<width {
            word |= UInt64(bytes.unsafeLoad(fromUncheckedByteOffset: at &+ i, as: UInt8.self)) << UInt64(i &* 8)
        }
        return word
    }

    /// Appends one character beyond ASCII.
    /// - Returns: its length in bytes; `nil` where it is not UTF-8.
    private mutating func escapeSequence(_ bytes: RawSpan, _ at: Int) -> Int? {
        let length = UTF8Sequence.length(bytes, at: at)
        guard length > 0 else { return nil }
        for i in 0..<length { put(bytes.unsafeLoad(fromUncheckedByteOffset: at &+ i, as: UInt8.self)) }
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
        case 0x20...: put(byte)
        case 0x0A: escapePair(0x6E)
        case 0x0D: escapePair(0x72)
        case 0x09: escapePair(0x74)
        default: unicodeEscape(byte)
        }
    }

    @inline(__always)
    private mutating func escapePair(_ letter: UInt8) {
        base.storeBytes(of: UInt16(0x5C) | UInt16(letter) << 8, toByteOffset: count, as: UInt16.self)
        count &+= 2
    }

    private mutating func unicodeEscape(_ byte: UInt8) {
        raw(#"\u00"#)
        let digits: StaticString = "0123456789abcdef"
        self.byte(digits.utf8Start[Int(byte >> 4)])
        self.byte(digits.utf8Start[Int(byte & 15)])
    }

    // MARK: Buffer

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if capacity &- count < more { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = Swift.max(capacity * 2, count + more)
        let new = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        new.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = new
        capacity = larger
    }
}

/// Writes JSON straight into a growing buffer: no String, no intermediate value.
///
/// Separators are the caller's business only where it begins and ends objects and arrays; `key` writes the comma.
package struct JSONWriter: ~Copyable {
    private var text: UniqueBytes
    private var needsComma = false
    /// Where the inside of the string lies that was written last, or of its first part.
    private(set) var lastString = 0..<0

    package init(capacity: Int = 1 << 16) { text = UniqueBytes(capacity: capacity) }

    package var count: Int { text.count }

    /// What was written.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { text.bytes }
    }

    /// Lends what was written from a place on, where the writer is a property of an object.
    @inline(__always)
    func withBytes(from start: Int = 0, _ body: (RawSpan) -> Void) { body(text.bytes.extracting(start...)) }

    package mutating func removeAll() { text.removeAll() }

    /// A place to come back to.
    package struct Mark {
        fileprivate var count: Int
        fileprivate var needsComma: Bool
    }

    package var mark: Mark { Mark(count: count, needsComma: needsComma) }

    /// Takes back all that was written since the mark.
    mutating func rollBack(to mark: Mark) {
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
        let opening: (text: UInt16, length: Int) = needsComma ? (0x222C, 2) : (0x22, 1)
        needsComma = true
        let length = name.utf8CodeUnitCount
        text.append(upTo: length &+ 4) { room in
            room.storeBytes(of: opening.text.littleEndian, as: UInt16.self)
            let behind = opening.length &+ length
            room.baseAddress?.advanced(by: opening.length).copyMemory(from: name.utf8Start, byteCount: length)
            room.storeBytes(of: (0x3A22 as UInt16).littleEndian, toByteOffset: behind, as: UInt16.self)
            return behind &+ 2
        }
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
        text.append(upTo: Self.longestNumber) { digits in
            var rest = value
            var place = length
            while place > 0 {
                place &-= 1
                digits.storeBytes(of: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10), toByteOffset: place, as: UInt8.self)
                rest /= 10
            }
            return length
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
        let places = UInt64(DecimalText.fourDigits(upper) >> 16) | UInt64(DecimalText.fourDigits(lower)) << 16
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
        guard text.appendEscaped(bytes) else {
            rollBack(to: start)
            return false
        }
        lastString = (start.count &+ 1)..<count
        byte(0x22)
        return true
    }

    /// Bytes in two parts as one JSON string; `lastString` is the first part.
    /// - Returns: `false` where they are not UTF-8; nothing is written then.
    package mutating func string(_ first: RawSpan, then rest: RawSpan) -> Bool {
        let start = mark
        guard string(first) else { return false }
        text.truncate(to: count &- 1)
        guard text.appendEscaped(rest) else {
            rollBack(to: start)
            return false
        }
        byte(0x22)
        return true
    }

    /// A string of bytes, followed by text that was written before and is valid there still.
    /// - Returns: `false` where the bytes are not UTF-8; nothing is written then.
    package mutating func string(_ bytes: RawSpan, followedBy text: Range<Int>) -> Bool {
        let start = mark
        byte(0x22)
        guard text.upperBound <= count, self.text.appendEscaped(bytes) else {
            rollBack(to: start)
            return false
        }
        self.text.append(copyOf: text)
        byte(0x22)
        return true
    }

    /// Text of a header or a start line: UTF-8 or, where it is not, ISO-8859-1 (RFC 9110, section 5.5).
    mutating func headerText(_ bytes: RawSpan) {
        byte(0x22)
        appendHeaderText(bytes)
        byte(0x22)
    }

    /// Goes on in a string that was begun by hand.
    mutating func appendHeaderText(_ bytes: RawSpan) {
        let start = mark
        if text.appendEscaped(bytes) { return }
        rollBack(to: start)
        text.appendEscapedLatin1(bytes)
    }

    /// A string of bytes in Base64.
    mutating func base64(_ bytes: RawSpan) {
        byte(0x22)
        text.appendBase64(bytes)
        byte(0x22)
    }

    /// A string that needs no escapes, for which there is so much room; `write` says how long it is.
    @inline(__always)
    package mutating func string(upTo room: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int) {
        byte(0x22)
        text.append(upTo: room, write)
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
}

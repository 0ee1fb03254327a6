// Numbers and literals, whole or cut; the functions are as in JSONShapeScanner+Strings.swift.
extension JSONShapeScanner {
    /// Where in a number it was cut (RFC 8259, section 6).
    enum NumberState: UInt8 {
        case start, minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits

        var mayEnd: Bool {
            switch self {
            case .zero, .integer, .fraction, .exponentDigits: true
            case .start, .minus, .point, .exponent, .exponentSign: false
            }
        }

        /// Of a number that ends here.
        @inline(__always) var shape: UInt32 {
            rawValue <= NumberState.integer.rawValue ? ShapeID.integer.raw : ShapeID.number.raw
        }
    }

    enum Literal: UInt8 {
        case null, `true`, `false`

        var spelling: StaticString {
            switch self {
            case .null: "null"
            case .true: "true"
            case .false: "false"
            }
        }

        @inline(__always) var shape: UInt32 { self == .null ? ShapeID.null.raw : ShapeID.boolean.raw }
    }

    /// A number from its first byte.
    ///
    /// Where it touches the piece's end it may go on in the next one.
    @inline(__always)
    mutating func readNumber(_ bytes: RawSpan, from start: Int) -> Int {
        let end = bytes.byteCount
        var i = start
        if bytes.byte(i) == UInt8(ascii: "-") { i &+= 1 }
        guard i < end else { return beginNumber(bytes, from: start) }
        let first = bytes.byte(i)
        if first == UInt8(ascii: "0") {
            i &+= 1
        } else {
            guard first &- UInt8(ascii: "1") <= 8 else { return violated() }
            i = bytes.skipDigits(i &+ 1)
        }
        guard i < end else { return beginNumber(bytes, from: start) }
        number = .integer
        if bytes.byte(i) == UInt8(ascii: ".") {
            let fraction = i &+ 1
            i = bytes.skipDigits(fraction)
            guard i < end else { return beginNumber(bytes, from: start) }
            guard i > fraction else { return violated() }
            number = .fraction
        }
        // `E` and `e` differ in one bit.
        if bytes.byte(i) | 0x20 == UInt8(ascii: "e") { return beginNumber(bytes, from: start) }
        return i
    }

    @inline(never)
    private mutating func beginNumber(_ bytes: RawSpan, from start: Int) -> Int {
        number = .start
        return carryOnNumber(bytes, from: start)
    }

    mutating func carryOnNumber(_ bytes: RawSpan, from start: Int) -> Int {
        var i = start
        while i < bytes.byteCount {
            let byte = bytes.byte(i)
            let isDigit = byte &- UInt8(ascii: "0") <= 9
            switch number {
            case .start, .minus:
                if byte == UInt8(ascii: "-"), number == .start {
                    number = .minus
                } else {
                    guard isDigit else { return violated() }
                    number = byte == UInt8(ascii: "0") ? .zero : .integer
                }
            case .zero, .integer:
                if isDigit, number == .integer { break }
                if byte == UInt8(ascii: ".") {
                    number = .point
                } else {
                    guard byte | 0x20 == UInt8(ascii: "e") else { return i }
                    number = .exponent
                }
            case .point:
                guard isDigit else { return violated() }
                number = .fraction
            case .fraction:
                if isDigit { break }
                guard byte | 0x20 == UInt8(ascii: "e") else { return i }
                number = .exponent
            case .exponent:
                if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
                    number = .exponentSign
                } else {
                    guard isDigit else { return violated() }
                    number = .exponentDigits
                }
            case .exponentSign:
                guard isDigit else { return violated() }
                number = .exponentDigits
            case .exponentDigits:
                guard isDigit else { return i }
            }
            i &+= 1
        }
        return cut(in: .number)
    }

    // MARK: - Literals

    /// `true`, `false` or `null` from its first byte; anything else is no value.
    @inline(__always)
    mutating func readLiteral(_ bytes: RawSpan, from start: Int) -> Int {
        switch bytes.byte(start) {
        case UInt8(ascii: "n"):
            literal = .null
            if bytes.has("null", at: start) { return start &+ 4 }
        case UInt8(ascii: "t"):
            literal = .true
            if bytes.has("true", at: start) { return start &+ 4 }
        case UInt8(ascii: "f"):
            literal = .false
            if bytes.has("false", at: start) { return start &+ 5 }
        default:
            return violated()
        }
        matched = 0
        return carryOnLiteral(bytes, from: start)
    }

    @inline(never)
    mutating func carryOnLiteral(_ bytes: RawSpan, from start: Int) -> Int {
        let spelling = literal.spelling
        var i = start
        while matched < spelling.utf8CodeUnitCount {
            guard i < bytes.byteCount else { return cut(in: .literal) }
            guard bytes.byte(i) == spelling.utf8Start[matched] else { return violated() }
            matched &+= 1
            i &+= 1
        }
        return i
    }
}

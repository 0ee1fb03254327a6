/// Strings as YAML scalars on one line, which every reader of YAML 1.1 or 1.2 gives back as the same string.
///
/// A string is written plain where nothing in it could be taken for something else, and else in double quotes
/// (YAML 1.2.2, sections 7.3.1 and 7.3.3).
enum YAMLScalar {
    /// What a reader does not care about, and a file keeps as it always was.
    enum Style {
        /// Escapes are numbers, and there are few of them.
        case sparing
        /// As libyaml writes: escapes have names where there are any, what is beyond 16 bits is escaped, and a key with a line's
        /// end in it stands behind `?`.
        case libyaml

        /// Whether a key stands behind `?`: readers look for the colon within 1024 characters only (section 8.2.2).
        func isComplex(_ key: String) -> Bool {
            if key.utf8.count > longestKey { return true }
            return self == .libyaml
                && key.unicodeScalars.contains { [0x0A, 0x0D, 0x85, 0x2028, 0x2029].contains($0.value) }
        }
    }

    /// Bytes of a key that stands before its colon on one line.
    static let longestKey = 128

    /// Appends the scalar, without a line's end.
    static func append(_ text: String, _ style: Style, to bytes: inout [UInt8]) {
        if isPlain(text.utf8) {
            bytes.append(contentsOf: text.utf8)
        } else {
            appendQuoted(text, style, to: &bytes)
        }
    }

    /// Whether a string needs no quotes: it begins with a letter, `/` or `_` (numbers, dates and signs that mean something
    /// begin otherwise), has only ASCII that means nothing, and is no word for null or a boolean.
    static func isPlain(_ text: String.UTF8View) -> Bool {
        guard let first = text.first else { return false }
        guard isLetter(first) || first == UInt8(ascii: "/") || first == UInt8(ascii: "_") else { return false }
        var previous: UInt8 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"),
                UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "("), UInt8(ascii: ")"),
                UInt8(ascii: "@"), UInt8(ascii: "%"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"),
                UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "*"), UInt8(ascii: "?"):
                break
            case UInt8(ascii: " "):
                if previous == UInt8(ascii: ":") { return false }
            default:
                return false
            }
            previous = byte
        }
        if previous == UInt8(ascii: ":") || previous == UInt8(ascii: " ") { return false }
        return text.count > 5 || !isReserved(text)
    }

    /// The words of YAML 1.1's null and bool types, in any case.
    private static func isReserved(_ text: String.UTF8View) -> Bool {
        let words: [StaticString] = ["y", "n", "no", "on", "yes", "off", "null", "true", "false"]
        return words.contains { word in
            word.utf8CodeUnitCount == text.count
                && zip(text, UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
                    .allSatisfy { $0 | 0x20 == $1 }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
    }

    /// In double quotes all that is not printable (section 5.1), and what some reader takes for a line's end, is escaped.
    static func appendQuoted(_ text: String, _ style: Style, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            if style == .libyaml, let name = name(scalar) {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(name)
                continue
            }
            switch scalar.value {
            case 0x22, 0x5C:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x00..<0x20, 0x7F..<0xA0: appendEscape("\\x", scalar.value, digits: 2, to: &bytes)
            case 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: appendEscape("\\u", scalar.value, digits: 4, to: &bytes)
            case 0x10000... where style == .libyaml: appendEscape("\\U", scalar.value, digits: 8, to: &bytes)
            default:
                for byte in UTF8.encode(scalar)! { bytes.append(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The letter that an escape has in place of a number (section 5.7).
    private static func name(_ scalar: Unicode.Scalar) -> UInt8? {
        switch scalar.value {
        case 0x00: UInt8(ascii: "0")
        case 0x07: UInt8(ascii: "a")
        case 0x08: UInt8(ascii: "b")
        case 0x0B: UInt8(ascii: "v")
        case 0x0C: UInt8(ascii: "f")
        case 0x1B: UInt8(ascii: "e")
        case 0x85: UInt8(ascii: "N")
        case 0x2028: UInt8(ascii: "L")
        case 0x2029: UInt8(ascii: "P")
        default: nil
        }
    }

    private static func appendEscape(_ start: String, _ value: UInt32, digits: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: start.utf8)
        for place in stride(from: (digits - 1) * 4, through: 0, by: -4) {
            let digit = UInt8(value >> UInt32(place) & 0xF)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }
}

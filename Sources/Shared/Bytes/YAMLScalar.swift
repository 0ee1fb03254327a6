/// Strings as YAML scalars on one line, which every reader of YAML 1.1 or 1.2 gives back as the same string.
///
/// A string is written plain where nothing in it could be taken for something else, and else in double quotes
/// (YAML 1.2.2, sections 7.3.1 and 7.3.3).
package enum YAMLScalar {
    /// Appends the scalar, without a line's end.
    package static func append(_ text: String, to bytes: inout [UInt8]) {
        if isPlain(text.utf8) {
            bytes.append(contentsOf: text.utf8)
        } else {
            appendQuoted(text, to: &bytes)
        }
    }

    /// Whether a string needs no quotes: it begins with a letter, `/` or `_` (numbers, dates and signs that mean something
    /// begin otherwise), has only ASCII that means nothing, and is no word for null or a boolean.
    package static func isPlain(_ text: String.UTF8View) -> Bool {
        guard let first = text.first else { return false }
        guard isLetter(first) || first == UInt8(ascii: "/") || first == UInt8(ascii: "_") else { return false }
        var previous: UInt8 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"),
                UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "("), UInt8(ascii: ")"),
                UInt8(ascii: "@"), UInt8(ascii: "%"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"):
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
    private static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5C:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x00..<0x20, 0x7F..<0xA0: appendEscape("\\x", scalar.value, digits: 2, to: &bytes)
            case 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: appendEscape("\\u", scalar.value, digits: 4, to: &bytes)
            default:
                for byte in UTF8.encode(scalar)! { bytes.append(byte) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(_ start: String, _ value: UInt32, digits: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: start.utf8)
        for place in stride(from: (digits - 1) * 4, through: 0, by: -4) {
            let digit = UInt8(value >> UInt32(place) & 0xF)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }
}

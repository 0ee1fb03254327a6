import Testing

@testable import Shared

/// Blocks, words and what is left behind them: each way in which text is cut has to give what byte after byte gives.
@Suite struct `Escapes in JSON strings` {
    private static func escaped(_ bytes: [UInt8]) -> String? {
        var text = UniqueBytes()
        return text.appendEscaped(bytes.span.bytes) ? String(decoding: [UInt8](text.bytes), as: UTF8.self) : nil
    }

    /// RFC 8259, section 7, character by character.
    private static func reference(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            case "\0"..."\u{F}": "\\u000" + String(scalar.value, radix: 16)
            case "\u{10}"..."\u{1F}": "\\u00" + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }.joined()
    }

    @Test func `are the same wherever a character stands`() {
        for length in 0...40 {
            for place in 0..<length {
                for scalar in "\0\u{1}\t\n\r\u{1F} !\"\\\u{7F}é€𝄞".unicodeScalars {
                    var text = String.UnicodeScalarView(repeating: "a", count: length)
                    text.replaceSubrange(text.index(text.startIndex, offsetBy: place)..., with: [scalar])
                    text.append(contentsOf: String(repeating: "b", count: length - place).unicodeScalars)
                    let string = String(text)
                    #expect(Self.escaped(Array(string.utf8)) == Self.reference(string))
                }
            }
        }
    }

    @Test func `are the same in text beyond what is escaped at once`() {
        for before in 4080...4112 {
            let string =
                String(repeating: "\u{1}", count: before) + "€𝄞\"é" + String(repeating: "x", count: 5000) + "\n"
            #expect(Self.escaped(Array(string.utf8)) == Self.reference(string))
        }
    }

    @Test func `are not made of what is no UTF-8`() {
        for length in 0...40 {
            for place in 0...length {
                for byte in [0x80, 0xC0, 0xC3, 0xE2, 0xF0, 0xFF] as [UInt8] {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    bytes.insert(byte, at: place)
                    #expect(Self.escaped(bytes) == nil)
                }
            }
        }
    }

    @Test func `take ISO-8859-1 where asked to`() {
        var text = UniqueBytes()
        text.appendEscapedLatin1(([0x61, 0xE9, 0x22, 0x0A, 0x01] as [UInt8]).span.bytes)
        #expect([UInt8](text.bytes) == Array(#"a\u00e9\"\n\u0001"#.utf8))
    }

    @Test(arguments: [0, 9, 10, 99, 100, 12_345, 999_999, 1_000_000, UInt64.max / 10, UInt64.max])
    func `numbers have all their digits`(_ value: UInt64) {
        var json = JSONWriter()
        json.number(value)
        #expect(String(decoding: [UInt8](json.bytes), as: UTF8.self) == "\(value)")
    }

    @Test(arguments: [
        (0, "0.000000"), (1, "0.000001"), (999_999, "0.999999"), (1_000_000, "1.000000"),
        (12_034_056_007, "12034.056007"),
        (-1_500_000, "-1.500000"), (Int64.min, "-9223372036854.775808"),
    ])
    func `milliseconds have six places`(_ nanoseconds: Int64, _ text: String) {
        var json = JSONWriter()
        json.milliseconds(nanoseconds: nanoseconds)
        #expect(String(decoding: [UInt8](json.bytes), as: UTF8.self) == text)
    }
}

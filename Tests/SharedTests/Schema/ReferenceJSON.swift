@testable import Shared

/// A JSON value whose shape is known by construction: the reference for the scanner.
indirect enum JSONValue {
    case null
    case boolean(Bool)
    case number(String)
    case string([UInt16])
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// Keys are in byte order and the last of equal ones counts; elements are distinct and in canonical order.
    var shape: Shape {
        switch self {
        case .null: return .null
        case .boolean: return .boolean
        case .number: return .number
        case .string: return .string
        case .array(let elements):
            var distinct: [Shape] = []
            for element in elements where !distinct.contains(element.shape) { distinct.append(element.shape) }
            return .array(distinct.sorted { $0.precedes($1) })
        case .object(let members):
            var last: [[UInt8]: Shape] = [:]
            for member in members { last[Array(member.key.utf8)] = member.value.shape }
            let sorted = last.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            return .object(sorted.map { Shape.Member(key: String(decoding: $0.key, as: UTF8.self), shape: $0.value) })
        }
    }

    static func random(_ random: inout SeededRandom, depth: Int = 4) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 6), using: &random) {
        case 0: return .null
        case 1: return .boolean(.random(using: &random))
        case 2, 3:
            let numbers = ["0", "-0", "7", "815", "-12345678", "0.7311", "-0.5", "12.0625", "1e5", "2E-3", "1.5e+10"]
            return .number(numbers.randomElement(using: &random)!)
        case 4, 5:
            let count = Int.random(in: 0..<24, using: &random)
            return .string((0..<count).map { _ in Self.codeUnit(&random) })
        case 6, 7:
            let count = Int.random(in: 0..<5, using: &random)
            return .array((0..<count).map { _ in Self.random(&random, depth: depth - 1) })
        default:
            let count = Int.random(in: 0..<6, using: &random)
            return .object((0..<count).map { _ in (key(&random), Self.random(&random, depth: depth - 1)) })
        }
    }

    private static func key(_ random: inout SeededRandom) -> String {
        let keys = [
            "", "a", "b", "id", "name", "email", "sevenby", "eightbyt", "ninebytes", "fifteen-bytes..",
            "sixteen bytes...", "a key that is a good deal longer than two words", "über", "日本語", "😀", "a\"b",
            "back\\slash",
            "line\nbreak", "\u{0}", "slash/", "null", "tab\t",
        ]
        return keys.randomElement(using: &random)!
    }

    private static func codeUnit(_ random: inout SeededRandom) -> UInt16 {
        let odd: [UInt16] = [0x22, 0x5C, 0x2F, 0, 0x1F, 0x7F, 0xE9, 0x20AC]
        return Int.random(in: 0..<8, using: &random) == 0
            ? odd.randomElement(using: &random)! : UInt16.random(in: 0x20..<0x7F, using: &random)
    }

    /// The value as JSON text, spelled at random: white space, escapes.
    func text(_ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, &random)
        return bytes
    }

    private func write(to bytes: inout [UInt8], _ random: inout SeededRandom) {
        Self.blanks(&bytes, &random)
        switch self {
        case .null: bytes += Array("null".utf8)
        case .boolean(let value): bytes += Array(value ? "true".utf8 : "false".utf8)
        case .number(let digits): bytes += Array(digits.utf8)
        case .string(let units): Self.write(units, to: &bytes, &random)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (place, element) in elements.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes, &random)
            }
            if elements.isEmpty { Self.blanks(&bytes, &random) }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (place, member) in members.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.blanks(&bytes, &random)
                Self.write(Array(member.key.utf16), to: &bytes, &random)
                Self.blanks(&bytes, &random)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes, &random)
            }
            if members.isEmpty { Self.blanks(&bytes, &random) }
            bytes.append(UInt8(ascii: "}"))
        }
        Self.blanks(&bytes, &random)
    }

    private static func blanks(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: bytes.append(UInt8(ascii: " "))
        case 1: bytes += Array("\r\n\t".utf8)
        case 2: bytes += Array(("\n" + String(repeating: " ", count: Int.random(in: 0..<20, using: &random))).utf8)
        default: break
        }
    }

    private static func write(_ units: [UInt16], to bytes: inout [UInt8], _ random: inout SeededRandom) {
        bytes.append(UInt8(ascii: "\""))
        var decoder = UTF16()
        var iterator = units.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            let short: [UInt32: String] = [0x22: "\\\"", 0x5C: "\\\\", 0x2F: "\\/", 0x0A: "\\n", 0x09: "\\t"]
            let mustEscape = scalar.value < 0x20 || scalar.value == 0x22 || scalar.value == 0x5C
            if let escape = short[scalar.value], mustEscape || .random(using: &random), .random(using: &random) {
                bytes += Array(escape.utf8)
            } else if mustEscape || Int.random(in: 0..<16, using: &random) == 0 {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: .random(using: &random))
                    bytes += Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
                }
            } else {
                bytes += Array(String(scalar).utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// A table and a scanner, for tests that feed texts.
struct SchemaReader: ~Copyable {
    var table: ShapeTable
    var scanner: JSONShapeScanner

    init(limits: Limits = Limits()) {
        table = ShapeTable(limits: limits)
        scanner = JSONShapeScanner(limits: limits)
    }

    /// The shape of a text that comes cut at the given places.
    mutating func id(_ text: [UInt8], cutAt cuts: [Int] = []) -> ShapeID {
        scanner.reset()
        var start = 0
        for cut in cuts + [text.count] {
            scanner.feed(text.span.bytes.extracting(start..<cut), into: &table)
            start = cut
        }
        return scanner.finish()
    }

    mutating func shape(_ text: [UInt8]) -> Shape {
        let id = id(text)
        return table.shape(id)
    }

    mutating func shape(_ text: String) -> Shape { shape(Array(text.utf8)) }
}

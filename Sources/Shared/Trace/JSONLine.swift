/// A value of JSON as traces in text form and manifests have them: numbers are integers, exact to 64 bits, and strings are
/// bytes.
package enum JSONLine: Equatable, Sendable {
    case null
    case boolean(Bool)
    case number(magnitude: UInt64, isNegative: Bool)
    case string([UInt8])
    case array([JSONLine])
    case object([Member])

    package struct Member: Equatable, Sendable {
        package var name: [UInt8]
        package var value: JSONLine
    }

    /// Why a line is no JSON, for people.
    package struct Failure: Error, Equatable {
        package var reason: String
        package init(_ reason: String) { self.reason = reason }
    }

    /// Nesting; a trace has three levels.
    private static let depth = 16
    /// Fields of an object; an event has ten at most, and each is compared with all before it.
    private static let fields = 64
    /// Elements of an array: an environment has one a variable, and in memory an element is larger than its text.
    private static let elements = 1 << 20

    /// Reads a line, which has to be one value and nothing else.
    package static func parse(_ line: RawSpan) throws(Failure) -> JSONLine {
        var at = 0
        let value = try value(line, &at, depth: 0)
        skipBlanks(line, &at)
        guard at == line.byteCount else { throw Failure("more behind the object, at column \(at + 1)") }
        return value
    }

    private static func value(_ line: RawSpan, _ at: inout Int, depth: Int) throws(Failure) -> JSONLine {
        skipBlanks(line, &at)
        guard depth < Self.depth else { throw Failure("nested too deeply, at column \(at + 1)") }
        switch line.u8(at: at) {
        case UInt8(ascii: "{"): return try object(line, &at, depth: depth)
        case UInt8(ascii: "["): return try array(line, &at, depth: depth)
        case UInt8(ascii: "\""): return .string(try string(line, &at))
        case .some(let byte) where byte == UInt8(ascii: "-") || ASCII.isDigit(byte): return try number(line, &at)
        case nil: throw Failure("the line ends too early")
        default:
            for (word, value) in [("true", .boolean(true)), ("false", .boolean(false)), ("null", .null)]
                as [(StaticString, JSONLine)]
            where line.has(word, at: at) {
                at &+= word.utf8CodeUnitCount
                return value
            }
            throw Failure("no JSON at column \(at + 1)")
        }
    }

    private static func object(_ line: RawSpan, _ at: inout Int, depth: Int) throws(Failure) -> JSONLine {
        at &+= 1
        var members: [Member] = []
        if take(UInt8(ascii: "}"), line, &at) { return .object(members) }
        repeat {
            skipBlanks(line, &at)
            guard line.u8(at: at) == UInt8(ascii: "\"") else { throw Failure("no field's name at column \(at + 1)") }
            let name = try string(line, &at)
            guard take(UInt8(ascii: ":"), line, &at) else { throw Failure("no : at column \(at + 1)") }
            guard !members.contains(where: { $0.name == name }) else {
                throw Failure("the field \(String(decoding: name, as: UTF8.self)) is there twice")
            }
            members.append(Member(name: name, value: try value(line, &at, depth: depth &+ 1)))
        } while take(UInt8(ascii: ","), line, &at) && members.count < Self.fields
        guard take(UInt8(ascii: "}"), line, &at) else { throw Failure("no , or } at column \(at + 1)") }
        return .object(members)
    }

    private static func array(_ line: RawSpan, _ at: inout Int, depth: Int) throws(Failure) -> JSONLine {
        at &+= 1
        var elements: [JSONLine] = []
        if take(UInt8(ascii: "]"), line, &at) { return .array(elements) }
        repeat {
            elements.append(try value(line, &at, depth: depth &+ 1))
        } while take(UInt8(ascii: ","), line, &at) && elements.count < Self.elements
        guard take(UInt8(ascii: "]"), line, &at) else { throw Failure("no , or ] at column \(at + 1)") }
        return .array(elements)
    }

    private static func number(_ line: RawSpan, _ at: inout Int) throws(Failure) -> JSONLine {
        let start = at
        let isNegative = line.u8(at: at) == UInt8(ascii: "-")
        if isNegative { at &+= 1 }
        var magnitude: UInt64 = 0
        let digits = at
        while let byte = line.u8(at: at), ASCII.isDigit(byte) {
            let (tenfold, isTooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, isLarger) = tenfold.addingReportingOverflow(UInt64(byte &- 0x30))
            guard !isTooLarge, !isLarger else { throw Failure("a number beyond 64 bits, at column \(start + 1)") }
            magnitude = sum
            at &+= 1
        }
        guard at > digits else { throw Failure("no number at column \(start + 1)") }
        if let byte = line.u8(at: at), byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
            throw Failure("a number that is no integer, at column \(start + 1)")
        }
        return .number(magnitude: magnitude, isNegative: isNegative)
    }

    // MARK: Strings

    private static func string(_ line: RawSpan, _ at: inout Int) throws(Failure) -> [UInt8] {
        at &+= 1
        var bytes: [UInt8] = []
        while true {
            // Runs without escapes go over as they are.
            let start = at
            while let byte = line.u8(at: at), byte >= 0x20, byte != 0x22, byte != 0x5C {
                let length = UTF8Sequence.length(line, at: at)
                guard length > 0 else { throw Failure("bytes that are not UTF-8, at column \(at + 1)") }
                at &+= length
            }
            bytes.append(line.extracting(start..<at))
            switch line.u8(at: at) {
            case 0x22:
                at &+= 1
                return bytes
            case 0x5C: try escape(line, &at, &bytes)
            case nil: throw Failure("the line ends inside a string")
            default: throw Failure("a control character in a string, at column \(at + 1)")
            }
        }
    }

    private static func escape(_ line: RawSpan, _ at: inout Int, _ bytes: inout [UInt8]) throws(Failure) {
        let start = at
        at &+= 2
        switch line.u8(at: start &+ 1) {
        case 0x22, 0x5C, 0x2F: bytes.append(line.u8(at: start &+ 1) ?? 0)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            guard var code = unit(line, &at) else { throw Failure("\\u without four digits, at column \(start + 1)") }
            if code >> 10 == 0xD800 >> 10, line.has("\\u", at: at) {
                at &+= 2
                guard let low = unit(line, &at), low >> 10 == 0xDC00 >> 10 else {
                    throw Failure("half a surrogate pair, at column \(start + 1)")
                }
                code = 0x10000 &+ (code & 0x3FF) << 10 &+ low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw Failure("half a surrogate pair, at column \(start + 1)")
            }
            bytes.append(contentsOf: Character(scalar).utf8)
        default: throw Failure("an unknown escape, at column \(start + 1)")
        }
    }

    private static func unit(_ line: RawSpan, _ at: inout Int) -> UInt32? {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = line.u8(at: at) else { return nil }
            let letter = byte | 0x20
            if ASCII.isDigit(byte) {
                code = code << 4 | UInt32(byte &- 0x30)
            } else if (0x61...0x66).contains(letter) {
                code = code << 4 | UInt32(letter &- 0x61 &+ 10)
            } else {
                return nil
            }
            at &+= 1
        }
        return code
    }

    // MARK: Blanks

    private static func take(_ byte: UInt8, _ line: RawSpan, _ at: inout Int) -> Bool {
        skipBlanks(line, &at)
        guard line.u8(at: at) == byte else { return false }
        at &+= 1
        return true
    }

    private static func skipBlanks(_ line: RawSpan, _ at: inout Int) {
        while let byte = line.u8(at: at), byte == 0x20 || byte == 0x09 || byte == 0x0D { at &+= 1 }
    }
}

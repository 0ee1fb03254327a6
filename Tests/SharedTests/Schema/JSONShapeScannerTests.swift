import Foundation
import Testing

@testable import Shared

@Suite struct `JSON shape scanner` {
    @Test(arguments: [
        ("", Shape.empty), ("null", .null), ("true", .boolean), ("false", .boolean), ("0", .number),
        ("-1.5e+3", .number),
        ("\"\"", .string), ("[]", .array([])), ("{}", .object([])), (" \r\n\t[ ] ", .array([])), ("{ }", .object([])),
        ("[1,\"a\",2,null]", .array([.null, .number, .string])),
        ("[[],[1],[2]]", .array([.array([]), .array([.number])])),
        (
            "{\"b\":1,\"a\":{\"c\":[true]}}",
            .object([
                .init(key: "a", shape: .object([.init(key: "c", shape: .array([.boolean]))])),
                .init(key: "b", shape: .number),
            ])
        ),
        ("\u{FEFF}[1]", .array([.number])),
    ])
    func `gives types without values`(text: String, expected: Shape) {
        var reader = SchemaReader()
        #expect(reader.shape(text) == expected)
    }

    @Test(arguments: [
        " ", "\u{FEFF}", "nul", "nulll", "TRUE", "01", "-", "-a", "1.", ".5", "1e", "1e+", "+1", "0x10", "1 2", "[1,]",
        "[,1]",
        "[1 2]", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{a:1}", "{1:1}", "{\"a\" 1}", "[1}", "{\"a\":1]", "]",
        "}", ",",
        ":", "[", "{", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12g4\"", "\"\\u123\"", "\"a\nb\"", "\"a\u{1}b\"",
        "{\"a\nb\":1}",
        "'a'", "[1]x", "[1][2]", "{\"a\":1}\n{\"a\":2}", "<html></html>", "a=1&b=2", "NaN", "Infinity", "/* c */ 1",
        "[1,\u{A0}2]",
        "{\"\\ud800\\x\":1}", "\u{0}", "[1]\u{0}", "-01", "1.e5", "{\"a\"b\":1}",
    ])
    func `takes nothing that the grammar does not have`(text: String) {
        var reader = SchemaReader()
        #expect(reader.shape(text) == .nonJSON)
        #expect(reader.scanner.limitReached == nil)
        for cut in 0...text.utf8.count { #expect(reader.id(Array(text.utf8), cutAt: [cut]) == .nonJSON) }
    }

    @Test func `agrees with the reference on random texts, wherever they are cut`() {
        var random = SeededRandom(seed: 1)
        // One reader sees all texts: what the outlines remember of others must not matter.
        var reader = SchemaReader()
        for _ in 0..<3000 {
            let value = JSONValue.random(&random)
            let text = value.text(&random)
            let id = reader.id(text)
            #expect(reader.table.shape(id) == value.shape, "\(String(decoding: text, as: UTF8.self))")
            #expect(reader.id(text, cutAt: Array(1..<max(text.count, 1))) == id)
            for _ in 0..<4 {
                let cuts = (0..<3).map { _ in Int.random(in: 0...text.count, using: &random) }.sorted()
                #expect(reader.id(text, cutAt: cuts) == id, "cut at \(cuts): \(String(decoding: text, as: UTF8.self))")
            }
        }
    }

    @Test func `gives one shape for every cut in two`() {
        var random = SeededRandom(seed: 2)
        var reader = SchemaReader()
        for _ in 0..<150 {
            let text = JSONValue.random(&random).text(&random)
            let id = reader.id(text)
            for cut in 0...text.count where reader.id(text, cutAt: [cut]) != id {
                Issue.record("cut at \(cut): \(String(decoding: text, as: UTF8.self))")
            }
        }
    }

    @Test func `sees every byte that a number or a string may not hold, wherever it lies in a word`() {
        var reader = SchemaReader()
        for byte in UInt8.min ... .max {
            for place in 1..<20 {
                var number = Array("[12345678901234567890, 1]".utf8)
                number[place + 1] = byte
                let mayStand = Array("0123456789.eE, \n\t\r".utf8).contains(byte)
                #expect(mayStand || reader.id(number) == .nonJSON, "\(byte) at \(place)")
                var string = Array("[\"12345678901234567890\"]".utf8)
                string[place + 1] = byte
                let isPlain = byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                #expect((reader.id(string) != .nonJSON) == isPlain, "\(byte) at \(place)")
                for run in 1..<12 {
                    // A run of one byte: borrows and carries go from one byte of a word to the next.
                    number.replaceSubrange(place + 1..<place + 2, with: [UInt8](repeating: byte, count: run))
                    #expect(reader.id(number) == reader.id(number, cutAt: Array(1..<number.count)))
                }
            }
        }
    }

    @Test func `is not JSON when the text is cut short`() {
        var random = SeededRandom(seed: 3)
        var reader = SchemaReader()
        for _ in 0..<200 {
            let value = JSONValue.random(&random)
            guard case .object = value else { continue }
            var text = value.text(&random)
            while let last = text.last, last <= 0x20 { text.removeLast() }
            for end in 1..<text.count where reader.id(Array(text[..<end])) != .nonJSON {
                Issue.record("\(String(decoding: text[..<end], as: UTF8.self))")
            }
        }
    }

    @Test func `calls the same mutations valid as Foundation does`() {
        var random = SeededRandom(seed: 4)
        var reader = SchemaReader()
        let replacements = Array("{}[]\",:\\0123eE+-.tfn u/\n".utf8)
        var valid = 0
        for _ in 0..<6000 {
            var text = JSONValue.random(&random).text(&random)
            guard !text.isEmpty, text.allSatisfy({ $0 < 0x80 }) else { continue }
            for _ in 0..<Int.random(in: 0..<3, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[place] = replacements.randomElement(using: &random)!
                case 1: text.insert(replacements.randomElement(using: &random)!, at: place)
                default: if text.count > 1 { text.remove(at: place) }
                }
            }
            // Foundation also refuses what the grammar has: exponents out of range, surrogates alone.
            let asString = String(decoding: text, as: UTF8.self)
            if asString.contains("\\ud") || asString.contains("\\uD") { continue }
            if asString.contains(/[eE][+-]?[0-9]{2}/) { continue }
            // And it takes a comma before the closing bracket if white space precedes the comma.
            if asString.contains(/\s,\s*[}\]]/) { continue }
            let theirs = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            let ours = reader.id(text) != .nonJSON
            if ours { valid += 1 }
            #expect(ours == (theirs != nil), "\(asString)")
            #expect((reader.id(text, cutAt: Array(1..<text.count)) != .nonJSON) == ours, "\(asString)")
        }
        #expect(valid > 500)
    }

    @Test func `decodes the escapes of keys`() {
        var reader = SchemaReader()
        let plain = reader.id(Array("{\"a\":1,\"😀/\":2}".utf8))
        let escaped = reader.id(Array(#"{"\u0061":1,"\uD83D\ude00\/":2}"#.utf8))
        #expect(plain == escaped)
        #expect(
            reader.shape(#"{"\"\\\b\f\n\r\t\u0000":1}"#)
                == .object([.init(key: "\"\\\u{8}\u{C}\n\r\t\u{0}", shape: .number)]))
    }

    @Test func `reads a surrogate without its partner as U+FFFD`() {
        var reader = SchemaReader()
        for key in [#"\ud800"#, #"\udc00"#] {
            #expect(reader.shape("{\"\(key)x\":1}") == .object([.init(key: "\u{FFFD}x", shape: .number)]))
        }
        #expect(
            reader.shape(#"{"\ud800\ud800\udc00":1}"#) == .object([.init(key: "\u{FFFD}\u{10000}", shape: .number)]))
        #expect(reader.shape(#"["\ud800"]"#) == .array([.string]))
    }

    @Test func `reads bytes that are not UTF-8 in keys as U+FFFD, and does not mind them in values`() {
        var reader = SchemaReader()
        let latin1: [UInt8] = Array("{\"M".utf8) + [0xFC] + Array("ller\":\"".utf8) + [0xFC, 0xFF] + Array("\"}".utf8)
        #expect(reader.shape(latin1) == .object([.init(key: "M\u{FFFD}ller", shape: .string)]))
        let id = reader.id(latin1)
        for cut in 0...latin1.count { #expect(reader.id(latin1, cutAt: [cut]) == id) }
    }

    @Test func `takes the last of equal keys`() {
        var reader = SchemaReader()
        #expect(reader.shape(#"{"a":1,"b":2,"\u0061":"x"}"#) == reader.shape(#"{"b":1,"a":"y"}"#))
        let many = (0..<100).map { "\"k\($0 % 40)\":\($0 < 60 ? "1" : "null")" }.joined(separator: ",")
        let shape = reader.shape("{\(many)}")
        guard case .object(let members) = shape else {
            Issue.record("no object")
            return
        }
        #expect(members.count == 40)
        #expect(members.allSatisfy { $0.shape == .null })
    }

    @Test func `does not care for the order of members and elements`() {
        var random = SeededRandom(seed: 5)
        var reader = SchemaReader()
        let members = ["\"id\":1", "\"name\":\"x\"", "\"tags\":[1,\"a\",null]", "\"nested\":{\"a\":1}", "\"ok\":true"]
        let id = reader.id(Array("{\(members.joined(separator: ","))}".utf8))
        for _ in 0..<200 {
            let text = "{\(members.shuffled(using: &random).joined(separator: ","))}"
            #expect(reader.id(Array(text.utf8)) == id)
        }
        #expect(reader.shape("[1,\"a\",{}]") == reader.shape("[{},\"a\",1,1]"))
    }
}

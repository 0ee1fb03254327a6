import Testing

@testable import Shared

@Suite struct `Texts of messages` {
    /// Writes the message's text, from memory if it is there; says whether it was.
    private static func write(_ number: Int, _ texts: inout MessageTexts, length: Int = 8) -> (
        known: Bool, text: String
    ) {
        let message = Array("\(number)".utf8) + [UInt8](repeating: 0x20, count: length)
        var json = JSONWriter()
        let isKnown = texts.append(message.span.bytes, to: &json)
        if !isKnown {
            let start = json.count
            json.number(UInt64(number))
            texts.remember(message.span.bytes, as: json, from: start)
        }
        return (isKnown, String(decoding: [UInt8](json.bytes), as: UTF8.self))
    }

    @Test func `are remembered`() {
        var texts = MessageTexts()
        #expect(Self.write(7, &texts).known == false)
        #expect(Self.write(8, &texts).known == false)
        #expect(Self.write(7, &texts) == (true, "7"))
        #expect(Self.write(8, &texts) == (true, "8"))
    }

    @Test func `are right for thousands of messages that take each other's place`() {
        var texts = MessageTexts()
        for number in 0..<20_000 {
            #expect(Self.write(number % 3000, &texts).text == "\(number % 3000)")
        }
    }

    @Test func `are forgotten together when they are too much, and remembered again`() {
        var texts = MessageTexts()
        #expect(Self.write(1, &texts).known == false)
        // Each is used, so that each new one is remembered: 1,500 of them are 6 MB.
        for number in 2..<1500 {
            #expect(Self.write(number, &texts, length: 4000).known == false)
            #expect(Self.write(number, &texts, length: 4000) == (true, "\(number)"))
        }
        #expect(Self.write(1, &texts) == (false, "1"))
        #expect(Self.write(1, &texts) == (true, "1"))
    }

    @Test func `of long messages are not remembered`() {
        var texts = MessageTexts()
        for _ in 0..<2 { #expect(Self.write(1, &texts, length: 5000) == (false, "1")) }
    }
}

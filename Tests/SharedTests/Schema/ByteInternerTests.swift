import Testing

@testable import Shared

@Suite struct `Byte interner` {
    @Test func `gives equal numbers to equal strings only`() {
        var interner = ByteInterner(maximumCount: 100_000, maximumBytes: 10 << 20)
        let texts = (0..<5000).map { "text \($0)" + String(repeating: "x", count: $0 % 30) } + [""]
        let numbers = texts.map { interner.number(of: Array($0.utf8).span.bytes) }
        #expect(Set(numbers).count == texts.count)
        for (text, number) in zip(texts, numbers) {
            #expect(interner.number(of: Array(text.utf8).span.bytes) == number)
            #expect(interner.find(Array(text.utf8).span.bytes) == number)
            #expect(interner.text(of: number) == text)
        }
    }

    @Test func `knows ill-formed bytes by their repaired form`() {
        var interner = ByteInterner(maximumCount: 10, maximumBytes: 1000)
        let repaired = interner.number(of: Array("a\u{FFFD}".utf8).span.bytes)
        #expect(interner.number(of: ([0x61, 0xFF] as [UInt8]).span.bytes) == repaired)
        #expect(interner.number(of: ([0x61, 0xC3] as [UInt8]).span.bytes) == repaired)
        #expect(interner.number(of: ([0x61, 0xFF] as [UInt8]).span.bytes) == repaired)
    }

    @Test func `is full at its limits, and still finds what it has`() {
        var interner = ByteInterner(maximumCount: 3, maximumBytes: 10)
        let first = interner.number(of: Array("12345".utf8).span.bytes)
        #expect(interner.number(of: Array("123456".utf8).span.bytes) == ByteInterner.full)
        #expect(interner.number(of: Array("1".utf8).span.bytes) == 1)
        #expect(interner.number(of: Array("2".utf8).span.bytes) == 2)
        #expect(interner.number(of: Array("3".utf8).span.bytes) == ByteInterner.full)
        #expect(interner.number(of: Array("12345".utf8).span.bytes) == first)
        #expect(interner.find(Array("3".utf8).span.bytes) == ByteInterner.full)
    }

    @Test func `orders by bytes`() {
        var interner = ByteInterner(maximumCount: 10, maximumBytes: 1000)
        let texts = ["", "Z", "a", "aa", "ä", "\u{10000}"]
        let numbers = texts.reversed().map { interner.number(of: Array($0.utf8).span.bytes) }
        #expect(numbers.sorted { interner.precedes($0, $1) }.map { interner.text(of: $0) } == texts)
    }
}

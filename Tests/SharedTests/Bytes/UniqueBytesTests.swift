import Testing

@testable import Shared

@Suite struct `Bytes with one owner` {
    @Test func `grow at their end`() {
        var bytes = UniqueBytes()
        var expected: [UInt8] = []
        for length in 0..<200 {
            let part = [UInt8](repeating: UInt8(length), count: length)
            bytes.append(part.span.bytes)
            bytes.append(0xFF)
            expected += part + [0xFF]
        }
        bytes.append("text")
        bytes.append(0x3A22, bytes: 2)
        bytes.append(copyOf: 1..<3)
        expected += Array("text\":".utf8) + expected[1..<3]
        #expect([UInt8](bytes.bytes) == expected)
    }

    @Test func `take as much as a limit leaves room for`() {
        var bytes = UniqueBytes()
        let part = Array("abcde".utf8)
        for _ in 0..<3 { bytes.append(part.span.bytes, limit: 7) }
        #expect([UInt8](bytes.bytes) == Array("abcdeab".utf8))
    }

    @Test func `shrink at either end`() {
        var bytes = UniqueBytes(capacity: 3)
        bytes.append("abcdef")
        bytes.removeFirst(2)
        #expect([UInt8](bytes.bytes) == Array("cdef".utf8))
        bytes.truncate(to: 1)
        #expect([UInt8](bytes.bytes) == Array("c".utf8))
        bytes.removeAll(keepingAtMost: 64)
        #expect(bytes.isEmpty == true)
        bytes.append("x")
        #expect([UInt8](bytes.bytes) == Array("x".utf8))
    }

    @Test func `let go of memory that is larger than asked for`() {
        var bytes = UniqueBytes(capacity: 1000)
        bytes.removeAll(keepingAtMost: 1000)
        #expect(bytes.capacity == 1000)
        bytes.removeAll(keepingAtMost: 999)
        #expect(bytes.capacity == 0)
    }
}

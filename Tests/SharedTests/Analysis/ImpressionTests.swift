import Testing

@testable import Shared

/// What is said of bytes that nobody understands: of what kind they are, and nothing of what they say.
@Suite struct `A first impression` {
    private static func kind(_ bytes: [UInt8]) -> Impression.Kind { Impression.Kind(bytes.span.bytes) }

    @Test func `tells kinds of bytes apart`() {
        var random = SeededRandom(seed: 3)
        #expect(Self.kind(Array("HELO x\r\n".utf8)) == .lines)
        #expect(Self.kind(Array("220 ready\r\n".utf8)) == .numberedLines)
        #expect(Self.kind(Array("hello".utf8)) == .text)
        #expect(Self.kind(Array(#"{"a":1}"#.utf8)) == .json)
        #expect(Self.kind(Array("<a/>".utf8)) == .xml)
        #expect(Self.kind(Array("secret!!".utf8).flatMap { [$0, 0] }) == .wideText)
        #expect(Self.kind([0, 0, 0, 3, 1, 2, 3]) == .frames)
        #expect(Self.kind([5, 0, 0xFF, 0xFE, 1]) == .frames)
        #expect(Self.kind([0xFF, 0xFE, 1]) == .binary)
        #expect(Self.kind(random.bytes(200)) == .random)
        #expect(Self.kind([UInt8](repeating: 0xFF, count: 200)) == .binary)
    }

    @Test func `says who spoke first, and no byte of it`() {
        let detection = Detection(.standard)
        detection.reset(joinedLate: false)
        let moment = Timestamp(nanoseconds: 0)
        let limits = Limits()
        for (text, direction) in [("token hunter2\n", Direction.receive), ("\u{1}\u{2}\u{3}", .send)] {
            let bytes = Array(text.utf8)
            _ = detection.add(bytes.span.bytes, direction, moment, role: .client, limits: limits)
        }
        let said = detection.impression.text(localIsClient: true)
        #expect(said == "the server first, lines of text; the client, binary")
    }
}

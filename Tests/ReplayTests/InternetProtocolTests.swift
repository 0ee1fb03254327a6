import Testing

@testable import replay

@Suite struct `Internet protocol` {
    static let segment = Segment.client(101, ack: 501, "P", "hello")
    static let expected = [openedLate, "1 > 0 hello", "1 close tapeEnd"]

    // MARK: - IPv4

    @Test func `IPv4 options are stepped over`() {
        let packet = Packet.ipv4(Self.segment.tcp, options: [7, 7, 4, 0, 0, 0, 0, 0])
        #expect(events(of: [packet]) == Self.expected)
    }

    @Test func `a total length of 0 is a packet for the network card to cut up`() {
        #expect(events(of: [Packet.ipv4(Self.segment.tcp, totalLength: 0)]) == Self.expected)
    }

    @Test(arguments: [1, 19, 30])
    func `a total length that contradicts the headers is a malformed header`(_ length: Int) {
        #expect(events(of: [Packet.ipv4(Self.segment.tcp, totalLength: length)]) == ["lost malformedHeader 1"])
    }

    @Test(arguments: [0x45, 0x40, 0x00, 0x55, 0x4F])
    func `a packet cut short is a malformed header`(_ first: UInt8) {
        #expect(events(of: [[first] + [UInt8](repeating: 0, count: 18)]) == ["lost malformedHeader 1"])
    }

    @Test func `other protocols are no loss`() {
        #expect(events(of: [Packet.ipv4([0, 123, 0, 123, 0, 8, 0, 0], number: 17)]) == [])
    }

    @Test func `IP in IP is followed, but not for ever`() {
        #expect(events(of: [Packet.ipv4(Self.segment.ipv4, number: 4)]) == Self.expected)
        var packet = Self.segment.ipv4
        for _ in 0..<50 { packet = Packet.ipv4(packet, number: 4) }
        #expect(events(of: [packet]) == ["lost notUnpacked 1"])
    }

    // MARK: - Fragments

    /// The payload of a datagram in parts of so many bytes.
    static func fragments(_ payload: [UInt8], size: Int, id: Int = 7) -> [[UInt8]] {
        stride(from: 0, to: payload.count, by: size).map { start in
            let part = Array(payload[start..<min(start + size, payload.count)])
            return Packet.ipv4(part, fragment: (id, start, start + size < payload.count))
        }
    }

    static let long = Segment.client(101, ack: 501, "P", "The quick brown fox jumps over the lazy dog.")
    static let expectedLong = [openedLate, "1 > 0 \(long.payload)", "1 close tapeEnd"]

    @Test(arguments: [8, 16, 24, 32])
    func `fragments in order, reversed and repeated give the datagram`(_ size: Int) {
        let parts = Self.fragments(Self.long.tcp, size: size)
        #expect(events(of: parts) == Self.expectedLong)
        #expect(events(of: parts.reversed()) == Self.expectedLong)
        let repeated = parts.dropLast().flatMap { [$0, $0] } + parts.suffix(1)
        #expect(events(of: Array(repeated)) == Self.expectedLong)
    }

    @Test func `of overlapping fragments the first copy wins`() {
        let payload = Self.long.tcp
        let forged = [UInt8](repeating: UInt8(ascii: "x"), count: 24)
        let parts = [
            Packet.ipv4(Array(payload[0..<32]), fragment: (7, 0, true)),
            Packet.ipv4(Array(payload[40...]), fragment: (7, 40, false)),
            Packet.ipv4(forged, fragment: (7, 24, true)),
        ]
        #expect(events(of: parts)[1] == "1 > 0 The quick brxxxxxxxxjumps over the lazy dog.")
    }

    @Test func `fragments whose others never come are counted`() {
        let parts = Self.fragments(Self.long.tcp, size: 16)
        #expect(events(of: Array(parts.dropFirst())) == ["lost incompleteFragments \(parts.count - 1)"])
        #expect(events(of: Array(parts.dropLast())) == ["lost incompleteFragments \(parts.count - 1)"])
    }

    @Test func `fragments a minute apart don't belong together`() {
        let parts = Self.fragments(Self.long.tcp, size: 32)
        #expect(events(of: parts, seconds: [0, 61]) == ["lost incompleteFragments \(parts.count)"])
    }

    @Test func `datagrams in parts are bounded`() {
        let parts = (0..<2000).map { Packet.ipv4([UInt8](repeating: 0, count: 8), fragment: ($0, 0, true)) }
        #expect(events(of: parts) == ["lost incompleteFragments 2000"])
    }

    @Test func `a datagram beyond 64 KiB is none`() {
        let part = [UInt8](repeating: 0, count: 64)
        let parts = [Packet.ipv4(part, fragment: (7, 65528, false)), Packet.ipv4(part, fragment: (7, 0, true))]
        #expect(events(of: parts) == ["lost incompleteFragments 2"])
    }

    // MARK: - IPv6

    @Test func `IPv6 with every extension header before TCP`() {
        let options: [UInt8] = [0, 0, 1, 4, 0, 0, 0, 0]
        let long: [UInt8] = [0, 1] + [UInt8](repeating: 0, count: 14)
        let authentication: [UInt8] = [0, 4] + [UInt8](repeating: 0, count: 22)
        let atomic: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 9]
        let packet = Packet.ipv6(
            Self.segment.tcp,
            extensions: [(0, options), (60, long), (43, options), (44, atomic), (51, authentication), (60, options)])
        #expect(events(of: [packet]).dropFirst() == ["1 > 0 hello", "1 close tapeEnd"])
    }

    @Test func `IPv6 fragments, with options before TCP in the first`() {
        let whole = [6, 0, 1, 4, 0, 0, 0, 0] + Self.long.tcp
        let parts = stride(from: 0, to: whole.count, by: 24).map { start in
            let end = min(start + 24, whole.count)
            let header: [UInt8] = [0, 0] + Bytes.big16(start | (end < whole.count ? 1 : 0)) + [0, 0, 0, 5]
            return Packet.ipv6(Array(whole[start..<end]), number: 60, extensions: [(44, header)])
        }
        #expect(events(of: parts)[1] == "1 > 0 \(Self.long.payload)")
        #expect(events(of: parts.reversed())[1] == "1 > 0 \(Self.long.payload)")
    }

    @Test func `ESP ends it, no next header ends it, a chain without end ends it`() {
        #expect(events(of: [Packet.ipv6([1, 2, 3, 4, 5, 6, 7, 8], number: 50)]) == ["lost notUnpacked 1"])
        #expect(events(of: [Packet.ipv6([], number: 59)]) == [])
        let chain = [(number: UInt8, bytes: [UInt8])](repeating: (60, [0, 0, 1, 4, 0, 0, 0, 0]), count: 40)
        #expect(events(of: [Packet.ipv6(Self.segment.tcp, extensions: chain)]) == [])
    }

    @Test func `an extension header that goes beyond the packet is a malformed header`() {
        let packet = Packet.ipv6([], extensions: [(60, [0, 255, 0, 0, 0, 0, 0, 0])])
        #expect(events(of: [packet]) == ["lost malformedHeader 1"])
    }

    @Test func `IPv4-mapped IPv6 and IPv4 are one endpoint`() {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        var packet = Packet.ipv6(Segment.server(500, ack: 101, "S").tcp)
        packet.replaceSubrange(8..<40, with: mapped + Packet.server + mapped + Packet.client)
        #expect(events(of: [Segment.client(100, "S").ipv4, packet]) == [opened, "1 close tapeEnd"])
    }
}

import Testing

@testable import replay

@Suite struct `Link layer` {
    static let segment = Segment.client(100, "S").ipv4
    static let expected = [opened, "1 close tapeEnd"]

    @Test(arguments: [[], [0x8100], [0x88A8, 0x8100], [0x9100, 0x8100, 0x8100]])
    func `Ethernet with any number of VLAN tags`(_ tags: [Int]) {
        #expect(events(of: [Packet.ethernet(Self.segment, tags: tags)], linkType: 1) == Self.expected)
    }

    @Test func `Ethernet's padding is no payload`() {
        let frame = Packet.ethernet(Segment.client(101, ack: 501, "P", "hi").ipv4) + [0, 0, 0, 0]
        #expect(events(of: [frame], linkType: 1) == [openedLate, "1 > 0 hi", "1 close tapeEnd"])
    }

    @Test func `MPLS labels`() {
        let labels: [UInt8] = [0, 0x10, 0x00, 64, 0, 0x20, 0x01, 64]
        #expect(events(of: [Packet.ethernet(labels + Self.segment, type: 0x8847)], linkType: 1) == Self.expected)
    }

    @Test(arguments: [[0x00, 0x21], [0x21]])
    func `PPPoE, with the protocol's number in two bytes or compressed to one`(_ number: [UInt8]) {
        let session = [0x11, 0, 0, 1] + Bytes.big16(number.count + Self.segment.count) + number
        #expect(events(of: [Packet.ethernet(session + Self.segment, type: 0x8864)], linkType: 1) == Self.expected)
    }

    @Test func `Linux cooked, version 1`() {
        let header: [UInt8] = [0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0]
        #expect(events(of: [header + Self.segment], linkType: 113) == Self.expected)
    }

    @Test func `Linux cooked, version 2`() {
        let header: [UInt8] = [8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0]
        #expect(events(of: [header + Self.segment], linkType: 276) == Self.expected)
    }

    @Test(arguments: [12, 14, 101, 228])
    func `Raw IP`(_ linkType: Int32) {
        #expect(events(of: [Self.segment], linkType: linkType) == Self.expected)
    }

    @Test(arguments: [[2, 0, 0, 0], [0, 0, 0, 2]])
    func `Loopback in either byte order`(_ header: [UInt8]) {
        #expect(events(of: [header + Self.segment], linkType: 0) == Self.expected)
    }

    @Test(arguments: [10, 24, 28, 30])
    func `IPv6 on loopback has as many numbers as systems`(_ family: UInt8) {
        let packet = [family, 0, 0, 0] + Packet.ipv6(Segment.client(100, "S").tcp)
        #expect(events(of: [packet], linkType: 0).count == 2)
    }

    @Test(arguments: [[0xFF, 0x03, 0x00, 0x21], [0x00, 0x21], [0x21]])
    func `PPP`(_ header: [UInt8]) {
        #expect(events(of: [header + Self.segment], linkType: 9) == Self.expected)
    }

    @Test func `Cisco HDLC`() {
        #expect(events(of: [[0x0F, 0, 8, 0] + Self.segment], linkType: 104) == Self.expected)
    }

    @Test func `NFLOG, behind other values`() {
        let header: [UInt8] = [2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0]
        let length = Bytes.little16(4 + Self.segment.count)
        #expect(events(of: [header + length + [9, 0] + Self.segment], linkType: 239) == Self.expected)
    }

    @Test func `IEEE 802_11 data with and without radiotap, not when encrypted`() {
        let addresses = [UInt8](repeating: 2, count: 22)
        let snap: [UInt8] = [0xAA, 0xAA, 3, 0, 0, 0, 8, 0]
        let plain = [0x08, 0x01] + addresses + snap + Self.segment
        let quality = [0x88, 0x01] + addresses + [0, 0] + snap + Self.segment
        let encrypted = [0x08, 0x41] + addresses + snap + Self.segment
        let beacon = [0x80, 0x00] + addresses + snap + Self.segment
        #expect(events(of: [plain], linkType: 105) == Self.expected)
        #expect(events(of: [quality], linkType: 105) == Self.expected)
        #expect(events(of: [[0, 0, 8, 0, 0, 0, 0, 0] + plain], linkType: 127) == Self.expected)
        #expect(events(of: [encrypted, beacon], linkType: 105) == [])
    }

    @Test func `ARP is no loss, an unknown link type is`() {
        #expect(events(of: [Packet.ethernet([0, 1, 8, 0], type: 0x0806)], linkType: 1) == [])
        #expect(events(of: [Self.segment, Self.segment], linkType: 147) == ["lost linkType 2"])
    }

    @Test(arguments: [0, 1, 9, 12, 50, 101, 104, 105, 113, 127, 228, 239, 276])
    func `a frame cut at any byte is counted or ignored, never read beyond`(_ linkType: Int32) {
        let frame = Packet.ethernet(Self.segment, tags: [0x8100, 0x88A8])
        for count in 0..<frame.count { _ = events(of: [Array(frame.prefix(count))], linkType: linkType) }
        for type in [0x8847, 0x8864, 0x893F, 0x8100] {
            for count in 0..<12 {
                let cut = Packet.ethernet([UInt8](repeating: 0, count: count), type: type)
                _ = events(of: [cut], linkType: 1)
            }
        }
    }
}

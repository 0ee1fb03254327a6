import Testing

@testable import Shared
@testable import replay

/// Headers in front of packets, as their documents have them.
enum Around {
    static let segment = Segment.client(101, ack: 501, "P", "hello").ipv4
    static let frame = Packet.ethernet(segment)

    static func udp(_ payload: [UInt8], to port: Int, from source: Int = 51000, length: Int? = nil) -> [UInt8] {
        let header = Bytes.big16(source) + Bytes.big16(port) + Bytes.big16(length ?? payload.count + 8) + [0, 0]
        return Packet.ipv4(header + payload, from: [172, 16, 0, 1], to: [172, 16, 0, 2], number: 17)
    }

    static func gre(_ payload: [UInt8], type: Int, flags: Int = 0, fields: [UInt8] = []) -> [UInt8] {
        Packet.ipv4(
            Bytes.big16(flags) + Bytes.big16(type) + fields + payload, from: [172, 16, 0, 1], to: [172, 16, 0, 2],
            number: 47)
    }

    static func vxlan(_ frame: [UInt8], network: UInt32 = 5, port: Int = 4789) -> [UInt8] {
        udp([8, 0, 0, 0] + Bytes.big32(network << 8) + frame, to: port)
    }

    static func pppoe(_ payload: [UInt8], session: Int = 1, length: Int? = nil) -> [UInt8] {
        Packet.ethernet(
            [0x11, 0] + Bytes.big16(session) + Bytes.big16(length ?? payload.count + 2) + [0, 0x21] + payload,
            type: 0x8864)
    }

    static func gtp(_ packet: [UInt8], flags: UInt8 = 0x30, options: [UInt8] = [], tunnel: UInt32 = 9) -> [UInt8] {
        udp(
            [flags, 255] + Bytes.big16(packet.count + options.count) + Bytes.big32(tunnel) + options + packet, to: 2152)
    }

    /// A tunnel, and the packet of raw IP that it makes of a segment in an IP packet.
    struct Tunnel: Sendable, CustomTestStringConvertible {
        var name: String
        var packet: [UInt8]
        var testDescription: String { name }
    }

    static let tunnels: [Tunnel] = [
        Tunnel(name: "IP in IP", packet: Packet.ipv4(segment, number: 4)),
        Tunnel(name: "6in4", packet: Packet.ipv4(Packet.ipv6(segment, number: 4), number: 41)),
        Tunnel(name: "GRE", packet: gre(segment, type: 0x0800)),
        Tunnel(
            name: "GRE with checksum, key and number",
            packet: gre(segment, type: 0x0800, flags: 0xB000, fields: [1, 2, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1])),
        Tunnel(
            name: "GRE with a source route",
            packet: gre(segment, type: 0x0800, flags: 0x4000, fields: [0, 0, 0, 0, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0])),
        Tunnel(name: "GRE with frames", packet: gre(frame, type: 0x6558, flags: 0x2000, fields: [0, 0, 1, 0])),
        Tunnel(
            name: "PPTP",
            packet: gre(
                [0x00, 0x21] + segment, type: 0x880B, flags: 0x3081,
                fields: Bytes.big16(segment.count + 2) + [0, 5, 0, 0, 0, 1, 0, 0, 0, 1])),
        Tunnel(name: "ERSPAN I", packet: gre(frame, type: 0x88BE)),
        Tunnel(
            name: "ERSPAN II",
            packet: gre(frame, type: 0x88BE, flags: 0x1000, fields: [0, 0, 0, 1, 0x10, 5, 0, 3, 0, 0, 0, 0])),
        Tunnel(
            name: "ERSPAN III",
            packet: gre(
                frame, type: 0x22EB, flags: 0x1000, fields: [0, 0, 0, 1, 0x20, 5, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0])),
        Tunnel(
            name: "ERSPAN III with a platform's header",
            packet: gre(
                frame, type: 0x22EB, flags: 0x1000,
                fields: [0, 0, 0, 1, 0x20, 5, 0, 3, 0, 0, 0, 9, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 8))),
        Tunnel(
            name: "ERSPAN III with a packet",
            packet: gre(
                segment, type: 0x22EB, flags: 0x1000, fields: [0, 0, 0, 1, 0x20, 5, 0, 3, 0, 0, 0, 9, 0, 0, 8, 0])),
        Tunnel(name: "WCCP", packet: gre([1, 2, 3, 4] + segment, type: 0x883E)),
        Tunnel(name: "VXLAN", packet: vxlan(frame)),
        Tunnel(name: "VXLAN on Linux' old port", packet: vxlan(frame, port: 8472)),
        Tunnel(name: "VXLAN-GPE", packet: udp([0x0C, 0, 0, 1, 0, 0, 5, 0] + segment, to: 4790)),
        Tunnel(name: "Geneve", packet: udp([0, 0, 0x65, 0x58, 0, 0, 5, 0] + frame, to: 6081)),
        Tunnel(
            name: "Geneve with options and a packet",
            packet: udp([2, 0, 8, 0, 0, 0, 5, 0, 1, 2, 3, 1, 0, 0, 0, 0] + segment, to: 6081)),
        Tunnel(name: "GTP-U", packet: gtp(segment)),
        Tunnel(
            name: "GTP-U with extensions",
            packet: gtp(segment, flags: 0x36, options: [0, 1, 0, 0x85, 1, 0x10, 9, 0x85, 1, 0, 0, 0])),
        Tunnel(name: "L2TP", packet: udp([0, 2, 0, 1, 0, 2, 0xFF, 3, 0, 0x21] + segment, to: 1701)),
        Tunnel(
            name: "Teredo with an origin",
            packet: udp([0, 0, 1, 2, 3, 4, 5, 6] + Packet.ipv6(segment, number: 4), to: 3544)),
        Tunnel(name: "EtherIP", packet: Packet.ipv4([0x30, 0] + frame, number: 97)),
        Tunnel(name: "MPLS in IP", packet: Packet.ipv4([0, 0x10, 1, 64] + segment, number: 137)),
        Tunnel(name: "MPLS in UDP", packet: udp([0, 0x10, 1, 64] + segment, to: 6635)),
        Tunnel(
            name: "AH",
            packet: Packet.ipv4(
                [4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1] + [UInt8](repeating: 9, count: 12) + segment, number: 51)),
        Tunnel(name: "one in the other", packet: vxlan(Packet.ethernet(gre(vxlan(frame), type: 0x0800)))),
    ]

    /// The same for frames.
    static let frames: [Tunnel] = [
        Tunnel(name: "PPPoE", packet: pppoe(segment)),
        Tunnel(name: "802.1ah", packet: Packet.ethernet([0, 0, 0, 5] + frame, type: 0x88E7, tags: [0x88A8])),
        Tunnel(name: "VN-Tag", packet: Packet.ethernet([0x80, 1, 0, 2, 8, 0] + segment, type: 0x8926)),
        Tunnel(name: "E-Tag", packet: Packet.ethernet([0, 0, 0, 2, 0, 0, 8, 0] + segment, type: 0x893F)),
        Tunnel(
            name: "Cisco MetaData", packet: Packet.ethernet([1, 1, 0, 1, 0, 9, 8, 0] + segment, type: 0x8909)),
        Tunnel(
            name: "LLC and SNAP",
            packet: Packet.ethernet([0xAA, 0xAA, 3, 0, 0, 0, 8, 0] + segment, type: segment.count + 8)),
        Tunnel(name: "LLC alone", packet: Packet.ethernet([6, 6, 3] + segment, type: segment.count + 3)),
        Tunnel(
            name: "MACsec that only checks",
            packet: Packet.ethernet(
                [0, 0, 0, 0, 0, 1, 8, 0] + segment + [UInt8](repeating: 7, count: 16), type: 0x88E5)),
        Tunnel(name: "NSH", packet: Packet.ethernet([0, 2, 1, 1, 0, 0, 0, 1] + segment, type: 0x894F)),
        Tunnel(
            name: "MPLS with a pseudowire's control word",
            packet: Packet.ethernet([0, 0x10, 1, 64, 0, 0, 0, 0] + frame, type: 0x8847)),
        Tunnel(name: "MPLS with a frame", packet: Packet.ethernet([0, 0x10, 1, 64] + frame, type: 0x8847)),
        Tunnel(
            name: "MPLS with a frame whose address begins with a zero",
            packet: Packet.ethernet(
                [0, 0x10, 1, 64, 0] + Packet.ethernet(Packet.ipv6(segment, number: 4), type: 0x86DD).dropFirst(),
                type: 0x8847)),
        Tunnel(name: "an IP packet in GTP-U in VLANs", packet: Packet.ethernet(gtp(segment), tags: [0x88A8, 0x8100])),
    ]
}

@Suite struct `Tunnels and tags` {
    static let expected = [openedLate, "1 > 0 hello", "1 close tapeEnd"]

    @Test(arguments: Around.tunnels)
    func `the packet in a tunnel is read`(_ tunnel: Around.Tunnel) {
        #expect(events(of: [tunnel.packet]) == Self.expected)
    }

    @Test(arguments: Around.frames)
    func `the packet in a frame is read`(_ tunnel: Around.Tunnel) {
        #expect(events(of: [tunnel.packet], linkType: 1) == Self.expected)
    }

    @Test(arguments: Around.tunnels + Around.frames)
    func `cut at any byte, what is missing is told, and nothing is made up`(_ tunnel: Around.Tunnel) {
        let linkType: Int32 = tunnel.packet.first == 0x45 ? 101 : 1
        for length in 0..<tunnel.packet.count {
            let sink = RecordingSink()
            var decoder = PacketDecoder(sink: sink)
            decoder.take(
                linkType: linkType, tunnel.packet.span.bytes.extracting(first: length), wireLength: tunnel.packet.count,
                at: Timestamp(nanoseconds: 0))
            decoder.finish()
            let text = sink.lines.filter { $0.hasPrefix("1 > 0 ") }.map { $0.dropFirst(6) }
            #expect(text.allSatisfy { "hello".hasPrefix($0) })
            #expect(
                text == ["hello"] || sink.lines.contains { $0.hasPrefix("lost ") || $0.contains("gap") }, "\(length)")
        }
    }

    @Test func `what is behind a length is padding, whoever gives it`() {
        let zeros: [UInt8] = [0, 0, 0, 0, 0, 0]
        // The inner header says nothing of its length, as a card that cuts packets up leaves it.
        let endless = Packet.ipv4(Segment.client(101, ack: 501, "P", "hello").tcp, totalLength: 0)
        let long = endless.count
        let packets: [([UInt8], Int32)] = [
            (Around.pppoe(Around.segment) + zeros, 1), (Around.pppoe(endless) + zeros, 1),
            (Packet.ipv4(endless, number: 4) + zeros, 101), (Around.gtp(endless) + zeros, 101),
            (Around.udp([8, 0, 0, 0, 0, 0, 5, 0] + Packet.ethernet(endless), to: 4789) + zeros, 101),
            (Packet.ethernet([0xAA, 0xAA, 3, 0, 0, 0, 8, 0] + endless, type: long + 8) + zeros, 1),
            // The datagram's length and not the IP packet's.
            (
                Around.udp(
                    [8, 0, 0, 0, 0, 0, 5, 0] + Packet.ethernet(endless) + zeros, to: 4789,
                    length: 8 + 8 + 14 + long), 101
            ),
        ]
        for (packet, linkType) in packets {
            #expect(events(of: [packet], linkType: linkType) == Self.expected)
        }
    }

    @Test func `a bare acknowledgment that fills a frame up hides no data`() {
        func ack(_ zeros: Int) -> [UInt8] {
            let tcp = Segment.client(101, ack: 501).tcp + [UInt8](repeating: 0, count: zeros)
            return Packet.ethernet(Packet.ipv4(tcp, totalLength: 0))
        }
        let ask = Packet.ethernet(Segment.client(101, ack: 501, "P", "hello").ipv4)
        for zeros in 2...6 {
            let packets = handshake.map { Packet.ethernet($0.ipv4) } + [ack(zeros), ask]
            #expect(events(of: packets, linkType: 1) == [opened, "1 > 0 hello", "1 close tapeEnd"])
        }
    }

    @Test func `what is not unpacked is lost, and named`() {
        let packets: [(Encapsulation.Tunnel, [UInt8])] = [
            (.esp, Packet.ipv4([0, 0, 0, 1, 0, 0, 0, 1] + Around.segment, number: 50)),
            (.esp, Around.udp([0, 0, 0, 1, 0, 0, 0, 1] + Around.segment, to: 4500)),
            (.ipComp, Packet.ipv4([4, 0, 0, 1] + Around.segment, number: 108)),
            (.l2tp, Packet.ipv4([0, 0, 0, 1] + Around.segment, number: 115)),
            (.gre, Around.gre(Around.segment, type: 0x1234)),
            (
                .erspan,
                Around.gre(Around.frame, type: 0x88BE, flags: 0x1000, fields: [0, 0, 0, 1, 0x70, 0, 0, 0, 0, 0, 0, 0])
            ),
            (.geneve, Around.udp([0, 0, 0x12, 0x34, 0, 0, 5, 0] + Around.frame, to: 6081)),
            (.wireGuard, Around.udp([4, 0, 0, 0] + [UInt8](repeating: 9, count: 44), to: 51820)),
            (.pppCompressed, Around.udp([0, 2, 0, 1, 0, 2, 0xFF, 3, 0, 0xFD, 1, 2, 3], to: 1701)),
        ]
        for (tunnel, packet) in packets {
            let sink = RecordingSink()
            var decoder = PacketDecoder(sink: sink)
            decoder.take(linkType: 101, packet.span.bytes, wireLength: packet.count, at: Timestamp(nanoseconds: 0))
            decoder.finish()
            #expect(decoder.statistics.notUnpacked == [tunnel: 1])
            #expect(sink.lines == ["lost notUnpacked 1"])
        }
    }

    @Test func `what only uses a tunnel's port or number is no loss`() {
        let packets = [
            // The time, an answer to nobody, OTV's own, IKE, a keep-alive of NAT, GTP's echo, GRE's keep-alive.
            Around.udp([1, 2, 3, 4], to: 123), Around.udp([0, 0, 0, 0, 0, 0, 0, 0, 1], to: 4789),
            Around.udp([8, 0, 0, 0, 0, 0, 5, 0] + [UInt8](repeating: 3, count: 40), to: 8472),
            Around.udp([0, 0, 0, 0, 1, 2, 3, 4, 5], to: 4500), Around.udp([0xFF], to: 4500),
            Around.udp([0x30, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0], to: 2152), Around.gre([], type: 0),
            Around.udp([0xC8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0], to: 1701),
            Around.udp([1, 0, 0, 0] + [UInt8](repeating: 9, count: 144), to: 51820),
        ]
        #expect(events(of: packets) == [])
    }

    @Test func `a tunnel's datagram in parts is put together, another one is left`() {
        func parts(_ packet: [UInt8]) -> [[UInt8]] {
            let body = Array(packet.dropFirst(20))
            return stride(from: 0, to: body.count, by: 16).map { start in
                let part = Array(body[start..<min(start + 16, body.count)])
                return Packet.ipv4(part, number: packet[9], fragment: (5, start, start + 16 < body.count))
            }
        }
        #expect(events(of: parts(Around.vxlan(Around.frame))) == Self.expected)
        #expect(events(of: parts(Around.gre(Around.segment, type: 0x0800))) == Self.expected)
        let checked = Around.tunnels.filter { $0.name == "AH" }.map(\.packet)
        #expect(checked.map { events(of: parts($0)) } == [Self.expected])
        #expect(events(of: parts(Around.udp([UInt8](repeating: 1, count: 60), to: 123))) == [])
        // What is in them is looked at: DNS.
        #expect(events(of: parts(Around.udp([UInt8](repeating: 1, count: 60), to: 53))) == ["datagram"])
        #expect(events(of: parts(Around.udp([UInt8](repeating: 1, count: 60), to: 40_000, from: 53))) == ["datagram"])
        #expect(events(of: [Around.udp([1, 2], to: 53, length: 5)]) == ["lost malformedHeader 1"])
        #expect(
            events(of: Array(parts(Packet.ipv4([UInt8](repeating: 1, count: 32), number: 108)))) == [
                "lost notUnpacked 2"
            ])
    }
}

@Suite struct `Networks` {
    private func ask(_ text: String, _ first: UInt32 = 0) -> [Segment] {
        [
            .client(first + 100, "S"), .server(first + 500, ack: first + 101, "S"),
            .client(first + 101, ack: first + 501, "P", text),
        ]
    }

    private func tagged(_ segment: Segment, _ vlan: UInt8) -> [UInt8] {
        [UInt8](repeating: 2, count: 12) + [0x81, 0, 0, vlan, 8, 0] + segment.ipv4
    }

    @Test func `equal addresses in two VLANs are two connections`() {
        let packets = zip(ask("one"), ask("two", 1_000_000_000)).flatMap { [tagged($0, 10), tagged($1, 20)] }
        #expect(
            events(of: packets, linkType: 1) == [
                opened, "open 2 client 10.0.0.1:40000 10.0.0.2:80", "1 > 0 one", "2 > 0 two", "1 close tapeEnd",
                "2 close tapeEnd",
            ])
    }

    @Test func `equal addresses in two tunnels are two connections`() {
        let pairs: [([UInt8], [UInt8]) -> ([UInt8], [UInt8])] = [
            { (Around.vxlan(Packet.ethernet($0), network: 1), Around.vxlan(Packet.ethernet($1), network: 2)) },
            { (Around.gtp($0, tunnel: 1), Around.gtp($1, tunnel: 2)) },
            { (Around.gre($0, type: 0x0800), Around.gre($1, type: 0x0800, flags: 0x2000, fields: [0, 0, 0, 1])) },
            { ($0, Packet.ipv4($1, from: [9, 9, 9, 9], number: 4)) },
        ]
        for pair in pairs {
            let packets = zip(ask("one"), ask("two", 1_000_000_000)).flatMap { first, second in
                let (a, b) = pair(first.ipv4, second.ipv4)
                return [a, b]
            }
            #expect(events(of: packets).filter { $0.hasPrefix("open") }.count == 2)
        }
    }

    @Test func `copies are known by their numbers, wherever they are`() {
        let packets = ask("one").flatMap { segment in
            [
                tagged(segment, 10), tagged(segment, 20), tagged(segment, 30), tagged(segment, 40),
                Packet.ethernet(segment.ipv4),
            ]
        }
        let copies = ["1 > 0 one", "1 > 0 one", "1 > 0 one", "1 > 0 one"]
        #expect(events(of: packets, linkType: 1) == [opened, "1 > 0 one"] + copies + ["1 close tapeEnd"])
    }

    @Test func `directions with tags of their own are one connection`() {
        func frames(_ segments: [Segment]) -> [[UInt8]] { segments.map { tagged($0, $0.isFromClient ? 10 : 20) } }
        let conversation = ask("one") + [.server(501, ack: 104, "P", "two"), .client(104, ack: 504)]
        #expect(
            events(of: frames(conversation), linkType: 1) == [opened, "1 > 0 one", "1 < 0 two", "1 close tapeEnd"])
        // Joined late: the acknowledgments tell.
        let late = Array(conversation.dropFirst(2))
        #expect(events(of: frames(late), linkType: 1) == [openedLate, "1 > 0 one", "1 < 0 two", "1 close tapeEnd"])
    }

    @Test func `a connection that begins anew is found on all its networks`() {
        let again = ask("new", 2_000_000)
        let packets = (ask("one") + [.client(104, "R"), .server(501, "R")] + again).flatMap {
            [tagged($0, 10), tagged($0, 20)]
        }
        let lines = events(of: packets, linkType: 1)
        #expect(lines.filter { $0.hasPrefix("open") }.count == 2)
        #expect(lines.filter { $0 == "2 > 0 new" }.count == 2)
    }
}

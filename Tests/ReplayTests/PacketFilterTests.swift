import Console
import Testing

@testable import replay

@Suite struct `Packet filters` {
    /// Two conversations, with port 80 and with port 81.
    private static let packets = [80, 81].flatMap { port in
        `Capture files`.conversation.map { $0.ports(40000, port).ipv4 }
    }

    private func read(_ file: [UInt8], _ filter: PacketFilter) throws(Failure) -> [String] {
        let sink = RecordingSink()
        var tape = Tape(sink: sink, filter: filter)
        try tape.read(Input(bytes: PeekedBytes(MemoryBytes(file)), name: "test"))
        tape.finish()
        return sink.lines
    }

    @Test func `packets that do not pass are left out, and counted`() throws {
        let filter = PacketFilter("tcp port 81")
        let lines = try read(CaptureBytes(Self.packets).pcap(), filter)
        #expect(lines == events(of: Self.packets.suffix(8)))
        #expect(filter.packets == 16)
        #expect(filter.passed == 8)
    }

    @Test func `the lengths of a packet are those on the wire and in the file`() throws {
        var capture = CaptureBytes(Self.packets)
        capture.records[0].wireLength = 5000
        let filter = PacketFilter("greater 5000")
        _ = try read(capture.pcap(), filter)
        #expect(filter.passed == 1)
    }

    /// A capture of a loopback device has the address family in front, in the byte order of the machine it was made on.
    @Test(arguments: [true, false], [true, false])
    func `loopback in either byte order`(_ isBigEndian: Bool, _ isPcapng: Bool) throws {
        let family = isBigEndian ? Bytes.big32(2) : Bytes.little32(2)
        let capture = CaptureBytes(linkType: 0, Self.packets.map { family + $0 })
        let filter = PacketFilter("tcp port 80")
        let file = isPcapng ? capture.pcapng(isBigEndian: isBigEndian) : capture.pcap(isBigEndian: isBigEndian)
        #expect(try read(file, filter) == events(of: Array(Self.packets.prefix(8))))
    }

    @Test func `each link type of a pcapng file has its own program`() throws {
        let raw = CaptureBytes(Array(Self.packets.prefix(4)))
        let ethernet = CaptureBytes(linkType: 1, Self.packets.dropFirst(4).map { Packet.ethernet($0) })
        let filter = PacketFilter("tcp port 80")
        let lines = try read(raw.pcapng() + ethernet.pcapng(isBigEndian: true), filter)
        #expect(lines == events(of: Array(Self.packets.prefix(8))))
        #expect(filter.passed == 8)
    }

    @Test func `packets that can't be read pass, to be counted as such`() throws {
        let filter = PacketFilter("tcp port 80")
        let lines = try read(CaptureBytes(linkType: 220, [[1, 2, 3], []]).pcap(), filter)
        #expect(lines == ["lost linkType 2"])
    }

    @Test func `an empty packet is none that passes`() throws {
        let filter = PacketFilter("ip")
        #expect(try read(CaptureBytes(linkType: 1, [[], [0]]).pcap(), filter) == [])
        #expect(filter.packets == 2)
        #expect(filter.passed == 0)
    }

    @Test func `an expression that does not compile fails with libpcap's words`() {
        let failure = #expect(throws: Failure.self) {
            try read(CaptureBytes(Self.packets).pcap(), PacketFilter("tcp prot 80"))
        }
        #expect(failure?.description.hasPrefix("--filter 'tcp prot 80': ") == true, "\(failure as Any)")
        #expect(failure?.description.contains("syntax error") == true, "\(failure as Any)")
        #expect(throws: Failure.self) { try read(CaptureBytes([]).pcap(), PacketFilter("tcp prot 80")) }
    }
}

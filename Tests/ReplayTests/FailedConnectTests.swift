import Glibc
import Testing

@testable import Shared
@testable import replay

/// What is told of connects that a capture saw fail, and of what only looks like one.
@Suite struct `Failed connects` {
    private static let syn = Segment.client(100, "S")
    private static let answer = Segment.server(500, ack: 101, "S")
    private static let ask = Segment.client(101, ack: 501, "P", "ask")
    /// Between others, so that time goes by.
    private static let noise = [Segment](repeating: Segment.client(7, ack: 9).ports(9, 9), count: 3)

    private static func failed(_ error: Int32) -> [String] { [opened, "1 close connectFailed \(error)"] }

    @Test func `are refused by RST, whether it acknowledges the SYN or not`() {
        for reset in [Segment.server(0, ack: 101, "R"), .server(101, ack: 101, "R"), .server(0, "R")] {
            #expect(events(of: [Self.syn, reset]) == Self.failed(ECONNREFUSED))
            #expect(events(of: [Self.syn, Self.syn, reset, Self.syn, reset]) == Self.failed(ECONNREFUSED))
        }
        // SYN with data (RFC 7413): refused with them, or without.
        for number in [101, 104] as [UInt32] {
            let early = [Segment.client(100, "S", "ask"), .server(0, ack: number, "R")]
            #expect(events(of: early) == [opened, "1 > 0 ask", "1 close connectFailed 111"])
        }
    }

    @Test func `are not what goes on after a RST that nobody takes`() {
        // It acknowledges nothing, or something else.
        for reset in [Segment.server(0, "R"), .server(0, ack: 90, "R")] {
            let lines = events(of: [Self.syn, reset, Self.answer, Self.ask])
            #expect(lines == [opened, "1 > 0 ask", "1 close tapeEnd"])
        }
        // The capture has missed the answer, and the client's data.
        let late = [Self.syn, Segment.server(501, ack: 104, "R")]
        #expect(events(of: late) == [opened, "1 close reset"])
        let afterwards = [Self.syn, Self.answer, Segment.client(101, ack: 501), .server(501, ack: 101, "R")]
        #expect(events(of: afterwards) == [opened, "1 close reset"])
        let scan = [Self.syn, Self.answer, Segment.client(101, "R")]
        #expect(events(of: scan) == [opened, "1 close reset"])
    }

    @Test func `are not connections of which half was captured`() {
        let client = [Self.syn, Segment.client(101, ack: 501), Self.ask, .client(104, ack: 501, "F")]
        #expect(events(of: client) == [opened, "1 > 0 ask", "1 > fin 3", "1 close tapeEnd"])
        // A RST of the client answers an answer that was not captured.
        #expect(events(of: [Self.syn, Segment.client(101, "R")]) == [opened, "1 close reset"])
        let server = [Self.answer, Segment.server(501, ack: 101, "R")]
        #expect(events(of: server) == [opened, "1 close reset"])
    }

    @Test func `have timed out where SYN was repeated in vain, and not before`() {
        let again = [Self.syn, Self.syn, Self.syn]
        #expect(events(of: again, seconds: [0, 1, 3]) == Self.failed(ETIMEDOUT))
        #expect(events(of: again, seconds: [0, 1, 2]) == [opened, "1 close tapeEnd"])
        // Copies of one packet are no repetitions.
        #expect(events(of: again + Self.noise, seconds: [0, 0.1, 0.2, 5, 5, 5]) == [opened, "1 close tapeEnd"])
        #expect(events(of: again + Self.noise, seconds: [0, 0.9, 1.9, 5, 5, 5]) == Self.failed(ETIMEDOUT))
        // The last attempt was answered.
        let answered = again + [Self.answer, Self.ask]
        #expect(events(of: answered, seconds: [0, 1, 3, 3, 3.1]) == [opened, "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `have timed out after a long silence, if a capture holds answers at all`() {
        let other = handshake.map { $0.ports(7, 8) }
        let otherLines = ["open 1 client 10.0.0.1:7 10.0.0.2:8"]
        func lines(_ seconds: Double, _ limits: FlowLimits = FlowLimits()) -> [String] {
            let late = [Double](repeating: seconds, count: 3)
            return events(of: other + [Self.syn] + Self.noise, seconds: [0, 0, 0, 0] + late, limits: limits)
        }
        let open = opened.replacing("open 1", with: "open 2")
        #expect(lines(11) == otherLines + [open, "1 close tapeEnd", "2 close connectFailed 110"])
        #expect(lines(9) == otherLines + [open, "1 close tapeEnd", "2 close tapeEnd"])
        #expect(lines(140) == otherLines + [open, "2 close connectFailed 110", "1 close tapeEnd"])
        // By a filter, the answers may have been left out; by that of the capture, too.
        var filtered = FlowLimits()
        filtered.isFiltered = true
        #expect(lines(11, filtered) == otherLines + [open, "1 close tapeEnd", "2 close tapeEnd"])
        let onlySYN = [Self.syn] + Self.noise
        #expect(events(of: onlySYN, seconds: [0, 60, 60, 60]) == [opened, "1 close tapeEnd"])
    }

    @Test func `are as many as there were connects`() {
        let refused = [Self.syn, Segment.server(0, ack: 101, "R"), .client(900, "S"), .server(0, ack: 901, "R")]
        let second = [opened.replacing("open 1", with: "open 2"), "2 close connectFailed 111"]
        #expect(events(of: refused) == Self.failed(ECONNREFUSED) + second)
        // The client has given up the first; the other is answered, or the first is after all.
        let given = [Self.syn, Segment.client(900, "S")]
        let last = [second[0], "2 > 0 ask", "2 close tapeEnd"]
        let open = [opened, "1 close connectFailed"] + last
        let other = [Segment.server(500, ack: 901, "S"), .client(901, ack: 501, "P", "ask")]
        #expect(events(of: given + other, seconds: [0, 5, 5, 5]) == open)
        #expect(events(of: given + [Self.answer, Self.ask], seconds: [0, 5, 5, 5]) == open)
    }

    // MARK: - What routers say

    /// A message of ICMP on the client's SYN.
    private static func report(_ type: UInt8, _ code: UInt8, on packet: [UInt8], bytes: Int = 28) -> [UInt8] {
        Packet.ipv4(
            [type, code, 0, 0, 0, 0, 0, 0] + packet.prefix(bytes), from: [10, 0, 0, 9], to: Packet.client, number: 1)
    }

    @Test(
        arguments: [
            (3, 0, ENETUNREACH), (3, 1, EHOSTUNREACH), (3, 2, ENOPROTOOPT), (3, 3, ECONNREFUSED), (3, 6, ENETUNREACH),
            (3, 9, ENETUNREACH), (3, 10, EHOSTUNREACH), (3, 13, EHOSTUNREACH), (11, 0, EHOSTUNREACH),
        ] as [(UInt8, UInt8, Int32)])
    func `are reported by ICMP`(_ type: UInt8, _ code: UInt8, _ error: Int32) {
        let syn = Self.syn.ipv4
        #expect(events(of: [syn, Self.report(type, code, on: syn)]) == Self.failed(error))
    }

    @Test func `are not reported by ICMP of another kind, of something else, or cut short`() {
        let syn = Self.syn.ipv4
        let others: [[UInt8]] = [
            // Too long for a link, an echo, a redirect, the source's quench.
            Self.report(3, 4, on: syn), Self.report(8, 0, on: syn), Self.report(5, 1, on: syn),
            Self.report(4, 0, on: syn),
            // Of a segment with another number, of the server's, of another connection, of UDP.
            Self.report(3, 1, on: Segment.client(101, "S").ipv4), Self.report(3, 1, on: Segment.server(100, "S").ipv4),
            Self.report(3, 1, on: Self.syn.ports(40001, 80).ipv4),
            Self.report(3, 1, on: Packet.ipv4(Self.syn.tcp, number: 17)),
            // The number is not there.
            Self.report(3, 1, on: syn, bytes: 27), Self.report(3, 1, on: syn, bytes: 0),
            // A later part of a datagram.
            Self.report(3, 1, on: Packet.ipv4(Self.syn.tcp, fragment: (1, 8, false))),
        ]
        for other in others { #expect(events(of: [syn, other]) == [opened, "1 close tapeEnd"]) }
        // Of what was said on a connection it is no end of it.
        let connection = (handshake + [Self.ask]).map(\.ipv4) + [Self.report(3, 1, on: Self.ask.ipv4)]
        #expect(events(of: connection) == [opened, "1 > 0 ask", "1 close tapeEnd"])
    }

    @Test func `are not those that went on in spite of ICMP`() {
        let packets = [Self.syn.ipv4, Self.report(3, 1, on: Self.syn.ipv4)]
        let goesOn = packets + [Self.syn, Self.answer, Self.ask].map(\.ipv4)
        #expect(events(of: goesOn, seconds: [0, 0, 1, 1, 1]) == [opened, "1 > 0 ask", "1 close tapeEnd"])
        // Repeated, and reported again: one failure, for the reason that was told.
        let again = packets + packets
        #expect(events(of: again, seconds: [0, 0, 1, 1]) == Self.failed(EHOSTUNREACH))
    }

    @Test(
        arguments: [
            (1, 0, ENETUNREACH), (1, 1, EACCES), (1, 3, EHOSTUNREACH), (1, 4, ECONNREFUSED), (3, 0, EHOSTUNREACH),
        ] as [(UInt8, UInt8, Int32)])
    func `are reported by ICMP of IPv6`(_ type: UInt8, _ code: UInt8, _ error: Int32) {
        let syn = Packet.ipv6(Self.syn.tcp)
        // From the server's address, which is as good as a router's; Packet's go from the client.
        let report = Packet.ipv6([type, code, 0, 0, 0, 0, 0, 0] + syn, number: 58)
        let lines = events(of: [syn, report])
        #expect(lines.last == "1 close connectFailed \(error)" && lines.count == 2)
        // IPv4's numbers mean nothing here.
        let other = Packet.ipv6([3 + type, code, 0, 0, 0, 0, 0, 0] + syn, number: 1)
        #expect(events(of: [syn, other]).last == "1 close tapeEnd" || type == 1)
    }

    @Test func `are found in tunnels, of the tunnel's own connects alone`() {
        // IP in IP; a report inside the tunnel, and one beside it of a SYN with another number.
        func inside(_ packet: [UInt8]) -> [UInt8] {
            Packet.ipv4(packet, from: [192, 0, 2, 1], to: [192, 0, 2, 2], number: 4)
        }
        let syn = Self.syn.ipv4
        #expect(events(of: [inside(syn), inside(Self.report(3, 1, on: syn))]) == Self.failed(EHOSTUNREACH))
        #expect(events(of: [inside(syn), inside(Segment.server(0, ack: 101, "R").ipv4)]) == Self.failed(ECONNREFUSED))
        let other = Segment.client(700, "S").ipv4
        let lines = events(of: [inside(syn), other, Self.report(3, 1, on: other)])
        #expect(lines.suffix(2) == ["1 close tapeEnd", "2 close connectFailed 113"])
    }

    // MARK: - In the outputs

    private func outcome(_ packets: [[UInt8]]) -> (summary: Summary, map: ServiceMapDocument, log: String) {
        let profiler = Profiler(Profiler.Options())
        var decoder = PacketDecoder(sink: profiler)
        for (place, packet) in packets.enumerated() {
            decoder.take(
                linkType: 101, packet.span.bytes, wireLength: packet.count,
                at: Timestamp(nanoseconds: Int64(place) * 1_000_000))
        }
        decoder.finish()
        profiler.finish()
        var log = ""
        profiler.drainEventLog { $0.withUnsafeBytes { log = String(decoding: $0, as: UTF8.self) } }
        return (profiler.summary, profiler.serviceMap(), log)
    }

    @Test func `are counted once where a capture met them before and behind address translation`() {
        let behind: [UInt8] = [172, 17, 0, 2]
        func packets(_ number: UInt32, _ other: UInt32) -> [[UInt8]] {
            let (syn, copy) = (Segment.client(number, "S"), Segment.client(other, "S"))
            return [
                syn.ipv4, Packet.ipv4(copy.tcp, to: behind),
                Packet.ipv4(Segment.server(0, ack: other &+ 1, "R").tcp, from: behind, to: Packet.client),
                Segment.server(0, ack: number &+ 1, "R").ipv4,
            ]
        }
        let once = outcome(packets(0x1234_5678, 0x1234_5678))
        #expect(once.summary.connections.opened == 1 && once.summary.connections.copies == 1)
        #expect(once.summary.connections.closed[.connectFailed] == 1)
        #expect(once.map.services.flatMap(\.connections).flatMap(\.failures).map(\.count) == [1])
        #expect(once.log.split(separator: "\n").count == 1)
        // Other numbers, and numbers that anybody may begin with, are two.
        for (number, other) in [(0x1234_5678, 0x1234_5679), (1000, 1000)] as [(UInt32, UInt32)] {
            let twice = outcome(packets(number, other))
            #expect(twice.summary.connections.closed[.connectFailed] == 2 && twice.summary.connections.copies == 0)
            #expect(twice.map.services.flatMap(\.connections).flatMap(\.failures).map(\.count) == [1, 1])
        }
    }

    @Test func `are not told of as connections by their port while they wait`() {
        let noise = (0..<20).map { _ in Segment.client(7, ack: 9).ports(9, 9).ipv4 }
        let profiler = Profiler(Profiler.Options())
        var decoder = PacketDecoder(sink: profiler)
        let packets = [Self.syn.ports(40000, 5432).ipv4, Self.syn.ports(40000, 5432).ipv4] + noise
        for (place, packet) in packets.enumerated() {
            decoder.take(
                linkType: 101, packet.span.bytes, wireLength: packet.count,
                at: Timestamp(nanoseconds: Int64(place) * 1_000_000_000))
        }
        decoder.finish()
        profiler.finish()
        let edges = profiler.serviceMap().services.flatMap(\.connections)
        #expect(edges.map(\.count) == [0] && edges.flatMap(\.failures).map(\.reason) == ["timed out"])
        #expect(edges.map(\.protocolName) == ["postgres"])
    }
}

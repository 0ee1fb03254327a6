import TestSupport
import Testing

@testable import Shared
@testable import replay

/// What pcapng files have beside packets, and times and compressions of both kinds of files.
@Suite struct `Facts of capture files` {
    static func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
        let length = Bytes.little32(UInt32(padded.count + 12))
        return Bytes.little32(type) + length + padded + length
    }

    static func interface(_ options: [UInt8] = []) -> [UInt8] {
        block(1, Bytes.little16(101) + [0, 0, 0, 0, 0, 0] + options)
    }

    static func record(_ type: Int, _ value: [UInt8]) -> [UInt8] {
        Bytes.little16(type) + Bytes.little16(value.count) + value
            + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }

    static let section = block(
        0x0A0D_0D0A, Bytes.little32(0x1A2B_3C4D) + [1, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8))

    static func packet(_ segment: Segment, interface: UInt32 = 0, units: UInt64 = 0) -> [UInt8] {
        let bytes = segment.ipv4
        let time = Bytes.little32(UInt32(units >> 32)) + Bytes.little32(UInt32(truncatingIfNeeded: units))
        let length = Bytes.little32(UInt32(bytes.count))
        return block(6, Bytes.little32(interface) + time + length + length + bytes)
    }

    private final class Facts: EventSink {
        var kinds: [CapturedEvent.Kind] = []
        func consume(_ event: borrowing CapturedEvent, payload: RawSpan) {
            switch event.kind {
            case .name, .secret: kinds.append(event.kind)
            default: break
            }
        }
    }

    private func facts(_ file: [UInt8]) throws -> [CapturedEvent.Kind] {
        let sink = Facts()
        var tape = Tape(sink: sink)
        try tape.read(Input(bytes: PeekedBytes(MemoryBytes(file)), name: "test"))
        tape.finish()
        return sink.kinds
    }

    @Test func `names of addresses become events, and names`() throws {
        let names =
            Self.record(1, [10, 0, 0, 2] + Array("shop\0shop.example\0".utf8))
            + Self.record(2, Packet.server6 + Array("six\0".utf8)) + Self.record(1, [10, 0, 0])
            + Self.record(1, [10, 0, 0, 9, 0]) + Self.record(0, [])
        let file =
            Self.section + Self.interface() + Self.block(4, names)
            + `Capture files`.conversation.flatMap { Self.packet($0) }
        let expected = [
            AddressName(address: IPAddress(v4: 0x0A00_0002), name: "shop"),
            AddressName(address: IPAddress(high: 0x2001_0DB8_0000_0000, low: 2), name: "six"),
        ]
        #expect(try facts(file) == expected.compactMap { $0.map { .name($0) } })
        let folder = TemporaryFolder()
        let path = folder.write("named.pcapng", file)
        #expect(try Executable.replay([path]).output.contains("└──▶ shop"))
        #expect(try Executable.replay([path, "--name", "10.0.0.2=mine"]).output.contains("└──▶ mine"))
        // A trace carries them.
        for form in ["tape", "jsonl"] {
            let copy = folder.path + "/copy." + form
            #expect(try Executable.replay(["convert", path, copy]).status == 0)
            #expect(try Executable.replay([copy]).output.contains("└──▶ shop"))
        }
    }

    @Test func `a capture lasts until it says that it has ended`() throws {
        func ends(_ blocks: [UInt8]) throws -> Int64? {
            let sink = RecordingSink()
            var tape = Tape(sink: sink)
            let file = Self.section + Self.interface() + Self.packet(handshake[0], units: 5) + blocks
            try tape.read(Input(bytes: PeekedBytes(MemoryBytes(file)), name: "test"))
            tape.finish()
            return sink.end?.nanoseconds
        }
        func statistics(_ interface: UInt32, _ units: UInt32, code: Int = 3) -> [UInt8] {
            let end = Self.record(code, Bytes.little32(0) + Bytes.little32(units))
            return Self.block(5, Bytes.little32(interface) + [UInt8](repeating: 0, count: 8) + end)
        }
        #expect(try ends([]) == 5000)
        #expect(try ends(statistics(0, 9)) == 9000)
        #expect(try ends(statistics(0, 9) + statistics(0, 7)) == 9000)
        // When it began; before its last packet; of an interface that is none; cut.
        #expect(try ends(statistics(0, 9, code: 2)) == 5000)
        #expect(try ends(statistics(0, 3)) == 5000)
        #expect(try ends(statistics(1, 9)) == 5000)
        #expect(try ends(Self.block(5, Bytes.little32(0))) == 5000)
    }

    @Test func `packets that the capture never had are a loss`() throws {
        func lost(_ blocks: [UInt8]) -> [String] {
            let file = Self.section + Self.interface() + Self.packet(handshake[0], units: 5) + blocks
            return Reading([file]).lines.filter { $0.hasPrefix("lost") }
        }
        func statistics(_ counts: [(code: Int, count: UInt32)]) -> [UInt8] {
            let options = counts.flatMap { Self.record($0.code, Bytes.little32($0.count) + Bytes.little32(0)) }
            return Self.block(5, [UInt8](repeating: 0, count: 12) + options + [0, 0, 0, 0])
        }
        // isb_ifrecv and isb_filteraccept are no drops.
        #expect(lost(statistics([(4, 100), (6, 100)])).isEmpty)
        #expect(lost(statistics([(5, 7), (7, 2)])) == ["lost captureDropped 9"])
        // They are counted since the beginning.
        #expect(lost(statistics([(5, 7)]) + statistics([(5, 8)])) == ["lost captureDropped 8"])
        let segment = handshake[1].ipv4
        let sizes = Bytes.little32(UInt32(segment.count)) + Bytes.little32(UInt32(segment.count))
        let head = [UInt8](repeating: 0, count: 12) + sizes
        let dropped = Self.record(4, Bytes.little32(3) + Bytes.little32(0)) + [0, 0, 0, 0]
        let packet = Self.block(6, head + segment + [UInt8](repeating: 0, count: (4 - segment.count % 4) % 4) + dropped)
        #expect(lost(packet + packet) == ["lost captureDropped 6"])
        // Both tell of the same.
        #expect(lost(packet + statistics([(5, 3)])) == ["lost captureDropped 3"])
        // Each section counts anew.
        #expect(
            lost(statistics([(5, 3)]) + Self.section + Self.interface() + statistics([(5, 4)])) == [
                "lost captureDropped 7"
            ])
    }

    @Test func `a tape lasts as long as packets of any kind come`() throws {
        let arp: [UInt8] = [UInt8](repeating: 0xFF, count: 12) + [8, 6] + [UInt8](repeating: 0, count: 28)
        let frames = handshake.map { [UInt8](repeating: 2, count: 12) + [8, 0] + $0.ipv4 }
        let sink = RecordingSink()
        var tape = Tape(sink: sink)
        let file = CaptureBytes(linkType: 1, frames + [arp, arp], start: 1_000_000).pcap()
        try tape.read(Input(bytes: PeekedBytes(MemoryBytes(file)), name: "test"))
        tape.finish()
        #expect(sink.end == Timestamp(nanoseconds: 1_004_000_000))
    }

    @Test func `secrets become events, wherever they stand`() throws {
        let random = String(repeating: "1F", count: 32)
        let log = "# a comment\nCLIENT_RANDOM \(random) 0a0b\r\nnonsense\nCLIENT_RANDOM 12 34\n"
        let body = Bytes.little32(0x544C_534B) + Bytes.little32(UInt32(log.utf8.count)) + Array(log.utf8)
        let other = Bytes.little32(0x5747_4B4C) + Bytes.little32(4) + [1, 2, 3, 4]
        let file =
            Self.section + Self.interface() + Self.packet(handshake[0]) + Self.block(10, other) + Self.block(10, body)
        let secret = TLSSecret(
            label: "CLIENT_RANDOM", clientRandom: [UInt8](repeating: 0x1F, count: 32), secret: [10, 11])
        #expect(try facts(file) == [secret].compactMap { $0.map { .secret($0) } })
    }

    @Test func `interfaces are bounded, and packets of those beyond are counted`() throws {
        let limit = PcapngFile.interfaceLimit
        var file = Self.section
        for _ in 0..<(limit + 5) { file += Self.interface() }
        file += Self.packet(handshake[0], interface: UInt32(limit - 1))
        file +=
            Self.packet(handshake[1], interface: UInt32(limit))
            + Self.packet(handshake[2], interface: UInt32(limit + 4))
        var capture = PcapngFile(MemoryBytes(file))
        var packets = 0
        while capture.next() != nil { packets += 1 }
        #expect(packets == 1 && capture.failure == nil)
        #expect(capture.refusals == CaptureRefusals(interfaces: 5, packets: 2))
        #expect(Reading([file]).lines == [opened, "lost packetRefused 2", "1 close tapeEnd"])
        // One that was never described makes no sense, and what follows it does.
        let undescribed =
            Self.packet(handshake[0], interface: UInt32(limit + 5)) + Self.packet(handshake[1], interface: 0)
        var damaged = PcapngFile(MemoryBytes(file + undescribed))
        packets = 0
        while damaged.next() != nil { packets += 1 }
        #expect(packets == 2 && damaged.failure == nil && damaged.refusals.blocks == 1)
        #expect(Reading([file + undescribed]).failure == nil)
    }

    @Test func `pcap times last until 2106`() {
        var capture = CaptureBytes([handshake[0].ipv4, handshake[1].ipv4])
        capture.records[0].time = 2_147_483_648 * 1_000_000
        capture.records[1].time = 4_294_967_295 * 1_000_000 + 999_999
        #expect(
            Reading([capture.pcap()]).timestamps.map(\.description)
                == ["2038-01-19T03:14:08.000000000Z", "2106-02-07T06:28:15.999999000Z"])
    }

    @Test func `pcapng times last until 2262, and beyond that it is said`() {
        // Seconds.
        let resolution = Bytes.little16(9) + Bytes.little16(1) + [0, 0, 0, 0]
        let file = Self.section + Self.interface(resolution)
        let last: UInt64 = 9_223_372_036
        #expect(
            Reading([file + Self.packet(handshake[0], units: last)]).timestamps.first?.description
                == "2262-04-11T23:47:16.000000000Z")
        for units in [last + 1, UInt64.max, UInt64(Int64.max) + 1] {
            var capture = PcapngFile(MemoryBytes(file + Self.packet(handshake[0], units: units)))
            #expect(capture.next()?.timestamp.nanoseconds == .max)
            #expect(capture.refusals.lateTimes == 1 && capture.refusals.earlyTimes == 0)
        }
        // An offset that goes back beyond 1677.
        let offset = Bytes.little16(14) + Bytes.little16(8) + Bytes.little32(0) + Bytes.little32(0x8000_0000)
        var past = PcapngFile(MemoryBytes(Self.section + Self.interface(offset) + Self.packet(handshake[0])))
        #expect(past.next()?.timestamp.nanoseconds == .min && past.refusals.earlyTimes == 1)
        #expect(past.refusals.lateTimes == 0)
    }

    @Test func `the time of the next packet is known before it is read`() throws {
        let capture = `Capture files`.capture
        var pcap = try PcapFile(MemoryBytes(capture.pcap()))
        var pcapng = PcapngFile(
            MemoryBytes(Self.section + Self.block(4, []) + capture.pcapng().dropFirst(Self.section.count)))
        for record in capture.records {
            let time = Timestamp(nanoseconds: Int64(record.time) * 1000)
            #expect(pcap.nextTimes()?.next == time && pcapng.nextTimes()?.next == time)
            #expect(pcap.next()?.timestamp == time && pcapng.next()?.timestamp == time)
        }
        #expect(pcap.nextTimes() == nil && pcapng.nextTimes() == nil)
        #expect(pcap.failure == nil && pcapng.failure == nil)
    }

    @Test func `zstd, in one frame and in several, whole and cut`() throws {
        let folder = TemporaryFolder()
        let plain = `Capture files`.capture.pcap()
        let path = folder.write("whole.pcap", plain)
        let (first, rest) = (folder.write("first", Array(plain[..<90])), folder.write("rest", Array(plain[90...])))
        let zstd = try Programs.find("zstd", package: "zstd")
        let script =
            "'\(zstd)' -q '\(path)' -o '\(path).zst' && ('\(zstd)' -qc '\(first)'; '\(zstd)' -qc '\(rest)') > '\(path).two'"
        #expect(try Executable.run("/bin/sh", ["-c", script]).status == 0)
        let expected = try Executable.replay([path, "-q", "-o", "-"]).output
        for name in ["whole.pcap.zst", "whole.pcap.two"] {
            let run = try Executable.replay([folder.path + "/" + name, "-q", "-o", "-"])
            #expect(run.status == 0 && run.output == expected)
        }
        let bytes = try #require(TextFile.bytes(path + ".zst"))
        for length in [bytes.count - 1, bytes.count / 2] {
            let cut = folder.write("cut.zst", Array(bytes.prefix(length)))
            let run = try Executable.replay([cut])
            #expect(run.status != 0 && run.errors.contains("zstd"))
        }
        // Small pieces of output: what the decoder holds back is not lost.
        let source = ZstdBytes(MemoryBytes(bytes, pieceLength: 7))
        var read: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 5)
        while true {
            let count = piece.withUnsafeMutableBytes { source.read(into: $0) }
            if count == 0 { break }
            read += piece.prefix(count)
        }
        #expect(read == plain && source.failure == nil)
    }
}

import Testing

@testable import Shared
@testable import replay

/// A pcap file whose every field can be said.
private struct PcapBytes {
    var magic: UInt32 = 0xA1B2_C3D4
    var isBigEndian = false
    var version: (major: Int, minor: Int) = (2, 4)
    var snaplen: UInt32 = 262_144
    var link: UInt32 = 101
    private(set) var records: [UInt8] = []

    private func field(_ value: UInt32) -> [UInt8] { isBigEndian ? Bytes.big32(value) : Bytes.little32(value) }
    private func half(_ value: Int) -> [UInt8] { isBigEndian ? Bytes.big16(value) : Bytes.little16(value) }

    mutating func add(
        _ packet: [UInt8], seconds: UInt32 = 1_700_000_000, fraction: UInt32 = 5, lengths: (UInt32, UInt32)? = nil
    ) {
        let lengths = lengths ?? (UInt32(packet.count), UInt32(packet.count))
        records += field(seconds) + field(fraction) + field(lengths.0) + field(lengths.1)
        // Interface, protocol, direction.
        if magic == 0xA1B2_CD34 { records += field(7) + half(0x0800) + [4, 0] }
        records += packet
    }

    var bytes: [UInt8] {
        field(magic) + half(version.major) + half(version.minor) + field(0) + field(0) + field(snaplen) + field(link)
            + records
    }
}

/// What `PcapFile` makes of bytes.
private struct Packets: Equatable {
    struct Packet: Equatable {
        var nanoseconds: Int64
        var linkType: Int32
        var wireLength: Int
        var bytes: [UInt8]
    }
    var packets: [Packet] = []
    var failure: String?

    init(_ bytes: [UInt8]) {
        do throws(CaptureFailure) {
            var file = try PcapFile(MemoryBytes(bytes))
            while let next = file.next() {
                packets.append(
                    Packet(
                        nanoseconds: next.timestamp.nanoseconds, linkType: next.linkType, wireLength: next.wireLength,
                        bytes: Array(next.bytes)))
            }
            failure = file.failure
        } catch {
            failure = error.reason
        }
    }
}

@Suite struct `pcap files` {
    @Test(arguments: [true, false])
    func `records of the extended kind are eight bytes longer`(_ isBigEndian: Bool) {
        var file = PcapBytes(magic: 0xA1B2_CD34, isBigEndian: isBigEndian)
        file.add([1, 2, 3])
        file.add([4, 5])
        let read = Packets(file.bytes)
        #expect(read.packets.map(\.bytes) == [[1, 2, 3], [4, 5]])
        #expect(read.packets[0].nanoseconds == 1_700_000_000_000_005_000)
        #expect(read.failure == nil)
        #expect(
            Packets(Array(file.bytes.dropLast(10))).failure
                == "truncated dump file; tried to read 24 header bytes, only got 16")
    }

    @Test(arguments: [true, false])
    func `seconds and fractions are unsigned`(_ isBigEndian: Bool) {
        var file = PcapBytes(magic: 0xA1B2_3C4D, isBigEndian: isBigEndian)
        file.add([1], seconds: 0xFFFF_FFFF, fraction: 999_999_999)
        file.add([1], seconds: 0, fraction: 0xFFFF_FFFF)
        #expect(Packets(file.bytes).packets.map(\.nanoseconds) == [4_294_967_295_999_999_999, 4_294_967_295])
        var coarse = PcapBytes(isBigEndian: isBigEndian)
        coarse.add([1], seconds: 0x8000_0000, fraction: 0xFFFF_FFFF)
        #expect(Packets(coarse.bytes).packets.map(\.nanoseconds) == [2_147_483_648_000_000_000 + 4_294_967_295_000])
    }

    @Test func `what the link type's upper bits say of frame check sequences is no part of it`() {
        var file = PcapBytes(link: 0x2400_0001)
        file.add([1])
        #expect(Packets(file.bytes).packets.map(\.linkType) == [1])
        file.link = 0x0001_0001
        #expect(Packets(file.bytes).packets.map(\.linkType) == [0x1_0001])
    }

    @Test(arguments: [0, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF] as [UInt32])
    func `a snapshot length that is none cuts nothing`(_ snaplen: UInt32) {
        var file = PcapBytes(snaplen: snaplen)
        file.add([UInt8](repeating: 7, count: 262_144))
        file.add([1])
        #expect(Packets(file.bytes).packets.map(\.bytes.count) == [262_144, 1])
    }

    @Test func `bytes beyond the snapshot length are none`() {
        var file = PcapBytes(snaplen: 2)
        file.add([1, 2, 3, 4])
        file.add([5])
        let read = Packets(file.bytes)
        #expect(read.packets.map(\.bytes) == [[1, 2], [5]])
        #expect(read.packets.map(\.wireLength) == [4, 1])
    }

    @Test(arguments: [(2, 0), (2, 2), (543, 0)])
    func `files of early versions have the lengths the other way round`(_ version: (Int, Int)) {
        var file = PcapBytes(version: version)
        file.add([1, 2], lengths: (1500, 2))
        file.add([3])
        let read = Packets(file.bytes)
        #expect(read.packets.map(\.bytes) == [[1, 2], [3]])
        #expect(read.packets.map(\.wireLength) == [1500, 1])
    }

    @Test func `of files of version 2.3 the smaller length is what was captured`() {
        var file = PcapBytes(version: (2, 3))
        file.add([1, 2], lengths: (1500, 2))
        file.add([3], lengths: (1, 1500))
        #expect(Packets(file.bytes).packets.map(\.bytes) == [[1, 2], [3]])
        #expect(Packets(file.bytes).packets.map(\.wireLength) == [1500, 1500])
    }

    @Test(
        arguments: [
            ((1, 9), "archaic pcap savefile format"), ((2, 5), "unsupported pcap savefile version 2.5"),
            ((3, 0), "unsupported pcap savefile version 3.0"), ((543, 1), "unsupported pcap savefile version 543.1"),
        ])
    func `other versions are refused`(_ version: (Int, Int), _ reason: String) {
        var file = PcapBytes(version: version)
        file.add([1])
        let read = Packets(file.bytes)
        #expect(read.packets.isEmpty)
        #expect(read.failure == reason)
    }

    @Test(
        arguments: [
            (101, 65_535, 262_145, "snaplen of 65535"), (101, 1_000_000, 262_145, "maximum of 262144"),
            (101, 0, 0xFFFF_FFFF, "snaplen of 262144"), (101, 65_535, 0x8000_0000, "snaplen of 65535"),
            (231, 0, 134_217_729, "snaplen of 134217728"), (249, 0, 1_048_577, "snaplen of 1048576"),
            (279, 1 << 24, 8_388_609, "maximum of 8388608"),
        ] as [(UInt32, UInt32, UInt32, String)])
    func `an absurd length ends the file, and what precedes it was read`(
        _ link: UInt32, _ snaplen: UInt32, _ length: UInt32, _ limit: String
    ) {
        var file = PcapBytes(snaplen: snaplen, link: link)
        file.add([1])
        file.add([2], lengths: (length, length))
        let read = Packets(file.bytes)
        #expect(read.packets.map(\.bytes) == [[1]])
        #expect(read.failure == "invalid packet capture length \(length), bigger than \(limit)")
    }

    @Test func `a cut is told with what was there`() {
        var file = PcapBytes(snaplen: 20)
        file.add([UInt8](repeating: 1, count: 40))
        func failure(_ count: Int) -> String? { Packets(Array(file.bytes.prefix(count))).failure }
        let said = "truncated dump file; tried to read "
        #expect(failure(4) == said + "24 file header bytes, only got 0")
        #expect(failure(23) == said + "24 file header bytes, only got 19")
        #expect(failure(24) == nil)
        #expect(failure(39) == said + "16 header bytes, only got 15")
        #expect(failure(40) == said + "20 captured bytes, only got 0")
        #expect(failure(59) == said + "20 captured bytes, only got 19")
        #expect(failure(60) == said + "40 captured bytes, only got 20")
        #expect(failure(79) == said + "40 captured bytes, only got 39")
        #expect(failure(80) == nil)
    }

    @Test func `packets are whole where the window moves on`() {
        var file = PcapBytes()
        var expected: [[UInt8]] = []
        for number in 0..<3000 {
            let packet = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 700)
            expected.append(packet)
            file.add(packet)
        }
        #expect(Packets(file.bytes).packets.map(\.bytes) == expected)
    }
}

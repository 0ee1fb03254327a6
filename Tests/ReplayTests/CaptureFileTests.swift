import Console
import Glibc
import Testing

@testable import Shared
@testable import replay

/// Bytes in memory, in pieces of so many.
final class MemoryBytes: ByteSource {
    private let bytes: [UInt8]
    private let pieceLength: Int
    private var taken = 0
    var failure: String? { nil }
    var filePosition: UInt64 { UInt64(taken) }

    init(_ bytes: [UInt8], pieceLength: Int = .max) {
        self.bytes = bytes
        self.pieceLength = pieceLength
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - taken, pieceLength)
        buffer.copyBytes(from: bytes[taken..<(taken + count)])
        taken += count
        return count
    }
}

/// What reading a file gives: its events, and why it ended.
struct Reading: Equatable {
    var lines: [String] = []
    var timestamps: [Timestamp] = []
    var packets: UInt64 = 0
    var failure: String?
    var refusal: String?

    init(_ files: [[UInt8]], pieceLength: Int = .max, readsAhead: Bool = false) {
        let sink = RecordingSink()
        var tape = Tape(sink: sink)
        for file in files {
            let raw = PeekedBytes(MemoryBytes(file, pieceLength: pieceLength))
            var source: any ByteSource = GzipBytes.isGzip(raw.head) ? GzipBytes(raw) : raw
            if readsAhead { source = ReadAhead(source) }
            do throws(Failure) {
                try tape.read(Input(bytes: PeekedBytes(source), name: "test"))
            } catch {
                refusal = error.description
            }
        }
        tape.finish()
        lines = sink.lines
        timestamps = sink.timestamps
        packets = tape.packets.packets
        failure = tape.files.last?.failure
    }
}

@Suite struct `Capture files` {
    static let conversation =
        handshake + [
            .client(101, ack: 501, "P", "GET / HTTP/1.1\r\n\r\n"),
            .server(501, ack: 119, "P", "HTTP/1.1 204 OK\r\n\r\n"),
            .client(119, ack: 520, "F"), .server(520, ack: 120, "F"), .client(120, ack: 521),
        ]
    static let capture = CaptureBytes(conversation.map(\.ipv4))
    static let plain = Reading([capture.pcap()])

    @Test func `the conversation is read`() {
        #expect(Self.plain.packets == 8)
        #expect(Self.plain.failure == nil)
        #expect(Self.plain.lines.last == "1 close orderly")
        #expect(Self.plain.timestamps.first?.description == "2023-11-14T22:13:20.000000000Z")
    }

    @Test(arguments: [true, false], [true, false])
    func `pcap in either byte order, with micro- and nanoseconds`(_ isBigEndian: Bool, _ hasNanoseconds: Bool) {
        let file = Self.capture.pcap(isBigEndian: isBigEndian, hasNanoseconds: hasNanoseconds)
        #expect(Reading([file]) == Self.plain)
    }

    @Test(arguments: [true, false], [nil, 6, 9])
    func `pcapng in either byte order and with any clock`(_ isBigEndian: Bool, _ resolution: UInt8?) {
        #expect(Reading([Self.capture.pcapng(isBigEndian: isBigEndian, resolution: resolution)]) == Self.plain)
    }

    @Test func `pcapng with a clock in powers of two`() {
        let reading = Reading([Self.capture.pcapng(resolution: 0x80 | 20)])
        #expect(reading.lines == Self.plain.lines)
        #expect(reading.timestamps.allSatisfy { $0.nanoseconds == 1_700_000_000_000_000_000 })
    }

    @Test func `pcapng with several sections, link types and byte orders`() {
        let first = CaptureBytes(Self.conversation.prefix(4).map(\.ipv4))
        let second = CaptureBytes(linkType: 1, Self.conversation.dropFirst(4).map { Packet.ethernet($0.ipv4) })
        let both = first.pcapng() + second.pcapng(isBigEndian: true)
        #expect(Reading([both]).lines == Self.plain.lines)
    }

    @Test(arguments: [1, 7, 16, 100])
    func `bytes that come in pieces are the same bytes`(_ length: Int) {
        #expect(Reading([Self.capture.pcap()], pieceLength: length) == Self.plain)
        #expect(Reading([Self.capture.pcapng()], pieceLength: length) == Self.plain)
    }

    @Test func `reading ahead changes nothing`() {
        #expect(Reading([Self.capture.pcap()], readsAhead: true) == Self.plain)
        #expect(Reading([Self.capture.pcapng()], pieceLength: 5, readsAhead: true) == Self.plain)
    }

    @Test func `several files are one tape`() {
        let halves = [
            CaptureBytes(Self.conversation.prefix(4).map(\.ipv4)).pcap(),
            CaptureBytes(linkType: 1, Self.conversation.dropFirst(4).map { Packet.ethernet($0.ipv4) }).pcapng(),
        ]
        #expect(Reading(halves).lines == Self.plain.lines)
    }

    // MARK: - Damage

    /// The ends of the records of a pcap file.
    static func recordEnds(_ capture: CaptureBytes) -> [Int] {
        var ends = [24]
        for record in capture.records { ends.append(ends[ends.count - 1] + 16 + record.bytes.count) }
        return ends
    }

    @Test func `pcap cut at any byte gives what precedes the cut`() {
        let file = Self.capture.pcap()
        let ends = Self.recordEnds(Self.capture)
        for count in 0..<file.count {
            let reading = Reading([Array(file.prefix(count))])
            #expect(reading.packets == max(0, ends.count(where: { $0 <= count }) - 1), "cut at \(count)")
            if count < 4 {
                #expect(reading.refusal != nil)
            } else {
                #expect(reading.refusal == nil)
                #expect((reading.failure == nil) == ends.contains(count), "cut at \(count)")
                #expect(reading.lines.contains("lost truncatedFile 1") == !ends.contains(count))
            }
        }
    }

    @Test func `pcapng cut at any byte gives what precedes the cut`() {
        let file = Self.capture.pcapng()
        var packets: UInt64 = 0
        for count in 4..<file.count {
            let reading = Reading([Array(file.prefix(count))])
            #expect(reading.refusal == nil)
            #expect(reading.packets >= packets)
            packets = reading.packets
        }
        #expect(packets == 7)
    }

    @Test(arguments: 0..<4)
    func `flipped bytes never crash`(_ kind: Int) {
        let ethernet = CaptureBytes(linkType: 1, Self.conversation.map { Packet.ethernet($0.ipv4, tags: [0x8100]) })
        let file = [
            Self.capture.pcap(), Self.capture.pcapng(), ethernet.pcap(isBigEndian: true),
            ethernet.pcapng(resolution: 9),
        ][kind]
        var random = SeededGenerator(seed: UInt64(kind))
        for _ in 0..<400 {
            var damaged = file
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            _ = Reading([damaged])
        }
        // Every byte to its extremes.
        for place in file.indices {
            for value: UInt8 in [0, 0x7F, 0x80, 0xFF] {
                var damaged = file
                damaged[place] = value
                _ = Reading([damaged])
            }
        }
    }

    @Test func `a record that says impossible things ends the file`() {
        var file = Self.capture.pcap()
        let second = Self.recordEnds(Self.capture)[1]
        file.replaceSubrange(second + 8..<second + 12, with: Bytes.little32(0x5000_0000))
        let reading = Reading([file])
        #expect(reading.packets == 1)
        #expect(reading.failure?.contains("invalid packet capture length") == true)
    }

    @Test func `what is no capture is refused with its first bytes`() {
        #expect(Reading([Array("{\"a\":1}\n".utf8)]).refusal?.contains("7b 22 61 22") == true)
        #expect(Reading([[]]).refusal?.contains("is empty") == true)
    }
}

@Suite(.enabled(if: access("/usr/bin/gzip", X_OK) == 0 || access("/bin/gzip", X_OK) == 0, "needs gzip"))
struct `Compressed captures` {
    static let file = CaptureBytes((0..<500).map { Segment.client(UInt32($0), "S").ports(1000 + $0, 80).ipv4 }).pcap()

    static let compressed: [UInt8] = {
        let folder = TemporaryFolder()
        folder.write("x.pcap", file)
        _ = try? Executable.run("/bin/sh", ["-c", "gzip -c '\(folder.path)/x.pcap' > '\(folder.path)/x.gz'"])
        return TextFile.bytes("\(folder.path)/x.gz") ?? []
    }()

    @Test func `gzip gives the same, in pieces and ahead`() {
        let plain = Reading([Self.file])
        #expect(plain.packets == 500)
        #expect(Reading([Self.compressed]) == plain)
        #expect(Reading([Self.compressed], pieceLength: 3) == plain)
        #expect(Reading([Self.compressed], readsAhead: true) == plain)
    }

    @Test func `gzip's members follow one another, padding is no member`() {
        let header = Array(Self.file.prefix(24))
        _ = header
        let twice = Reading([Self.compressed + [UInt8](repeating: 0, count: 512)])
        #expect(twice == Reading([Self.file]))
    }

    @Test func `gzip cut anywhere gives what precedes the cut`() {
        var packets: UInt64 = 0
        for count in stride(from: 40, to: Self.compressed.count - 1, by: 37) {
            let reading = Reading([Array(Self.compressed.prefix(count))])
            guard reading.refusal == nil else { continue }
            #expect(reading.packets >= packets)
            #expect(reading.failure?.contains("gzip") == true)
            packets = reading.packets
        }
        #expect(packets > 300)
    }

    @Test func `gzip damaged anywhere never crashes`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            var damaged = Self.compressed
            damaged[Int.random(in: 2..<damaged.count, using: &random)] ^= 0x55
            _ = Reading([damaged])
        }
    }
}

/// Packets and capture files from their parts, for tests.
enum Bytes {
    static func big16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
    static func big32(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * UInt32($0)) & 0xFF) } }
    static func little32(_ value: UInt32) -> [UInt8] { big32(value).reversed() }
    static func little16(_ value: Int) -> [UInt8] { big16(value).reversed() }
}

/// A TCP segment of a conversation between 10.0.0.1:40000 (the client) and 10.0.0.2:80, as a packet of raw IP.
struct Segment {
    var isFromClient = true
    var sequence: UInt32
    var acknowledgment: UInt32?
    var flags = ""
    var payload = ""
    var clientPort = 40000
    var serverPort = 80
    /// Bytes of payload that were on the wire beyond those captured.
    var uncaptured = 0
    var options: [UInt8] = []

    /// `c 100` is a segment of the client; flags are S, F, R, P.
    static func client(
        _ sequence: UInt32, ack: UInt32? = nil, _ flags: String = "", _ payload: String = ""
    ) -> Segment { Segment(sequence: sequence, acknowledgment: ack, flags: flags, payload: payload) }

    static func server(
        _ sequence: UInt32, ack: UInt32? = nil, _ flags: String = "", _ payload: String = ""
    ) -> Segment {
        Segment(isFromClient: false, sequence: sequence, acknowledgment: ack, flags: flags, payload: payload)
    }

    func ports(_ client: Int, _ server: Int) -> Segment {
        var other = self
        other.clientPort = client
        other.serverPort = server
        return other
    }

    func cut(_ count: Int) -> Segment {
        var other = self
        other.uncaptured = count
        return other
    }

    var tcp: [UInt8] {
        var bits: UInt8 = acknowledgment == nil ? 0 : 0x10
        for flag in flags { bits |= ["F": 1, "S": 2, "R": 4, "P": 8][flag] ?? 0 }
        let ports = isFromClient ? (clientPort, serverPort) : (serverPort, clientPort)
        let header =
            Bytes.big16(ports.0) + Bytes.big16(ports.1) + Bytes.big32(sequence)
            + Bytes.big32(acknowledgment ?? 0)
        return header + [UInt8((20 + options.count) / 4 * 16), bits] + Bytes.big16(8192) + [0, 0, 0, 0] + options
            + Array(payload.utf8)
    }

    var ipv4: [UInt8] {
        let (source, destination) = isFromClient ? (Packet.client, Packet.server) : (Packet.server, Packet.client)
        return Packet.ipv4(tcp, from: source, to: destination, uncaptured: uncaptured)
    }
}

enum Packet {
    static let client: [UInt8] = [10, 0, 0, 1]
    static let server: [UInt8] = [10, 0, 0, 2]
    static let client6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
    static let server6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [2]

    /// - Parameter fragment: identification, offset in bytes, whether more follow.
    static func ipv4(
        _ payload: [UInt8], from source: [UInt8] = client, to destination: [UInt8] = server, number: UInt8 = 6,
        options: [UInt8] = [], fragment: (id: Int, offset: Int, more: Bool) = (0, 0, false), totalLength: Int? = nil,
        uncaptured: Int = 0
    ) -> [UInt8] {
        let headerLength = 20 + options.count
        var header: [UInt8] = [UInt8(0x40 | headerLength / 4), 0]
        header += Bytes.big16(totalLength ?? headerLength + payload.count + uncaptured) + Bytes.big16(fragment.id)
        header += Bytes.big16((fragment.more ? 0x2000 : 0) | fragment.offset / 8) + [64, number, 0, 0]
        return header + source + destination + options + payload
    }

    /// - Parameter extensions: the number of each extension header and its bytes, whose first is set to the next number.
    static func ipv6(
        _ payload: [UInt8], number: UInt8 = 6, extensions: [(number: UInt8, bytes: [UInt8])] = []
    ) -> [UInt8] {
        var body: [UInt8] = []
        for (place, header) in extensions.enumerated() {
            let next = place + 1 < extensions.count ? extensions[place + 1].number : number
            body += [next] + header.bytes.dropFirst()
        }
        body += payload
        let first = extensions.first?.number ?? number
        return [0x60, 0, 0, 0] + Bytes.big16(body.count) + [first, 64] + client6 + server6 + body
    }

    static func ethernet(_ payload: [UInt8], type: Int = 0x0800, tags: [Int] = []) -> [UInt8] {
        var frame = [UInt8](repeating: 2, count: 12)
        for tag in tags { frame += Bytes.big16(tag) + [0, 7] }
        return frame + Bytes.big16(type) + payload
    }
}

/// A capture file in memory.
struct CaptureBytes {
    struct Record {
        /// Microseconds since the epoch.
        var time: UInt64
        var bytes: [UInt8]
        var wireLength: Int?
    }

    var linkType = 101
    var records: [Record] = []

    init(linkType: Int = 101, _ packets: [[UInt8]], start: UInt64 = 1_700_000_000_000_000) {
        self.linkType = linkType
        records = packets.enumerated().map { Record(time: start + UInt64($0) * 1000, bytes: $1) }
    }

    func pcap(isBigEndian: Bool = false, hasNanoseconds: Bool = false) -> [UInt8] {
        func field(_ value: UInt32) -> [UInt8] { isBigEndian ? Bytes.big32(value) : Bytes.little32(value) }
        func half(_ value: Int) -> [UInt8] { isBigEndian ? Bytes.big16(value) : Bytes.little16(value) }
        var file = field(hasNanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4) + half(2) + half(4) + field(0) + field(0)
        file += field(262_144) + field(UInt32(linkType))
        for record in records {
            let fraction = UInt32(record.time % 1_000_000) * (hasNanoseconds ? 1000 : 1)
            file += field(UInt32(record.time / 1_000_000)) + field(fraction) + field(UInt32(record.bytes.count))
            file += field(UInt32(record.wireLength ?? record.bytes.count)) + record.bytes
        }
        return file
    }

    /// - Parameter resolution: if_tsresol; 6 is microseconds, 9 nanoseconds, 0x80 | n is 2^-n.
    func pcapng(isBigEndian: Bool = false, resolution: UInt8? = nil) -> [UInt8] {
        func field(_ value: UInt32) -> [UInt8] { isBigEndian ? Bytes.big32(value) : Bytes.little32(value) }
        func half(_ value: Int) -> [UInt8] { isBigEndian ? Bytes.big16(value) : Bytes.little16(value) }
        func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
            let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
            let length = field(UInt32(padded.count + 12))
            return field(type) + length + padded + length
        }
        let unset = field(0xFFFF_FFFF)
        var file = block(0x0A0D_0D0A, field(0x1A2B_3C4D) + half(1) + half(0) + unset + unset)
        var options: [UInt8] = []
        if let resolution { options = half(9) + half(1) + [resolution, 0, 0, 0] + half(0) + half(0) }
        file += block(1, half(linkType) + half(0) + field(0) + options)
        for record in records {
            var units = record.time
            if resolution == 9 { units *= 1000 }
            if let resolution, resolution & 0x80 != 0 {
                units = (record.time / 1_000_000) << UInt64(resolution & 0x7F)
            }
            let times = field(UInt32(units >> 32)) + field(UInt32(units & 0xFFFF_FFFF))
            let lengths = field(UInt32(record.bytes.count)) + field(UInt32(record.wireLength ?? record.bytes.count))
            file += block(6, field(0) + times + lengths + record.bytes)
        }
        return file
    }
}

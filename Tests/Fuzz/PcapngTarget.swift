import Shared

/// A pcapng file, in whatever pieces it is read, holds the same packets and ends for the same reason.
func fuzzPcapng(_ file: [UInt8]) {
    guard PcapngFile.isPcapng(file) else { return }
    let whole = packets(FuzzedBytes(file))
    require(packets(FuzzedBytes(file, cutBy: SeededRandom(of: file))) == whole, "read in pieces, other packets")
}

private struct Packets: Equatable {
    var packets: [Packet] = []
    var failure: String?

    struct Packet: Equatable {
        var timestamp: Timestamp
        var linkType: Int32
        var wireLength: Int
        var bytes: [UInt8]
    }
}

private func packets(_ source: FuzzedBytes) -> Packets {
    var capture = PcapngFile(source)
    var found = Packets()
    while let packet = capture.next() {
        found.packets.append(
            Packets.Packet(
                timestamp: packet.timestamp, linkType: packet.linkType, wireLength: packet.wireLength,
                bytes: Array(packet.bytes)))
    }
    found.failure = capture.failure
    return found
}

import Shared

/// A packet of a capture file; its bytes are valid until the next one is read.
struct CapturedPacket {
    var timestamp: Timestamp
    /// LINKTYPE, as the file has it; in a pcapng file that of the packet's interface.
    var linkType: Int32
    /// The packet's length on the wire.
    var wireLength: Int
    /// What was captured of it; fewer bytes than `wireLength` where the snapshot length cut it.
    var bytes: UnsafeRawBufferPointer
}

/// A capture file that has been opened.
protocol PacketSource: ~Copyable {
    /// The next packet, or `nil` where the file ends; `failure` says why, if it ends too early.
    mutating func next() -> CapturedPacket?
    var failure: String? { get }
    /// Whether the machine that captured puts the highest byte of a number first.
    ///
    /// Some link layers have numbers in its order.
    var isBigEndian: Bool { get }
}

/// Why a file gives no packets.
struct CaptureFailure: Error, Equatable {
    var reason: String
}

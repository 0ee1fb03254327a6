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
    /// When the next packet is; `nil` where the file ends.
    mutating func nextTime() -> Timestamp?
    /// When the next packet is, and the one behind it, where that is known. `nil` where the file ends.
    mutating func nextTimes() -> (next: Timestamp, behind: Timestamp?)?
    /// What the file has told, beside packets, since this was taken last: names of addresses, secrets.
    mutating func takeFacts() -> [CapturedEvent.Kind]
    /// Whether there is something to take.
    var hasFacts: Bool { get }
    /// When the capture has ended, as far as the file has said it.
    var end: Timestamp? { get }
    /// Packets of which the file says that the capture never had them.
    var dropped: UInt64 { get }
    /// What could not be kept of the file.
    var refusals: CaptureRefusals { get }
    var failure: String? { get }
    /// Whether the machine that captured puts the highest byte of a number first.
    ///
    /// Some link layers have numbers in its order.
    var isBigEndian: Bool { get }
}

/// What a reader has let go of in a capture file.
struct CaptureRefusals: Equatable, Sendable {
    /// Interfaces beyond as many as are kept.
    var interfaces: UInt64 = 0
    /// Packets of these.
    var packets: UInt64 = 0
    /// Blocks whose content makes no sense, and whose length does; packets of interfaces whose description makes none.
    var blocks: UInt64 = 0
    /// Times beyond what 64 bits of nanoseconds reach, 2262: they are the last that they do.
    var lateTimes: UInt64 = 0
    /// Times before what they reach, 1677: they are the first.
    var earlyTimes: UInt64 = 0
}

/// Why a file gives no packets.
struct CaptureFailure: Error, Equatable {
    var reason: String
}

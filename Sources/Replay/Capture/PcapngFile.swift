import Shared

/// A pcapng file (draft-ietf-opsawg-pcapng): sections of blocks, each with its length at both ends.
///
///     |                          Block Type                           |
///     |                      Block Total Length                       |
///     /                          Block Body                           /
///     |                      Block Total Length                       |
///
/// libpcap reads pcapng too, but only where all interfaces have the same link type and the same snapshot length: it
/// refuses what Wireshark records from two interfaces at once. So these files are read here.
struct PcapngFile: ~Copyable, PacketSource {
    /// libpcap and Wireshark write packets of at most 256 KiB; a block beyond this is damage.
    private static let largestBlock = 16 << 20
    /// Interfaces of a section that are kept: a machine has fewer, and of a file of nothing but their descriptions each of
    /// 20 bytes would take twice as many for as long as the section lasts.
    static let interfaceLimit = 1 << 14

    private var window: ByteWindow
    /// In the section that is being read.
    private(set) var isBigEndian = false
    private var interfaces: [Interface] = []
    /// How many the section has described, with those that were not kept.
    private var described: UInt64 = 0
    /// Packets that the interfaces of earlier sections have dropped.
    private var earlierDrops: UInt64 = 0
    private var lastTimestamp = Timestamp(nanoseconds: 0)
    private(set) var failure: String?
    private(set) var refusals = CaptureRefusals()
    private var facts: [CapturedEvent.Kind] = []
    private(set) var end: Timestamp?

    private struct Interface {
        var linkType: Int32
        /// Bytes of a packet that are kept at most; 0 is no limit.
        var snaplen: Int
        var unitsPerSecond: UInt64 = 1_000_000
        var offsetSeconds: Int64 = 0
        /// What it says of itself makes no sense, and so do its packets.
        var isUnreadable = false
        /// Packets that did not come to the capture, as its statistics say.
        var dropped: UInt64 = 0
        /// The same, as its packets say one by one.
        var missed: UInt64 = 0
    }

    private enum BlockType {
        static let section: UInt32 = 0x0A0D_0D0A
        static let interface: UInt32 = 1
        static let obsoletePacket: UInt32 = 2
        static let simplePacket: UInt32 = 3
        static let names: UInt32 = 4
        static let statistics: UInt32 = 5
        static let enhancedPacket: UInt32 = 6
        static let secrets: UInt32 = 10
    }

    static func isPcapng(_ head: [UInt8]) -> Bool { head.starts(with: [0x0A, 0x0D, 0x0D, 0x0A]) }

    init(_ source: any ByteSource) { window = ByteWindow(source) }

    /// The next packet, or `nil` where the file ends; `failure` says why, if it ends too early.
    mutating func next() -> CapturedPacket? {
        while failure == nil, let block = nextBlock() {
            let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[8..<(block.length - 4)])
            window.take(block.length)
            switch block.type {
            case BlockType.enhancedPacket, BlockType.obsoletePacket:
                if let packet = packet(bytes, isObsolete: block.type == BlockType.obsoletePacket) { return packet }
            case BlockType.simplePacket:
                if let packet = simplePacket(bytes) { return packet }
            default: takeOther(block.type, bytes.bytes)
            }
        }
        return nil
    }

    /// A block that is no packet.
    private mutating func takeOther(_ type: UInt32, _ body: RawSpan) {
        switch type {
        case BlockType.interface: addInterface(body)
        case BlockType.names: addNames(body)
        case BlockType.secrets: addSecrets(body)
        case BlockType.statistics: addStatistics(body)
        // What is yet to be invented.
        default: break
        }
    }

    mutating func nextTime() -> Timestamp? { nextTimes()?.next }

    mutating func nextTimes() -> (next: Timestamp, behind: Timestamp?)? {
        // What stands before the next packet tells how to read its time.
        while failure == nil, let block = nextBlock() {
            if let first = time(of: block, at: 0) {
                guard window.fill(block.length &+ 32), let second = time(of: header(block.length), at: block.length)
                else {
                    return (first, nil)
                }
                return (first, second)
            }
            let isPacket = [BlockType.enhancedPacket, BlockType.obsoletePacket, BlockType.simplePacket]
                .contains(block.type)
            if isPacket { return (lastTimestamp, nil) }
            let bytes = UnsafeRawBufferPointer(rebasing: window.bytes[8..<(block.length - 4)])
            window.take(block.length)
            takeOther(block.type, bytes.bytes)
        }
        return nil
    }

    private func header(_ offset: Int) -> (type: UInt32, length: Int) { (field32(offset), Int(field32(offset &+ 4))) }

    /// The time of a packet block at an offset, 32 bytes of which are at hand; `nil` where it has none.
    private func time(of block: (type: UInt32, length: Int), at offset: Int) -> Timestamp? {
        guard block.length >= 32, offset &+ 32 <= window.count else { return nil }
        let number: Int
        switch block.type {
        case BlockType.enhancedPacket: number = Int(field32(offset &+ 8))
        case BlockType.obsoletePacket:
            number = Int(ordered(window.bytes.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt16.self)))
        default: return nil
        }
        guard number < interfaces.count else { return nil }
        let units = UInt64(field32(offset &+ 12)) << 32 | UInt64(field32(offset &+ 16))
        return Self.timestamp(units, interfaces[number]).timestamp
    }

    var hasFacts: Bool { !facts.isEmpty }

    mutating func takeFacts() -> [CapturedEvent.Kind] {
        let taken = facts
        facts = []
        return taken
    }

    // MARK: - Blocks

    private mutating func nextBlock() -> (type: UInt32, length: Int)? {
        guard window.fill(12) else {
            failure = window.failure ?? (window.bytes.isEmpty ? nil : "the file ends inside a block")
            return nil
        }
        let type = field32(0)
        if type == BlockType.section {
            switch window.bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self).bigEndian {
            case 0x1A2B_3C4D: isBigEndian = true
            case 0x4D3C_2B1A: isBigEndian = false
            default:
                failure = "a section header whose byte order can't be told"
                return nil
            }
            // Interfaces are numbered anew in each section.
            closeSection()
        }
        let length = Int(field32(4))
        guard length >= 12, length <= Self.largestBlock, length % 4 == 0 else {
            failure = "a block of type \(type) with an impossible length of \(length)"
            return nil
        }
        guard window.fill(length) else {
            failure = window.failure ?? "the file ends inside a block"
            return nil
        }
        guard Int(field32(length - 4)) == length else {
            failure = "a block of type \(type) whose two lengths contradict each other"
            return nil
        }
        return (type, length)
    }

    /// Both the packets and the statistics may tell of the same drops.
    private mutating func closeSection() {
        for interface in interfaces { earlierDrops &+= max(interface.dropped, interface.missed) }
        interfaces = []
        described = 0
    }

    /// Packets of which the file says that the capture never had them.
    var dropped: UInt64 { interfaces.reduce(earlierDrops) { $0 &+ max($1.dropped, $1.missed) } }

    /// A number of the next block, in the section's byte order.
    private func field32(_ offset: Int) -> UInt32 {
        ordered(window.bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private func ordered<T: FixedWidthInteger>(_ value: T) -> T {
        isBigEndian ? T(bigEndian: value) : T(littleEndian: value)
    }

    /// A number of a block's body, whose length has been checked.
    private func field<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: RawSpan, _ offset: Int, _: T.Type) -> T {
        ordered(bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    // MARK: - Interfaces

    private mutating func addInterface(_ body: RawSpan) {
        guard body.byteCount >= 8 else {
            // It has a number nonetheless.
            refusals.blocks &+= 1
            return keep(Interface(linkType: 0, snaplen: 0, isUnreadable: true))
        }
        var interface = Interface(
            linkType: Int32(field(body, 0, UInt16.self)), snaplen: Int(field(body, 4, UInt32.self)))
        var offset = 8
        while let (code, value) = nextRecord(body, &offset) {
            switch code {
            // if_tsresol: a negative power of 10, or of 2 where the highest bit is set.
            case 9 where value.count == 1:
                let exponent = Int(body.byte(value.lowerBound) & 0x7F)
                let isBinary = body.byte(value.lowerBound) & 0x80 != 0
                // Finer than 64 bits tell: the times of its packets mean nothing.
                guard exponent <= (isBinary ? 63 : 19) else {
                    interface.isUnreadable = true
                    break
                }
                interface.unitsPerSecond = 1
                for _ in 0..<exponent { interface.unitsPerSecond &*= isBinary ? 2 : 10 }
            // if_tsoffset: seconds to be added.
            case 14 where value.count == 8: interface.offsetSeconds = field(body, value.lowerBound, Int64.self)
            default: break
            }
        }
        keep(interface)
    }

    /// The next of a block's options, or of a Name Resolution Block's records, and where its value lies; `nil` behind the last,
    /// and where one is cut.
    ///
    ///     |              Type             |             Length            |
    ///     /                  Value, padded to four bytes                  /
    private func nextRecord(_ body: RawSpan, _ offset: inout Int) -> (type: UInt16, value: Range<Int>)? {
        guard offset + 4 <= body.byteCount else { return nil }
        let type = field(body, offset, UInt16.self)
        let start = offset + 4
        let end = start + Int(field(body, offset + 2, UInt16.self))
        guard type != 0, end <= body.byteCount else { return nil }
        offset = (end + 3) & ~3
        return (type, start..<end)
    }

    private mutating func keep(_ interface: Interface) {
        described &+= 1
        if interfaces.count < Self.interfaceLimit {
            interfaces.append(interface)
        } else {
            refusals.interfaces &+= 1
        }
    }

    // MARK: - Facts

    /// Name Resolution Block: records of an address and its names, each name ended by a zero byte.
    private mutating func addNames(_ body: RawSpan) {
        var offset = 0
        while let (type, range) = nextRecord(body, &offset) {
            let value = body.extracting(range)
            switch type {
            case 1 where range.count > 4: addName(IPAddress(v4: value.field32(0)), value, after: 4)
            case 2 where range.count > 16:
                addName(IPAddress(high: value.field64(0), low: value.field64(8)), value, after: 16)
            default: break
            }
        }
    }

    /// The first of an address' names, as in a hosts file.
    private mutating func addName(_ address: IPAddress, _ value: RawSpan, after length: Int) {
        var bytes: [UInt8] = []
        for at in length..<value.byteCount {
            if value.byte(at) == 0 { break }
            bytes.append(value.byte(at))
        }
        if let name = AddressName(address: address, name: String(decoding: bytes, as: UTF8.self)) {
            facts.append(.name(name))
        }
    }

    /// Decryption Secrets Block: what kind of secrets, how many bytes, and these; a TLS key log's kind is "TLSK".
    private mutating func addSecrets(_ body: RawSpan) {
        guard body.byteCount >= 8, field(body, 0, UInt32.self) == 0x544C_534B else { return }
        let end = min(body.byteCount, 8 &+ Int(field(body, 4, UInt32.self)))
        for secret in KeyLog(body.extracting(8..<end)).secrets { facts.append(.secret(secret)) }
    }

    /// Interface Statistics Block: interface, time (two halves), and options of which isb_endtime says when the capture has
    /// ended.
    private mutating func addStatistics(_ body: RawSpan) {
        guard body.byteCount >= 12 else { return }
        let number = Int(field(body, 0, UInt32.self))
        guard number < interfaces.count, !interfaces[number].isUnreadable else { return }
        var dropped = (interface: UInt64(0), system: UInt64(0))
        var offset = 12
        while let (code, value) = nextRecord(body, &offset) {
            let at = value.lowerBound
            switch code {
            // isb_endtime: two halves.
            case 3 where value.count == 8:
                let (high, low) = (field(body, at, UInt32.self), field(body, at + 4, UInt32.self))
                let time = Self.timestamp(UInt64(high) << 32 | UInt64(low), interfaces[number])
                if !time.isClamped { end = max(end ?? time.timestamp, time.timestamp) }
            // isb_ifdrop, isb_osdrop: counted since the capture began.
            case 5 where value.count == 8: dropped.interface = field(body, at, UInt64.self)
            case 7 where value.count == 8: dropped.system = field(body, at, UInt64.self)
            default: break
            }
        }
        interfaces[number].dropped = max(interfaces[number].dropped, dropped.interface &+ dropped.system)
    }

    // MARK: - Packets

    /// Enhanced Packet Block: interface, time (two halves), captured length, length on the wire, bytes.
    ///
    /// The Packet Block that it replaced has a 16-bit interface and a counter of drops in front, otherwise the same.
    private mutating func packet(_ bytes: UnsafeRawBufferPointer, isObsolete: Bool) -> CapturedPacket? {
        let body = bytes.bytes
        // What a block says of itself may be wrong; how long it is stood at its end once more.
        guard body.byteCount >= 20 else {
            refusals.blocks &+= 1
            return nil
        }
        let number = isObsolete ? Int(field(body, 0, UInt16.self)) : Int(field(body, 0, UInt32.self))
        let captured = Int(field(body, 12, UInt32.self))
        if number >= interfaces.count, number < described {
            refusals.packets &+= 1
            return nil
        }
        guard number < interfaces.count, captured <= body.byteCount - 20, !interfaces[number].isUnreadable else {
            refusals.blocks &+= 1
            return nil
        }
        let options = 20 &+ (captured &+ 3) & ~3
        if !isObsolete, options < body.byteCount { readOptions(body.extracting(options..<body.byteCount), number) }
        let units = UInt64(field(body, 4, UInt32.self)) << 32 | UInt64(field(body, 8, UInt32.self))
        let time = Self.timestamp(units, interfaces[number])
        lastTimestamp = time.timestamp
        if time.isClamped {
            if time.timestamp.nanoseconds < 0 { refusals.earlyTimes &+= 1 } else { refusals.lateTimes &+= 1 }
        }
        return CapturedPacket(
            timestamp: lastTimestamp, linkType: interfaces[number].linkType,
            wireLength: Int(field(body, 16, UInt32.self)),
            bytes: UnsafeRawBufferPointer(rebasing: bytes[20..<(20 + captured)]))
    }

    /// epb_dropcount: how many packets were lost between this one and the one before.
    private mutating func readOptions(_ options: RawSpan, _ number: Int) {
        var offset = 0
        while let (code, value) = nextRecord(options, &offset) {
            if code == 4, value.count == 8 {
                interfaces[number].missed &+= field(options, value.lowerBound, UInt64.self)
            }
        }
    }

    /// Simple Packet Block: length on the wire, bytes.
    ///
    /// It has no time; that of the packet before is the best guess.
    private mutating func simplePacket(_ bytes: UnsafeRawBufferPointer) -> CapturedPacket? {
        guard bytes.count >= 4, let interface = interfaces.first else {
            refusals.blocks &+= 1
            return nil
        }
        let length = Int(field(bytes.bytes, 0, UInt32.self))
        var captured = min(length, bytes.count - 4)
        if interface.snaplen > 0 { captured = min(captured, interface.snaplen) }
        return CapturedPacket(
            timestamp: lastTimestamp, linkType: interface.linkType, wireLength: length,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[4..<(4 + captured)]))
    }

    /// - Returns: the moment, or the nearest one that 64 bits of nanoseconds reach (they last until 2262).
    private static func timestamp(_ units: UInt64, _ interface: Interface) -> (timestamp: Timestamp, isClamped: Bool) {
        let (seconds, rest) = units.quotientAndRemainder(dividingBy: interface.unitsPerSecond)
        // rest < unitsPerSecond, so the quotient fits.
        let product = rest.multipliedFullWidth(by: 1_000_000_000)
        let nanoseconds = Int64(interface.unitsPerSecond.dividingFullWidth(product).quotient)
        let (whole, isFar) = Int64(clamping: seconds).addingReportingOverflow(interface.offsetSeconds)
        let (scaled, isScaledFar) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isSumFar) = scaled.addingReportingOverflow(nanoseconds)
        guard isFar || isScaledFar || isSumFar || seconds > UInt64(Int64.max) else {
            return (Timestamp(nanoseconds: sum), false)
        }
        let isPast = interface.offsetSeconds < 0 && seconds <= UInt64(Int64.max) && whole < 0 && !isFar
        return (Timestamp(nanoseconds: isPast ? .min : .max), true)
    }
}

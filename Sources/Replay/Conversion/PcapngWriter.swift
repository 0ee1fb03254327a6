import Shared

/// Writes packets as a pcapng file (draft-ietf-opsawg-pcapng), little endian, times in nanoseconds.
struct PcapngWriter {
    private(set) var bytes: [UInt8] = []
    /// When the latest packet was.
    private(set) var lastPacket = Timestamp(nanoseconds: 0)

    private static let linkTypeRaw: UInt16 = 101

    private enum Option {
        static let comment: UInt16 = 1
        static let application: UInt16 = 4
        static let interfaceName: UInt16 = 2
        static let interfaceDescription: UInt16 = 3
        static let timeResolution: UInt16 = 9
        static let endTime: UInt16 = 3
    }

    /// - Parameter interfaces: a name and a description of each.
    init(interfaces: [(name: String, description: String)]) {
        block(0x0A0D_0D0A) { bytes in
            bytes.little(0x1A2B_3C4D as UInt32)
            bytes.little(1 as UInt16)
            bytes.little(0 as UInt16)
            // The section's length is not known.
            bytes.little(UInt64.max)
            bytes.option(Option.application, Array("tapedeck: replay convert".utf8))
            bytes.option(0, [])
        }
        for interface in interfaces {
            block(1) { bytes in
                bytes.little(Self.linkTypeRaw)
                bytes.little(0 as UInt16)
                bytes.little(0 as UInt32)
                bytes.option(Option.interfaceName, Array(interface.name.utf8))
                bytes.option(Option.interfaceDescription, Array(interface.description.utf8))
                bytes.option(Option.timeResolution, [9])
                bytes.option(0, [])
            }
        }
    }

    /// Appends an Enhanced Packet Block.
    /// - Parameter missing: bytes of the packet that were not captured.
    mutating func packet(
        _ packet: [UInt8], missing: Int = 0, interface: UInt32, at: Timestamp, comment: String? = nil
    ) {
        lastPacket = max(lastPacket, at)
        block(6) { bytes in
            bytes.little(interface)
            bytes.time(at)
            bytes.little(UInt32(truncatingIfNeeded: packet.count))
            bytes.little(UInt32(truncatingIfNeeded: packet.count &+ missing))
            bytes.append(contentsOf: packet)
            bytes.pad()
            if let comment {
                bytes.option(Option.comment, Array(comment.utf8.prefix(Self.commentBytes)))
                bytes.option(0, [])
            }
        }
    }

    /// Appends an Interface Statistics Block: until when the capture has lasted.
    mutating func end(at: Timestamp) {
        block(5) { bytes in
            bytes.little(0 as UInt32)
            bytes.time(at)
            bytes.little(Option.endTime)
            bytes.little(8 as UInt16)
            bytes.time(at)
            bytes.option(0, [])
        }
    }

    /// Appends a Decryption Secrets Block of lines of a TLS key log, whose kind is "TLSK".
    mutating func secrets(_ lines: [UInt8]) {
        block(10) { bytes in
            bytes.little(0x544C_534B as UInt32)
            bytes.little(UInt32(truncatingIfNeeded: lines.count))
            bytes.append(contentsOf: lines)
            bytes.pad()
        }
    }

    /// Below what an option's 16-bit length holds.
    private static let commentBytes = 32 << 10

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func block(_ type: UInt32, _ body: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.little(type)
        bytes.little(0 as UInt32)
        body(&bytes)
        let length = UInt32(truncatingIfNeeded: bytes.count &- start &+ 4)
        bytes.little(length)
        for place in 0..<4 { bytes[start + 4 + place] = UInt8(truncatingIfNeeded: length >> UInt32(place * 8)) }
    }
}

extension [UInt8] {
    fileprivate mutating func little<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        for shift in stride(from: 0, to: T.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> T(shift))) }
    }

    /// Nanoseconds since 1970, the upper half first in either order of bytes.
    fileprivate mutating func time(_ at: Timestamp) {
        let time = UInt64(Swift.max(at.nanoseconds, 0))
        little(UInt32(truncatingIfNeeded: time >> 32))
        little(UInt32(truncatingIfNeeded: time))
    }

    /// All of a block's parts begin at a multiple of four bytes, and the blocks do too.
    fileprivate mutating func pad() {
        while count % 4 != 0 { append(0) }
    }

    fileprivate mutating func option(_ code: UInt16, _ value: [UInt8]) {
        little(code)
        little(UInt16(truncatingIfNeeded: value.count))
        append(contentsOf: value)
        pad()
    }
}

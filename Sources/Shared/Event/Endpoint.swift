/// An IPv4 or IPv6 address, held as IPv6: IPv4 is IPv4-mapped (RFC 4291, section 2.5.5.2), so that
/// `::ffff:10.0.0.1` and `10.0.0.1` are one address.
package struct IPAddress: Hashable, Sendable {
    /// The first eight bytes of the address, as a number in network order.
    package var high: UInt64
    /// The last eight bytes.
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its four bytes as a big-endian number: 0x7F000001 is 127.0.0.1.
    package init(v4: UInt32) {
        high = 0
        low = 0x0000_FFFF_0000_0000 | UInt64(v4)
    }

    /// The IPv4 address, if this is one (or its IPv4-mapped form).
    package var v4: UInt32? {
        high == 0 && low >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: low) : nil
    }
}

extension IPAddress: Comparable {
    package static func < (a: IPAddress, b: IPAddress) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

/// One end of a connection: an address and a port.
///
/// A fixed-size value that hashes without allocating.
package struct Endpoint: Hashable, Sendable {
    package var address: IPAddress
    package var port: UInt16

    package init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension Endpoint: Comparable {
    package static func < (a: Endpoint, b: Endpoint) -> Bool {
        a.address != b.address ? a.address < b.address : a.port < b.port
    }
}

/// An IPv4 or IPv6 address, held as IPv6: IPv4 is IPv4-mapped (RFC 4291, section 2.5.5.2), so that
/// `::ffff:10.0.0.1` and `10.0.0.1` are one address.
public struct IPAddress: Hashable, Sendable {
    /// The first eight bytes of the address, as a number in network order.
    public var high: UInt64
    /// The last eight bytes.
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An IPv4 address from its four bytes as a big-endian number: 0x7F000001 is 127.0.0.1.
    public init(v4: UInt32) {
        high = 0
        low = 0x0000_FFFF_0000_0000 | UInt64(v4)
    }

    /// The IPv4 address, if this is one (or its IPv4-mapped form).
    public var v4: UInt32? {
        high == 0 && low >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: low) : nil
    }
}

extension IPAddress: Comparable {
    public static func < (a: IPAddress, b: IPAddress) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

/// One end of a connection: an address and a port, or a Unix socket.
///
/// A fixed-size value that hashes without allocating. A Unix socket has no address, and its name, a path or an abstract
/// one, is up to 108 bytes long: so what stands here is a number, and the fact `UnixSocket` says which name, and which
/// process, it stands for. A socket that listens and those that it accepts share a name and so a number; one that
/// connects has no name and a number of its own. Thus the two ends of a connection tell it from all others, as addresses and
/// ports do, and whatever compares, orders or hashes endpoints does so with these.
public struct Endpoint: Hashable, Sendable {
    /// Meaningless where the kind is `unix`: no address of the internet, neither loopback nor unspecified.
    public var address: IPAddress
    /// 0 where the kind is `unix`.
    public var port: UInt16
    public private(set) var kind = Kind.internet

    /// What it is an end of.
    public enum Kind: UInt8, Sendable {
        /// TCP or UDP, over IPv4 or IPv6.
        case internet
        case unix
    }

    public init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    /// A Unix socket by its number, which the source gives: unique within a tape, and 0 where it doesn't know the socket.
    public init(unix number: UInt64) {
        address = IPAddress(high: number, low: 0)
        port = 0
        kind = .unix
    }

    /// The same place, whatever the port.
    var withoutPort: Endpoint {
        var place = self
        place.port = 0
        return place
    }

    /// The number of a Unix socket, `nil` for what is none.
    public var unixNumber: UInt64? { kind == .unix ? address.high : nil }
}

extension Endpoint: Comparable {
    public static func < (a: Endpoint, b: Endpoint) -> Bool {
        if a.address != b.address { return a.address < b.address }
        return a.port != b.port ? a.port < b.port : a.kind.rawValue < b.kind.rawValue
    }
}

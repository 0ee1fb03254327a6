/// What a prefix says of the connection that it stands before: a PROXY header, SOCKS, HTTP's CONNECT.
struct Announcement: Equatable, Sendable {
    /// Where the connection goes, other than to the end that was connected to.
    var destination: NamedDestination?
    /// Whom the connection is made for, where that is said.
    var client: Endpoint?
    /// The proxy says that it has not connected, and why: an error number of the kernel's.
    var refusal: Int32?
}

/// A destination that the traffic itself names.
struct NamedDestination: Equatable, Sendable {
    /// A name, or an address as text, IPv6 without its brackets.
    var host: String
    var port: UInt16

    init(_ host: String, _ port: UInt16) {
        self.host = host
        self.port = port
    }

    init(_ endpoint: Endpoint) { self.init(endpoint.address.description, endpoint.port) }

    /// `nil` where the bytes are no host: as long as DNS allows at most, of visible characters.
    init?(_ bytes: RawSpan, _ host: Range<Int>, port: UInt16) {
        guard 1...255 ~= host.count, bytes.fit(allOf: host.count, at: host.lowerBound, ASCII.isVisible) == .yes else {
            return nil
        }
        self.init(String(decoding: host.map { bytes.u8(at: $0) ?? 0 }, as: UTF8.self), port)
    }
}

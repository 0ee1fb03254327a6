/// The name that an address had where the tape was captured: a resolver's answer, which a pcapng file may hold
/// (Name Resolution Block).
package struct AddressName: Equatable, Sendable {
    package let address: IPAddress
    package let name: String

    /// Bytes of a name: no host's is longer (RFC 1035, section 3.1).
    static let nameBytes = 255

    /// - Returns: `nil` where it names nothing.
    package init?(address: IPAddress, name: String) {
        guard (1...Self.nameBytes).contains(name.utf8.count) else { return nil }
        self.address = address
        self.name = name
    }
}

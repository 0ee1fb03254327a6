/// What a party's name was taken from; of a name that several go by, the first of these.
package enum NameRule: UInt8, Sendable, Comparable {
    case user, container, process, host, resolved, told, address
    /// An address that is not the connection's: a prefix named it.
    case prefix

    package static func < (a: NameRule, b: NameRule) -> Bool { a.rawValue < b.rawValue }

    /// For people.
    package var text: String {
        switch self {
        case .user: "you gave its address this name"
        case .container: "the service of its container"
        case .process: "what the profiled process calls itself"
        case .host: "the host that the traffic names (Host, :authority, SNI, CONNECT, SOCKS)"
        case .resolved: "a server of names told the client so before it connected"
        case .told: "the tape gives its address this name"
        case .address: "nothing names its address"
        case .prefix: "the address that the traffic names (CONNECT, SOCKS, PROXY); nothing names that"
        }
    }
}

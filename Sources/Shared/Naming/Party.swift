/// Who is at one end of a connection, by identity: names are chosen when they are written, so that what is told late
/// counts for what came before.
enum Party: Hashable {
    /// The user gave the address a name.
    case named(TextID)
    case container(KnownContainer)
    /// A profiled process, and what it was called then: an exec changes the name, and does not change what was.
    case process(ProcessKey, TextID)
    /// Whoever called from this address or Unix socket, whatever the port; of the process nothing was known.
    case client(ProcessKey?, Endpoint)
    /// Whoever was called there, under the host that the traffic named.
    case server(Server)

    /// The party was called something when it was met.
    var hasName: Bool {
        switch self {
        case .named, .container, .process: true
        case .client, .server: false
        }
    }

    struct Server: Hashable {
        var endpoint: Endpoint
        /// The host that the traffic named, without its port.
        var host: TextID?
        /// The port behind it; 0 where there is none, or nobody would write it.
        var port: UInt16
        /// Who called; `nil` where that is not known, or the server was looked at.
        var client: ProcessKey?
        /// Who was called.
        var process: ProcessKey?
        var calling: Calling
        /// The name that the client had been told of the address when it connected, by a server of names.
        var resolved: TextID?
    }

    /// A text in the interner of names.
    struct TextID: Hashable { let raw: UInt32 }
}

/// How a server is called: says which port belongs to its name.
enum Calling: UInt8 {
    /// As the end of a connection, whose port stands beside its name.
    case connection
    /// By HTTP, and by HTTP within TLS; their ports are 80 and 443.
    case http, https
    /// By a request for somebody else, which a proxy takes further (RFC 9110, section 3.7): the name is not the server's.
    case onward
    /// As the end of a connection that goes beyond the server.
    case tunnel

    /// A port is part of the name where it is not the scheme's own.
    var showsPort: Bool { self != .connection && self != .tunnel }

    /// The name is that of somebody behind the server.
    var isOnward: Bool { self == .onward || self == .tunnel }

    /// The same to somebody behind the server.
    var onward: Calling { showsPort ? .onward : .tunnel }

    /// The port goes without saying.
    func isOwn(_ port: UInt16) -> Bool {
        switch self {
        case .connection, .tunnel: true
        case .http: port == 80
        case .https: port == 443
        case .onward: port == 80 || port == 443
        }
    }
}

/// The number of a party in one run.
package struct PartyID: Hashable {
    package let raw: UInt32

    /// There was no room for it.
    package static let none = PartyID(raw: .max)
}

/// The name of a party, as far as the tape has told by now.
struct PartyName: Equatable {
    var text: String
    var type: DestinationType
    /// Where it is a container.
    var image: String?
    var rule = NameRule.address
}

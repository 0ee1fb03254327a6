/// Who is at one end of a connection, by identity: names are chosen when they are written, so that what is told late
/// counts for what came before.
enum Party: Hashable {
    /// The user gave the address a name.
    case named(TextID)
    case container(KnownContainer)
    /// A profiled process, and what it was called then: an exec changes the name, and does not change what was.
    case process(ProcessKey, TextID)
    /// Whoever called from this address; of the process nothing was known.
    case client(ProcessKey?, IPAddress)
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
        var host: TextID
        /// Who called; `nil` where that is not known, or the server was looked at.
        var client: ProcessKey?
        /// Who was called.
        var process: ProcessKey?
        /// The port is part of the name where the name is an address.
        var showsPort: Bool
    }

    /// A text in the interner of names.
    struct TextID: Hashable { let raw: UInt32 }
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
}

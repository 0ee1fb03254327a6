/// Which names of destinations are names of services, and may stand in a profile: hosts and addresses are what it must not say.
struct DestinationNames {
    /// Names that the user gave to addresses.
    let given: Set<String>

    /// - Returns: `nil` for a host's name, an address, a socket.
    func shown(_ destination: String, _ type: DestinationType) -> String? {
        if type != .external || given.contains(destination) { return destination }
        var host = destination[...]
        if let colon = host.lastIndex(of: ":"), host[host.index(after: colon)...].utf8.allSatisfy(ASCII.isDigit) {
            host = host[..<colon]
        }
        // A service's name within Kubernetes, in its long forms.
        for end in [".svc.cluster.local", ".svc"] where host.hasSuffix(end) { host = host.prefix { $0 != "." } }
        guard let first = host.utf8.first, ASCII.isLetter(first), host != "localhost", host != "unknown",
            host.utf8.allSatisfy({
                ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            })
        else { return nil }
        return String(host)
    }
}

/// Values of a service's variables that are credentials, which must stand nowhere.
struct SecretValues {
    private var values: Set<String> = []

    /// Shorter ones are words, too.
    private static let shortest = 8
    /// What a path has in place of one.
    private static let mark = "{credential}"

    init(_ service: ServiceSurroundings.Service) {
        for (name, values) in service.variables where CredentialNames.credential(ofVariable: Array(name.utf8)) != nil {
            self.values.formUnion(values.filter { !$0.isEmpty })
        }
    }

    /// Whether a text is one of them, or has one of them in it.
    func isIn(_ text: String) -> Bool {
        values.contains { $0 == text || $0.utf8.count >= Self.shortest && text.contains($0) }
    }

    /// A path with a parameter for each segment that is a credential, or holds one.
    func without(path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { segment in
            isIn(String(segment)) || segment.contains(Self.hidden) ? Self.mark : String(segment)
        }.joined(separator: "/")
    }

    private static let hidden = String(decoding: Redactor.mark, as: UTF8.self)
}

/// What analyzers of several connections have together that one client has to one server: what was learned on one of them, and is
/// meant on another.
struct Acquaintances {
    private struct Key: Hashable {
        var kind: ObjectIdentifier
        var client: IPAddress
        var server: Endpoint
    }

    private var objects: [Key: AnyObject] = [:]
    /// The oldest first.
    private var order: [Key] = []

    /// Pairs that are remembered; who talks to more is met anew.
    static let most = 4096

    /// What a client and a server have of this type.
    mutating func object<T: AnyObject>(between client: IPAddress, and server: Endpoint, _ make: () -> T) -> T {
        let key = Key(kind: ObjectIdentifier(T.self), client: client, server: server)
        if let known = objects[key] as? T { return known }
        if order.count == Self.most {
            for old in order.prefix(Self.most / 2) { objects[old] = nil }
            order.removeFirst(Self.most / 2)
        }
        let made = make()
        objects[key] = made
        order.append(key)
        return made
    }
}

import TestSupport

/// A real store on a port of its own, that can go away and come back there.
final class Store {
    enum Kind {
        case redis
        case nats
    }

    let port: Int
    private let kind: Kind
    private var server: LocalServer?

    init(_ kind: Kind, isUp: Bool = true) throws {
        self.kind = kind
        port = try Port.free()
        if isUp { try start() }
    }

    var url: String { "nats://127.0.0.1:\(port)" }

    func start() throws {
        server =
            switch kind {
            case .redis: try .redis(port: port)
            case .nats: try .nats(port: port)
            }
    }

    /// What a store held is gone with it.
    func stop() throws {
        try server?.stop()
        server = nil
    }
}

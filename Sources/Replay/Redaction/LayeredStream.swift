import Shared

/// One layer of a direction of a connection: positions in it count from its own beginning.
struct LayeredStream: Hashable {
    var direction: CredentialFinder.Stream
    var layer: StreamLayer

    init(_ at: StreamPosition) {
        direction = CredentialFinder.Stream(at.connection, at.direction)
        layer = at.layer
    }

    /// All that a connection can have.
    static func all(of connection: ConnectionID) -> [LayeredStream] {
        Direction.allCases.flatMap { direction in
            StreamLayer.allCases.map { LayeredStream(StreamPosition(connection, direction, 0, layer: $0)) }
        }
    }
}

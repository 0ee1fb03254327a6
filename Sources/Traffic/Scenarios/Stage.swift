import Console
import Digest
import Shared

/// What the client's side of a scenario works with.
final class Stage {
    let scenario: Scenario
    let content: SeededContent
    let server: Server
    let manifest: Manifest?
    private(set) var tally = Tally()

    /// What was done, for people.
    struct Tally {
        var connections: UInt64 = 0
        var exchanges: UInt64 = 0
        var sent: UInt64 = 0
        var received: UInt64 = 0
    }

    init(_ scenario: Scenario, _ content: SeededContent, manifest: Manifest?) throws(Failure) {
        self.scenario = scenario
        self.content = content
        self.manifest = manifest
        server = try Server(scenario, content)
    }

    /// Opens a connection to the server.
    /// - Parameter local: where from; else the kernel chooses.
    func call(from local: Endpoint? = nil) throws(Failure) -> Call {
        try Call(Socket(to: server.endpoint, from: local), self)
    }

    // MARK: What really happened

    func tell(_ tuple: Manifest.Tuple, _ exchange: Manifest.Exchange) {
        manifest?.http(tuple, exchange)
        tally.exchanges += 1
    }

    /// A message within a WebSocket.
    func tell(_ tuple: Manifest.Tuple, from side: String, _ opcode: String, _ body: [UInt8]) {
        manifest?.websocket(tuple, from: side, opcode: opcode, BodyDigest(of: body.span.bytes))
        tally.exchanges += 1
    }

    func tell(
        endOf tuple: Manifest.Tuple, _ talk: Manifest.Talk, sent: UInt64, received: UInt64, _ end: Manifest.End
    ) {
        manifest?.connection(tuple, talk, sent: sent, received: received, end: end)
        tally.connections += 1
        tally.sent += sent
        tally.received += received
    }
}

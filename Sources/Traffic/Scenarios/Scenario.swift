import Console
import Shared

/// One case that breaks tools like Tapedeck: what its client does and what its server does.
struct Scenario: Sendable {
    /// Where the server plays.
    enum Place {
        /// In a process of its own, so that each side can be profiled.
        case ownProcess
        /// On threads of the client's process, so that both sides share its descriptors.
        case sameProcess
    }

    var name: String
    /// One line, for `--list`.
    var summary: String
    var address = IPAddress(v4: 0x7F00_0001)
    var place = Place.ownProcess
    /// Plays the client.
    var play: @Sendable (Stage) throws(Failure) -> Void
    /// Serves one connection, from its beginning to its end.
    var serve: @Sendable (inout Wire, Backstage) throws(Failure) -> Void = Backstage.answerAll

    static let all =
        Writes.all + Connections.all + Framing.all + Bodies.all + Endings.all + Greetings.all
        + WebSockets.all + Streams.all + HeaderBlocks.all + StreamFlow.all
        + RemoteCalls.all

    static func named(_ name: String) throws(Failure) -> Scenario {
        guard let scenario = all.first(where: { $0.name == name }) else {
            throw Failure("there is no scenario \(name); traffic scenario --list shows all")
        }
        return scenario
    }
}

import Console
import Dispatch
import Glibc
import Shared

/// What the server's side of a scenario works with, one for each connection.
struct Backstage: Sendable {
    let content: SeededContent
    /// Connections in the order in which they were accepted, from 0.
    var number = 0
    /// Waits for the client's word, and gives it one: where the sockets are not to tell.
    let cues: Cues

    // MARK: Answers

    /// Answers every request in turn, by a write each, and closes after the client or after a request that asks for it.
    static func answerAll(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        while let request = try wire.request() {
            try wire.send(stage.answer(to: request))
            if request.fields["connection"] == "close" { break }
        }
    }

    /// What the path asks for.
    ///
    /// `/echo` gives back the body, `/sink` nothing, `/text/SIZE/NUMBER` a text that follows from the seed.
    func answer(to request: Received) -> Message {
        let words = request.target.split(separator: "/")
        if words.first == "echo" {
            return .response(200).sized(request.body, request.fields["content-type"] ?? "text/plain")
        }
        if words.first == "sink" { return .response(200).sized([]) }
        guard words.count == 3, words[0] == "text", let size = Int(words[1]), let number = Int(words[2]) else {
            return .response(404).sized([])
        }
        let answer = Message.response(200).sized(content.text(size, number))
        return request.method == "HEAD" ? answer.bodiless : answer
    }

    // MARK: Taking connections

    /// Serves each connection on a thread of its own, for ever.
    static func serve(_ scenario: Scenario, on listener: Listener, _ cues: Cues, _ content: SeededContent) {
        var number = 0
        do throws(Failure) {
            while true {
                let stage = Backstage(content: content, number: number, cues: cues)
                let accepted = try listener.accept()
                cues.connections.enter()
                ServerThread.start {
                    do throws(Failure) {
                        var wire = Wire(Socket(adopting: accepted))
                        try scenario.serve(&wire, stage)
                    } catch {
                        fail(scenario, error)
                    }
                    cues.connections.leave()
                }
                number += 1
            }
        } catch {
            fail(scenario, error)
        }
    }

    private static func fail(_ scenario: Scenario, _ failure: Failure) -> Never {
        Terminal.complain("scenario \(scenario.name): its server: \(failure)")
        exit(2)
    }
}

/// What the two sides of a scenario tell each other beside their connections.
struct Cues: Sendable {
    /// The client gives it, the server waits.
    let toServer = DispatchSemaphore(value: 0)
    /// Called by the server to give the client its cue.
    let tellClient: @Sendable () -> Void
    /// Connections that are being served.
    let connections = DispatchGroup()

    func awaitClient() { toServer.wait() }
}

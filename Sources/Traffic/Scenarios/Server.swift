import Console
import Dispatch
import Glibc
import Shared

/// The server's side of a scenario, as its client sees it.
final class Server {
    let endpoint: Endpoint
    private let side: Side

    private enum Side {
        case process(Child)
        case threads(Cues, told: DispatchSemaphore)
    }

    init(_ scenario: Scenario, _ content: SeededContent) throws(Failure) {
        switch scenario.place {
        case .ownProcess:
            let child = try Child(scenario, .server, content)
            let line = try child.line()
            guard let endpoint = Endpoint(line) else {
                throw Failure("its server says \(line) in place of its endpoint")
            }
            self.endpoint = endpoint
            side = .process(child)
        case .sameProcess:
            let told = DispatchSemaphore(value: 0)
            let cues = Cues { told.signal() }
            let listener = try Listener(on: scenario.address)
            endpoint = listener.endpoint
            side = .threads(cues, told: told)
            ServerThread.start { Backstage.serve(scenario, on: listener, cues, content) }
        }
    }

    /// Tells the server's side to go on.
    func cue() throws(Failure) {
        switch side {
        case .process(let child): try child.say("cue")
        case .threads(let cues, _): cues.toServer.signal()
        }
    }

    func awaitCue() throws(Failure) {
        switch side {
        case .process(let child): _ = try child.line()
        case .threads(_, let told): told.wait()
        }
    }

    /// Waits until all connections are served to their ends.
    func finish() throws(Failure) {
        switch side {
        case .process(let child): try child.finish()
        case .threads(let cues, _): cues.connections.wait()
        }
    }

    /// Plays the server in the process that is there for it: says where on standard output, and ends with standard input.
    static func run(_ scenario: Scenario, _ content: SeededContent) throws(Failure) {
        let listener = try Listener(on: scenario.address)
        let cues = Cues { try? StandardOutput.write("cue\n") }
        ServerThread.start { Backstage.serve(scenario, on: listener, cues, content) }
        try StandardOutput.write("\(listener.endpoint)\n")
        while readLine() != nil { cues.toServer.signal() }
        cues.connections.wait()
    }
}

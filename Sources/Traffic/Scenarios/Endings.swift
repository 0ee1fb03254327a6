import Console
import Glibc
import Shared

/// Connections that end too early.
enum Endings {
    static let all = [
        Scenario(
            name: "client-dies", summary: "a client that is killed in the middle of its request", play: playDeath,
            serve: serveDeath),
        Scenario(
            name: "reset-mid-body", summary: "a reset in the middle of a response, and in the middle of a request",
            play: playResets, serve: serveResets),
    ]

    // MARK: Killed

    private static let upload = Message.request("POST", "/echo").sized(
        [UInt8](repeating: UInt8(ascii: "x"), count: 10_000))
    /// Bytes of the body that the victim sends.
    private static let lastWords = 4000

    private static func playDeath(_ stage: Stage) throws(Failure) {
        for _ in 0..<3 {
            let victim = try Child(stage.scenario, .victim, stage.content, server: stage.server.endpoint)
            let line = try victim.line()
            guard let local = Endpoint(line) else { throw Failure("the victim says \(line) in place of its endpoint") }
            // The server has all of it, and waits for the rest.
            try stage.server.awaitCue()
            victim.kill()
            let tuple = Manifest.Tuple(local: local, remote: stage.server.endpoint)
            let sent = upload.head.count + lastWords
            stage.tell(
                tuple,
                Manifest.Exchange(
                    method: upload.method, path: upload.target,
                    request: Call.told(sent, Array(upload.content.prefix(lastWords)))))
            stage.tell(endOf: tuple, .http, sent: UInt64(sent), received: 0, .died)
        }
    }

    /// Sends the request's beginning, says from where, and waits to be killed.
    static func playVictim(_ server: Endpoint) throws(Failure) {
        var socket = try Socket(to: server)
        guard let local = Endpoint(of: socket.descriptor, getsockname) else { throw Failure("getsockname") }
        try socket.send(upload.head + upload.body.prefix(lastWords))
        try StandardOutput.write("\(local)\n")
        _ = readLine()
    }

    private static func serveDeath(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        _ = try wire.head()
        _ = try wire.bytes(lastWords)
        stage.cues.tellClient()
        guard try wire.socket.awaitEnd() == .orderly else { throw Failure("a killed client's kernel did not close") }
    }

    // MARK: Resets

    private static let half = 5000

    /// The first connection is reset by the server in the middle of its response, the second by the client in the middle
    /// of its request.
    private static func playResets(_ stage: Stage) throws(Failure) {
        let first = try stage.call()
        let get = Message.request("GET", "/text/\(2 * half)/0")
        try first.wire.send(get)
        guard var response = try first.wire.head() else { throw Failure("no response begins") }
        response.body = try first.wire.bytes(half)
        response.wireBytes += half
        try stage.server.cue()
        guard try first.wire.socket.awaitEnd() == .reset else { throw Failure("the server did not reset") }
        first.wire.socket.close()
        first.tell(get, response, response.body)
        first.tell(.reset)

        let second = try stage.call()
        let post = Message.request("POST", "/echo").sized(stage.content.text(2 * half, 1))
        try second.wire.socket.send(post.head + post.body.prefix(half))
        try stage.server.awaitCue()
        second.tell(post, sent: (post.head.count + half, Array(post.content.prefix(half))))
        try second.reset()
    }

    private static func serveResets(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        guard let request = try wire.head() else { return }
        if request.method == "GET" {
            let response = stage.answer(to: request)
            try wire.socket.send(response.head + response.body.prefix(half))
            stage.cues.awaitClient()
            try wire.socket.reset()
        } else {
            _ = try wire.bytes(half)
            stage.cues.tellClient()
            guard try wire.socket.awaitEnd() == .reset else { throw Failure("the client did not reset") }
        }
    }
}

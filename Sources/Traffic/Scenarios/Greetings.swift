import Console

/// Who speaks first.
enum Greetings {
    static let all = [
        Scenario(
            name: "server-first", summary: "servers that greet: NATS, and a protocol that nobody knows",
            play: playGreetings, serve: serveGreetings)
    ]

    /// A turn of a dialogue, the server's or the client's.
    private enum Turn {
        case server(String)
        case client(String)
    }

    private static let nats: [Turn] = [
        .server(
            #"INFO {"server_id":"SCENARIO","version":"2.10.0","proto":1,"host":"127.0.0.1","port":4222,"#
                + #""headers":true,"max_payload":1048576}"# + "\r\n"),
        .client(#"CONNECT {"verbose":false,"pedantic":false,"lang":"swift","version":"1"}"# + "\r\nPING\r\n"),
        .server("PONG\r\n"),
        .client("SUB requests 1\r\nPUB requests 5\r\nhello\r\nPING\r\n"),
        .server("MSG requests 1 5\r\nhello\r\nPONG\r\n"),
    ]

    /// Lines in both directions that are no protocol's.
    private static let strange: [Turn] = [
        .server("hail, stranger <0001>\n"), .client("who-goes-there friend\n"), .server("pass\n"),
        .client("farewell\n"), .server("fare thee well\n"),
    ]

    private static func dialogue(_ number: Int) -> (turns: [Turn], talk: Manifest.Talk) {
        number % 2 == 0 ? (nats, .nats) : (strange, .unknown)
    }

    private static func playGreetings(_ stage: Stage) throws(Failure) {
        for number in 0..<4 {
            let (turns, talk) = dialogue(number)
            let call = try stage.call()
            for turn in turns {
                switch turn {
                case .client(let words): try call.wire.socket.send(Array(words.utf8))
                case .server(let words): try expect(words, &call.wire)
                }
            }
            try call.hangUp(talk)
        }
    }

    private static func serveGreetings(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        for turn in dialogue(stage.number).turns {
            switch turn {
            case .client(let words): try expect(words, &wire)
            case .server(let words): try wire.socket.send(Array(words.utf8))
            }
        }
        _ = try wire.rest()
    }

    private static func expect(_ words: String, _ wire: inout Wire) throws(Failure) {
        guard try wire.bytes(words.utf8.count) == Array(words.utf8) else { throw Failure("the dialogue went wrong") }
    }
}

import Console
import Shared

/// Many connections, and identities that are used again.
enum Connections {
    static let all = [
        Scenario(name: "keep-alive-1000", summary: "1000 requests on one connection", play: playKeepAlive),
        Scenario(name: "connections-200", summary: "200 connections that are all open at once", play: playMany),
        Scenario(
            name: "fd-reuse", summary: "descriptors used again at once, by both sides in one process",
            place: .sameProcess, play: playDescriptors),
        Scenario(
            name: "same-tuple", summary: "three connections one after the other from one source port", play: playTuple,
            serve: serveTuple),
        Scenario(
            name: "before-profiler",
            summary:
                "a connection opened, then a line on standard input awaited, then used: start the profiler between",
            play: playEarly),
        Scenario(
            name: "ipv6", summary: "all of it over IPv6", address: IPAddress(high: 0, low: 1), play: playIPv6),
    ]

    private static func get(_ number: Int, on call: Call, _ stage: Stage) throws(Failure) {
        let size = 100 + number % 900
        try call.exchange(.request("GET", "/text/\(size)/\(number)"), stage.content.text(size, number))
    }

    private static func playKeepAlive(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for number in 0..<1000 { try get(number, on: call, stage) }
        try call.hangUp()
    }

    private static func playMany(_ stage: Stage) throws(Failure) {
        let calls = try (0..<200).map { _ throws(Failure) in try stage.call() }
        let requests = (0..<200).map { Message.request("POST", "/echo/\($0)").sized(stage.content.text(100 + $0, $0)) }
        for (call, request) in zip(calls, requests) { try call.wire.send(request) }
        // The last opened is the first read.
        for (call, request) in zip(calls, requests).reversed() { try call.complete(request) }
        for call in calls { try call.hangUp() }
    }

    /// The client's descriptor is free again as soon as it has closed, and is the next that either side gets.
    private static func playDescriptors(_ stage: Stage) throws(Failure) {
        for number in 0..<100 {
            let call = try stage.call()
            try get(number, on: call, stage)
            call.close()
        }
    }

    private static func playTuple(_ stage: Stage) throws(Failure) {
        // A port that nobody else has, not even in TIME-WAIT.
        let first = try stage.call(from: Endpoint(stage.scenario.address, 0))
        try get(0, on: first, stage)
        let port = first.tuple.local
        // A reset leaves nothing behind (RFC 9293, section 3.10.7.4).
        try first.reset()
        let second = try stage.call(from: port)
        // The server closes first, and so has the tuple in TIME-WAIT when it comes again (RFC 9293, section 3.6.1).
        try second.exchange(.request("GET", "/text/200/1", ["Connection": "close"]), stage.content.text(200, 1))
        second.tell(try second.wire.closeLast())
        let third = try stage.call(from: port)
        try get(2, on: third, stage)
        try third.hangUp()
    }

    private static func serveTuple(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        guard stage.number == 0 else { return try Backstage.answerAll(&wire, stage) }
        guard let request = try wire.request() else { throw Failure("no request came") }
        try wire.send(stage.answer(to: request))
        guard try wire.socket.awaitEnd() == .reset else { throw Failure("the client did not reset") }
    }

    private static func playEarly(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        try StandardOutput.write("opened \(call.tuple.local) to \(call.tuple.remote): press Return to use it\n")
        guard readLine() != nil else { throw Failure("standard input has ended: nobody said that it may go on") }
        for number in 0..<5 { try get(number, on: call, stage) }
        try call.hangUp()
    }

    private static func playIPv6(_ stage: Stage) throws(Failure) {
        for _ in 0..<3 {
            let call = try stage.call()
            for number in 0..<5 { try get(number, on: call, stage) }
            try call.exchange(.request("POST", "/echo").sized(stage.content.text(3000, 5)))
            try call.hangUp()
        }
    }
}

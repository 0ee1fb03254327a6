import Foundation
import TestSupport
import Testing

extension Live {
    /// HTTP/2 and a WebSocket of demo-server, by clients of others.
    @Suite struct `The demo's server` {
        @Test(arguments: Hooks.allCases)
        func `is seen over HTTP/2 and as a WebSocket, from both sides`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let server = try LocalServer.demoServer(
                environment: run.environment(optedIn: true, ["ADI_PROFILE_NAME": "web"]))
            // Each on a connection of its own: curl 7.88 fails where it asks again on one over HTTP/2.
            for number in 0..<2 {
                try run.launch(
                    Programs.find("curl", package: "curl"),
                    [
                        "-sS", "--http2-prior-knowledge", "--data", "{\"order\":\(number)}",
                        "http://127.0.0.1:\(server.port)/echo",
                    ], optedIn: true, environment: ["ADI_PROFILE_NAME": "caller"]
                ).succeed()
            }
            let talk = try WebSocketTalk(
                port: server.port, environment: run.environment(optedIn: true, ["ADI_PROFILE_NAME": "talker"]))
            #expect(try talk.say(["text", #"{"order""#, ":8}"]).kind == "text")
            #expect(try talk.say(["close", 1000, "done"]).code == 1000)
            try talk.child.succeed()
            try server.stop()
            let outcome = try run.stop()

            expectNoLoss(outcome)
            let exchanges = outcome.events.filter { $0.protocol == "http/2" }
            #expect(exchanges.count { $0.isRequest && $0.body?.hasPrefix(#"{"order":"#) ?? false } == 4)
            #expect(exchanges.count { $0.isResponse && $0.statusCode == 200 } == 4)
            let said = outcome.events.filter { $0.eventType == "websocket" }
            // Two views of a message, its answer, and two goodbyes.
            #expect(said.count == 8)
            #expect(said.count { $0.body == #"{"order":8}"# } == 2)
            let endpoints = try ["caller", "talker"].map { name in
                let endpoints = try outcome.services()[name]?["endpoints"] as? [[String: Any]] ?? []
                return endpoints.map {
                    "\($0["destination"] ?? "") \($0["method"] ?? "") \($0["path"] ?? "")"
                }
            }
            // What the one side says on a WebSocket, and what the other.
            #expect(
                endpoints == [["web POST /echo"], ["web GET /ws", "web WS /ws", "web WS /ws"]], "\(outcome.map)")
            try run.expectReplayAgrees(outcome)
        }
    }
}

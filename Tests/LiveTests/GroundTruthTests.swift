import Foundation
import TestSupport
import Testing

extension Live {
    /// What `traffic` really did is what is seen: live and in tcpdump's capture.
    @Suite struct `Ground truth` {
        /// What the command says of a tape.
        private static func grade(_ run: LiveRun, _ tape: String) throws -> (status: Int32, output: String) {
            let end = try Child(
                Programs.replay, ["grade", "--manifest", run.path("truth.jsonl"), run.path(tape)]
            ).wait()
            return (end.status, end.output + end.errors)
        }

        @Test(arguments: [false, true])
        func `precision and recall are 1, live and from a capture`(_ serverIsProfiled: Bool) throws {
            let run = try LiveRun()
            try run.start()
            try run.waitUntilWatching()
            let service = run.environment(optedIn: serverIsProfiled, ["ADI_PROFILE_NAME": "http-service"])
            let nats = try LocalServer.nats()
            let http = try LocalServer.demoServer(
                environment: service.merging(["NATS_URL": "nats://127.0.0.1:\(nats.port)"]) { $1 })
            let (postgres, redis) = (try LocalServer.postgres(), try LocalServer.redis())
            let ports = [http, postgres, redis, nats].map { "tcp port \($0.port)" }.joined(separator: " or ")
            let wiretap = try Wiretap(run.path("wire.pcap"), filter: ports)
            try run.launch(
                Programs.traffic,
                [
                    "--total-requests", "460", "--request-delay-ms", "0", "--concurrency", "8", "--seed", "23",
                    "--manifest", run.path("truth.jsonl"),
                ], optedIn: true,
                environment: [
                    "ADI_PROFILE_NAME": "traffic-generator", "HTTP_PORT": "\(http.port)",
                    "HTTP_PROTOCOLS": "http/1.1,http/2,websocket",
                    "POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": "\(postgres.port)", "REDIS_HOST": "127.0.0.1",
                    "REDIS_PORT": "\(redis.port)",
                ]
            ).succeed()
            for server in [http, postgres, redis, nats] { try server.stop() }
            try wiretap.stop()
            let outcome = try run.stop()
            expectNoLoss(outcome)
            for tape in ["run.tape", "wire.pcap"] {
                let grade = try Self.grade(run, tape)
                #expect(grade.status == 0, "\(tape): \(grade.output)")
            }
            try run.expectReplayAgrees(outcome)
        }
    }
}

import Foundation
import TestSupport
import Testing

extension Live {
    /// What opted-in processes encrypt is read, with the secrets that their libraries would log.
    @Suite struct `Inside TLS` {
        private static let curl = "/usr/bin/curl"

        /// Requests of a log that are read from TLS, each with the connection that it was found on.
        private func expectOwnConnections(_ events: [LoggedEvent], sourceLocation: SourceLocation = #_sourceLocation) {
            for event in events where event.isRequest {
                #expect(
                    event.url?.hasPrefix("/port-\(event.sourcePort)/") == true,
                    "\(event.url ?? "") from \(event.sourcePort)",
                    sourceLocation: sourceLocation)
            }
            for event in events where event.isResponse {
                #expect(
                    event.body?.hasPrefix("{\"port\":\(event.destPort),") == true, "\(event.body ?? "")",
                    sourceLocation: sourceLocation)
            }
        }

        @Test func `fifty connections in turn, of nginx and Python, live and from tcpdump`() throws {
            let run = try LiveRun(.socket)
            let server = try TLSStage(run).nginx(optedIn: true)
            let (pcap, keys) = (run.path("wire.pcap"), run.path("keys.log"))
            let wiretap = try Wiretap(pcap, filter: "tcp port \(server.port)")
            try run.launch(
                "/usr/bin/python3", [Programs.runtimes("https.py"), "client", "\(server.port)", "50", "3", keys],
                optedIn: true, environment: ["ADI_PROFILE_NAME": "shop"]
            ).succeed()
            try wiretap.stop()
            try server.stop()
            let outcome = try run.stop()
            #expect(outcome.requests.count == 2 * 150 && outcome.responses.count == 2 * 150, "each side sees each")
            expectOwnConnections(outcome.events)
            #expect(outcome.events.allSatisfy { $0.eventType == "http" }, "nothing of TLS itself, since it is read")
            #expect(outcome.summary.tls?.decrypted == 100 && outcome.summary.tls?.closed == nil)
            expectBalance(outcome, bytes: nil)
            #expect(outcome.summary.lost.isEmpty)
            try run.expectReplayAgrees(outcome)

            // The same from the wire, with the key log that Python has written itself.
            let again = try Child(
                Programs.replay, [pcap, "--tls-keys", keys, "-q", "--output", run.path("wire.jsonl")]
            ).wait()
            #expect(again.status == 0, "\(again.errors)")
            func messages(_ events: [LoggedEvent]) -> [String] {
                events.map { "\($0.sourcePort) \($0.destPort) \($0.url ?? "") \($0.statusCode ?? 0) \($0.body ?? "")" }
                    .sorted()
            }
            let wire = try Records.lines(LoggedEvent.self, run.folder.text("wire.jsonl") ?? "")
            let shop = outcome.events.filter { $0.comm == "python3" }
            #expect(messages(shop) == messages(wire) && wire.count == 300)
        }

        @Test func `the secrets of who did not opt in never leave the kernel`() throws {
            let run = try LiveRun(.socket)
            let server = try TLSStage(run).asyncio(optedIn: false)
            for (name, optedIn) in [("seen", true), ("unseen", false), ("unseen", false), ("seen", true)] {
                for version in ["--tlsv1.3", "--tls-max=1.2"] {
                    try run.launch(
                        Self.curl,
                        ["-sk", "https://127.0.0.1:\(server.port)/\(name)"]
                            + version.split(separator: "=").map(String.init),
                        optedIn: optedIn, environment: ["SSLKEYLOGFILE": run.path(name + ".log")]
                    ).succeed()
                }
            }
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == ["/seen", "/seen", "/seen", "/seen"])
            let tape = Data(outcome.tape)
            func isOnTape(_ secret: [UInt8]) -> Bool { tape.range(of: Data(secret)) != nil }
            let seen = TLSStage.secrets(run.folder.text("seen.log") ?? "")
            let unseen = TLSStage.secrets(run.folder.text("unseen.log") ?? "")
            #expect(seen.count >= 2 * 6 && unseen.count >= 2 * 6)
            for entry in seen {
                // What derives keys for other protocols is not taken of anybody.
                #expect(isOnTape(entry.secret) == (entry.label != "EXPORTER_SECRET"), "\(entry.label)")
            }
            for entry in unseen { #expect(!isOnTape(entry.secret), "\(entry.label)") }
            try run.expectReplayAgrees(outcome)
        }

        @Test(arguments: ["--tls off", "--no-tls-secrets"])
        func `secrets are not taken, or kept off the trace`(_ options: String) throws {
            let run = try LiveRun(.socket, options.split(separator: " ").map(String.init))
            let server = try TLSStage(run).asyncio(optedIn: false)
            try run.launch(
                Self.curl, ["-sk", "https://127.0.0.1:\(server.port)/here"], optedIn: true,
                environment: ["SSLKEYLOGFILE": run.path("keys.log")]
            ).succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == (options == "--tls off" ? [] : ["/here"]))
            let secrets = TLSStage.secrets(run.folder.text("keys.log") ?? "")
            #expect(secrets.count == 5)
            for entry in secrets {
                #expect(Data(outcome.tape).range(of: Data(entry.secret)) == nil, "\(entry.label)")
            }
            #expect(!outcome.errors.contains("will hold the secrets"))
            let again = try Child(Programs.replay, [run.path("run.tape"), "-q", "-o", run.path("again.jsonl")]).wait()
            #expect(again.status == 0, "\(again.errors)")
            let events = try Records.lines(LoggedEvent.self, run.folder.text("again.jsonl") ?? "")
            #expect(events.map(\.protocol) == ["tls"])
        }
    }
}

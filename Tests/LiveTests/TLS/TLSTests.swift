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
                    event.url?.hasPrefix("/port-\(event.sourcePort ?? 0)/") == true,
                    "\(event.url ?? "") from \(event.sourcePort)",
                    sourceLocation: sourceLocation)
            }
            for event in events where event.isResponse {
                #expect(
                    event.body?.hasPrefix("{\"port\":\(event.destPort ?? 0),") == true, "\(event.body ?? "")",
                    sourceLocation: sourceLocation)
            }
        }

        @Test(arguments: TLSStage.WebServer.allCases)
        func `fifty connections in turn, of a web server and Python, live and from tcpdump`(
            _ webServer: TLSStage.WebServer
        ) throws {
            let run = try LiveRun(.socket, tls: true)
            let server = try TLSStage(run).start(webServer)
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
                events.map {
                    "\($0.sourcePort ?? 0) \($0.destPort ?? 0) \($0.url ?? "") \($0.statusCode ?? 0) \($0.body ?? "")"
                }
                .sorted()
            }
            let wire = try Records.lines(LoggedEvent.self, run.folder.text("wire.jsonl") ?? "")
            let shop = outcome.events.filter { ($0.direction == "send") == $0.isRequest }
            #expect(messages(shop) == messages(wire) && wire.count == 300)
        }

        /// GnuTLS, and Node's own OpenSSL, tell of a secret without its session; Go's crypto/tls is linked into each program.
        @Test func `GnuTLS, Node and Go, each with its own library`() throws {
            let run = try LiveRun(.socket, tls: true)
            let stage = try TLSStage(run)
            let (web, go) = (try stage.nginx(optedIn: false), try stage.nats(optedIn: true))
            let wget = try Programs.find("wget", package: "wget")
            try run.launch(
                wget, ["-q", "--no-check-certificate", "-O", "-", "https://127.0.0.1:\(web.port)/gnutls/1"],
                optedIn: true
            ).succeed()
            let script = """
                const https = require("https"), agent = new https.Agent({rejectUnauthorized: false});
                process.stdin.once("data", () => {
                    process.stdin.destroy();
                    for (let i = 0; i < 10; i++)
                        https.get({port: \(web.port), host: "127.0.0.1", path: "/node/" + i, agent}, answer => answer.resume());
                });
                """
            let path = try Programs.find("node", package: "nodejs")
            let node = try run.launch(path, ["-e", script], optedIn: true)
            // On a busy machine the program could be quicker than the probe is attached.
            try run.waitUntilProbed(URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
            try node.proceed()
            try node.succeed()
            try run.launch(Self.curl, ["-sk", "https://127.0.0.1:\(go.port)/healthz?go=1"], optedIn: false).succeed()
            try go.stop()
            let outcome = try run.stop()
            let urls = outcome.requests.compactMap(\.url)
            #expect(urls.first == "/gnutls/1" && urls.last == "/healthz?go=1")
            #expect(Set(urls.dropFirst().dropLast()) == Set((0..<10).map { "/node/\($0)" }))
            for answer in outcome.responses where answer.body?.contains("port") == true {
                #expect(answer.body?.hasPrefix("{\"port\":\(answer.destPort ?? 0),") == true, "on its own connection")
            }
            #expect(outcome.responses.count == 12 && outcome.summary.tls?.closed == nil)
            #expect(outcome.summary.tls?.records?.failed == nil)
            try run.expectReplayAgrees(outcome)
        }

        @Test func `PostgreSQL and psql, where TLS begins within the protocol`() throws {
            let run = try LiveRun(.socket, tls: true)
            _ = try TLSStage(run)
            let server = try LocalServer.postgres(
                environment: run.environment(optedIn: true, ["ADI_PROFILE_NAME": "database"]),
                certificate: [run.path("certificate.pem"), run.path("key.pem")])
            let psql = try Programs.find("psql", package: "postgresql-client")
            let dsn = "host=127.0.0.1 port=\(server.port) user=postgres dbname=postgres sslmode=require"
            _ = try run.launch(
                psql, [dsn, "-At", "-c", "select 7 from pg_tables limit 1", "-c", "select nothing"], optedIn: true,
                environment: ["ADI_PROFILE_NAME": "shop"]
            ).wait()
            try server.stop()
            let outcome = try run.stop()
            let operations = outcome.log.split(separator: "\n").filter { $0.contains("\"event_type\":\"operation\"") }
            #expect(operations.count == 2 * 2, "each side sees each: \(outcome.log)")
            #expect(operations.allSatisfy { $0.contains("\"tls\":true") && $0.contains("\"protocol\":\"postgres\"") })
            #expect(
                operations.filter { $0.contains("\"targets\":[\"pg_tables\"]") && $0.contains("\"rows\":1") }.count == 2
            )
            #expect(operations.filter { $0.contains("\"code\":\"42703\"") }.count == 2)
            #expect(outcome.summary.tls?.closed == nil && outcome.summary.tls?.records?.failed == nil)
            try run.expectReplayAgrees(outcome)
        }

        /// Who encrypts into memory may send it all by one call, of which a part would open nothing behind it.
        @Test(arguments: [[], ["--tls", "off"], ["--payload-limit", "2M"]], Hooks.allCases)
        func `a call that is longer than the payload limit is whole`(_ options: [String], _ hooks: Hooks) throws {
            let run = try LiveRun(hooks, options, tls: true)
            let server = try TLSStage(run).nginx(optedIn: false)
            let script = """
                import socket, ssl
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = ssl._create_unverified_context().wrap_bio(incoming, outgoing)
                connection = socket.create_connection(("127.0.0.1", \(server.port)))
                def until(act):
                    while True:
                        try: return act()
                        except ssl.SSLWantReadError:
                            connection.sendall(outgoing.read())
                            incoming.write(connection.recv(65536))
                until(tls.do_handshake)
                body = b"x" * 3000000
                tls.write(b"POST /large HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
                tls.write(b"GET /behind HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
                connection.sendall(outgoing.read())
                answer = b""
                while answer.count(b"}") < 2: answer += until(lambda: tls.read(65536))
                """
            try run.launch("/usr/bin/python3", ["-c", script], optedIn: true).succeed()
            let outcome = try run.stop()
            let gap = outcome.summary.bytes.gaps["capture_limit"]
            if options.contains("off") {
                #expect((gap ?? 0) > 1_900_000 && outcome.requests.isEmpty, "\(outcome.summary.bytes)")
            } else {
                #expect(gap == nil, "\(outcome.summary.bytes)")
                #expect(outcome.requests.map(\.url) == ["/large", "/behind"])
                #expect((outcome.requests.first?.bytes ?? 0) > 3_000_000 && outcome.responses.count == 2)
                #expect(outcome.summary.tls?.records?.failed == nil && outcome.summary.lost.isEmpty)
            }
            try run.expectReplayAgrees(outcome)
        }

        @Test func `a library that a program brings with it, and loads later`() throws {
            let run = try LiveRun(.socket, tls: true)
            let server = try TLSStage(run).asyncio(optedIn: false)
            // Another file than the system's, which the program has not loaded when it starts.
            try FileManager.default.copyItem(
                atPath: "/usr/lib/x86_64-linux-gnu/libssl.so.3", toPath: run.path("libssl.so.3"))
            let script = """
                import ctypes, sys
                print("up", flush=True)
                sys.stdin.readline()
                ctypes.CDLL("\(run.path("libssl.so.3"))", ctypes.RTLD_GLOBAL)
                import ssl, urllib.request
                print("loaded", flush=True)
                sys.stdin.readline()
                mapped = [line for line in open("/proc/self/maps") if "libssl" in line]
                assert all("\(run.folder.path)" in line for line in mapped), mapped
                context = ssl._create_unverified_context()
                urllib.request.urlopen("https://127.0.0.1:\(server.port)/loaded", context=context).read()
                """
            let client = try run.launch("/usr/bin/python3", ["-c", script], optedIn: true)
            _ = try client.line { $0 == "up" }
            try client.proceed()
            _ = try client.line { $0 == "loaded" }
            try run.waitUntilProbed(run.path("libssl.so.3"))
            try client.proceed()
            try client.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == ["/loaded"])
            #expect(outcome.summary.tls?.closed == nil)
        }

        @Test func `the secrets of who did not opt in never leave the kernel`() throws {
            let run = try LiveRun(.socket, tls: true)
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

        @Test func `what stays closed is named by its program`() throws {
            let run = try LiveRun(.socket, tls: true)
            let server = try TLSStage(run).asyncio(optedIn: false)
            // A handshake whose library is here, in the script: nobody can know its secrets. What comes is refused.
            let script = """
                import socket, ssl
                hello, waiting = ssl.MemoryBIO(), ssl.MemoryBIO()
                context = ssl._create_unverified_context()
                tls = context.wrap_bio(waiting, hello)
                try: tls.do_handshake()
                except ssl.SSLWantReadError: pass
                connection = socket.create_connection(("127.0.0.1", \(server.port)))
                connection.sendall(hello.read())
                answer = connection.recv(65536)
                connection.sendall(b"\\x14\\x03\\x03\\x00\\x01\\x01" + b"\\x17\\x03\\x03\\x00\\x20" + bytes(32))
                connection.recv(65536)
                """
            let client = try run.launch("/usr/bin/python3", ["-c", script], optedIn: true).wait()
            #expect(client.status == 0, "\(client.errors)")
            let outcome = try run.stop()
            #expect(outcome.requests.isEmpty)
            #expect(outcome.summary.tls?.closed == ["no_secret": 1])
            #expect(outcome.summary.tls?.closedPrograms == ["python3": 1])
            #expect(outcome.events.map(\.protocol) == ["tls"])
        }

        @Test(arguments: ["--tls off", "--no-tls-secrets"])
        func `secrets are not taken, or kept off the trace`(_ options: String) throws {
            let run = try LiveRun(.socket, options.split(separator: " ").map(String.init), tls: true)
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

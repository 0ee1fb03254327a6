import Foundation
import TestSupport
import Testing

extension Live {
    /// TLS libraries that are not where the system has them, or not there any more.
    @Suite struct `TLS libraries` {
        private static let library = "/usr/lib/x86_64-linux-gnu/libssl.so.3"
        private static let curl = "/usr/bin/curl"

        /// An upgrade gives the name to another file; who runs already keeps the one that it has.
        @Test func `one that is replaced while a program runs it, and those that start then`() throws {
            let run = try LiveRun(.socket, tls: true)
            let (path, folder) = (run.path("libssl.so.3"), ["LD_LIBRARY_PATH": run.folder.path])
            try FileManager.default.copyItem(atPath: Self.library, toPath: path)
            let before = try TLSStage(run).asyncio(optedIn: true, environment: folder)
            try run.waitUntilProbed(path)
            func ask(_ server: LocalServer, _ name: String) throws {
                try run.launch(Self.curl, ["-skf", "https://127.0.0.1:\(server.port)/\(name)"], optedIn: false)
                    .succeed()
            }
            try ask(before, "before")
            try FileManager.default.copyItem(atPath: Self.library, toPath: path + ".new")
            #expect(rename(path + ".new", path) == 0)
            try ask(before, "goes-on")
            let after = try TLSStage(run).asyncio(optedIn: true, environment: folder)
            _ = try eventually("a probe in the other, too") { run.probes(in: path) == 2 ? () : nil }
            try ask(after, "after")
            try ask(before, "still")
            #expect(run.probes(in: path) == 2, "each once")
            for server in [before, after] { try server.stop() }
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == ["/before", "/goes-on", "/after", "/still"])
            #expect(outcome.summary.tls?.closed == nil && outcome.summary.tls?.decrypted == 4)
            try run.expectReplayAgrees(outcome)
        }

        /// As a container has it: another root, which only its processes see, with a library at a path of its own.
        @Test(arguments: [[], ["+bpf,+perfmon,+sys_ptrace,+dac_read_search"]])
        func `one that only the program's own file system has`(_ capabilities: [String]) throws {
            let run = try LiveRun(tls: true)
            let setpriv = try Programs.find("setpriv", package: "util-linux")
            // The service has these rights alone, with which there is another way to the file.
            try run.start(
                by: capabilities.isEmpty
                    ? [] : [setpriv] + ["--bounding-set", "--inh-caps"].map { "\($0)=-all,\(capabilities[0])" })
            try run.waitUntilWatching()
            let server = try TLSStage(run).asyncio(optedIn: false)
            let script = """
                set -e
                mount -t tmpfs none "$1"
                mkdir -p "$1/usr/bin" "$1/own/lib" "$1/dev"
                cp /usr/bin/curl "$1/usr/bin"
                ldd /usr/bin/curl | grep -o '/[^ ]*' | while read -r file; do
                    case $file in
                    */ld-linux*) install -D "$file" "$1$file" ;;
                    *) cp "$file" "$1/own/lib" ;;
                    esac
                done
                LD_LIBRARY_PATH=/own/lib exec chroot "$1" /usr/bin/curl -skf -K -
                """
            let root = run.path("root")
            mkdir(root, 0o755)
            let client = try run.launch(
                "/usr/bin/unshare", ["--mount", "/bin/sh", "-c", script, "sh", root], optedIn: true)
            // Its libraries are there before it is told what to ask for.
            try run.waitUntilProbed("/own/lib/libssl.so.3")
            try client.write(Array("url = https://127.0.0.1:\(server.port)/inside\n".utf8))
            try client.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.map(\.url) == ["/inside"])
            #expect(outcome.responses.first?.body?.contains("/inside") == true)
            #expect(outcome.summary.tls?.closed == nil)
            #expect(FileManager.default.fileExists(atPath: root + "/own") == false, "nobody else sees it")
            try run.expectReplayAgrees(outcome)
        }

        /// BoringSSL within a library of Python's, stripped, and HTTP/2 by ALPN within it.
        @Test func `gRPC's own, ten channels in turn, on both sides`() throws {
            let python = try Oracles.python.get()
            let found = try Child(python, ["-c", "from grpc._cython import cygrpc; print(cygrpc.__file__)"]).succeed()
            let library = found.output.trimmingCharacters(in: .whitespacesAndNewlines)
            let run = try LiveRun(.socket, tls: true)
            _ = try TLSStage(run)
            let (port, script) = (try Port.free(), Programs.runtimes("grpc_tls.py"))
            let server = try run.launch(
                python, [script, "server", "\(port)", run.path("certificate.pem"), run.path("key.pem")], optedIn: true,
                environment: ["ADI_PROFILE_NAME": "ports"])
            _ = try server.line { $0 == "listening" }
            try run.waitUntilProbed(library)
            try run.launch(
                python, [script, "client", "\(port)", run.path("certificate.pem"), "10", "5"], optedIn: true,
                environment: ["ADI_PROFILE_NAME": "shop"]
            ).succeed()
            try server.succeed()
            let outcome = try run.stop()
            #expect(outcome.requests.count == 2 * 50 && outcome.responses.count == 2 * 50, "each side sees each")
            #expect(outcome.events.allSatisfy { $0.eventType == "http" && $0.protocol == "grpc" })
            struct Named: Decodable {
                var sourcePort: Int?
                var destPort: Int?
                var statusCode: Int?
                var headers: [String: String]?
                var trailers: [String: String]?
            }
            for event in try Records.lines(Named.self, outcome.log) {
                if event.statusCode == nil {
                    let name = event.headers?["own-port"]
                    #expect(name == nil || name == "\(event.sourcePort ?? 0)")
                } else {
                    #expect(event.trailers?["peer-port"] == "\(event.destPort ?? 0)")
                }
            }
            #expect(outcome.log.split(separator: "\n").count { $0.contains("\"own-port\"") } == 2 * 40)
            #expect(Set(outcome.requests.map(\.sourcePort)).count == 10)
            #expect(outcome.summary.tls?.decrypted == 20 && outcome.summary.tls?.closed == nil)
            #expect(outcome.summary.tls?.records?.failed == nil)
            expectBalance(outcome, bytes: nil)
            try run.expectReplayAgrees(outcome)
        }
    }
}

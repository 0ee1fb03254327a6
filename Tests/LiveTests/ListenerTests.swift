import Foundation
import TestSupport
import Testing

extension Live {
    /// Who accepts connections, and where.
    @Suite struct Listeners {
        /// A line of a trace.
        struct Taped: Decodable {
            var type: String
            var connection: Int?
            var pid: Int32?
            var local: String?
            var remote: String?
            var role: String?
            var endpoint: String?
            var networkNamespace: UInt64?
            var localSequence: UInt32?
            var remoteSequence: UInt32?
            var joinedLate: Bool?
        }

        private func lines(_ run: LiveRun, _ input: String = "run.tape") throws -> [Taped] {
            let text = run.path(input + ".jsonl")
            try Child(Programs.replay, ["convert", run.path(input), text]).succeed()
            return try Records.lines(
                Taped.self,
                (run.folder.text(input + ".jsonl") ?? "").split(separator: "\n").dropFirst().joined(separator: "\n"))
        }

        /// From exec or over a socket: whoever accepts names it, and its connections are whole from their first byte.
        @Test(arguments: ["activation", "activation-late", "listener-passing"], Hooks.allCases)
        func `that another program has opened`(_ name: String, _ hooks: Hooks) throws {
            let address = hooks == .socket ? "0.0.0.0" : "127.0.0.1"
            let run = try LiveRun(hooks)
            let server = try run.server(
                name, ["--connections", "3", "--address", address],
                environment: ["EXERCISER_NEXT_PROFILE": run.tag, "ADI_PROFILE_NAME": "inheritor"])
            let client = try run.client(
                "write-read", server.port, ["--connections", "3", "--exchanges", "2"],
                environment: ["ADI_PROFILE_NAME": "caller"])
            let sides = try LiveRun.moved(client.succeed().output) + LiveRun.moved(server.child.succeed().output)
            #expect(sides.count == 6)
            let outcome = try run.stop()
            for side in sides { expectStreams(outcome, side) }
            #expect(outcome.summary.connections.opened == 6)
            #expect(outcome.summary.connections.joinedLate == 0)
            #expect(outcome.summary.messages.exchanges == 12)
            expectNoLoss(outcome, bytes: sides.reduce(0) { $0 + $1.total })
            let endpoints = try outcome.services()["caller"]?["endpoints"] as? [[String: Any]] ?? []
            #expect(Set(endpoints.map { $0["destination"] as? String }) == ["inheritor"], "\(outcome.map)")
            let served = try #require(sides.last)
            let told = try lines(run).filter { $0.type == "listening" }
            #expect(Set(told.map(\.pid)) == [served.pid])
            #expect(told.allSatisfy { $0.endpoint?.hasSuffix(":\(server.port)") == true }, "\(told)")
            if name != "listener-passing" { #expect(told.map(\.endpoint) == ["\(address):\(server.port)"]) }
            try run.expectReplayAgrees(outcome)
        }

        /// What a capture sees in the SYNs, the kernel's sockets know, on both sides.
        @Test(arguments: Hooks.allCases)
        func `sequence numbers of connections are those of the wire`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let tap = try Wiretap(run.path("wire.pcap"))
            let moved = try run.exercise(
                "write-read", client: ["--connections", "5"], server: ["--connections", "5"], serverOptedIn: true)
            try tap.stop()
            _ = try run.stop()
            let port = try #require(moved.server.first?.localPort)
            var wire: [String: [UInt32?]] = [:]
            var numbers: [Int: Taped] = [:]
            for line in try lines(run, "wire.pcap") {
                if line.type == "sequence_numbers" { numbers[line.connection ?? 0] = line }
            }
            for line in try lines(run, "wire.pcap") where line.type == "open" {
                guard let local = line.local, line.remote == "127.0.0.1:\(port)" else { continue }
                let later = numbers[line.connection ?? 0]
                wire[local] = [
                    later?.localSequence ?? line.localSequence, later?.remoteSequence ?? line.remoteSequence,
                ]
            }
            #expect(wire.count == 5 && !wire.values.contains { $0.contains(nil) }, "\(wire)")
            var seen = 0
            for line in try lines(run) where line.type == "open" {
                seen += 1
                let isClient = line.role == "client"
                let expected = wire[(isClient ? line.local : line.remote) ?? ""]
                let own = [line.localSequence, line.remoteSequence]
                #expect((isClient ? own : own.reversed()) == expected, "\(line)")
            }
            #expect(seen == 10)
        }

        /// Addresses and ports are translated; sequence numbers are not.
        @Test(arguments: Hooks.allCases)
        func `sequence numbers make the two sides of a translated connection one`(_ hooks: Hooks) throws {
            let run = try LiveRun(hooks)
            let script = """
                ip link set lo up && iptables -t nat -A OUTPUT -p tcp --dport 9 -j REDIRECT --to-ports 4242 || exit 77
                mkfifo "$1"
                "$0" write-read server 4242 > "$1" &
                exec 3< "$1"
                read -r line <&3
                "$0" write-read client 9 || exit 1
                cat <&3
                readlink /proc/self/ns/net
                """
            let child = try run.launch(
                "/usr/bin/unshare", ["--net", "bash", "-c", script, Programs.exerciser, run.path("server")],
                optedIn: true)
            let end = try child.wait()
            let outcome = try run.stop()
            try #require(end.status != 77, "iptables is missing, or its kernel part (nat): \(end.errors)")
            #expect(end.status == 0, "\(end.errors)")
            let sides = try LiveRun.moved(end.output)
            #expect(sides.map(\.remotePort).contains(9))
            for side in sides { expectStreams(outcome, side) }
            let tape = try lines(run)
            let opened = tape.filter { $0.type == "open" }
            #expect(opened.count == 2)
            let client = try #require(opened.first { $0.role == "client" })
            let server = try #require(opened.first { $0.role == "server" })
            #expect(client.remote == "127.0.0.1:9" && server.local == "127.0.0.1:4242")
            #expect(client.localSequence != nil && client.localSequence == server.remoteSequence)
            #expect(client.remoteSequence != nil && client.remoteSequence == server.localSequence)
            // The namespace that was made for them, though all of them are gone.
            let namespace = end.output.split(separator: "\n").last?.split(whereSeparator: { !$0.isNumber }).last
                .flatMap { UInt64($0) }
            let facts = tape.filter { ["process", "listening"].contains($0.type) }
            #expect(namespace != nil && facts.count >= 3)
            #expect(facts.allSatisfy { $0.networkNamespace == namespace }, "\(facts)")
        }
    }
}

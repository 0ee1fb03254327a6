import Foundation
import Shared
import TestSupport
import Testing

/// `replay ship` and `replay nats://…` as their users run them, beside a real server: nothing is lost and nothing counts twice,
/// whoever is killed.
@Suite struct `Tapes by way of a stream` {
    static let live = "Fixtures/demo/live/input.tape"
    static let traffic = "Fixtures/trace/traffic/input.tape"
    static let shop = "Fixtures/demo/shop/input.pcap"

    let folder: TemporaryFolder
    let port: Int

    init() throws {
        folder = try TemporaryFolder()
        port = try Port.free()
    }

    private var url: String { "nats://127.0.0.1:\(port)" }
    private var spool: [String] { ["--spool", folder.path + "/spool"] }
    private func server(_ options: [String] = []) throws -> LocalServer {
        try .nats(port: port, streams: folder.path + "/streams", options: options)
    }

    private func replay(_ arguments: [String]) throws -> Child {
        try Child(Programs.replay, arguments, patience: 60)
    }

    /// What inputs show: the map, and the summary without the inputs' names.
    private func shown(_ inputs: [String], status: Int32 = 0) throws -> [String] {
        let outcome = try replay(inputs + ["--service-map", folder.path + "/map.yaml", "--json"]).wait()
        #expect(outcome.status == status, "\(outcome.errors)")
        let summary = outcome.output.split(separator: "\n").filter { !$0.contains("\"name\": ") }.joined(
            separator: "\n")
        return [try #require(folder.text("map.yaml")), summary]
    }

    private func ship(_ arguments: [String], to url: String? = nil) throws -> Child.Outcome {
        try replay(["ship"] + arguments + ["--to", url ?? self.url]).wait()
    }

    /// Events that the stream has by now.
    private func events() throws -> Int {
        let outcome = try replay([url, "--json", "-q"]).wait()
        return outcome.output.matches(of: /"events": (\d+)/).reduce(0) { $0 + (Int($1.1) ?? 0) }
    }

    // MARK: All is well

    @Test func `show what they show as files`() throws {
        let server = try server()
        let outcome = try ship([Self.live, Self.traffic, Self.shop, "--host", "web.1"])
        #expect(outcome.status == 0 && outcome.output == "sent 3 inputs, 259.1 kB, to \(url)/tapedeck\n")
        #expect(outcome.errors == "")
        // In another order, and as another host: what is there is there.
        #expect(try ship([Self.traffic, Self.live, "--host", "web-2"]).status == 0)
        // In the order of their names on the stream.
        #expect(try shown([url]) == shown([Self.live, Self.shop, Self.traffic]))
        // One of them alone, by the name that it was told of with.
        let names = try replay([url, "--json"]).wait().output.matches(of: /"name": "(nats:[^"]*web_1[^"]*)"/).map {
            String($0.1)
        }
        #expect(names.count == 3)
        #expect(try names.contains { try shown([$0]) == shown([Self.traffic]) })
        #expect(try shown([url + "?subject=tapedeck.web_1.>", Self.shop]).count == 2)
        // As a trace, and as a state beside tapes.
        #expect(try replay(["convert", url, folder.path + "/stream.tape"]).wait().status == 0)
        let files = [Self.live, Self.shop, Self.traffic, folder.path + "/files.tape"]
        #expect(try replay(["convert"] + files).wait().status == 0)
        #expect(folder.bytes("stream.tape") == folder.bytes("files.tape") && folder.bytes("files.tape") != nil)
        #expect(try replay(["state", Self.shop, "-o", folder.path + "/shop.state"]).wait().status == 0)
        #expect(try ship([folder.path + "/shop.state"], to: url + "/states").status == 0)
        #expect(try shown([url + "/states", Self.live])[0] == shown([Self.shop, Self.live])[0])
        try server.stop()
    }

    @Test func `are explained, given to agents and given away as files are`() throws {
        let server = try server()
        #expect(try ship([Self.traffic]).status == 0)
        let explained = try [url, Self.traffic].map { try replay(["explain", $0, "--connection", "2"]).wait() }
        #expect(explained[0].output == explained[1].output && explained[0].output.contains("Connection 2"))
        #expect(explained[0].status == 0 && explained[1].status == 0, "\(explained[0].errors)")
        for (input, output) in [(url, "stream.tape"), (Self.traffic, "file.tape")] {
            #expect(try replay(["redact", input, folder.path + "/" + output]).wait().status == 0)
        }
        #expect(folder.bytes("stream.tape") == folder.bytes("file.tape") && folder.bytes("file.tape") != nil)
        // An agent asks by the address, of which it is told no password.
        func call(_ tool: String, _ arguments: String) -> String {
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)","arguments":{\#(arguments)}}}"#
                + "\n"
        }
        let named = "nats://user:secret@127.0.0.1:\(port)"
        let shown = "\(url)/tapedeck"
        let agent = try replay(["mcp", named, Self.shop])
        try agent.write(
            Array(
                (call("explain", #""connection":1"#) + call("diff", #""old":"\#(shown)","new":"\#(Self.shop)""#)
                    + call("diff", #""old":"x","new":"y""#) + call("summary", "")).utf8))
        let answers = try agent.wait()
        let lines = answers.output.split(separator: "\n")
        #expect(lines.count == 4 && lines[0].contains("Connection 1"), "\(answers.output) \(answers.errors)")
        #expect(lines.count == 4 && lines[1].contains("+ dependency"), "\(answers.output)")
        #expect(lines.count == 4 && lines[2].contains("there are \(shown), \(Self.shop)"))
        #expect(lines.count == 4 && lines[3].contains("subject=tapedeck."))
        #expect(!answers.output.contains("secret") && !answers.errors.contains("secret"))
        try server.stop()
    }

    @Test func `take no more from a stream than is made of files`() throws {
        let server = try server()
        #expect(try ship([Self.traffic]).status == 0)
        let stranger =
            "PUB tapedeck.web.x 5\r\nhello\r\nPUB tapedeck.web.\(String(repeating: "0", count: 32))-0000000000000000 2\r\nhi\r\n"
        try publish(stranger)
        let outcome = try replay([url, "-q"]).wait()
        #expect(outcome.status == 0 && outcome.errors.contains("left out 2 messages that nobody's file is made of"))
        try server.stop()
    }

    /// Whoever keeps a stream may delete from it, the newest message too.
    @Test func `have what is left of a stream, whatever was deleted`() throws {
        let server = try server()
        #expect(try ship([Self.traffic]).status == 0)
        func delete(_ number: Int) throws {
            let answer = try ask("STREAM.MSG.DELETE.tapedeck", "{\"seq\":\(number)}")
            #expect(answer.contains("\"success\":true"), "\(answer)")
        }
        let last = try #require(
            Int(ask("STREAM.INFO.tapedeck", "").firstMatch(of: /"last_seq":(\d+)/)?.1 ?? ""))
        try publish("PUB tapedeck.web.x 5\r\nhello\r\nPUB tapedeck.web.y 5\r\nhello\r\n")
        try delete(last + 2)
        try delete(last + 1)
        #expect(try shown([url]) == shown([Self.traffic]))
        // By any subject: the server answers that there is no last message.
        #expect(try shown([url + "?subject=>"]) == shown([Self.traffic]))
        // Of one host, behind whose messages are others.
        try publish("PUB tapedeck.other.x 5\r\nhello\r\n")
        let name = try #require(
            try replay([url, "--json", "-q"]).wait().output.firstMatch(of: /"name": "(nats:[^"]*)"/)?.1)
        #expect(try shown([String(name)]) == shown([Self.traffic]))
        #expect(try ask("STREAM.PURGE.tapedeck", "").contains("\"success\":true"))
        let outcome = try replay([url]).wait()
        #expect(outcome.status == 2 && outcome.errors.contains("has nothing that was shipped"), "\(outcome.errors)")
        // The server remembers what it was sent, and acknowledges it without storing it.
        for more in [[], spool] {
            let again = try ship([Self.traffic, "--json"] + more)
            #expect(
                again.status == 1 && again.errors.contains("has deleted what it was sent before"), "\(again.errors)")
            #expect(
                again.output.contains("\"bytes\": 0,") && !again.output.contains("\"deleted\": 0"), "\(again.output)")
        }
        try server.stop()
    }

    /// Speaks the protocol as it is, to a server that asks for nothing.
    /// - Parameter last: what stands in the last line that is waited for.
    /// - Returns: that line.
    @discardableResult private func publish(_ lines: String, until last: String = "PONG") throws -> String {
        let child = try Child(
            "/bin/bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port); cat >&3; grep -m1 '\(last)' <&3"])
        try child.write(Array("CONNECT {\"verbose\":false}\r\n\(lines)PING\r\n".utf8))
        let outcome = try child.wait()
        #expect(outcome.status == 0)
        return outcome.output
    }

    /// What JetStream answers to a request.
    private func ask(_ request: String, _ content: String) throws -> String {
        try publish(
            "SUB answer 1\r\nPUB $JS.API.\(request) answer \(content.utf8.count)\r\n\(content)\r\n",
            until: "io.nats.jetstream.api")
    }

    @Test func `need a password where the server does, and show it nowhere`() throws {
        let server = try server(["--user", "ann", "--pass", "s3cret"])
        let named = "nats://ann:s3cret@127.0.0.1:\(port)"
        let sent = try ship([Self.traffic], to: named)
        #expect(sent.status == 0 && sent.output.hasSuffix("to \(url)/tapedeck\n"))
        let read = try replay([named]).wait()
        #expect(read.status == 0 && !(read.output + read.errors).contains("s3cret"))
        let wrong = try ship([Self.traffic, "--patience", "0"], to: "nats://ann:guess@127.0.0.1:\(port)")
        #expect(
            wrong.status == 2 && wrong.errors.contains("uthorization") && !wrong.errors.contains("guess"),
            "\(wrong.errors)")
        try server.stop()
    }

    // MARK: Somebody is away, or killed

    @Test func `wait for a server that was killed, and lose nothing`() throws {
        let tape = try Array(Data(contentsOf: URL(fileURLWithPath: Self.live)))
        let first = try server()
        let shipper = try Child(
            Programs.replay, ["ship", "-", "--to", url, "--patience", "60"] + spool, patience: 90)
        try write(tape[..<60_000], to: shipper)
        let before = try eventually("the stream has nothing", patience: 30) { try events() > 50 ? events() : nil }
        first.child.signal(SIGKILL)
        _ = try first.child.wait()
        try write(tape[60_000..<120_000], to: shipper)
        #expect(shipper.errors.line { $0.contains("are kept in \(folder.path)/spool") } != nil)
        let second = try server()
        try write(tape[120_000...], to: shipper)
        let outcome = try shipper.wait()
        #expect(outcome.status == 0 && outcome.errors.contains("answers again"), "\(outcome.errors)")
        #expect(
            outcome.errors.split(separator: "\n").count == 2,
            "one warning, however often it was tried: \(outcome.errors)")
        #expect(try events() > before)
        #expect(try shown([url]) == shown([Self.live]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/spool") == ["lock"])
        try second.stop()
    }

    /// In small pieces, as a recorder's.
    private func write(_ bytes: ArraySlice<UInt8>, to child: Child) throws {
        var rest = bytes
        while !rest.isEmpty {
            try child.write(Array(rest.prefix(2000)))
            _ = try eventually("nobody reads", patience: 30) { child.unreadInput == 0 ? true : nil }
            rest = rest.dropFirst(2000)
        }
    }

    @Test func `are sent by the next start, where one was killed`() throws {
        let tape = try Array(Data(contentsOf: URL(fileURLWithPath: Self.live)))
        var first: LocalServer? = try server()
        let killed = try Child(Programs.replay, ["ship", "-", "--to", url] + spool, patience: 60)
        try write(tape[..<60_000], to: killed)
        _ = try eventually("the stream has nothing", patience: 30) { try events() > 50 ? true : nil }
        // What follows is on disk alone.
        try first?.stop()
        first = nil
        try write(tape[60_000...], to: killed)
        _ = try eventually("the spool is small") { spoolBytes() > tape.count - 60_000 ? true : nil }
        killed.signal(SIGKILL)
        #expect(try killed.wait().signal == SIGKILL)
        let second = try server()
        // Another tape: what was left goes first.
        let next = try ship([Self.traffic] + spool)
        #expect(next.status == 0, "\(next.errors)")
        #expect(try shown([url]) == shown([Self.live, Self.traffic]))
        // The same again, cut elsewhere: each byte counts once.
        #expect(try ship([Self.live]).status == 0)
        #expect(try shown([url]) == shown([Self.live, Self.traffic]))
        try second.stop()
    }

    private func spoolBytes() -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/spool")) ?? []
        return names.reduce(0) { sum, name in
            let facts = try? FileManager.default.attributesOfItem(atPath: "\(folder.path)/spool/\(name)")
            return sum + ((facts?[.size] as? Int) ?? 0)
        }
    }

    @Test func `that a full spool has lost are counted by whoever sends and whoever reads`() throws {
        let tape = try largeTape()
        let away = try ship([tape, "--spool-size", "1M", "--patience", "0", "--json"] + spool)
        #expect(away.status == 1, "\(away.errors)")
        #expect(away.errors.contains("the oldest that was not sent is lost and counted"), "\(away.errors)")
        #expect(away.errors.contains("wait in \(folder.path)/spool for the next start"))
        #expect(away.output.firstMatch(of: /"lost": [1-9]\d{5,}/) != nil && away.output.contains(/"waiting": [1-9]/))
        let server = try server()
        let next = try ship([Self.traffic] + spool)
        #expect(next.status == 0, "\(next.errors)")
        let outcome = try replay([url, "--json"]).wait()
        #expect(outcome.status == 1 && outcome.output.contains("\"missing_part\": "), "\(outcome.output.prefix(3000))")
        // All of it, once it is sent whole.
        #expect(try ship([tape]).status == 0)
        #expect(try shown([url]) == shown([tape, Self.traffic]))
        try server.stop()
    }

    /// A tape of some megabytes: what a connection of no known protocol carries.
    private func largeTape() throws -> String {
        var bytes: [UInt8] = []
        var writer = TraceWriter()
        func write(_ kind: CapturedEvent.Kind, _ payload: [UInt8] = []) {
            writer.write(
                CapturedEvent(Timestamp(nanoseconds: 1_700_000_000_000_000_000), kind), payload: payload.span.bytes)
        }
        write(.tape(TapeOrigin(id: TapeID(high: 1, low: 2), writer: "test", version: "1")))
        let id = ConnectionID(1)
        write(
            .open(
                ConnectionOpened(
                    id: id, local: Endpoint(IPAddress(high: 0, low: 0x0000_FFFF_0A00_0001), 4000),
                    remote: Endpoint(IPAddress(high: 0, low: 0x0000_FFFF_0A00_0002), 5000), role: .client,
                    joinedLate: false)))
        for number in 0..<60 {
            let at = StreamPosition(id, .send, UInt64(number) * 64_000)
            write(.data(at), [UInt8](repeating: UInt8(number + 128), count: 64_000))
        }
        write(.end)
        writer.drain { new in bytes = new.withUnsafeBytes { Array($0) } }
        let path = folder.path + "/large.tape"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    // MARK: What can't be done

    @Test func `refuse what they can't do, and say what to do`() throws {
        let away = try ship([Self.traffic, "--patience", "0"])
        #expect(away.status == 2 && away.errors.contains("not all was sent; start it again"), "\(away.errors)")
        for (arguments, text) in [
            ([url], "no server available"), (["explain", url, "--connection", "1"], "no server available"),
            (["ship", "nats://a:b@h", "--to", url], "replay convert nats://h run.tape"),
            (["ship", Self.traffic, "--to", "http://h"], "write nats://HOST:4222/STREAM"),
            (["ship", Self.traffic, "--to", url + "?subject=x"], "leave out what stands behind ?"),
            (["ship", Self.traffic, "--to", url, "--spool-size", "1M"], "name its folder with --spool"),
            (["ship", "Package.swift", "--to", url], "not a capture"),
            (["ship", "/nowhere", "--to", url], "no such file"),
        ] {
            let outcome = try replay(arguments).wait()
            #expect(outcome.status == 2 && outcome.errors.contains(text), "\(arguments): \(outcome.errors)")
        }
        let pipe = try Child(Programs.replay, ["ship", "-", "--to", url], patience: 60)
        try pipe.write(Array(Data(contentsOf: URL(fileURLWithPath: Self.shop)).prefix(2000)))
        let refused = try pipe.wait()
        #expect(refused.status == 2 && refused.errors.contains("is a pipe, and no trace"), "\(refused.errors)")
        let server = try server()
        for (input, text) in [
            (url + "/none", "has no stream of that name"), (url + "?subject=tapedeck.x", "no stream"),
        ] {
            let outcome = try replay([input]).wait()
            #expect(outcome.status == 2 && outcome.errors.contains(text), "\(outcome.errors)")
        }
        #expect(try ship([Self.traffic]).status == 0)
        let nobody = try replay([url + "?subject=tapedeck.nobody.*"]).wait()
        #expect(nobody.status == 2 && nobody.errors.contains("has nothing of subject tapedeck.nobody.*"))
        try server.stop()
        let plain = try LocalServer.nats(port: port)
        let without = try ship([Self.traffic, "--patience", "0"])
        #expect(without.status == 2 && without.errors.contains("JetStream"), "\(without.errors)")
        try plain.stop()
    }
}

import Testing

@testable import Shared
@testable import replay

/// Outputs of a replay, as the fixtures' goldens have them.
private struct Outputs: Equatable {
    var log: [UInt8] = []
    var map = ""
    var summary: Summary
    var files: [CaptureFile]

    init(_ inputs: [[UInt8]], fields: FieldSet = .all) throws {
        var options = Profiler.Options()
        options.fields = fields
        let profiler = Profiler(options)
        var tape = Tape(sink: profiler)
        for input in inputs { try tape.read(Input(bytes: PeekedBytes(MemoryBytes(input)), name: "input")) }
        tape.finish()
        profiler.finish()
        var log: [UInt8] = []
        profiler.drainEventLog { log = [UInt8]($0) }
        self.log = log
        map = ServiceMapFile.yaml(profiler.serviceMap())
        summary = profiler.summary
        files = tape.files
    }

    static func == (a: Outputs, b: Outputs) -> Bool { a.log == b.log && a.map == b.map && a.summary == b.summary }
}

private func convert(_ inputs: [[UInt8]], _ recorder: some EventRecorder) throws -> [UInt8] {
    var tape = Tape(sink: recorder)
    for input in inputs {
        let raw = PeekedBytes(MemoryBytes(input, pieceLength: 1000))
        let source: any ByteSource = GzipBytes.isGzip(raw.head) ? GzipBytes(raw) : raw
        try tape.read(Input(bytes: PeekedBytes(source), name: "input"))
    }
    tape.finish()
    recorder.finish()
    var bytes: [UInt8] = []
    recorder.drain { bytes.append($0) }
    return bytes
}

@Suite struct `A conversion` {
    @Test(arguments: `Fixtures`.tapes)
    func `to a trace and back changes no output`(_ fixture: Fixture) throws {
        let file = try #require(TextFile.bytes(fixture.path(fixture.tape)))
        let tape = try convert([file], TraceRecorder())
        let text = try convert([tape], TraceTextRecorder())
        #expect(try convert([text], TraceRecorder()) == tape)
        let replayed = try Outputs([tape])
        #expect(try Outputs([text]) == replayed)
        guard !GzipBytes.isGzip(file) else { return }
        #expect(try Outputs([file]) == replayed)
    }

    /// A packet that was cut tells what is missing when it comes, one that is missing only when another follows: what is not
    /// sure any more is left out, and nothing else is said.
    @Test func `to packets pairs nothing otherwise where packets were cut`() throws {
        let file = try #require(TextFile.bytes("Fixtures/http/snaplen-200/input.pcap"))
        func pairs(_ bytes: [UInt8]) throws -> Set<String> {
            Set(
                String(decoding: try Outputs([bytes]).log, as: UTF8.self).matches(
                    of: /"timestamp":"([^"]+)".*"url":"([^"]*)","status_code":(\d+)/
                )
                .map { "\($0.1) \($0.2) \($0.3)" })
        }
        let whole = try pairs(file)
        #expect(!whole.isEmpty)
        #expect(try pairs(convert([file], PacketRecorder())).isSubset(of: whole))
    }

    /// Handshakes, several messages, losses, late joins, resets, IPv6; bytes without a connection's end.
    @Test(
        arguments: [
            "http/keep-alive", "http/pipelined", "http/ipv6", "http/capture-loss", "http/late-joined",
            "http/broken-off", "http/half-closed", "http/reused-port", "http/one-byte-segments",
            "redis/cli", "other/silent",
            "demo/shop",
        ])
    func `to packets gives the same messages`(_ name: String) throws {
        let file = try #require(TextFile.bytes("Fixtures/\(name)/input.pcap"))
        let packets = try convert([file], PacketRecorder())
        #expect(try Outputs([packets]).log == Outputs([file]).log)
        #expect(try Outputs([packets]).summary.lastEvent == Outputs([file]).summary.lastEvent)
        #expect(try convert([convert([file], TraceRecorder())], PacketRecorder()) == packets)
    }

    @Test func `to packets keeps the sequence numbers`() throws {
        for name in ["http/keep-alive", "http/ipv6", "http/reused-port", "demo/shop"] {
            let file = try #require(TextFile.bytes("Fixtures/\(name)/input.pcap"))
            let packets = try convert([convert([file], TraceRecorder())], PacketRecorder())
            let (before, after) = (try numbers(file), try numbers(packets))
            #expect(before.numbers.count > 0)
            #expect(before.numbers == after.numbers, "\(name)")
            #expect(before.opened == after.opened, "\(name)")
        }
    }

    private func numbers(_ file: [UInt8]) throws -> (opened: [UInt32?], numbers: [SequenceNumbers]) {
        let sink = RecordingSink()
        var tape = Tape(sink: sink)
        try tape.read(Input(bytes: PeekedBytes(MemoryBytes(file)), name: "packets"))
        tape.finish()
        return (sink.opened.filter { !$0.joinedLate }.map(\.localSequenceNumber), sink.numbers)
    }

    @Test func `to packets has processes, failed connects, both views and plaintext`() throws {
        let file = try #require(TextFile.bytes("Fixtures/trace/version-1/input.tape"))
        let packets = try convert([file], PacketRecorder())
        let text = String(decoding: packets, as: UTF8.self)
        #expect(text.contains("pid 4100, comm visitor"))
        #expect(text.contains("pid 4050, comm nginx, service shop"))
        #expect(text.contains("plaintext of [fd00::4]:50000 - [fd00::5]:443"))
        let sink = RecordingSink()
        var tape = Tape(sink: sink)
        try tape.read(Input(bytes: PeekedBytes(MemoryBytes(packets)), name: "packets"))
        tape.finish()
        #expect(tape.packets.malformed == 0)
        #expect(sink.lines.contains("open 2 client 127.0.0.1:39414 127.0.0.1:9999"))
        #expect(sink.lines.contains("2 close connectFailed 111"))
        #expect(sink.lines.contains { $0.hasPrefix("open 5 unknown late") && $0.hasSuffix(".80") })
    }

    /// What both sides have seen is there once: nothing looks like a retransmission, and all that was said is still there.
    @Test func `to packets has once what both sides have seen`() throws {
        let file = try #require(TextFile.bytes("Fixtures/demo/live/input.tape"))
        let (twice, once) = (try convert([file], PacketRecorder()), try convert([file], MergedViews<PacketRecorder>()))
        func repeated(_ packets: [UInt8]) throws -> (sent: Int, again: UInt64, requests: UInt64) {
            var options = Profiler.Options()
            options.eventLog = false
            let profiler = Profiler(options)
            var tape = Tape(sink: profiler)
            try tape.read(Input(bytes: PeekedBytes(MemoryBytes(packets)), name: "packets"))
            tape.finish()
            profiler.finish()
            return (packets.count, profiler.summary.bytes.retransmitted, profiler.summary.messages.requests)
        }
        let (before, after) = (try repeated(twice), try repeated(once))
        #expect(before.again > 0 && after.again == 0)
        #expect(after.requests == 52 && after.sent < before.sent * 6 / 10)
    }

    /// The sides tell in any order, each of what it has; what neither has stays a gap.
    @Test func `of both sides fills what one of them lacks by the other`() throws {
        let (client, server) = (Endpoint(IPAddress(v4: 0x0A00_0001), 40000), Endpoint(IPAddress(v4: 0x0A00_0002), 80))
        let (one, two) = (ConnectionID(1), ConnectionID(2))
        let recorder = MergedViews<TraceTextRecorder>()
        var time: Int64 = 0
        func tell(_ kind: CapturedEvent.Kind, _ bytes: String = "") {
            time += 1000
            let payload = Array(bytes.utf8)
            recorder.consume(CapturedEvent(Timestamp(nanoseconds: time), kind), payload: payload.span.bytes)
        }
        for (id, local, remote, role) in [(one, client, server, Role.client), (two, server, client, .server)] {
            tell(
                .open(
                    ConnectionOpened(
                        id: id, local: local, remote: remote, role: role,
                        process: ProcessKey(pid: Int32(id.serial), startTime: 1))))
        }
        tell(.data(StreamPosition(one, .send, 0)), "abcd")
        tell(.data(StreamPosition(two, .receive, 0)), "abcdef")
        // The client has sent five by sendfile, and the server has got three of them at first.
        tell(.gap(StreamGap(at: StreamPosition(one, .send, 6), length: 5, reason: .sendfile)))
        tell(.data(StreamPosition(one, .send, 11)), "lm")
        tell(.data(StreamPosition(two, .receive, 6)), "ghi")
        tell(.data(StreamPosition(two, .receive, 9)), "jklm")
        tell(.data(StreamPosition(two, .send, 0)), "answer")
        tell(.data(StreamPosition(one, .receive, 0)), "ans")
        tell(.finished(StreamPosition(two, .send, 6)))
        tell(.finished(StreamPosition(one, .receive, 6)))
        tell(.close(ConnectionClosed(id: two, how: .orderly)))
        tell(.close(ConnectionClosed(id: one, how: .orderly)))
        recorder.finish()
        var text = ""
        recorder.drain { bytes in text += String(decoding: [UInt8](bytes), as: UTF8.self) }
        let events = text.split(separator: "\n").compactMap { line -> String? in
            guard let type = line.firstMatch(of: /"type":"(\w+)"/)?.1, type != "tape" else { return nil }
            let parts = [/"direction":"(\w+)"/, /"position":(\d+)/, /"text":"(\w+)"/, /"length":(\d+)/].compactMap {
                line.firstMatch(of: $0)?.1
            }
            return ([type] + parts).joined(separator: " ")
        }
        #expect(
            events == [
                "open", "data send 0 abcd", "data send 4 ef", "gap send 6 5", "data send 11 lm", "data send 6 ghi",
                "data send 9 jk", "data receive 0 answer", "finished receive 6", "close",
            ], "\(text)")
    }

    @Test func `of the first trace of version 1 gives its text and itself`() throws {
        let tape = try #require(TextFile.bytes("Fixtures/trace/version-1/input.tape"))
        let text = try #require(TextFile.bytes("Fixtures/trace/version-1/trace.jsonl"))
        #expect(try convert([tape], TraceTextRecorder()) == text)
        #expect(try convert([text], TraceRecorder()) == tape)
        #expect(try convert([tape], TraceRecorder()) == tape)
    }

    @Test func `of segments makes right checksums`() {
        for (source, destination) in [
            (Endpoint(IPAddress(v4: 0x0A00_0001), 1), Endpoint(IPAddress(v4: 0xC0A8_0102), 80)),
            (Endpoint(IPAddress(high: 1, low: 2), 1), Endpoint(IPAddress(high: 3, low: 4), 80)),
        ] {
            let packet = TCPPacket(
                source: source, destination: destination, sequence: 77, acknowledgment: 99, flags: [.ack, .psh])
            let bytes = packet.bytes(Array("odd".utf8).span.bytes)
            let isV4 = bytes[0] >> 4 == 4
            let (addresses, segment) = isV4 ? (bytes[12..<20], bytes[20...]) : (bytes[8..<40], bytes[40...])
            let pseudo = Array(addresses) + [0, UInt8(segment.count), 0, 6] + Array(segment)
            #expect(Self.sum(pseudo) == 0xFFFF)
            if isV4 { #expect(Self.sum(Array(bytes[..<20])) == 0xFFFF) }
        }
    }

    /// What a receiver computes over a segment with its checksum.
    private static func sum(_ bytes: [UInt8]) -> Int {
        var sum = 0
        for (place, byte) in bytes.enumerated() { sum += Int(byte) << (place % 2 == 0 ? 8 : 0) }
        while sum >> 16 != 0 { sum = sum & 0xFFFF + sum >> 16 }
        return sum
    }
}

/// Keeps what a tape says of itself.
private final class MarkSink: EventSink {
    var origins: [TapeOrigin] = []
    var ends = 0

    func consume(_ event: CapturedEvent, payload: RawSpan) {
        switch event.kind {
        case .tape(let origin): origins.append(origin)
        case .end: ends += 1
        default: break
        }
    }
}

@Suite struct `Traces as inputs` {
    private static let capture = `Capture files`.capture.pcap()

    @Test func `mixed with captures, keep their connections apart`() throws {
        let tape = try convert([Self.capture], TraceRecorder())
        // Connections and exchanges have other numbers in each.
        let one = try Outputs([tape], fields: .compat)
        for inputs in [[tape, tape], [Self.capture, tape], [tape, Self.capture], [tape, Self.capture, tape]] {
            let all = try Outputs(inputs, fields: .compat)
            #expect(all.log == [[UInt8]](repeating: one.log, count: inputs.count).flatMap { $0 })
            #expect(all.summary.connections.opened == UInt64(inputs.count))
            #expect(all.summary.bytes.isBalanced)
        }
    }

    @Test func `that open a connection twice stay balanced`() throws {
        var writer = TraceWriter()
        for round in 0..<3 as Range<Int64> {
            let at = Timestamp(nanoseconds: round)
            let opened = ConnectionOpened(
                id: ConnectionID(7), local: Endpoint(IPAddress(v4: 1), 1), remote: Endpoint(IPAddress(v4: 2), 80),
                role: .client)
            writer.write(CapturedEvent(at, .open(opened)), payload: RawSpan())
            let bytes = Array("GET / HTTP/1.1\r\n\r\n".utf8)
            writer.write(
                CapturedEvent(at, .data(StreamPosition(ConnectionID(7), .send, 0))), payload: bytes.span.bytes)
        }
        var tape: [UInt8] = []
        writer.drain { tape = [UInt8]($0) }
        let outputs = try Outputs([tape])
        #expect(outputs.summary.bytes.isBalanced)
        #expect(outputs.summary.messages.requests == 3)
        #expect(outputs.summary.connections.closed[.superseded] == 2)
    }

    @Test func `cut or damaged, say so and are lossy`() throws {
        let tape = try convert([Self.capture], TraceRecorder())
        let whole = try Outputs([tape])
        let cut = try Outputs([Array(tape.dropLast(3))])
        #expect(cut.summary.losses[.truncatedFile] == 1)
        #expect(cut.log == whole.log)
        var damaged = tape
        damaged[damaged.count - 3] ^= 0xFF
        let outputs = try Outputs([damaged])
        #expect(outputs.summary.losses[.damagedRecord] == 1)
        #expect(outputs.log == whole.log)
        #expect(outputs.files.first?.damaged == 1)
    }

    @Test func `that lost an open say how much hangs on it, and are lossy`() throws {
        var tape = try convert([Self.capture], TraceRecorder())
        let whole = try Outputs([tape])
        // The first frame's body is the time and, of the open, the serial number and the endpoints.
        tape[TraceFormat.headerLength + TraceFormat.frameHeaderLength + 20] ^= 0xFF
        let damaged = try Outputs([tape])
        #expect(damaged.summary.losses[.damagedRecord] == 1)
        #expect(damaged.summary.strayConnections == 1)
        #expect(damaged.summary.bytes.unparsed[.noConnection] == whole.summary.bytes.parsed)
        #expect(damaged.summary.bytes.isBalanced)
        // Alone it is damaged; after another trace its connections are still nobody's.
        let second = try Outputs([tape, tape])
        #expect(second.summary.bytes.unparsed[.noConnection] == 2 * whole.summary.bytes.parsed)
        #expect(second.summary.connections.opened == 0)
    }

    // MARK: The command

    let folder = TemporaryFolder()

    @Test func `say whose they are: of captures what follows from them, of traces what they say`() throws {
        let capture = folder.write("c.pcap", Self.capture)
        func convert(_ inputs: String..., to name: String) throws -> [UInt8] {
            let run = try Executable.replay(["convert"] + inputs + [folder.path + "/" + name])
            #expect(run.status == 0)
            return try #require(TextFile.bytes(folder.path + "/" + name))
        }
        func origin(_ tape: [UInt8]) throws -> TapeOrigin? {
            let marks = MarkSink()
            var read = Tape(sink: marks)
            try read.read(Input(bytes: PeekedBytes(MemoryBytes(tape)), name: "tape"))
            #expect(marks.ends == 1)
            #expect(marks.origins.count == 1)
            return marks.origins.first
        }
        let tape = try convert(capture, to: "a.tape")
        let first = try #require(try origin(tape))
        #expect(first.writer == "replay")
        #expect(first.promisesEnd)
        #expect(try convert(capture, to: "b.tape") == tape)
        #expect(try convert(folder.path + "/a.tape", to: "c.tape") == tape)
        _ = try convert(folder.path + "/a.tape", to: "a.jsonl")
        #expect(try convert(folder.path + "/a.jsonl", to: "d.tape") == tape)
        // Several are another tape, whatever they say of themselves.
        let both = try origin(try convert(folder.path + "/a.tape", folder.path + "/a.jsonl", to: "e.tape"))
        #expect(both?.id != first.id)
        // The first version's traces say nothing, and a copy of one doesn't either.
        let old = try #require(TextFile.bytes("Fixtures/trace/version-1/input.tape"))
        #expect(try convert(folder.write("old.tape", old), to: "f.tape") == old)
    }

    @Test func `without the end mark that they promise are cut, and as a copy cut once`() throws {
        let capture = folder.write("c.pcap", Self.capture)
        let path = folder.path + "/a.tape"
        #expect(try Executable.replay(["convert", capture, path]).status == 0)
        let tape = try #require(TextFile.bytes(path))
        // The mark has its time alone.
        let markBytes = TraceFormat.frameOverhead + 8
        let cut = folder.write("cut.tape", Array(tape.dropLast(markBytes)))
        let run = try Executable.replay([cut])
        #expect(run.status == 1)
        #expect(run.errors.contains("cut.tape: the file ends without the end mark that it promises, after"))
        #expect(run.output.contains("1 file cut short"))
        let outputs = try Outputs([Array(tape.dropLast(markBytes))])
        #expect(outputs.summary.losses[.truncatedFile] == 1)
        #expect(outputs.log == (try Outputs([tape])).log)
        let copy = folder.path + "/copy.jsonl"
        #expect(try Executable.replay(["convert", cut, copy]).status == 1)
        let again = try Outputs([#require(TextFile.bytes(copy))])
        #expect(again.summary == outputs.summary)
        #expect(again.files.first?.failure == nil)
    }

    @Test func `with what packets have no place for are packets without it, and say so`() throws {
        let time = #""timestamp":"2026-04-08T18:24:10Z""#
        let lines = [
            #"{"tapedeck_trace":1}"#,
            #"{"type":"open",\#(time),"connection":1,"local":"unix:1","remote":"unix:2","role":"client"}"#,
            #"{"type":"data",\#(time),"connection":1,"direction":"send","position":0,"text":"GET / HTTP/1.1\r\n\r\n"}"#,
            #"{"type":"datagram",\#(time),"local":"10.0.0.1:5","remote":"10.0.0.2:53","direction":"send","missing":1,"reason":"snaplen","text":"?"}"#,
            #"{"type":"secret",\#(time),"label":"CLIENT_RANDOM","secret":"00"}"#,
            #"{"type":"unix_socket",\#(time),"number":2,"path":"/run/x.sock"}"#,
        ]
        let trace = folder.write("rare.jsonl", Array(lines.joined(separator: "\n").utf8))
        let packets = try Executable.replay(["convert", trace, folder.path + "/rare.pcapng"])
        #expect(packets.status == 1)
        #expect(packets.errors.contains("without 4 events of Unix sockets, names and secrets of no session"))
        // In a summary datagrams are counted, and no loss; the map has the socket by its name.
        let run = try Executable.replay([trace])
        #expect(run.status == 0)
        #expect(run.output.contains("Not read        1 datagram of 2 B, 1 B of them not captured"))
        #expect(run.output.contains("\n  unix:1 ") && run.output.contains("\n  └──▶ /run/x.sock "))
        let json = try Executable.replay([trace, "--json", "-o", folder.path + "/log"])
        #expect(json.output.contains("\"datagrams\": 1,\n    \"datagram_bytes\": 2,"))
        let log = String(decoding: try #require(TextFile.bytes(folder.path + "/log")), as: UTF8.self)
        #expect(log.contains("\"direction\":\"send\",\"bytes\""))
    }

    @Test func `are converted by the command, and replayed from anywhere`() throws {
        let capture = folder.write("c.pcap", Self.capture)
        func path(_ name: String) -> String { folder.path + "/" + name }
        #expect(try Executable.replay(["convert", capture, path("a.tape")]).status == 0)
        #expect(try Executable.replay(["convert", path("a.tape"), path("b.jsonl")]).status == 0)
        #expect(try Executable.replay(["convert", path("b.jsonl"), "-", "--to", "pcapng"]).status == 0)
        let plain = try Executable.replay([capture, "-q", "-o", "-"]).output
        let tape = try #require(TextFile.bytes(path("a.tape")))
        #expect(try Executable.replay([path("b.jsonl"), "-q", "-o", "-"]).output == plain)
        #expect(try Executable.replay(["-", "-q", "-o", "-"], input: tape).output == plain)
        _ = try Executable.run("/bin/gzip", [path("a.tape")])
        #expect(try Executable.replay([path("a.tape.gz"), "-q", "-o", "-"]).output == plain)
        let report = try Executable.replay([path("b.jsonl")]).output
        #expect(report.contains("Trace           \(path("b.jsonl"))"))
        #expect(!report.contains("Packets"))
    }

    @Test func `that were edited and have no open any more have status 1, and the summary says why`() throws {
        let text = String(decoding: try convert([Self.capture], TraceTextRecorder()), as: UTF8.self)
        let lines = text.split(separator: "\n").filter { !$0.contains("\"type\":\"open\"") }
        let edited = folder.write("edited.jsonl", Array(lines.joined(separator: "\n").utf8))
        let run = try Executable.replay([edited])
        #expect(run.status == 1)
        #expect(run.output.contains("1 connection without an open or with events after the close"))
        #expect(run.output.contains("unparsed: no connection"))
        let json = try Executable.replay([edited, "--json"])
        #expect(json.status == 1)
        #expect(json.output.contains("\"stray_connections\": 1\n"))
        #expect(json.output.contains("\"balanced\": true"))
        let packets = try Executable.replay(["convert", edited, folder.path + "/edited.pcapng"])
        #expect(packets.status == 1)
        // All but the first line, which says what the file is, and the end mark.
        #expect(
            packets.errors == "replay: \(folder.path)/edited.pcapng: without \(lines.count - 2) events of connections "
                + "that are not open\n")
        #expect(try Executable.replay(["convert", edited, folder.path + "/edited.tape"]).status == 0)
    }

    @Test func `that are cut have status 1, that are too new status 2`() throws {
        let tape = try convert([Self.capture], TraceRecorder())
        let cut = try Executable.replay([folder.write("cut.tape", Array(tape.dropLast(3))), "-q"])
        #expect(cut.status == 1)
        #expect(cut.errors.contains("cut.tape: the file ends inside a record, after event"))
        var new = tape
        new[8] = 9
        let refused = try Executable.replay([folder.write("new.tape", new), "-q"])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("new.tape: is a trace of version 9"))
        let lines = "{\"tapedeck_trace\":1}\n{\"type\":\"exit\"}\n"
        let bad = try Executable.replay([folder.write("bad.jsonl", Array(lines.utf8)), "-q"])
        #expect(bad.status == 1)
        #expect(bad.errors.contains("bad.jsonl: line 2: no pid"))
    }

    @Test(
        arguments: [
            (["INPUT"], "convert needs an input and an output"),
            (["INPUT", "x.txt"], "x.txt: its name says no form"),
            (["INPUT", "x.tape", "--to", "zip"], "--to zip: is none of tape, jsonl, pcapng"),
            (["INPUT", "INPUT", "--to", "tape"], "would overwrite the input"),
            (["/no/such.pcap", "/tmp/x.tape"], "/no/such.pcap: no such file"),
        ] as [([String], String)])
    func `that can't be converted leave no file`(_ arguments: [String], _ message: String) throws {
        let input = folder.write("c.pcap", Self.capture)
        let run = try Executable.replay(["convert"] + arguments.map { $0.replacing("INPUT", with: input) })
        #expect(run.status == 2)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(folder.names == ["c.pcap"])
    }
}

import Testing

@testable import Shared

@Suite struct `A trace as text` {
    private func read(_ lines: [String]) -> TraceContents {
        TraceContents(Array(lines.joined(separator: "\n").utf8), TraceTextReader.self)
    }

    private static let header = #"{"tapedeck_trace":1}"#
    private static let time = #""timestamp":"2026-04-08T18:24:10.123456789Z""#

    @Test func `is written so that people can read it`() {
        var tape = TapeBuilder()
        tape.open(process: ProcessKey(pid: 7, startTime: 9))
        tape.send("GET /ü\n")
        tape.data(.receive, [0xFF, 0xFE])
        tape.gap(.receive, 5, .captureLimit)
        tape.close(.tapeEnd)
        let contents = TraceContents(
            entries: tape.entries.map { TraceContents.Entry(event: $0.event, payload: $0.payload) })
        #expect(
            String(decoding: contents.text, as: UTF8.self) == """
                {"tapedeck_trace":1}
                {"type":"open",\(Self.time),"connection":1,"local":"10.0.0.1:40000","remote":"10.0.0.2:8080","role":"client","pid":7,"start_time":9}
                {"type":"data",\(Self.time),"connection":1,"direction":"send","position":0,"text":"GET /ü\\n"}
                {"type":"data",\(Self.time),"connection":1,"direction":"receive","position":0,"base64":"//4="}
                {"type":"gap",\(Self.time),"connection":1,"direction":"receive","position":2,"length":5,"reason":"capture_limit"}
                {"type":"close",\(Self.time),"connection":1,"how":"tape_end"}

                """)
    }

    @Test func `has the rarer events, too`() {
        let key = ProcessKey(pid: 7, startTime: 9)
        let id = ConnectionID(1)
        var tape = TapeBuilder()
        tape.add(
            .tape(TapeOrigin(id: TapeID(high: 1, low: 0xAB00_0000_0000_0000), writer: "profiler", version: "0.1.0")))
        tape.add(
            .listening(
                Listening(process: key, endpoint: Endpoint(unix: 17), networkNamespace: NetworkNamespace(4_026_531_840))
            ))
        tape.add(
            UnixSocket(number: 17, name: .path(Array("/run/x".utf8)), process: key).map { .unixSocket($0) } ?? .end)
        tape.add(UnixSocket(number: 18, name: .abstract([0xFF])).map { .unixSocket($0) } ?? .end)
        tape.add(
            .open(
                ConnectionOpened(
                    id: id, local: TapeBuilder.client, remote: TapeBuilder.server(), role: .client,
                    localSequenceNumber: .max)))
        tape.add(.sequenceNumbers(SequenceNumbers(id, local: nil, remote: 500)))
        tape.add(
            .datagram(
                CapturedDatagram(
                    local: Endpoint(unix: 18), remote: Endpoint(unix: 17), direction: .send,
                    cut: CapturedDatagram.Cut(3, .captureLimit))), Array("hi".utf8))
        let secret = TLSSecret(
            label: "CLIENT_RANDOM", clientRandom: [UInt8](repeating: 0xC0, count: 32), secret: [1, 0xFE], connection: id
        )
        tape.add(secret.map { .secret($0) } ?? .end)
        tape.add(.end)
        let contents = TraceContents(
            entries: tape.entries.map { TraceContents.Entry(event: $0.event, payload: $0.payload) })
        let random = String(repeating: "c0", count: 32)
        #expect(
            String(decoding: contents.text, as: UTF8.self) == """
                {"tapedeck_trace":1}
                {"type":"tape",\(Self.time),"id":"0000000000000001ab00000000000000","writer":"profiler","version":"0.1.0","promises_end":true}
                {"type":"listening",\(Self.time),"pid":7,"start_time":9,"endpoint":"unix:17","network_namespace":4026531840}
                {"type":"unix_socket",\(Self.time),"number":17,"path":"/run/x","pid":7,"start_time":9}
                {"type":"unix_socket",\(Self.time),"number":18,"abstract_base64":"/w=="}
                {"type":"open",\(Self.time),"connection":1,"local":"10.0.0.1:40000","remote":"10.0.0.2:8080","role":"client","local_sequence":4294967295}
                {"type":"sequence_numbers",\(Self.time),"connection":1,"remote_sequence":500}
                {"type":"datagram",\(Self.time),"local":"unix:18","remote":"unix:17","direction":"send","missing":3,"reason":"capture_limit","text":"hi"}
                {"type":"secret",\(Self.time),"label":"CLIENT_RANDOM","client_random":"\(random)","secret":"01fe","connection":1}
                {"type":"end",\(Self.time)}

                """)
        #expect(TraceContents(contents.text, TraceTextReader.self) == contents)
    }

    @Test func `is read as people write it`() {
        let contents = read([
            " { \"tapedeck_trace\" : 1 }\r", "",
            #"{ "how" : "reset", "note": {"by": ["hand", 1, null, true]}, "connection": 5, "type": "close", "timestamp": "1969-12-31T23:59:59.5Z" }"#,
            #"{"type":"data","timestamp":"2024-02-29T00:00:00Z","connection":1,"direction":"send","position":0,"text":"\u00e9\ud83e\udd8a\/"}"#,
        ])
        #expect(contents.complaints == [])
        #expect(contents.entries.map(\.event.timestamp.nanoseconds) == [-500_000_000, 1_709_164_800_000_000_000])
        #expect(contents.entries.first?.event.kind == .close(ConnectionClosed(id: ConnectionID(5), how: .reset)))
        #expect(contents.entries.last?.payload == Array("é🦊/".utf8))
    }

    @Test(
        arguments: [
            (#"{"type":"close",TIME,"connection":1,"how":"sometimes"}"#, "how is none of orderly, reset, idle"),
            (#"{"type":"close",TIME,"how":"reset"}"#, "no connection"),
            (#"{"type":"close",TIME,"connection":1.5,"how":"reset"}"#, "no integer"),
            (#"{"type":"close",TIME,"connection":-1,"how":"reset"}"#, "connection is out of range"),
            (#"{"type":"close",TIME,"connection":18446744073709551616,"how":"reset"}"#, "beyond 64 bits"),
            (#"{"type":"exit","timestamp":"2026-02-29T00:00:00Z","pid":1}"#, "timestamp is not like"),
            (#"{"type":"exit","timestamp":"2300-01-01T00:00:00Z","pid":1}"#, "timestamp is not like"),
            (#"{"type":"listening",TIME,"pid":1,"endpoint":"::1:80"}"#, "endpoint is not like"),
            (#"{"type":"data",TIME,"connection":1,"direction":"send","position":0}"#, "neither text nor base64"),
            (#"{"type":"data",TIME,"connection":1,"direction":"send","position":0,"base64":"A==="}"#, "no base64"),
            (#"{"type":"listening",TIME,"pid":1,"endpoint":"unix:-1"}"#, "endpoint is not like unix:17"),
            (#"{"type":"listening",TIME,"pid":1,"endpoint":"unix:+1"}"#, "endpoint is not like unix:17"),
            (
                #"{"type":"sequence_numbers",TIME,"connection":1,"local_sequence":4294967296}"#,
                "local_sequence is out of range"
            ),
            (#"{"type":"unix_socket",TIME,"number":1,"path":""}"#, "no Unix socket has such a name"),
            (#"{"type":"unix_socket",TIME,"number":1,"path":"a","abstract":"a"}"#, "both a path and an abstract name"),
            (
                #"{"type":"datagram",TIME,"local":"1.1.1.1:1","remote":"1.1.1.1:1","direction":"send"}"#,
                "neither text nor"
            ),
            (#"{"type":"secret",TIME,"label":"A\nB","secret":"00"}"#, "no line of a key log"),
            (#"{"type":"secret",TIME,"label":"A","secret":"0"}"#, "secret is no hexadecimal"),
            (#"{"type":"secret",TIME,"label":"A","secret":"0g"}"#, "secret is no hexadecimal"),
            (#"{"type":"tape",TIME,"id":"00","writer":"","version":""}"#, "id has not 32 digits"),
            (#"{"type":"data",TIME,"type":"data"}"#, "type is there twice"),
            (#"{"type":"exit",TIME,"pid":1} x"#, "more behind the object"),
            (#"{"type":"exit",TIME,"comm":"\ud800"}"#, "half a surrogate pair"),
            (#"[[[[[[[[[[[[[[[[[[[[[[[[["#, "nested too deeply"),
            (#"["exit"]"#, "not an object"),
        ])
    func `names the line that makes no sense, and reads on`(_ line: String, _ complaint: String) {
        let good = #"{"type":"exit",TIME,"pid":1}"#
        let contents = read([Self.header, line, good, ""].map { $0.replacing("TIME", with: Self.time) })
        #expect(contents.entries.count == 1)
        #expect(contents.damaged == 1)
        #expect(contents.complaints.first?.hasPrefix("line 2: ") == true)
        #expect(contents.complaints.first?.contains(complaint) == true, "\(contents.complaints)")
    }

    @Test func `passes over types that are not known, and says where it was cut`() {
        let contents = read([Self.header, #"{"type":"weather",\#(Self.time)}"#, #"{"type":"exit",\#(Self.time),"pi"#])
        #expect(contents.skipped == 1)
        #expect(contents.isTruncated)
        #expect(contents.damaged == 0)
    }

    @Test func `that does not begin as one is refused`() {
        #expect(read([#"{"type":"exit"}"#, ""]).error == .notATrace)
        #expect(read(["GET / HTTP/1.1", ""]).error == .notATrace)
    }

    @Test(arguments: [Int64.min, -1, 0, 951_782_400_000_000_001, Int64.max])
    func `has timestamps of all times`(_ nanoseconds: Int64) {
        let text = Array("\(Timestamp(nanoseconds: nanoseconds))".utf8)
        #expect(Timestamp(text.span.bytes) == Timestamp(nanoseconds: nanoseconds))
    }
}

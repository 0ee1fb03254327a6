import Console
import Testing

@testable import Shared
@testable import replay

@Suite struct `Several inputs` {
    let folder = TemporaryFolder()

    /// Requests and answers on one connection, a millisecond apart.
    static func conversation(_ count: Int) -> [Segment] {
        var segments = handshake
        var (client, server): (UInt32, UInt32) = (101, 501)
        for number in 0..<count {
            let (ask, answer) = ("GET /\(number % 10) HTTP/1.1\r\n\r\n", "HTTP/1.1 204 OK\r\n\r\n")
            segments.append(.client(client, ack: server, "P", ask))
            client += UInt32(ask.utf8.count)
            segments.append(.server(server, ack: client, "P", answer))
            server += UInt32(answer.utf8.count)
        }
        return segments + [
            .client(client, ack: server, "F"), .server(server, ack: client + 1, "F"),
            .client(client + 1, ack: server + 1),
        ]
    }

    static let capture = CaptureBytes(conversation(60).map(\.ipv4))

    /// A part of the capture, as a file.
    private func write(_ name: String, _ range: some Sequence<Int>) -> String {
        var part = Self.capture
        part.records = range.map { Self.capture.records[$0] }
        return folder.write(name, part.pcap())
    }

    private func lines(_ paths: [String]) throws -> [String] {
        let sink = RecordingSink()
        var tape = Tape(sink: sink)
        var order = try InputOrder(paths)
        try tape.read(&order)
        tape.finish()
        #expect(tape.files.map(\.name) == paths && tape.lateInputs == 0)
        return sink.lines
    }

    private var whole: [String] { Reading([Self.capture.pcap()]).lines }

    @Test func `a rotated capture is one tape, however a shell orders its files`() throws {
        let size = 10
        let parts = stride(from: 0, to: Self.capture.records.count, by: size).enumerated().map { place, start in
            write("cap.pcap\(place == 0 ? "" : "\(place)")", start..<min(start + size, Self.capture.records.count))
        }
        #expect(parts.count > 11)
        #expect(try lines(parts.sorted()) == whole)
        #expect(try lines(parts.reversed()) == whole)
    }

    @Test func `captures that overlap are merged by time, packet by packet`() throws {
        let all = Self.capture.records.indices
        let thirds = (0..<3).map { third in write("third\(third)", all.filter { $0 % 3 == third }) }
        #expect(try lines(thirds) == whole)
        #expect(try lines(thirds.reversed()) == whole)
    }

    @Test func `what two hosts have captured of one connection is one connection`() throws {
        let all = Self.capture.records.indices
        let two = try lines([write("a", all), write("b", all.dropLast())])
        // Copies bring nothing new.
        #expect(two.filter { $0.hasPrefix("open") }.count == 1)
        #expect(two.last == "1 close orderly" || two.contains("1 close orderly"))
        let run = try Executable.replay([write("a", all), write("b", all.dropLast()), "--json"])
        #expect(run.status == 0)
        #expect(run.output.contains("\"exchanges\": 60"))
        // What one has missed the other has.
        let gaps = try Executable.replay([
            write("a", all.filter { $0 % 7 != 4 }), write("b", all.filter { $0 % 7 != 5 }), "--json",
        ])
        #expect(gaps.status == 0 && gaps.output.contains("\"exchanges\": 60"))
    }

    /// Each host has lost other packets, and the clock of one is behind when it ends.
    @Test func `what two hosts have captured completes each other`() throws {
        let all = Self.capture.records.indices
        var a = Self.capture
        a.records = all.filter { $0 < 3 || $0 % 5 != 0 }.map { Self.capture.records[$0] }
        var b = Self.capture
        b.records = all.filter { $0 < 3 || $0 % 5 != 1 }.map { Self.capture.records[$0] }
        for index in b.records.indices { b.records[index].time += 30_000 }
        func data(_ lines: [String]) -> Set<String> { Set(lines.filter { $0.contains("HTTP") }) }
        let two = try lines([folder.write("a", a.pcap()), folder.write("b", b.pcap())])
        #expect(data(two) == data(whole))
        #expect(two.filter { $0.hasPrefix("open") }.count == 1)
        #expect(two.last == "1 close orderly")
        // One alone is over when both have said so.
        #expect(try lines([folder.write("a", a.pcap())]).last == "1 close orderly")
        let profiler = Profiler(Profiler.Options())
        var tape = Tape(sink: profiler)
        var order = try InputOrder([folder.path + "/a", folder.path + "/b"])
        try tape.read(&order)
        tape.finish()
        profiler.finish()
        #expect(profiler.summary.messages.exchanges == 60 && profiler.summary.bytes.gaps.total == 0)
    }

    @Test func `of many files few are open at one time`() throws {
        // Eight of each, no two of them the same file.
        let many = (0..<8).flatMap { copy in
            Self.capture.records.indices.map { number in
                var part = Self.capture
                part.records = [Self.capture.records[number]]
                part.records[0].wireLength = part.records[0].bytes.count + copy
                return folder.write("many\(number)-\(copy)", part.pcap())
            }
        }
        #expect(many.count > 4 * InputOrder.openLimit)
        var order = try InputOrder(many)
        var (most, packets) = (0, 0)
        while let (input, _) = try order.next() {
            most = max(most, order.running.count)
            try input.read(
                until: Timestamp(nanoseconds: .min), atMost: 1, packet: { _, _ throws(Failure) in packets += 1 },
                event: { _, _ in })
            if input.isEnded { order.ended(input) }
        }
        // Eight of the same time, and no more.
        #expect(most == 8 && packets == many.count)
    }

    @Test func `more than may be open, and all of them overlap: it is said`() throws {
        let all = Array(Self.capture.records.indices)
        let parts = (0..<(InputOrder.openLimit + 3)).map { number in
            var part = Self.capture
            part.records = [Self.capture.records[0], Self.capture.records[all.count - 1]]
            part.records[0].wireLength = part.records[0].bytes.count + number
            return folder.write("late\(number)", part.pcap())
        }
        var order = try InputOrder(parts)
        var tape = Tape(sink: RecordingSink())
        try tape.read(&order)
        #expect(tape.lateInputs == 3)
    }

    @Test func `of many inputs the first are named, and what the others hold`() throws {
        let all = Self.capture.records.indices
        let parts = (0..<10).map { part in write("part\(part)", all.filter { $0 % 10 == part }) }
        let others = parts[7...].reduce(0) { sum, path in sum + all.count { $0 % 10 == Int(String(path.last!))! } }
        let copy = write("same", all.filter { $0 % 10 == 0 })
        let ten = try Executable.replay(parts + [copy]).output
        #expect(parts[..<7].allSatisfy { ten.contains("\($0) · ") } && !ten.contains(parts[7]))
        #expect(ten.contains("and 4 more · \(others) packets · copies of others, counted once: 1\n"))
        // One more than are named in lines of their own would take its line.
        let eight = try Executable.replay(Array(parts[..<8])).output
        #expect(parts[..<8].allSatisfy { eight.contains("\($0) · ") } && !eight.contains("more"))
    }

    @Test func `a copy of another input counts once, and is said to be one`() throws {
        let all = Self.capture.records.indices
        let (one, tape) = (write("one", all), trace("one.jsonl", id: 1, second: 1))
        let (same, sameTape) = (write("same", all), trace("same.jsonl", id: 1, second: 1))
        for (original, copy) in [(one, same), (one, one), (tape, sameTape), (tape, tape)] {
            let whole = try Executable.replay([original, "--json"])
            let run = try Executable.replay([original, copy, "--json"])
            #expect(run.status == 0 && whole.status == 0)
            func counts(_ output: String) -> Substring? {
                output.firstRange(of: "\"connections\"").map { output[$0.lowerBound...] }
            }
            #expect(counts(run.output) == counts(whole.output) && counts(run.output) != nil)
            #expect(run.output.contains("\"name\": \"\(copy)\",\n      \"copy_of\": \"\(original)\""))
            #expect(try Executable.replay([copy, original]).output.contains("a copy of \(copy), counted once"))
        }
        // One byte makes it another.
        var other = Self.capture
        other.records[all.count - 1].bytes[1] ^= 1
        let run = try Executable.replay([one, folder.write("other", other.pcap()), "--json"])
        #expect(!run.output.contains("copy_of") && run.output.contains("\"packets\""))
    }

    @Test func `a wild time in one file does not hold its other packets up`() throws {
        var wild = Self.capture
        wild.records = Self.capture.records.indices.filter { $0 % 2 == 0 }.map { Self.capture.records[$0] }
        wild.records[20].time += 10 * 365 * 86_400_000_000
        let odd = write("odd", Self.capture.records.indices.filter { $0 % 2 == 1 })
        // Between which of the others it was nobody knows; all are there, and in order.
        let found = try lines([folder.write("wild", wild.pcap()), odd]).filter { !$0.contains(" expected ") }
        #expect(found.sorted() == whole.sorted() && found.last == whole.last)
    }

    // MARK: Traces

    /// A trace of one request by a process, as text.
    private func trace(
        _ name: String, id: Int, second: Int, command: String = "curl", serial: Int = 1, isOpen: Bool = true,
        position: Int = 0
    ) -> String {
        func time(_ part: Int) -> String { "\"timestamp\":\"2026-04-08T18:24:\(10 + second).00000000\(part)Z\"" }
        let connection = "\"connection\":\(serial)"
        let text = "GET /\(second) HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
        let lines = [
            #"{"tapedeck_trace":1}"#,
            #"{"type":"tape",\#(time(0)),"id":"\#(String(repeating: "0\(id)", count: 16))","writer":"x","version":"1"}"#,
            #"{"type":"process",\#(time(1)),"pid":7,"start_time":9,"comm":"\#(command)","command_line":"\#(command)","network_namespace":3}"#,
            #"{"type":"open",\#(time(2)),\#(connection),"local":"10.0.0.1:4000\#(id)","remote":"10.0.0.2:80","role":"client","pid":7,"start_time":9}"#,
            #"{"type":"data",\#(time(3)),\#(connection),"direction":"send","position":\#(position),"text":"\#(text)"}"#,
            isOpen ? "" : #"{"type":"close",\#(time(4)),\#(connection),"how":"orderly"}"#,
        ]
        return folder.write(name, Array(lines.filter { !$0.isEmpty }.joined(separator: "\n").utf8) + [10])
    }

    @Test func `traces of several tapes keep their numbers apart`() throws {
        let paths = [
            trace("a.jsonl", id: 1, second: 1), trace("b.jsonl", id: 2, second: 2, command: "wget"),
            trace("c.jsonl", id: 3, second: 3),
        ]
        let run = try Executable.replay(paths + ["-o", "-", "-q"])
        #expect(run.status == 0)
        let names = ["curl", "wget", "curl"]
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 3)
        for (line, name) in zip(lines, names) { #expect(line.contains("\"comm\":\"\(name)\"")) }
        #expect(try Executable.replay(paths.reversed() + ["-o", "-", "-q"]).output == run.output)
    }

    @Test func `files of one tape go on from one into the next`() throws {
        let first = trace("one.jsonl", id: 1, second: 1)
        let length = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n".utf8.count
        let second = trace("two.jsonl", id: 1, second: 2, isOpen: false, position: length)
        let run = try Executable.replay([second, first, "--json"])
        #expect(run.output.contains("\"opened\": 1,"), "\(run.output)")
        #expect(run.output.contains("\"requests\": 2,"))
        #expect(run.output.contains("\"orderly\": 1\n"))
    }

    @Test func `a trace without the end mark that it promises is cut, and so is one among others`() throws {
        let promise =
            #"{"type":"tape","timestamp":"2026-04-08T18:24:10.0Z","id":"\#(String(repeating: "07", count: 16))","#
            + #""writer":"x","version":"1","promises_end":true}"#
        let cut = folder.write("cut.jsonl", Array((#"{"tapedeck_trace":1}"# + "\n" + promise + "\n").utf8))
        let other = trace("whole.jsonl", id: 1, second: 1)
        for paths in [[cut], [cut, other]] {
            let run = try Executable.replay(paths)
            #expect(run.status == 1)
            #expect(run.errors.contains("cut.jsonl: the file ends without the end mark that it promises"))
        }
    }

    @Test func `captures beside traces have numbers of their own`() throws {
        let capture = write("some", 0..<10)
        let run = try Executable.replay([trace("t.jsonl", id: 1, second: 1), capture, "--json"])
        #expect(run.output.contains("\"opened\": 2,"), "\(run.output)")
        #expect(run.output.contains("\"superseded\"") == false)
    }

    @Test func `an empty file among others is cut, and what the others have is read`() throws {
        let all = write("all", Self.capture.records.indices)
        let empty = folder.write("empty.pcap", [])
        for inputs in [[all, empty], [empty, all]] {
            #expect(try lines(inputs).filter { $0 != "lost truncatedFile 1" } == whole)
            let run = try Executable.replay(inputs)
            #expect(run.status == 1 && run.errors.contains("empty.pcap: is empty"), "\(run.errors)")
            #expect(run.output.contains("60 exchanges"))
        }
        #expect(try Executable.replay([empty]).status == 2)
    }

    @Test func `an input that is none stops all, before anything is read`() throws {
        let bad = folder.write("bad", Array("hello, world".utf8))
        let run = try Executable.replay([write("some", 0..<10), bad, "-o", "-"])
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.errors.contains("bad: not a capture"))
    }
}

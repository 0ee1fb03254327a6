import Foundation
import TestSupport
import Testing

@testable import replay

@Suite struct `Interrupted behind a writer that stays` {
    static let capture = `Capture files`.capture

    let folder = TemporaryFolder()

    private func path(_ name: String) -> String { folder.path + "/" + name }

    /// A `replay -` that has read all that was written to it, and waits for more.
    private func replay(_ bytes: [UInt8], _ options: [String] = []) throws -> Child {
        let replay = try Child(
            Executable.replay, ["-", "-o", path("e.jsonl"), "--service-map", path("m.yaml")] + options)
        try replay.write(bytes)
        _ = try eventually("replay reads") { replay.unreadInput == 0 ? true : nil }
        return replay
    }

    @Test(arguments: [SIGINT, SIGTERM], [[], ["--threads", "2"]])
    func `writes what it has read, says so, and has status 1`(_ signal: Int32, _ options: [String]) throws {
        let whole = try Executable.replay(["-q", folder.write("whole.pcap", Self.capture.pcap()), "-o", "-"]).output
        for bytes in [Self.capture.pcap(), Self.capture.pcapng()] {
            let replay = try replay(bytes, options)
            replay.signal(signal)
            let end = try replay.wait(keepsInput: true)
            #expect(end.status == 1)
            #expect(end.signal == 0)
            #expect(end.output.contains("interrupted: the tape ends here"))
            #expect(end.errors == "replay: standard input: interrupted, after packet 8; what precedes it was read\n")
            #expect(folder.text("e.jsonl") == whole)
            #expect(folder.text("m.yaml")?.contains("services:\n  - name:") == true)
        }
    }

    @Test func `in the middle of a packet keeps those before it`() throws {
        let replay = try replay(Array(Self.capture.pcap().dropLast(3)), ["-q"])
        replay.signal(SIGINT)
        let end = try replay.wait(keepsInput: true)
        #expect(end.status == 1)
        #expect(end.errors == "replay: standard input: interrupted, after packet 7; what precedes it was read\n")
        #expect(folder.text("e.jsonl")?.isEmpty == false)
    }

    @Test func `before the first byte leaves outputs without events`() throws {
        let replay = try replay([], ["--json"])
        _ = try eventually("replay listens") { replay.catches(SIGINT) ? true : nil }
        replay.signal(SIGINT)
        let end = try replay.wait(keepsInput: true)
        #expect(end.status == 1)
        // It may not have come as far as to its input.
        #expect(end.errors.hasPrefix("replay: ") && end.errors.contains("interrupted"))
        #expect(folder.text("e.jsonl") == "")
    }

    /// As Ctrl-C does with `tcpdump -w - | replay -`.
    @Test func `reads what a writer still writes on the same signal, and then nothing is lost`() throws {
        let bytes = Self.capture.pcap()
        let replay = try replay(Array(bytes.prefix(100)))
        // Stopped, it finds the signal and the rest together.
        replay.signal(SIGSTOP)
        replay.signal(SIGINT)
        try replay.write(Array(bytes.dropFirst(100)))
        replay.endInput()
        replay.signal(SIGCONT)
        let end = try replay.wait()
        #expect(end.status == 0)
        #expect(end.errors == "")
        #expect(!end.output.contains("interrupted"))
        #expect(folder.text("e.jsonl")?.split(separator: "\n").count == 2)
    }

    @Test(arguments: [(SIGINT, SIGINT), (SIGINT, SIGTERM), (SIGTERM, SIGINT)])
    func `ends at once by a second signal, whichever`(_ first: Int32, _ second: Int32) throws {
        // It hangs in opening a named pipe that nobody writes to.
        _ = try Executable.run("/usr/bin/mkfifo", [path("silent")])
        let replay = try Child(Executable.replay, [path("silent"), "-o", path("e.jsonl")])
        _ = try eventually("replay listens") { replay.catches(first) ? true : nil }
        replay.signal(first)
        _ = try eventually("the first signal") { replay.catches(second) ? nil : true }
        replay.signal(second)
        let end = try replay.wait()
        #expect(end.signal == second)
        #expect(folder.names == ["silent"], "half an output")
    }

    @Test func `leaves the goldens of a check alone`() throws {
        _ = try Executable.run("/bin/mkdir", ["-p", path("fixture")])
        _ = try Executable.run("/usr/bin/mkfifo", [path("fixture/input.pcap")])
        folder.write("fixture/events.jsonl", Array("old\n".utf8))
        let check = try Child(Executable.replay, ["check", "--update", path("fixture")])
        let writer = try #require(FileHandle(forWritingAtPath: path("fixture/input.pcap")))
        try writer.write(contentsOf: Self.capture.pcap())
        _ = try eventually("check reads") { unreadBytes(writer.fileDescriptor) == 0 ? true : nil }
        check.signal(SIGINT)
        let end = try check.wait()
        #expect(end.status == 1)
        #expect(end.output.contains("interrupted"))
        #expect(folder.text("fixture/events.jsonl") == "old\n")
        withExtendedLifetime(writer) {}
    }
}

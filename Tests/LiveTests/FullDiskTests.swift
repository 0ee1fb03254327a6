import Foundation
import TestSupport
import Testing
import Yams

extension Live {
    /// A disk that fills while the capture runs.
    @Suite struct `A full disk` {
        /// A file system with room for so many bytes, as long as it is held.
        final class SmallDisk {
            let path: String

            init(_ folder: TemporaryFolder, bytes: Int) throws {
                path = folder.path + "/small"
                guard mkdir(path, 0o700) == 0, mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
                    throw Failed("tmpfs of \(bytes) bytes: \(String(cString: strerror(errno)))")
                }
            }

            deinit { umount2(path, Int32(MNT_DETACH)) }
        }

        @Test func `is said once an output, keeps the last whole map, and a tape that can be replayed`() throws {
            let run = try LiveRun()
            let disk = try SmallDisk(run.folder, bytes: 64 << 10)
            let files = ["output", "env-output", "service-map", "record"].map { ("--" + $0, "\(disk.path)/\($0)") }
            try run.start(files.flatMap { [$0.0, $0.1] })
            try run.waitUntilWatching()
            try run.exercise("write-read", environment: ["ADI_PROFILE_NAME": "before"])
            let map = try eventually("a service map") {
                try? String(contentsOfFile: disk.path + "/service-map", encoding: .utf8)
            }
            try run.exercise("write-read", client: ["--exchanges", "500"])
            let outcome = try run.stop()
            #expect(outcome.status == 1)
            #expect(outcome.output.contains("\"unwritten\": {"), "\(outcome.output)")
            #expect(outcome.summary.messages.requests == 501, "what is written nowhere is counted all the same")
            for (option, path) in files where option != "--env-output" {
                let complaints = outcome.errors.split(separator: "\n").filter {
                    $0.contains(path) && !$0.contains("will hold the secrets of TLS sessions")
                }
                #expect(complaints.count == 1, "\(option): \(outcome.errors)")
                #expect(complaints.allSatisfy { $0.contains("No space left") }, "\(complaints)")
            }
            let lines = try String(contentsOfFile: disk.path + "/output", encoding: .utf8)
            #expect(lines.hasSuffix("\n"), "no part of a line")
            let kept = try String(contentsOfFile: disk.path + "/service-map", encoding: .utf8)
            #expect(kept == map, "the last map that was whole")
            #expect(try Yams.load(yaml: kept) != nil)
            let again = run.path("again.jsonl")
            let replay = try Child(Programs.replay, [disk.path + "/record", "-q", "--output", again]).wait()
            #expect(replay.signal == 0 && replay.status < 2, "\(replay.errors)")
            let replayed = run.folder.text("again.jsonl") ?? ""
            let logged = try String(contentsOfFile: disk.path + "/output", encoding: .utf8)
            let shorter = Swift.min(replayed.utf8.count, logged.utf8.count)
            #expect(shorter > 1000 && replayed.utf8.prefix(shorter).elementsEqual(logged.utf8.prefix(shorter)))
        }
    }
}

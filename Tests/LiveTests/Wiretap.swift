import Foundation
import TestSupport
import Testing

/// tcpdump on the loopback interface.
final class Wiretap {
    private let path: String
    private let tcpdump: Child
    /// Where nobody listens: what is sent there marks the capture's end.
    private static let discard = 9

    init(_ path: String, filter: String = "tcp") throws {
        self.path = path
        tcpdump = try Child(
            try Programs.find("tcpdump", package: "tcpdump"),
            ["-i", "lo", "-U", "-B", "131072", "-w", path, "(\(filter)) or udp dst port \(Self.discard)"])
        guard tcpdump.errors.line(where: { $0.contains("listening on") }) != nil else {
            throw Failed("tcpdump: \(tcpdump.errors.text)")
        }
    }

    /// Ends it when it has written all that was sent until now.
    func stop() throws {
        let mark = "end of \(path)"
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        var place = try file.seekToEnd()
        try Child("/bin/bash", ["-c", "printf '\(mark)' >/dev/udp/127.0.0.1/\(Self.discard)"]).succeed()
        _ = try eventually("the last packet in \(path)") {
            try file.seek(toOffset: place)
            let more = try file.readToEnd() ?? Data()
            // The mark may be half written.
            place += UInt64(max(more.count - mark.utf8.count, 0))
            return more.range(of: Data(mark.utf8))
        }
        tcpdump.signal(SIGINT)
        let captured = try tcpdump.wait()
        let dropped = captured.errors.split(separator: "\n").first { $0.hasSuffix("dropped by kernel") }
        #expect(dropped == "0 packets dropped by kernel", "\(captured.errors)")
    }
}

import Foundation
import Glibc
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

    /// The kernel hands its buffer over a block at a time, or after a second: these fill one.
    private static let filling = [UInt8](repeating: 0, count: 60_000)

    /// Sends datagrams to nobody, by a socket that is not connected: their refusal is not its error.
    private static func send(_ datagrams: [[UInt8]]) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failed("socket: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(discard).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        for datagram in datagrams {
            let count = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, datagram, datagram.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard count == datagram.count else { throw Failed("sendto: \(String(cString: strerror(errno)))") }
        }
    }

    /// Ends it when it has written all that was sent until now.
    func stop() throws {
        let mark = "end of \(path)"
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        var place = try file.seekToEnd()
        try Self.send([Array(mark.utf8)] + [[UInt8]](repeating: Self.filling, count: 20))
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

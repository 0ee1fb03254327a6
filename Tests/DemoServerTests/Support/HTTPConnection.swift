import Foundation
import TestSupport

/// A connection to a server under test, by a socket of its own.
final class HTTPConnection {
    struct Response {
        var status: Int
        var headers: [String: String]
        var body: String

        /// The body, if it is a JSON object.
        var json: NSDictionary? { try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? NSDictionary }
    }

    private let descriptor: Int32
    private var received: [UInt8] = []

    init(_ port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: Int(Conditions.patience), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw Failed("port \(port): \(reason)")
        }
    }

    deinit { close(descriptor) }

    func exchange(_ method: String, _ path: String, body: String? = nil, fields: String = "") throws -> Response {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        try send("\(method) \(path) HTTP/1.1\r\nHost: test\r\n\(fields)\(length)\r\n\(body ?? "")")
        return try response(hasBody: method != "HEAD")
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            // A server may refuse a request before it has all of it; what it says is what counts.
            guard count > 0 else { return }
            sent += count
        }
    }

    /// The next response, by its Content-Length.
    func response(hasBody: Bool = true) throws -> Response {
        let end = Array("\r\n\r\n".utf8)
        while received.firstRange(of: end) == nil { try receive() }
        guard let range = received.firstRange(of: end) else { throw Failed("no response") }
        let lines = String(decoding: received[..<range.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let length = hasBody ? Int(headers["content-length"] ?? "") ?? 0 : 0
        while received.count < range.upperBound + length { try receive() }
        let body = String(decoding: received[range.upperBound..<range.upperBound + length], as: UTF8.self)
        received.removeFirst(range.upperBound + length)
        let words = lines[0].split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { throw Failed("no response: \(lines[0])") }
        return Response(status: status, headers: headers, body: body)
    }

    /// Whether the server has closed, when all that it sent is read.
    func isClosed() -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 0
    }

    private func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw Failed("the server closed in mid-response, or did not answer") }
        received += buffer[..<count]
    }
}

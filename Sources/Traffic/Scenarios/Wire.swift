import Console

/// A socket, and the HTTP messages that are read from it.
///
/// Knows only what scenarios say, and nothing of the parsers that are tested with it.
struct Wire: ~Copyable {
    var socket: Socket
    private var buffer: [UInt8] = []
    private var taken = 0

    init(_ socket: consuming Socket) { self.socket = socket }

    mutating func send(_ message: Message) throws(Failure) { try socket.send(message.bytes) }

    // MARK: Messages

    /// - Returns: `nil` where the stream has ended.
    mutating func request() throws(Failure) -> Received? {
        guard var request = try head() else { return nil }
        try readBody(of: &request, isUntilClose: false)
        return request
    }

    /// The final response; interim ones are passed over.
    /// - Parameter method: the request's.
    mutating func response(to method: String) throws(Failure) -> Received {
        guard var response = try head() else { throw Failure("the stream has ended where a response should begin") }
        if response.status / 100 == 1 { return try self.response(to: method) }
        guard method != "HEAD", ![204, 304].contains(response.status) else { return response }
        try readBody(of: &response, isUntilClose: true)
        return response
    }

    /// - Returns: a message without its body; `nil` where the stream has ended.
    mutating func head() throws(Failure) -> Received? {
        while true {
            if let end = buffer[taken...].firstRange(of: Array("\r\n\r\n".utf8))?.upperBound {
                let lines = String(decoding: take(end - taken), as: UTF8.self).split(separator: "\r\n")
                let start = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
                guard start.count == 3 else { throw Failure("\(lines[0]) is no start line") }
                return Received(
                    startLine: start.map(String.init), fields: Self.fields(lines.dropFirst()),
                    wireBytes: lines.reduce(2) { $0 + $1.utf8.count + 2 })
            }
            guard try fill() else {
                guard taken == buffer.count else { throw Failure("the stream has ended within a head") }
                return nil
            }
        }
    }

    private static func fields(_ lines: some Sequence<Substring>) -> [String: String] {
        let pairs = lines.map { line in
            let parts = line.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].lowercased(), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { $0 + ", " + $1 }
    }

    private mutating func readBody(of message: inout Received, isUntilClose: Bool) throws(Failure) {
        if message.fields["transfer-encoding"] == "chunked" {
            try readChunks(of: &message)
        } else if let length = message.fields["content-length"] {
            message.body = try bytes(Int(length) ?? 0)
            message.wireBytes += message.body.count
        } else if isUntilClose {
            while try fill() {}
            message.body = take(buffer.count - taken)
            message.wireBytes += message.body.count
        }
    }

    private mutating func readChunks(of message: inout Received) throws(Failure) {
        while true {
            let line = try line()
            message.wireBytes += line.utf8.count + 2
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else {
                throw Failure("\(line) is no chunk size")
            }
            guard size > 0 else { break }
            message.body += try bytes(size)
            guard try self.line().isEmpty else { throw Failure("a chunk does not end where it should") }
            message.wireBytes += size + 2
        }
        var isEnd = false
        while !isEnd {
            let trailer = try line()
            message.wireBytes += trailer.utf8.count + 2
            isEnd = trailer.isEmpty
        }
    }

    // MARK: Bytes

    /// The next line, without its CRLF.
    mutating func line() throws(Failure) -> String {
        while true {
            if let end = buffer[taken...].firstIndex(of: UInt8(ascii: "\n")) {
                return String(decoding: take(end + 1 - taken).dropLast(2), as: UTF8.self)
            }
            guard try fill() else { throw Failure("the stream has ended within a line") }
        }
    }

    mutating func bytes(_ count: Int) throws(Failure) -> [UInt8] {
        while buffer.count - taken < count {
            guard try fill() else { throw Failure("the stream has ended, \(count - buffer.count + taken) bytes early") }
        }
        return take(count)
    }

    /// Everything until the other side ends its stream.
    mutating func rest() throws(Failure) -> [UInt8] {
        while try fill() {}
        return take(buffer.count - taken)
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer {
            taken += count
            if taken == buffer.count {
                buffer.removeAll(keepingCapacity: true)
                taken = 0
            }
        }
        return Array(buffer[taken..<taken + count])
    }

    /// - Returns: `false` where the stream has ended.
    private mutating func fill() throws(Failure) -> Bool { try socket.receive(atMost: 64 << 10, into: &buffer) > 0 }

    // MARK: Ending

    /// Closes after the other side, so that both ends are done when this returns.
    mutating func closeLast() throws(Failure) -> Manifest.End {
        let end = try socket.awaitEnd()
        socket.close()
        return end
    }
}

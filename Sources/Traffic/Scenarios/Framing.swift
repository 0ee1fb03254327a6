import Console

/// Where messages end, where that is hard to know.
enum Framing {
    static let all = [
        Scenario(
            name: "head-and-304", summary: "HEAD, 304 and 204: a Content-Length, and no body", play: playBodiless,
            serve: serveBodiless),
        Scenario(
            name: "chunked-trailers", summary: "chunks with extensions, and trailers, in both directions",
            play: playChunks, serve: serveChunks),
        Scenario(
            name: "continue-100", summary: "Expect: 100-continue, granted and refused", play: playContinue,
            serve: serveContinue),
        Scenario(
            name: "half-closed", summary: "one side ends its stream long before the other", play: playHalfClosed,
            serve: serveHalfClosed),
    ]

    // MARK: No body (RFC 9112, section 6.3)

    private static func playBodiless(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for number in 0..<3 {
            try call.exchange(.request("HEAD", "/text/500/\(number)"), [])
            try call.exchange(.request("GET", "/not-modified", ["If-None-Match": "\"\(number)\""]), [], status: 304)
            try call.exchange(.request("DELETE", "/nothing"), [], status: 204)
            try call.exchange(.request("HEAD", "/chunked"), [])
            try call.exchange(.request("GET", "/text/500/\(number)"), stage.content.text(500, number))
        }
        try call.hangUp()
    }

    private static func serveBodiless(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        while let request = try wire.request() {
            switch request.target {
            case "/not-modified": try wire.send(.response(304, ["ETag": "\"1\"", "Content-Length": "500"]))
            case "/nothing": try wire.send(.response(204))
            case "/chunked": try wire.send(.response(200, ["Transfer-Encoding": "chunked"]))
            default: try wire.send(stage.answer(to: request))
            }
        }
    }

    // MARK: Chunks (RFC 9112, section 7.1)

    private static func playChunks(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for (number, size) in [5000, 0, 1, 70_000].enumerated() {
            let content = stage.content.text(size, number)
            try call.exchange(chunked(.request("POST", "/echo"), content))
        }
        try call.hangUp()
    }

    private static func serveChunks(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        while let request = try wire.request() {
            let response = chunked(.response(200, ["Trailer": "X-Sum"]), request.body).bytes
            // Cut where it hurts: within sizes, line ends and trailers.
            for start in stride(from: 0, to: response.count, by: 997) {
                try wire.socket.send(Array(response[start..<min(start + 997, response.count)]))
            }
        }
    }

    static func chunked(_ message: Message, _ content: [UInt8]) -> Message {
        var body: [UInt8] = []
        var start = 0
        var size = 1
        while start < content.count {
            let end = min(start + size, content.count)
            body += "\(String(end - start, radix: 16));place=\(start);note=\"a quoted\"\r\n".utf8
            body += content[start..<end] + Array("\r\n".utf8)
            start = end
            size = size * 3 + 1
        }
        // A trailer that a search for the next start line would stop at.
        body += "0;last\r\nX-Sum: \(content.count)\r\nX-Line: GET / HTTP/1.1\r\n\r\n".utf8
        return message.coded(content, as: body, ["Transfer-Encoding": "chunked"])
    }

    // MARK: 100-continue (RFC 9110, section 10.1.1)

    private static func playContinue(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for number in 0..<3 {
            let request = Message.request("POST", "/echo", ["Expect": "100-continue"]).sized(
                stage.content.text(2000, number))
            try call.wire.socket.send(request.head)
            guard try call.wire.head()?.status == 100 else { throw Failure("the server did not say 100") }
            try call.wire.socket.send(request.body)
            try call.complete(request)
        }
        let refused = Message.request("POST", "/refused", ["Expect": "100-continue"]).sized(stage.content.text(2000, 3))
        try call.wire.socket.send(refused.head)
        let response = try call.wire.response(to: refused.method)
        call.tell(refused, sent: (refused.head.count, []), response, response.body)
        // A body that was announced and is not sent leaves no other way than to close.
        try call.hangUp()
    }

    private static func serveContinue(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        while let head = try wire.head() {
            if head.target == "/refused" {
                try wire.send(Message.response(417, ["Connection": "close"]).sized(Array("no\n".utf8)))
                _ = try wire.rest()
                return
            }
            try wire.send(.response(100))
            let body = try wire.bytes(2000)
            try wire.send(Message.response(200).sized(body))
        }
    }

    // MARK: Half-closed connections

    /// The first connection's client ends its stream with the request; the second's server ends its stream with the response,
    /// which comes while the request is on its way.
    private static func playHalfClosed(_ stage: Stage) throws(Failure) {
        let first = try stage.call()
        let get = Message.request("GET", "/text/40000/0")
        try first.wire.send(get)
        try first.wire.socket.shutDown()
        try first.complete(get, stage.content.text(40_000, 0))
        first.tell(try first.wire.closeLast())

        let second = try stage.call()
        let post = Message.request("POST", "/echo").sized(stage.content.text(40_000, 1))
        try second.wire.socket.send(Array(post.bytes.prefix(20_000)))
        let response = try second.wire.response(to: post.method)
        guard try second.wire.socket.awaitEnd() == .orderly else { throw Failure("the server did not end its stream") }
        try second.wire.socket.send(Array(post.bytes.dropFirst(20_000)))
        second.tell(post, response, response.body)
        second.close()
    }

    private static func serveHalfClosed(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        guard let request = try wire.head() else { return }
        if request.method == "GET" {
            _ = try wire.rest()
            // No length: the body ends where the stream does.
            let text = stage.content.text(40_000, 0)
            try wire.send(Message.response(200).coded(text, as: text, ["Content-Type": "text/plain"]))
        } else {
            try wire.send(Message.response(413, ["Connection": "close"]).sized(Array("too large\n".utf8)))
            try wire.socket.shutDown()
            _ = try wire.rest()
        }
    }
}

import CCodecs
import Console

/// What bodies are like.
enum Bodies {
    static let all = [
        Scenario(name: "bulk-20mb", summary: "20 MB up, and 20 MB down", play: playBulk),
        Scenario(
            name: "large-write", summary: "2 MB by one write: more than the profiler captures of a call",
            play: playLargeWrite, serve: serveLargeWrite),
        Scenario(
            name: "gzip", summary: "gzip and deflate, with a length and in chunks, of several members and of nothing",
            play: playGzip, serve: serveGzip),
        Scenario(
            name: "unicode-binary",
            summary: "targets, fields and bodies beyond ASCII, and bodies that look like messages",
            play: playBytes),
    ]

    // MARK: Large ones

    private static let bulk = 20_000_000

    private static func playBulk(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        // What comes back is small: one direction at a time.
        try call.exchange(Message.request("POST", "/sink").sized(stage.content.binary(bulk, 0)), [])
        try call.exchange(.request("GET", "/text/\(bulk)/1"), stage.content.text(bulk, 1))
        try call.hangUp()
    }

    private static func playLargeWrite(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for number in 0..<3 {
            let request = Message.request("POST", "/echo").sized(stage.content.text(bulk / 10, number))
            try call.wire.socket.send(request.bytes, atOnce: request.bytes.count)
            try call.complete(request)
        }
        try call.hangUp()
    }

    private static func serveLargeWrite(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        while let request = try wire.request() {
            let response = stage.answer(to: request).bytes
            try wire.socket.send(response, atOnce: response.count)
        }
    }

    // MARK: Compressed ones

    private static func playGzip(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for (number, size) in [300, 50_000, 0, 1].enumerated() {
            let content = repetitive(stage.content.text(size, number))
            for coding in Coding.allCases {
                let body = coding.compress(content)
                let request = Message.request("POST", "/\(coding)").coded(
                    content, as: body, ["Content-Encoding": coding.name, "Content-Length": "\(body.count)"])
                try call.wire.send(request)
                let response = try call.wire.response(to: request.method)
                try call.check(response, to: request, body)
                call.tell(request, response, content)
            }
        }
        try call.hangUp()
    }

    /// Gives back the body as it came, with a length or in chunks.
    private static func serveGzip(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        while let request = try wire.request() {
            let coding = request.fields["content-encoding"] ?? ""
            let response = Message.response(200, ["Content-Encoding": coding])
            if request.target == "/\(Coding.gzip)" {
                try wire.send(response.sized(request.body))
            } else {
                try wire.send(Framing.chunked(response, request.body))
            }
        }
    }

    /// Text that can be made smaller, in place of text that can't.
    private static func repetitive(_ text: [UInt8]) -> [UInt8] { text + text.prefix(1000) + text }

    enum Coding: CaseIterable {
        case gzip
        /// A body of two members (RFC 1952, section 2.2).
        case members
        case deflate

        var name: String { self == .deflate ? "deflate" : "gzip" }

        func compress(_ content: [UInt8]) -> [UInt8] {
            switch self {
            case .gzip: Self.compress(content, windowBits: 31)
            case .members:
                Self.compress(Array(content.prefix(100)), windowBits: 31)
                    + Self.compress(Array(content.dropFirst(100)), windowBits: 31)
            case .deflate: Self.compress(content, windowBits: 15)
            }
        }

        /// - Parameter windowBits: 15 for the zlib form, 31 for gzip's (zlib.h, deflateInit2).
        private static func compress(_ content: [UInt8], windowBits: Int32) -> [UInt8] {
            var stream = z_stream()
            deflateInit2_(
                &stream, Z_BEST_COMPRESSION, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size))
            defer { deflateEnd(&stream) }
            var content = content
            var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(content.count))))
            let count = content.withUnsafeMutableBufferPointer { input in
                output.withUnsafeMutableBufferPointer { output in
                    stream.next_in = input.baseAddress
                    stream.avail_in = UInt32(input.count)
                    stream.next_out = output.baseAddress
                    stream.avail_out = UInt32(output.count)
                    CCodecs.deflate(&stream, Z_FINISH)
                    return Int(stream.total_out)
                }
            }
            return Array(output.prefix(count))
        }
    }

    // MARK: Beyond ASCII

    private static func playBytes(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        let json = Array(#"{"grüße":"日本語 🎌","e\u0301":"é","null":"\u0000","nested":[{"ключ":"значение"}]}"#.utf8)
        let everyByte = (0...255).map { UInt8($0) }
        let lookalike = Array("\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nGET / HTTP/1.1\r\n\r\n".utf8)
        let bodies = [
            (json, "application/json; charset=utf-8"), (everyByte, "application/octet-stream"),
            (lookalike, "text/plain"), (stage.content.binary(100_000, 2), "application/octet-stream"),
            ([0xEF, 0xBB, 0xBF] + json, "application/json"), ([0xC3], "text/plain"), ([0], "text/plain"),
        ]
        for target in ["/echo/%E6%97%A5?q=%F0%9F%8E%8C", "/echo/grüße?q=日本"] {
            for (content, type) in bodies {
                let request = Message.request("POST", target, ["X-Name": "Zoë 日本"]).sized(content, type)
                // Characters of several bytes are cut in two.
                let bytes = request.bytes
                for piece in [bytes.prefix(bytes.count - content.count / 2), bytes.suffix(content.count / 2)] {
                    try call.wire.socket.send(Array(piece))
                }
                try call.complete(request)
            }
        }
        try call.hangUp()
    }
}

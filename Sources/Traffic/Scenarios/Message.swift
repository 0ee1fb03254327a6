/// An HTTP message as one side of a scenario sends it.
struct Message: Sendable {
    enum StartLine: Sendable {
        case request(method: String, target: String)
        case response(status: Int)
    }

    struct Field: Sendable {
        var name: String
        var value: String
    }

    var startLine: StartLine
    var fields: [Field] = []
    /// The body with all codings undone.
    var content: [UInt8] = []
    /// The body as it is sent.
    private(set) var body: [UInt8] = []

    // MARK: Making one

    static func request(_ method: String, _ target: String, _ fields: KeyValuePairs<String, String> = [:]) -> Message {
        Message(startLine: .request(method: method, target: target)).with(["Host": "scenario"]).with(fields)
    }

    static func response(_ status: Int, _ fields: KeyValuePairs<String, String> = [:]) -> Message {
        Message(startLine: .response(status: status)).with(fields)
    }

    func with(_ fields: KeyValuePairs<String, String>) -> Message {
        var message = self
        message.fields += fields.map { Field(name: $0.key, value: $0.value) }
        return message
    }

    /// With a body whose length is said.
    func sized(_ content: [UInt8], _ type: String = "text/plain") -> Message {
        coded(content, as: content, ["Content-Type": type, "Content-Length": "\(content.count)"])
    }

    /// With a body in a coding that the fields name.
    func coded(_ content: [UInt8], as body: [UInt8], _ fields: KeyValuePairs<String, String>) -> Message {
        var message = with(fields)
        message.content = content
        message.body = body
        return message
    }

    /// The same head, and nothing behind it.
    var bodiless: Message {
        var message = self
        (message.content, message.body) = ([], [])
        return message
    }

    // MARK: The start line

    /// A request's; empty for a response.
    var method: String { if case .request(let method, _) = startLine { method } else { "" } }
    var target: String { if case .request(_, let target) = startLine { target } else { "" } }
    /// The method and the target, for messages.
    var name: String { "\(method) \(target)" }

    // MARK: The wire

    var head: [UInt8] {
        let first =
            switch startLine {
            case .request(let method, let target): "\(method) \(target) HTTP/1.1"
            case .response(let status): "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Unnamed")"
            }
        return Array(([first] + fields.map { "\($0.name): \($0.value)" } + ["", ""]).joined(separator: "\r\n").utf8)
    }

    var bytes: [UInt8] { head + body }

    private static let reasons = [
        100: "Continue", 200: "OK", 204: "No Content", 304: "Not Modified", 404: "Not Found",
        413: "Content Too Large", 417: "Expectation Failed",
    ]
}

/// An HTTP message as the other side of a scenario got it.
struct Received {
    /// The three parts of the start line.
    var startLine: [String]
    /// By name in lower case.
    var fields: [String: String]
    /// After transfer decoding.
    var body: [UInt8] = []
    /// Bytes on the wire, of head and framing, too.
    var wireBytes: Int

    var method: String { startLine[0] }
    var target: String { startLine[1] }
    var status: Int { Int(startLine[1]) ?? 0 }
}

import Console
import Shared

/// gRPC (grpc/grpc: PROTOCOL-HTTP2.md): calls of all four kinds on one connection, of which one goes on while the others come
/// and go.
enum RemoteCalls {
    static let all = [
        Scenario(
            name: "grpc",
            summary: "gRPC: calls of all four kinds, errors, a deadline, messages that frames cut and join",
            play: play, serve: serve)
    ]

    // MARK: What is asked

    /// Codes that a call may end with (grpc/grpc: statuscodes.md).
    private enum Code: Int {
        case ok = 0
        case deadlineExceeded = 4
        case notFound = 5
        case resourceExhausted = 8

        var name: String {
            switch self {
            case .ok: "OK"
            case .deadlineExceeded: "DEADLINE_EXCEEDED"
            case .notFound: "NOT_FOUND"
            case .resourceExhausted: "RESOURCE_EXHAUSTED"
            }
        }
    }

    private enum Ending {
        case code(Code)
        /// The client wants no more after the first message.
        case cancelled
    }

    /// A call as both sides know it.
    private struct Plan {
        var method: String
        /// Bytes of what each message says, of the client's and of the server's.
        var asked: [Int]
        var answered: [Int]
        /// Bytes of a DATA frame: fewer than a message has cut it, more join it with the next.
        var frame = 16 << 10
        var isPressed = false
        /// How long the client waits (grpc-timeout).
        var timeout: String?
        var ending = Ending.code(.ok)

        var path: String { "/tapedeck.scenario.Store/\(method)" }
    }

    /// All within the windows that a connection and its streams begin with (65,535 bytes: RFC 9113, section 6.9.2).
    private static let plans = [
        Plan(method: "Quote", asked: [20], answered: [300]),
        Plan(method: "Watch", asked: [0], answered: (0..<20).map { 190 + 10 * $0 }, frame: 1000),
        Plan(method: "Upload", asked: [12_000] + (0..<12).map { 37 * $0 }, answered: [10], frame: 4096),
        Plan(method: "Archive", asked: [3000, 1], answered: [0, 4000], frame: 500, isPressed: true),
        // No message: the head of the answer is its end.
        Plan(method: "Find", asked: [9], answered: [], ending: .code(.notFound)),
        Plan(method: "Wait", asked: [9], answered: [], timeout: "1n", ending: .code(.deadlineExceeded)),
        Plan(
            method: "Export", asked: [9], answered: [500, 500, 500], timeout: "30S", ending: .code(.resourceExhausted)),
        Plan(method: "Follow", asked: [9], answered: [200], ending: .cancelled),
    ]

    /// A message each before each of the others, and its answer.
    private static let chat = Plan(
        method: "Chat", asked: plans.indices.map { 30 + $0 }, answered: plans.indices.map { 60 + $0 })
    private static let chatStream: UInt32 = 1

    private static func stream(_ place: Int) -> UInt32 { chatStream + 2 * UInt32(place + 1) }

    // MARK: Messages

    /// A message with a text as its first field (PROTOCOL-HTTP2.md: Length-Prefixed-Message).
    private static func message(_ size: Int, _ number: Int, isPressed: Bool, _ content: SeededContent) -> [UInt8] {
        let body = size == 0 ? [] : [0x0A] + variable(size) + content.text(size, number)
        let sent = isPressed ? Bodies.Coding.gzip.compress(body) : body
        return [isPressed ? 1 : 0] + HTTP2Wire.number(UInt32(sent.count)) + sent
    }

    /// A number of protobuf: seven bits a byte, the lowest first.
    private static func variable(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + variable(value >> 7)
    }

    /// What a side says in a call; of a call that may press its messages, each other one is.
    private static func messages(_ sizes: [Int], _ plan: Plan, _ side: Int, _ content: SeededContent) -> [UInt8] {
        sizes.indices.flatMap {
            message(sizes[$0], 2 * $0 + side, isPressed: plan.isPressed && $0 % 2 == 0, content)
        }
    }

    private static func data(_ bytes: [UInt8], _ stream: UInt32, _ plan: Plan, isLast: Bool) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: plan.frame).flatMap { start in
            let end = min(start + plan.frame, bytes.count)
            return HTTP2Wire.frame(
                .data, isLast && end == bytes.count ? HTTP2Wire.endStream : 0, stream, Array(bytes[start..<end]))
        }
    }

    private static func head(_ fields: [HeaderTable.Field], _ stream: UInt32, isLast: Bool = false) -> [UInt8] {
        var table = HeaderTable()
        return HTTP2Wire.head(table.block(fields), stream, flags: isLast ? HTTP2Wire.endStream : 0)
    }

    // MARK: Client

    /// What has come on a stream.
    private struct Answer {
        var bytes = 0
        var body: [UInt8] = []
        /// Of the head and of the trailers.
        var fields: [String: String] = [:]

        mutating func add(_ frame: HTTP2Wire.Frame) throws(Failure) {
            bytes += frame.count
            guard frame.kind == .headers else {
                body += frame.payload
                return
            }
            var table = HeaderTable()
            fields.merge(try table.fields(frame.payload)) { $1 }
        }
    }

    private static func play(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        var asked = request(chat, chatStream)
        var answer = Answer()
        try call.wire.socket.send(HTTP2Wire.preface + HTTP2Wire.settings() + asked)
        for (place, plan) in plans.enumerated() {
            let said = message(chat.asked[place], 2 * place, isPressed: false, stage.content)
            let frame = HTTP2Wire.frame(.data, 0, chatStream, said)
            asked += frame
            try call.wire.socket.send(frame)
            try hear(&call.wire, chatStream, &answer) { $0.kind == .data }
            try perform(plan, stream(place), call, stage)
        }
        let end = HTTP2Wire.frame(.data, HTTP2Wire.endStream, chatStream)
        try call.wire.socket.send(end)
        try hear(&call.wire, chatStream, &answer) { $0.flags & HTTP2Wire.endStream != 0 }
        try tell(chat, asked.count + end.count, answer, call, stage)
        try call.hangUp(.http2)
    }

    private static func request(_ plan: Plan, _ stream: UInt32) -> [UInt8] {
        var fields: [HeaderTable.Field] = [
            (":method", "POST"), (":scheme", "http"), (":path", plan.path), (":authority", "scenario"),
            ("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", "tapedeck-traffic"),
        ]
        if plan.isPressed { fields += [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")] }
        if let timeout = plan.timeout { fields.append(("grpc-timeout", timeout)) }
        return head(fields, stream)
    }

    private static func perform(_ plan: Plan, _ stream: UInt32, _ call: Call, _ stage: Stage) throws(Failure) {
        let asked =
            request(plan, stream) + data(messages(plan.asked, plan, 0, stage.content), stream, plan, isLast: true)
        try call.wire.socket.send(asked)
        var answer = Answer()
        switch plan.ending {
        case .code: try hear(&call.wire, stream, &answer) { $0.flags & HTTP2Wire.endStream != 0 }
        case .cancelled:
            try hear(&call.wire, stream, &answer) { $0.kind == .data }
            try call.wire.socket.send(HTTP2Wire.frame(.reset, 0, stream, HTTP2Wire.number(HTTP2Wire.cancel)))
        }
        try tell(plan, asked.count, answer, call, stage)
    }

    private static func hear(
        _ wire: inout Wire, _ stream: UInt32, _ answer: inout Answer, until isEnough: (HTTP2Wire.Frame) -> Bool
    ) throws(Failure) {
        while true {
            let frame = try HTTP2Wire.read(&wire)
            if frame.stream == 0 { continue }
            guard frame.stream == stream else { throw Failure("stream \(frame.stream) says what nobody has asked") }
            try answer.add(frame)
            if isEnough(frame) { return }
        }
    }

    private static func tell(
        _ plan: Plan, _ bytes: Int, _ answer: Answer, _ call: Call, _ stage: Stage
    ) throws(Failure) {
        let code: Code? = if case .code(let code) = plan.ending { code } else { nil }
        guard answer.fields[":status"] == "200", answer.fields["grpc-status"] == code.map({ "\($0.rawValue)" }),
            answer.body == messages(plan.answered, plan, 1, stage.content)
        else { throw Failure("the answer to \(plan.path) is not what it should be") }
        stage.tell(
            call.tuple,
            Manifest.Exchange(
                method: "POST", path: plan.path,
                request: Call.told(bytes, messages(plan.asked, plan, 0, stage.content)),
                response: (200, Call.told(answer.bytes, answer.body)),
                grpc: Manifest.GRPC(
                    requestMessages: plan.asked.count, responseMessages: plan.answered.count, status: code?.name)))
    }

    // MARK: Server

    private static func serve(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        try HTTP2Wire.expectPreface(&wire)
        try wire.socket.send(HTTP2Wire.settings())
        var (said, isOver) = (0, false)
        while !isOver {
            let frame = try HTTP2Wire.read(&wire)
            guard frame.kind == .data else { continue }
            let isLast = frame.flags & HTTP2Wire.endStream != 0
            if frame.stream != chatStream {
                if isLast { try wire.socket.send(response(Int(frame.stream - chatStream) / 2 - 1, stage.content)) }
            } else if isLast {
                try wire.socket.send(trailers(.ok, chatStream))
                isOver = true
            } else {
                let reply = message(chat.answered[said], 2 * said + 1, isPressed: false, stage.content)
                let start = said == 0 ? opening(chat, chatStream) : []
                try wire.socket.send(start + HTTP2Wire.frame(.data, 0, chatStream, reply))
                said += 1
            }
        }
        _ = try wire.rest()
    }

    private static func response(_ place: Int, _ content: SeededContent) -> [UInt8] {
        let (plan, stream) = (plans[place], stream(place))
        let body = messages(plan.answered, plan, 1, content)
        guard case .code(let code) = plan.ending else {
            return opening(plan, stream) + data(body, stream, plan, isLast: false)
        }
        if body.isEmpty { return head(Self.head(plan) + status(code), stream, isLast: true) }
        return opening(plan, stream) + data(body, stream, plan, isLast: false) + trailers(code, stream)
    }

    private static func head(_ plan: Plan) -> [HeaderTable.Field] {
        [(":status", "200"), ("content-type", "application/grpc")]
            + (plan.isPressed ? [("grpc-encoding", "gzip")] : [])
    }

    private static func opening(_ plan: Plan, _ stream: UInt32) -> [UInt8] { head(head(plan), stream) }

    private static func trailers(_ code: Code, _ stream: UInt32) -> [UInt8] { head(status(code), stream, isLast: true) }

    private static func status(_ code: Code) -> [HeaderTable.Field] {
        let reason: [HeaderTable.Field] = [("grpc-message", "100%25 in vain: gr%C3%BC%C3%9Fe")]
        return [("grpc-status", "\(code.rawValue)")] + (code == .ok ? [] : reason)
    }
}

import Console
import Digest
import Shared

/// WebSocket (RFC 6455): messages of every length's form, in fragments with control frames between them, echoed by the server.
enum WebSockets {
    static let all = [
        Scenario(
            name: "websocket",
            summary: "WebSockets: masks, lengths of three forms, fragments with pings between, closes",
            play: { stage throws(Failure) in try play(stage, isPressed: false) },
            serve: { wire, stage throws(Failure) in try serve(&wire, stage, isPressed: false) }),
        Scenario(
            name: "websocket-deflate",
            summary: "WebSockets: the same, compressed, in fragments and with what was said before in mind",
            play: { stage throws(Failure) in try play(stage, isPressed: true) },
            serve: { wire, stage throws(Failure) in try serve(&wire, stage, isPressed: true) }),
    ]

    private static let text: UInt8 = 1
    private static let binary: UInt8 = 2
    private static let close: UInt8 = 8
    private static let ping: UInt8 = 9
    private static let pong: UInt8 = 10

    /// What the client says on each connection: opcode, size, and into how many frames it is cut.
    private static let said: [(opcode: UInt8, size: Int, parts: Int)] = [
        (text, 5, 1), (text, 0, 1), (binary, 125, 1), (text, 126, 1), (binary, 65_535, 1), (text, 65_536, 1),
        (text, 900, 4),
        (binary, 200_000, 3),
    ]

    private static func frame(
        _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isPressed: Bool = false, mask: [UInt8]? = nil
    ) -> [UInt8] {
        let count = payload.count
        var bytes = [opcode | (isFinal ? 0x80 : 0) | (isPressed ? 0x40 : 0)]
        let bit: UInt8 = mask == nil ? 0 : 0x80
        if count < 126 {
            bytes.append(bit | UInt8(count))
        } else if count < 1 << 16 {
            bytes += [bit | 126, UInt8(count >> 8), UInt8(count & 0xFF)]
        } else {
            bytes.append(bit | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
        guard let mask else { return bytes + payload }
        return bytes + mask + payload.enumerated().map { $0.element ^ mask[$0.offset & 3] }
    }

    private static func play(_ stage: Stage, isPressed: Bool) throws(Failure) {
        for number in 0..<3 {
            let call = try stage.call()
            let deflate = isPressed ? try MessageDeflate() : nil
            try open(call, number, isPressed: isPressed)
            for (place, message) in said.enumerated() {
                let mask = stage.content.binary(4, number * 100 + place)
                let body =
                    message.opcode == text
                    ? stage.content.text(message.size, place) : stage.content.binary(message.size, place)
                try send(message.opcode, body, parts: message.parts, mask, deflate, on: call)
                stage.tell(call.tuple, from: "client", name(message.opcode), body)
                guard let (opcode, echo) = try receive(&call.wire, deflate), opcode == message.opcode, echo == body
                else {
                    throw Failure("the server did not echo a message")
                }
                stage.tell(call.tuple, from: "server", name(message.opcode), echo)
            }
            let code: [UInt8] = [0x0F, 0xA1] + Array("enough".utf8)
            try call.wire.socket.send(frame(close, code, mask: [1, 2, 3, 4]))
            stage.tell(call.tuple, from: "client", "close", Array(code.dropFirst(2)))
            guard let (opcode, answer) = try receive(&call.wire, deflate), opcode == close else {
                throw Failure("the server did not close")
            }
            stage.tell(call.tuple, from: "server", "close", Array(answer.dropFirst(2)))
            try call.hangUp()
        }
    }

    private static let offer: KeyValuePairs = ["Sec-WebSocket-Extensions": "permessage-deflate"]

    private static func open(_ call: Call, _ number: Int, isPressed: Bool) throws(Failure) {
        let request = Message.request(
            "GET", "/live/\(number)",
            [
                "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            ]
        ).with(isPressed ? offer : [:])
        try call.wire.send(request)
        guard let response = try call.wire.head(), response.status == 101 else {
            throw Failure("the server did not switch to WebSocket")
        }
        call.tell(request, response)
    }

    /// Between the parts there are pings, which the server answers when it has the message.
    private static func send(
        _ opcode: UInt8, _ body: [UInt8], parts: Int, _ mask: [UInt8], _ deflate: MessageDeflate?, on call: Call
    ) throws(Failure) {
        let body = deflate?.press(body) ?? body
        let size = body.count / parts
        for part in 0..<parts {
            let end = part == parts - 1 ? body.count : (part + 1) * size
            let piece = Array(body[part * size..<end])
            let isFirst = part == 0
            try write(
                frame(
                    isFirst ? opcode : 0, piece, isFinal: part == parts - 1, isPressed: isFirst && deflate != nil,
                    mask: mask),
                &call.wire)
            if part < parts - 1 { try call.wire.socket.send(frame(ping, [UInt8(part)], mask: mask)) }
        }
    }

    /// By calls that are not so large that a profiler keeps only a part of them.
    private static func write(_ bytes: [UInt8], _ wire: inout Wire) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try wire.socket.send(Array(rest.prefix(30_000)))
            rest = rest.dropFirst(30_000)
        }
    }

    private static func name(_ opcode: UInt8) -> String { opcode == text ? "text" : "binary" }

    /// The next message; pings and pongs are passed over.
    /// - Returns: `nil` where the stream has ended.
    private static func receive(
        _ wire: inout Wire, _ deflate: MessageDeflate?
    ) throws(Failure) -> (opcode: UInt8, body: [UInt8])? {
        var opcode: UInt8 = 0
        var isPressed = false
        var body: [UInt8] = []
        while true {
            let start = try wire.bytes(2)
            var length = Int(start[1] & 0x7F)
            if length == 126 {
                length = try wire.bytes(2).reduce(0) { $0 << 8 | Int($1) }
            } else if length == 127 {
                length = try wire.bytes(8).reduce(0) { $0 << 8 | Int($1) }
            }
            let mask = start[1] & 0x80 == 0 ? [0, 0, 0, 0] : try wire.bytes(4)
            let payload = try wire.bytes(length).enumerated().map { $0.element ^ mask[$0.offset & 3] }
            let own = start[0] & 0x0F
            if own == ping || own == pong { continue }
            if own != 0 { (opcode, isPressed) = (own, start[0] & 0x40 != 0) }
            body += payload
            if start[0] & 0x80 != 0 { return (opcode, isPressed ? deflate?.open(body) ?? [] : body) }
        }
    }

    private static func serve(_ wire: inout Wire, _ stage: Backstage, isPressed: Bool) throws(Failure) {
        let deflate = isPressed ? try MessageDeflate() : nil
        guard try wire.request() != nil else { throw Failure("no request came") }
        // RFC 6455, section 1.3, has the key and what answers it.
        try wire.send(
            .response(
                101,
                [
                    "Upgrade": "websocket", "Connection": "Upgrade",
                    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                ]
            ).with(isPressed ? offer : [:]))
        while let (opcode, body) = try receive(&wire, deflate) {
            try wire.socket.send(frame(pong, []))
            let pressed = opcode == close ? nil : deflate?.press(body)
            try write(frame(opcode, pressed ?? body, isPressed: pressed != nil), &wire)
            if opcode == close { break }
        }
        _ = try wire.rest()
    }
}

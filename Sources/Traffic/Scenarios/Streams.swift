import Console
import Digest
import Shared

/// HTTP/2 with prior knowledge (RFC 9113): streams that are open at once, heads in parts, padding, bodies whose frames lie between
/// each other.
enum Streams {
    static let all = [
        Scenario(
            name: "http2", summary: "HTTP/2: 32 streams at once, CONTINUATION, padding, bodies that interleave",
            play: play,
            serve: serve)
    ]

    private static let count = 32
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let data: UInt8 = 0
    private static let headers: UInt8 = 1
    private static let settings: UInt8 = 4
    private static let ping: UInt8 = 6
    private static let continuation: UInt8 = 9
    private static let endStream: UInt8 = 1
    private static let endHeaders: UInt8 = 4
    private static let padded: UInt8 = 8

    private struct Frame {
        var kind: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]
    }

    private static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        let head = [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), kind, flags]
        return head + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * UInt32($0))) } + payload
    }

    /// A field as a literal that no table keeps (RFC 7541, section 6.2.2); names and values are short.
    private static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }

    private static func fields(_ block: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        var at = 0
        while at + 1 < block.count {
            let name = Int(block[at + 1])
            let value = Int(block[at + 2 + name])
            let start = at + 3 + name
            fields[String(decoding: block[at + 2..<at + 2 + name], as: UTF8.self)] =
                String(decoding: block[start..<start + value], as: UTF8.self)
            at = start + value
        }
        return fields
    }

    private static func read(_ wire: inout Wire) throws(Failure) -> Frame {
        let head = try wire.bytes(9)
        let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
        return Frame(
            kind: head[3], flags: head[4], stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) },
            payload: try wire.bytes(length))
    }

    private static func body(_ number: Int, _ content: SeededContent) -> [UInt8] {
        number % 2 == 0 ? [] : content.text(500 + number * 97, number)
    }

    // MARK: Client

    private struct Asked {
        var path: String
        var bytes = 0
        var answered = 0
        var status = 0
        var answer: [UInt8] = []
    }

    private static func play(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        try call.wire.socket.send(preface + frame(settings, 0, 0, []))
        var asked: [Asked] = []
        for number in 0..<count {
            let isPost = number % 2 != 0
            let path = isPost ? "/echo/\(number)" : "/text/\(300 + number)/\(number)"
            let block =
                field(":method", isPost ? "POST" : "GET") + field(":scheme", "http") + field(":path", path)
                + field(":authority", "scenario")
            let first = frame(headers, isPost ? 0 : endStream, UInt32(2 * number + 1), Array(block[..<20]))
            let rest = frame(continuation, endHeaders, UInt32(2 * number + 1), Array(block[20...]))
            asked.append(Asked(path: path, bytes: first.count + rest.count))
            try call.wire.socket.send(first)
            try call.wire.socket.send(rest)
        }
        // A piece of each body after another; the last pieces in the order of the streams.
        for piece in 0..<3 {
            for number in stride(from: 1, to: count, by: 2) {
                let body = body(number, stage.content)
                let size = body.count / 3
                let part = Array(body[piece * size..<(piece == 2 ? body.count : (piece + 1) * size)])
                let frame = frame(
                    data, piece == 2 ? endStream | padded : padded, UInt32(2 * number + 1),
                    [UInt8(number)] + part + [UInt8](repeating: 0, count: number))
                asked[number].bytes += frame.count
                try call.wire.socket.send(frame)
            }
        }
        // Whoever has read it has read all.
        try call.wire.socket.send(frame(ping, 0, 0, Array("all told".utf8)))
        try receive(&asked, call)
        for number in 0..<count where number % 2 == 0 { try tell(asked[number], number, call, stage) }
        for number in 0..<count where number % 2 != 0 { try tell(asked[number], number, call, stage) }
        try call.hangUp(.http2)
    }

    private static func receive(_ asked: inout [Asked], _ call: Call) throws(Failure) {
        var left = count
        while left > 0 {
            let frame = try read(&call.wire)
            guard frame.stream > 0 else { continue }
            let number = Int(frame.stream / 2)
            asked[number].answered += 9 + frame.payload.count
            if frame.kind == headers {
                asked[number].status = Int(fields(frame.payload)[":status"] ?? "") ?? 0
            } else {
                asked[number].answer += frame.payload
            }
            if frame.flags & endStream != 0 { left -= 1 }
        }
    }

    private static func tell(_ asked: Asked, _ number: Int, _ call: Call, _ stage: Stage) throws(Failure) {
        let isPost = number % 2 != 0
        let body = body(number, stage.content)
        let expected = isPost ? body : stage.content.text(300 + number, number)
        guard asked.status == 200, asked.answer == expected else {
            throw Failure("the response on stream \(2 * number + 1) is not what it should be")
        }
        stage.tell(
            call.tuple,
            Manifest.Exchange(
                method: isPost ? "POST" : "GET", path: asked.path, request: Call.told(asked.bytes, body),
                response: (asked.status, Call.told(asked.answered, asked.answer))))
    }

    // MARK: Server

    private static func serve(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        guard try wire.bytes(preface.count) == preface else { throw Failure("no preface came") }
        try wire.socket.send(frame(settings, 0, 0, []))
        var paths: [UInt32: String] = [:]
        var blocks: [UInt32: [UInt8]] = [:]
        var bodies: [UInt32: [UInt8]] = [:]
        while true {
            let frame = try read(&wire)
            if frame.kind == ping { break }
            switch frame.kind {
            case headers, continuation:
                blocks[frame.stream, default: []] += frame.payload
                if frame.flags & endHeaders != 0 { paths[frame.stream] = fields(blocks[frame.stream] ?? [])[":path"] }
            case data:
                bodies[frame.stream, default: []] += frame.payload.dropFirst().dropLast(Int(frame.payload[0]))
            default: break
            }
        }
        // The heads from the last to the first, the bodies' pieces between each other, the ends in the order of the requests'.
        let streams = (0..<count).map { UInt32(2 * $0 + 1) }
        for stream in streams.reversed() {
            try wire.socket.send(frame(headers, endHeaders, stream, field(":status", "200")))
        }
        let answers = streams.map { stream -> [UInt8] in
            let words = (paths[stream] ?? "").split(separator: "/")
            guard words.first == "text" else { return bodies[stream] ?? [] }
            return stage.content.text(Int(words[1]) ?? 0, Int(words[2]) ?? 0)
        }
        for number in 0..<count {
            try wire.socket.send(frame(data, 0, streams[number], Array(answers[number][..<100])))
        }
        for number in (0..<count).filter({ $0 % 2 == 0 }) + (0..<count).filter({ $0 % 2 != 0 }) {
            try wire.socket.send(frame(data, endStream, streams[number], Array(answers[number][100...])))
        }
        _ = try wire.rest()
    }
}

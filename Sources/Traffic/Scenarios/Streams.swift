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
        try call.wire.socket.send(HTTP2Wire.preface + HTTP2Wire.settings())
        var asked: [Asked] = []
        var table = HeaderTable()
        for number in 0..<count {
            let isPost = number % 2 != 0
            let path = isPost ? "/echo/\(number)" : "/text/\(300 + number)/\(number)"
            let block = table.block([
                (":method", isPost ? "POST" : "GET"), (":scheme", "http"), (":path", path), (":authority", "scenario"),
            ])
            let stream = UInt32(2 * number + 1)
            let first = HTTP2Wire.frame(.headers, isPost ? 0 : HTTP2Wire.endStream, stream, Array(block[..<20]))
            let rest = HTTP2Wire.frame(.continuation, HTTP2Wire.endHeaders, stream, Array(block[20...]))
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
                let frame = HTTP2Wire.frame(
                    .data, piece == 2 ? HTTP2Wire.endStream | HTTP2Wire.padded : HTTP2Wire.padded,
                    UInt32(2 * number + 1), [UInt8(number)] + part + [UInt8](repeating: 0, count: number))
                asked[number].bytes += frame.count
                try call.wire.socket.send(frame)
            }
        }
        // Whoever has read it has read all.
        try call.wire.socket.send(HTTP2Wire.frame(.ping, 0, 0, Array("all told".utf8)))
        try receive(&asked, call)
        for number in 0..<count where number % 2 == 0 { try tell(asked[number], number, call, stage) }
        for number in 0..<count where number % 2 != 0 { try tell(asked[number], number, call, stage) }
        try call.hangUp(.http2)
    }

    private static func receive(_ asked: inout [Asked], _ call: Call) throws(Failure) {
        var left = count
        var table = HeaderTable()
        while left > 0 {
            let frame = try HTTP2Wire.read(&call.wire)
            guard frame.stream > 0 else { continue }
            let number = Int(frame.stream / 2)
            asked[number].answered += frame.count
            if frame.kind == .headers {
                asked[number].status = Int(try table.fields(frame.payload)[":status"] ?? "") ?? 0
            } else {
                asked[number].answer += frame.payload
            }
            if frame.flags & HTTP2Wire.endStream != 0 { left -= 1 }
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
        try HTTP2Wire.expectPreface(&wire)
        try wire.socket.send(HTTP2Wire.settings())
        var paths: [UInt32: String] = [:]
        var blocks: [UInt32: [UInt8]] = [:]
        var bodies: [UInt32: [UInt8]] = [:]
        var table = HeaderTable()
        while true {
            let frame = try HTTP2Wire.read(&wire)
            if frame.kind == .ping { break }
            switch frame.kind {
            case .headers, .continuation:
                blocks[frame.stream, default: []] += frame.payload
                if frame.flags & HTTP2Wire.endHeaders != 0 {
                    paths[frame.stream] = try table.fields(blocks[frame.stream] ?? [])[":path"]
                }
            case .data:
                bodies[frame.stream, default: []] += frame.payload.dropFirst().dropLast(Int(frame.payload[0]))
            default: break
            }
        }
        // The heads from the last to the first, the bodies' pieces between each other, the ends in the order of the requests'.
        let streams = (0..<count).map { UInt32(2 * $0 + 1) }
        var answering = HeaderTable()
        for stream in streams.reversed() {
            try wire.socket.send(HTTP2Wire.head(answering.block([(":status", "200")]), stream))
        }
        let answers = streams.map { stream -> [UInt8] in
            let words = (paths[stream] ?? "").split(separator: "/")
            guard words.first == "text" else { return bodies[stream] ?? [] }
            return stage.content.text(Int(words[1]) ?? 0, Int(words[2]) ?? 0)
        }
        for number in 0..<count {
            try wire.socket.send(HTTP2Wire.frame(.data, 0, streams[number], Array(answers[number][..<100])))
        }
        for number in (0..<count).filter({ $0 % 2 == 0 }) + (0..<count).filter({ $0 % 2 != 0 }) {
            try wire.socket.send(
                HTTP2Wire.frame(.data, HTTP2Wire.endStream, streams[number], Array(answers[number][100...])))
        }
        _ = try wire.rest()
    }
}

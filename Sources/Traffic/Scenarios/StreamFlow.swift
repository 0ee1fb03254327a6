import Console
import Shared

/// Streams of HTTP/2 that stand still, and streams that end too early while their connection goes on.
enum StreamFlow {
    static let all = [
        Scenario(
            name: "http2-windows", summary: "HTTP/2: four responses that wait for room every 500 bytes",
            play: playWindows,
            serve: serveWindows),
        Scenario(
            name: "http2-resets",
            summary: "HTTP/2: a stream that its server resets, one that its client does, and one behind them",
            play: playResets, serve: serveResets),
    ]

    private static func head(_ method: String, _ path: String, _ stream: UInt32, isLast: Bool) -> [UInt8] {
        var table = HeaderTable()
        let block = table.block([
            (":method", method), (":scheme", "http"), (":path", path), (":authority", "scenario"),
        ])
        return HTTP2Wire.head(block, stream, flags: isLast ? HTTP2Wire.endStream : 0)
    }

    private static func ok(_ stream: UInt32) -> [UInt8] {
        var table = HeaderTable()
        return HTTP2Wire.head(table.block([(":status", "200")]), stream)
    }

    private static func begin(_ wire: inout Wire) throws(Failure) {
        try HTTP2Wire.expectPreface(&wire)
        try wire.socket.send(HTTP2Wire.settings())
    }

    // MARK: Windows

    private static let window = 500
    private static let streams: [UInt32] = [1, 3, 5, 7]

    private static func size(_ stream: UInt32) -> Int { 3000 + 111 * Int(stream) }
    private static func path(_ stream: UInt32) -> String { "/text/\(size(stream))/\(stream)" }

    private static func playWindows(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        let requests = streams.map { head("GET", path($0), $0, isLast: true) }
        try call.wire.socket.send(
            HTTP2Wire.preface + HTTP2Wire.settings([.initialWindowSize: UInt32(window)]) + requests.joined())
        var bodies: [UInt32: [UInt8]] = [:]
        var counts: [UInt32: Int] = [:]
        var left = streams.count
        while left > 0 {
            let frame = try HTTP2Wire.read(&call.wire)
            guard frame.stream > 0 else { continue }
            counts[frame.stream, default: 0] += frame.count
            guard frame.kind == .data else { continue }
            bodies[frame.stream, default: []] += frame.payload
            if frame.flags & HTTP2Wire.endStream != 0 {
                left -= 1
            } else {
                let room = HTTP2Wire.number(UInt32(frame.payload.count))
                try call.wire.socket.send(HTTP2Wire.frame(.windowUpdate, 0, frame.stream, room))
            }
        }
        for (stream, request) in zip(streams, requests) {
            let body = bodies[stream] ?? []
            guard body == stage.content.text(size(stream), Int(stream)) else {
                throw Failure("the response on stream \(stream) is not what it should be")
            }
            stage.tell(
                call.tuple,
                Manifest.Exchange(
                    method: "GET", path: path(stream), request: Call.told(request.count, []),
                    response: (200, Call.told(counts[stream] ?? 0, body))))
        }
        try call.hangUp(.http2)
    }

    private static func serveWindows(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        try begin(&wire)
        var rooms: [UInt32: Int] = [:]
        while rooms.count < streams.count {
            let frame = try HTTP2Wire.read(&wire)
            if frame.kind == .headers { rooms[frame.stream] = window }
        }
        var rests = streams.map { (stream: $0, rest: stage.content.text(size($0), Int($0))[...]) }
        for stream in streams { try wire.socket.send(ok(stream)) }
        while !rests.isEmpty {
            for place in rests.indices {
                let (stream, rest) = rests[place]
                let part = rest.prefix(rooms[stream] ?? 0)
                guard !part.isEmpty else { continue }
                rooms[stream] = (rooms[stream] ?? 0) - part.count
                rests[place].rest = rest.dropFirst(part.count)
                let isLast = rests[place].rest.isEmpty
                try wire.socket.send(
                    HTTP2Wire.frame(.data, isLast ? HTTP2Wire.endStream : 0, stream, Array(part)))
            }
            rests.removeAll { $0.rest.isEmpty }
            guard !rests.isEmpty else { break }
            let frame = try HTTP2Wire.read(&wire)
            if frame.kind == .windowUpdate, frame.stream > 0 {
                rooms[frame.stream, default: 0] += frame.payload.reduce(0) { $0 << 8 | Int($1) }
            }
        }
        _ = try wire.rest()
    }

    // MARK: Resets

    private static let half = 5000

    private static func playResets(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        let get = (path: "/text/\(2 * half)/0", stream: UInt32(1))
        let post = (path: "/echo", stream: UInt32(3))
        let last = (path: "/text/\(half)/1", stream: UInt32(5))

        let first = head("GET", get.path, get.stream, isLast: true)
        try call.wire.socket.send(HTTP2Wire.preface + HTTP2Wire.settings() + first)
        let broken = try answer(&call.wire) { $0.kind == .reset }
        tell("GET", get.path, (first.count, []), (broken.count, broken.body), call, stage)

        let upload = stage.content.text(half, 2)
        let second =
            head("POST", post.path, post.stream, isLast: false) + HTTP2Wire.frame(.data, 0, post.stream, upload)
        try call.wire.socket.send(second)
        try stage.server.awaitCue()
        try call.wire.socket.send(HTTP2Wire.frame(.reset, 0, post.stream, HTTP2Wire.number(HTTP2Wire.cancel)))
        tell("POST", post.path, (second.count, upload), nil, call, stage)

        let third = head("GET", last.path, last.stream, isLast: true)
        try call.wire.socket.send(third)
        let whole = try answer(&call.wire) { $0.flags & HTTP2Wire.endStream != 0 }
        guard broken.body == Array(stage.content.text(2 * half, 0).prefix(half)),
            whole.body == stage.content.text(half, 1)
        else { throw Failure("a response is not what it should be") }
        tell("GET", last.path, (third.count, []), (whole.count, whole.body), call, stage)
        try call.hangUp(.http2)
    }

    private static func tell(
        _ method: String, _ path: String, _ request: (Int, [UInt8]), _ response: (Int, [UInt8])?, _ call: Call,
        _ stage: Stage
    ) {
        stage.tell(
            call.tuple,
            Manifest.Exchange(
                method: method, path: path, request: Call.told(request.0, request.1),
                response: response.map { (200, Call.told($0.0, $0.1)) }))
    }

    /// What comes on a stream until its last frame; a RST_STREAM is none of the message's own.
    private static func answer(
        _ wire: inout Wire, until isLast: (HTTP2Wire.Frame) -> Bool
    ) throws(Failure) -> (count: Int, body: [UInt8]) {
        var (count, body): (Int, [UInt8]) = (0, [])
        while true {
            let frame = try HTTP2Wire.read(&wire)
            guard frame.stream > 0 else { continue }
            if frame.kind != .reset { count += frame.count }
            if frame.kind == .data { body += frame.payload }
            if isLast(frame) { return (count, body) }
        }
    }

    private static func serveResets(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        try begin(&wire)
        while true {
            let frame = try HTTP2Wire.read(&wire)
            switch (frame.kind, frame.stream) {
            case (.headers, 1):
                let part = Array(stage.content.text(2 * half, 0).prefix(half))
                try wire.socket.send(
                    ok(1) + HTTP2Wire.frame(.data, 0, 1, part)
                        + HTTP2Wire.frame(.reset, 0, 1, HTTP2Wire.number(HTTP2Wire.internalError)))
            case (.data, 3): stage.cues.tellClient()
            case (.headers, 5):
                try wire.socket.send(
                    ok(5) + HTTP2Wire.frame(.data, HTTP2Wire.endStream, 5, stage.content.text(half, 1)))
                _ = try wire.rest()
                return
            default: break
            }
        }
    }
}

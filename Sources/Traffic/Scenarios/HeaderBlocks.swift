import Console
import Shared

/// Heads of HTTP/2: tables of all sizes, of which one is full before the end, and heads that go on for hundreds of frames.
enum HeaderBlocks {
    static let all = [
        Scenario(
            name: "http2-tables", summary: "HTTP/2: fields by their numbers, in tables of 0, 4,096 and 65,536 bytes",
            play: playTables, serve: serveTables),
        Scenario(
            name: "http2-heads", summary: "HTTP/2: heads of 100,000 bytes and of 1,000,000 in frames of 500",
            play: playHeads, serve: serveHeads),
    ]

    // MARK: Tables

    /// A connection each; both sides allow it, and use all of it.
    private static let limits = [0, 4096, 65_536]
    private static let rounds = 60

    /// Some fields are the same each time, some are new, and some were there half an age before.
    private static func fields(_ round: Int, _ content: SeededContent) -> [HeaderTable.Field] {
        func own(_ round: Int) -> [HeaderTable.Field] {
            (0..<5).map { ("x-round-\(round)-\($0)", word(200, round * 10 + $0, content)) }
        }
        let same = (0..<10).map { (name: "x-field-\($0)", value: word(300, 9000 + $0, content)) }
        return same + own(round) + (round < 30 ? [] : own(round - 30))
    }

    /// Letters: a value has no blanks at its ends.
    private static func word(_ size: Int, _ number: Int, _ content: SeededContent) -> String {
        String(decoding: content.text(size, number).map { UInt8(ascii: "a") + $0 % 26 }, as: UTF8.self)
    }

    private static func playTables(_ stage: Stage) throws(Failure) {
        for limit in limits {
            let call = try stage.call()
            let settings = HTTP2Wire.settings([.headerTableSize: UInt32(limit)])
            try call.wire.socket.send(HTTP2Wire.preface + settings)
            // The server's own, and that it has ours.
            for _ in 0..<2 { _ = try HTTP2Wire.read(&call.wire) }
            try call.wire.socket.send(HTTP2Wire.frame(.settings, HTTP2Wire.acknowledgement, 0))
            var (asking, answered) = (HeaderTable(), HeaderTable())
            if limit != 4096 { asking.allow(limit) }
            for round in 0..<rounds {
                let block = asking.block(
                    head(round) + fields(round, stage.content), isKept: limit > 0)
                try ask(round, block, most: 16 << 10, &answered, call, stage)
            }
            try call.hangUp(.http2)
        }
    }

    private static func serveTables(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        let limit = limits[stage.number]
        try HTTP2Wire.expectPreface(&wire)
        _ = try HTTP2Wire.read(&wire)
        try wire.socket.send(
            HTTP2Wire.settings([.headerTableSize: UInt32(limit)])
                + HTTP2Wire.frame(.settings, HTTP2Wire.acknowledgement, 0))
        var (asked, answering) = (HeaderTable(), HeaderTable())
        if limit != 4096 { answering.allow(limit) }
        for round in 0..<rounds {
            try answer(round, most: 16 << 10, &asked, &wire, stage) {
                answering.block([(":status", "200")] + $0, isKept: limit > 0)
            }
        }
        _ = try wire.rest()
    }

    // MARK: Long heads

    /// Fields of each head, of which each has a thousand bytes.
    ///
    /// Of a million bytes nobody keeps all; what the message is, and what comes after it, is known nevertheless.
    private static let longHeads = [100, 1000, 100]

    private static func longFields(_ round: Int, _ content: SeededContent) -> [HeaderTable.Field] {
        (0..<longHeads[round]).map { ("x-long-\($0)", word(990, $0, content)) }
    }

    private static func playHeads(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        try call.wire.socket.send(HTTP2Wire.preface + HTTP2Wire.settings())
        _ = try HTTP2Wire.read(&call.wire)
        var (asking, answered) = (HeaderTable(), HeaderTable())
        for round in longHeads.indices {
            let block = asking.block(head(round) + longFields(round, stage.content))
            try ask(round, block, most: 500, &answered, call, stage)
        }
        try call.hangUp(.http2)
    }

    private static func serveHeads(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        try HTTP2Wire.expectPreface(&wire)
        _ = try HTTP2Wire.read(&wire)
        try wire.socket.send(HTTP2Wire.settings())
        var (asked, answering) = (HeaderTable(), HeaderTable())
        for round in longHeads.indices {
            try answer(round, most: 500, &asked, &wire, stage) { _ in
                answering.block([(":status", "200")] + longFields(round, stage.content))
            }
        }
        _ = try wire.rest()
    }

    // MARK: One exchange

    private static let bodyBytes = 700

    private static func head(_ round: Int) -> [HeaderTable.Field] {
        [(":method", "GET"), (":scheme", "http"), (":path", path(round)), (":authority", "scenario")]
    }

    private static func path(_ round: Int) -> String { "/text/\(bodyBytes)/\(round)" }

    private static func ask(
        _ round: Int, _ block: [UInt8], most: Int, _ table: inout HeaderTable, _ call: Call, _ stage: Stage
    ) throws(Failure) {
        let request = HTTP2Wire.head(block, UInt32(2 * round + 1), flags: HTTP2Wire.endStream, most: most)
        try call.wire.socket.send(request)
        var (answer, body, count): ([UInt8], [UInt8], Int) = ([], [], 0)
        var isOver = false
        while !isOver {
            let frame = try HTTP2Wire.read(&call.wire)
            if frame.kind == .settings { continue }
            count += frame.count
            if frame.kind == .data { body += frame.payload } else { answer += frame.payload }
            isOver = frame.kind == .data && frame.flags & HTTP2Wire.endStream != 0
        }
        guard try table.fields(answer)[":status"] == "200", body == stage.content.text(bodyBytes, round) else {
            throw Failure("the response to \(path(round)) is not what it should be")
        }
        stage.tell(
            call.tuple,
            Manifest.Exchange(
                method: "GET", path: path(round), request: Call.told(request.count, []),
                response: (200, Call.told(count, body))))
    }

    /// - Parameter block: what the answer's head becomes, of the fields that came.
    private static func answer(
        _ round: Int, most: Int, _ table: inout HeaderTable, _ wire: inout Wire, _ stage: Backstage,
        block: ([HeaderTable.Field]) -> [UInt8]
    ) throws(Failure) {
        var request: [UInt8] = []
        var stream: UInt32 = 0
        while true {
            let frame = try HTTP2Wire.read(&wire)
            if frame.kind == .settings { continue }
            request += frame.payload
            stream = frame.stream
            if frame.flags & HTTP2Wire.endHeaders != 0 { break }
        }
        let asked = try table.fields(request)
        guard asked[":path"] == path(round) else { throw Failure("a head has no \(path(round))") }
        let fields = asked.filter { $0.key.hasPrefix("x-") }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        try wire.socket.send(
            HTTP2Wire.head(block(fields), stream, most: most)
                + HTTP2Wire.frame(.data, HTTP2Wire.endStream, stream, stage.content.text(bodyBytes, round)))
    }
}
